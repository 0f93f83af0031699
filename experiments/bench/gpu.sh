#!/usr/bin/env bash
# Measures a GPU with what stands in this folder, without a network: a backbone
# of random weights with Qwen2's shape of 1.5 billion parameters, held as
# bfloat16, in tokens/s, share of the peak and memory.
#
#   ./gpu.sh PLUGIN.so [PEAK]     PEAK: bfloat16 TFLOP/s of the GPU (H100: 989)
set -euo pipefail
plugin=$(realpath "$1")
cd "$(dirname "$0")"
flags=(-shape qwen2-1.5b.json -backend "xla:$plugin" -no-download -methods seq,er,secura -peak "${2:-0}" -set dtype=bf16
    -set training.batch=16 -set training.length=512 -set training.answer_length=64 -set evaluation.batch=32
    -set 'evaluation.lengths=[512]' -set evaluation.diagnostics=false -set 'tables=[]')
if command -v nvidia-smi > /dev/null; then
    nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
    nvidia-smi --query-gpu=memory.used --format=csv,noheader,nounits --loop-ms=500 > memory.txt &
    trap 'kill $!; echo "peak memory in use on the GPU: $(sort -n memory.txt | tail -1) MiB (XLA may reserve more than it needs)"' EXIT
fi
./runner bench "${flags[@]}"
