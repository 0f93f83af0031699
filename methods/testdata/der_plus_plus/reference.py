"""Makes reference.json: the loss of one step of DER++ by torch, term by term, and its gradient by the logits.

Three batches of logits stand for what a model gives for the current rows, the first draw and the second one.
Run: python reference.py > reference.json (torch 2.x, CPU).
"""
import json

import torch
from torch.nn import functional

torch.manual_seed(7)
ALPHA, BETA, VOCABULARY = 0.2, 0.5, 6
ROWS, ANSWERS = {"current": 3, "first": 2, "second": 2}, 2
# Answers have one or two tokens; the last slots of a row hold them.
LENGTHS = {"current": [2, 1, 2], "first": [1, 2], "second": [2, 2]}
logits = {name: torch.randn(rows, ANSWERS, VOCABULARY).mul_(2).requires_grad_() for name, rows in ROWS.items()}
targets = {name: torch.randint(VOCABULARY, (rows, ANSWERS)) for name, rows in ROWS.items()}
kept = torch.randn(ROWS["first"], ANSWERS, VOCABULARY).mul_(2)
counted = {name: torch.tensor([[slot >= ANSWERS - n for slot in range(ANSWERS)] for n in lengths]) for name, lengths in LENGTHS.items()}


def of(name, values):
    """The slots of a batch that carry a loss, one after the other."""
    return values[counted[name]]


def cross_entropy(name):
    return functional.cross_entropy(of(name, logits[name]), of(name, targets[name]))


distance = functional.mse_loss(of("first", logits["first"]), of("first", kept))
terms = [cross_entropy("current"), distance, cross_entropy("second")]
loss = terms[0] + ALPHA * terms[1] + BETA * terms[2]
loss.backward()


def join(values):
    return torch.cat([values[name] for name in ROWS]).tolist()


print(json.dumps({
    "alpha": ALPHA, "beta": BETA, "terms": [t.item() for t in terms], "loss": loss.item(),
    "logits": join(logits), "gradient": join({name: x.grad for name, x in logits.items()}),
    "targets": join(targets), "counted": join({name: x.int() for name, x in counted.items()}), "kept": kept.tolist(),
}))
