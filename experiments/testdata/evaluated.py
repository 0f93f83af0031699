"""What eval_check.py and harness_check.py share: the evaluated backbone in transformers, and what `runner eval` recorded."""
import json
import os

import torch
from tokenizers import pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer

ALLOWED = 2  # examples of a task that may be chosen or written otherwise: rounding decides ties


def load(backbone):
    """The model, in float32 on the CPU, and the tokenizer of a GGUF file or of a folder in the hub's layout."""
    source = dict(pretrained_model_name_or_path=backbone)
    if backbone.endswith(".gguf"):
        source = dict(pretrained_model_name_or_path=os.path.dirname(backbone) or ".", gguf_file=os.path.basename(backbone))
    tokenizer = AutoTokenizer.from_pretrained(**source)
    if backbone.endswith(".gguf"):
        from gguf import GGUFReader
        if GGUFReader(backbone).fields["tokenizer.ggml.pre"].contents() == "smollm":
            # transformers does not cut digits one by one for it; the published tokenizer.json does
            tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
                pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    return AutoModelForCausalLM.from_pretrained(**source, dtype=torch.float32).eval(), tokenizer


def read_examples(evaluation):
    """What eval recorded of each example, by task."""
    tasks = {}
    with open(f"{evaluation}/examples.jsonl") as file:
        for line in file:
            example = json.loads(line)
            tasks.setdefault(example["task"], []).append(example)
    return tasks


def best(values):
    return max(range(len(values)), key=lambda i: values[i])  # the first of equals, as eval takes it
