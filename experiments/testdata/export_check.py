"""Holds exported cells against what their run recorded: python export_check.py RUN EXPORTS CELL...

EXPORTS has the folders CELL-merged and, where the update is an adapter, CELL-peft, as `just export-check` makes them.
The code of each folder's card loads it, as it stands there; log-likelihoods of options must be those in the run's last
predictions, to 1e-4, and so must the logits of one with the other. transformers' own tokenizer of the whole model must
give the ids of its tokenizer.json, and no token beyond the model's rows; of a model that ends texts it must know how.
A card names its backbone as the run did, and nano by its folder in this repository: run this in its root. Needs torch,
transformers, peft, tokenizers, pyarrow.
"""
import os
import re
import sys

import pyarrow.parquet as pq
import torch
from tokenizers import Tokenizer
from transformers import AutoTokenizer

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


def check_tokenizer(folder, model, texts):
    auto, rows, wrong = AutoTokenizer.from_pretrained(folder), model.config.vocab_size, []
    if len(auto) > rows:
        wrong.append(f"it has {len(auto)} tokens, the model {rows} rows")
    for text in texts:
        if auto(text, add_special_tokens=False)["input_ids"] != ids(text) or auto.decode(ids(text)) != tokenizer.decode(ids(text), skip_special_tokens=False):
            wrong.append(f"other ids or another text of {text!r}")
    if os.path.exists(f"{folder}/tokenizer_config.json") and (auto.eos_token is None or model.generation_config.eos_token_id is None):
        wrong.append("it knows no token that ends a text")
    if auto.chat_template:
        turns = auto.apply_chat_template([{"role": "user", "content": texts[0]}], tokenize=False, add_generation_prompt=True)
        if texts[0].strip() not in turns:
            wrong.append(f"a conversation is {turns!r}")
    for mistake in wrong:
        print(f"{folder}: AutoTokenizer: {mistake}")
    return bool(wrong)


bad = False
for cell in cells:
    merged = f"{exports}/{cell}-merged"
    tokenizer = Tokenizer.from_file(f"{merged}/tokenizer.json")
    models = {"merged": load(merged)}
    if os.path.exists(f"{exports}/{cell}-peft"):
        models["peft"] = load(f"{exports}/{cell}-peft")
    last = sorted(os.listdir(f"{run}/cells/{cell}/predictions"))[-1]
    rows = [r for r in pq.read_table(f"{run}/cells/{cell}/predictions/{last}").to_pylist() if r["option_scores"]][:80]
    bad = check_tokenizer(merged, models["merged"], [examples[r["task"], r["id"]]["prompt"] for r in rows]) or bad
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
