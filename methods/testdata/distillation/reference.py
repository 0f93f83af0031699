"""Makes reference.json: tau^2 * KL between two sets of logits by torch, slot by slot, and the gradient of its sum.

Run: python reference.py > reference.json (torch 2.x, CPU).
"""
import json

import torch
from torch.nn import functional

torch.manual_seed(5)
teacher = torch.randn(1, 3, 6).mul_(2)
model = torch.randn(1, 3, 6).mul_(2).requires_grad_()
cases = []
for direction in ("forward", "reverse"):
    for temperature in (1.0, 2.0):
        q = functional.log_softmax(teacher / temperature, -1)
        p = functional.log_softmax(model / temperature, -1)
        if direction == "reverse":
            q, p = p, q
        each = functional.kl_div(p, q, reduction="none", log_target=True).sum(-1) * temperature**2
        (gradient,) = torch.autograd.grad(each.sum(), model)
        cases.append({"direction": direction, "temperature": temperature, "each": each.tolist(), "gradient": gradient.tolist()})
print(json.dumps({"teacher": teacher.tolist(), "model": model.tolist(), "cases": cases}))
