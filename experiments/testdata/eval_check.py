"""Holds what `runner eval` scored against transformers: python eval_check.py BACKBONE EVALUATION

BACKBONE is what was evaluated, a GGUF file or a folder in the hub's layout; EVALUATION is eval's -out. Of every example
with options, transformers' tokenizer and model compute the options' log-likelihoods anew, in float32 on the CPU. As in
lm-evaluation-harness a prompt and an option are encoded together, and the option is what stands behind the prompt's
tokens. Fails where more than two examples of a task choose otherwise, by sum, mean or sum over characters, or where
an accuracy is not what eval.json says. Needs torch, transformers, and gguf for a GGUF file.
"""
import json
import sys

import torch

from evaluated import ALLOWED, best, load, read_examples

backbone, evaluation = sys.argv[1:]
ROWS = 16
model, tokenizer = load(backbone)


def ids(text):
    return tokenizer(text).input_ids  # with the token that begins a text, if the model has one


def scores(pairs):
    """The summed log-likelihoods of (ids, length of the prompt's part)."""
    order, sums = sorted(range(len(pairs)), key=lambda i: len(pairs[i][0])), [0.0] * len(pairs)
    for first in range(0, len(order), ROWS):
        rows = order[first:first + ROWS]
        length = max(len(pairs[i][0]) for i in rows)
        tokens = torch.zeros(len(rows), length, dtype=torch.long)
        mask = torch.zeros_like(tokens)
        for n, i in enumerate(rows):
            tokens[n, :len(pairs[i][0])], mask[n, :len(pairs[i][0])] = torch.tensor(pairs[i][0]), 1
        with torch.inference_mode():
            logits = model(input_ids=tokens, attention_mask=mask).logits
        for n, i in enumerate(rows):
            text, start = pairs[i]
            logs = torch.log_softmax(logits[n, start - 1:len(text) - 1].double(), -1)
            sums[i] = logs[torch.arange(len(text) - start), torch.tensor(text[start:])].sum().item()
    return sums


with open(f"{evaluation}/eval.json") as file:
    recorded = {t["task"]: {s["name"]: s["value"] for s in t["scores"]} for t in json.load(file)["tasks"]}
tasks = {task: examples for task, examples in read_examples(evaluation).items() if examples[0].get("options")}
if not tasks:
    sys.exit(f"{evaluation}/examples.jsonl has no example with options")

bad = False
for task, examples in tasks.items():
    pairs, apart = [], 0
    for e in examples:
        prompt = ids(e["prompt"])
        whole = [ids(e["prompt"] + option) for option in e["options"]]
        apart += any(w[:len(prompt)] != prompt or len(w) - len(prompt) != n for w, n in zip(whole, e["option_tokens"]))
        pairs += [(w, len(prompt)) for w in whole]
    sums, at, worst = scores(pairs), 0, 0.0
    differ, right = {}, {}
    for e in examples:
        theirs, ours = sums[at:at + len(e["options"])], e["option_scores"]
        lengths = [len(whole) - start for whole, start in pairs[at:at + len(e["options"])]]
        at += len(e["options"])
        worst = max([worst] + [abs(a - b) for a, b in zip(theirs, ours)])
        characters = [len(option.strip()) for option in e["options"]]
        for name, their_lengths, our_lengths in (("accuracy_raw", [1] * len(ours), [1] * len(ours)),
                                                 ("accuracy", lengths, e["option_tokens"]),
                                                 ("accuracy_characters", characters, characters)):
            mine, other = best([s / n for s, n in zip(ours, our_lengths)]), best([s / n for s, n in zip(theirs, their_lengths)])
            counts = right.setdefault(name, [0, 0])
            counts[0] += mine == e["gold_option"]
            counts[1] += other == e["gold_option"]
            if mine != other:
                differ.setdefault(name, []).append(e["id"])
    print(f"{task}: {len(examples)} examples, log-likelihoods within {worst:.2g}, {apart} where prompt and option share a token")
    for name, (mine, other) in right.items():
        others = differ.get(name, [])
        wrong = abs(mine / len(examples) - recorded[task][name]) > 1e-9
        print(f"  {name}: eval {100 * mine / len(examples):.1f}, transformers {100 * other / len(examples):.1f}; "
              f"{len(others)} choose otherwise{f' {others}' if others else ''}{f', eval.json says {100 * recorded[task][name]:.1f}' if wrong else ''}")
        bad = bad or wrong or len(others) > ALLOWED
sys.exit(bad)
