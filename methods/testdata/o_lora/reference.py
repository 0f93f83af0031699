"""Makes reference.json: the orthogonality term of O-LoRA (github.com/cmnfriend/O-LoRA) and its gradient by torch.

The released trainer adds lamda_1 times, over all adapted modules, torch.abs(torch.mm(lora_A, loranew_A.T)).sum(); the paper
(arXiv 2310.14152, equation 6) has squares. Run: python reference.py > reference.json (torch 2.x, CPU).
"""
import json

import torch

torch.manual_seed(3)
past = torch.randn(4, 16).mul_(0.2)
new = torch.randn(2, 16).mul_(0.2).requires_grad_()
cases = {}
for norm in ("l1", "squared"):
    products = torch.mm(past, new.T)
    term = 0.5 * (products.abs() if norm == "l1" else products.square()).sum()
    (gradient,) = torch.autograd.grad(term, new)
    cases[norm] = {"term": term.item(), "gradient": gradient.tolist()}
print(json.dumps({"past": past.tolist(), "new": new.tolist(), "cases": cases}))
