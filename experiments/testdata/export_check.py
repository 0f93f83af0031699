"""Holds exported cells against what their run recorded: python export_check.py RUN EXPORTS CELL...

EXPORTS has the folders CELL-merged and, where the update is an adapter, CELL-peft, as `just export-check` makes them.
The code of each folder's card loads it, as it stands there; log-likelihoods of options must be those in the run's last
predictions, to 1e-4, and so must the logits of one with the other. A card names its backbone as the run did, and nano by
its folder in this repository: run this in its root. Needs torch, transformers, peft, tokenizers, pyarrow.
"""
import os
import re
import sys

import pyarrow.parquet as pq
import torch
from tokenizers import Tokenizer

run, exports, *cells = sys.argv[1:]
examples = {(r["task"], r["id"]): r for r in pq.read_table(f"{run}/examples.parquet").to_pylist()}


def load(folder):
    card = open(f"{folder}/README.md", encoding="utf-8").read()
    code = re.search(r"\n## How to load it\n\n```python\n(.*?\n)```\n", card, re.S).group(1)
    names = {}
    exec(code.replace("PATH OF THIS FOLDER", folder), names)
    return names["model"].eval()


def ids(text):
    return tokenizer.encode(text, add_special_tokens=False).ids


def log_likelihood(model, prompt, option):
    p, o = ids(prompt), ids(" " + option)
    with torch.inference_mode():
        logs = torch.log_softmax(model(torch.tensor([p + o])).logits[0].double(), -1)
    return sum(logs[len(p) - 1 + i, token].item() for i, token in enumerate(o))


bad = False
for cell in cells:
    merged = f"{exports}/{cell}-merged"
    tokenizer = Tokenizer.from_file(f"{merged}/tokenizer.json")
    models = {"merged": load(merged)}
    if os.path.exists(f"{exports}/{cell}-peft"):
        models["peft"] = load(f"{exports}/{cell}-peft")
    last = sorted(os.listdir(f"{run}/cells/{cell}/predictions"))[-1]
    rows = [r for r in pq.read_table(f"{run}/cells/{cell}/predictions/{last}").to_pylist() if r["option_scores"]][:80]
    prompt = torch.tensor([ids(examples[rows[0]["task"], rows[0]["id"]]["prompt"])])
    for name, model in models.items():
        worst = 0.0
        for r in rows:
            e = examples[r["task"], r["id"]]
            for option, recorded in zip(e["options"], r["option_scores"]):
                worst = max(worst, abs(log_likelihood(model, e["prompt"], option) - recorded))
        with torch.inference_mode():
            apart = (model(prompt).logits - models["merged"](prompt).logits).abs().max().item()
        print(f"{cell} {name}: {len(rows)} examples, log-likelihoods within {worst:.2g} of the run's, logits within {apart:.2g} of merged")
        bad = bad or worst > 1e-4 or apart > 1e-4
sys.exit(bad)
