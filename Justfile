# The binary is built where exit codes matter: `go run` turns every failure
# into 1, and leaves its child running on SIGTERM.

# the version is pinned, so that a finding is the code's and not the tool's
staticcheck := "honnef.co/go/tools/cmd/staticcheck@v0.8.2"

# list the recipes
default:
    @just --list

build:
    go build -trimpath -o bin/runner ./runner

# run or continue the main job, or another suite: just run smoke -backend go
run suite="continual16" *flags: build
    bin/runner run -suite {{suite}} {{flags}}

# run the tests
test:
    go test ./...

# training and evaluation tokens per second
bench *flags: build
    bin/runner bench {{flags}}

# formatting, vet and staticcheck; graph code reads best with GoMLX's own dot
# import, and errors about tokenizer.json begin with its capitalised names
lint:
    test -z "$(gofmt -l . | tee /dev/stderr)"
    go vet ./...
    go run {{staticcheck}} -checks inherit,-ST1001,-ST1005 ./...

# make a run's tables again from its records
report run="runs/continual16" *flags: build
    bin/runner report {{run}} {{flags}}

# make the embedded backbone again
nano *flags: build
    bin/runner pretrain -out methods/backbone/nano/files {{flags}}
