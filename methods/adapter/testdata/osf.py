"""Makes osf.json: three steps of gradient descent on a small weight by peft's OSF tuner, whose projected gradients then lead
where the projected weight leads; and, by Adam, the share of the update that leaves the subspace there.

Run: python osf.py > osf.json (torch 2.x, peft 0.21.2, CPU).
"""
import json

import torch
from peft import OSFConfig, get_peft_model
from torch import nn

OUT, IN, KEPT, RATE, STEPS = 5, 7, 2, 0.05, 3


def learn(make):
    torch.manual_seed(11)
    model = nn.Sequential(nn.Linear(IN, OUT, bias=False))
    weight = model[0].weight.detach().clone()
    x, y = torch.randn(4, IN), torch.randn(4, OUT)
    model = get_peft_model(model, OSFConfig(target_modules=["0"], effective_rank=KEPT))
    layer = model.base_model.model[0]
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = make(trained)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = (model(x) - y).square().sum()
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
    moved = layer.get_delta_weight("default").detach()
    high = torch.linalg.svd(weight, full_matrices=False)[0][:, :KEPT]
    outside = (high @ (high.T @ moved)).norm() / moved.norm()
    return weight, x, y, losses, weight + moved, outside.item()


weight, x, y, losses, end, outside = learn(lambda p: torch.optim.SGD(p, RATE))
adam = learn(lambda p: torch.optim.Adam(p, RATE))
print(json.dumps({
    "kept": KEPT, "rate": RATE, "weight": weight.tolist(), "x": x.tolist(), "y": y.tolist(), "losses": losses, "end": end.tolist(),
    "outside_sgd": outside, "outside_adam": adam[5],
}))
