"""The job of a suite's cells with torch, transformers and peft, timed: what `runner bench -torch PYTHON` compares with.

The job file, which runner writes, has the plan (the suite as a run's manifest has it) and every text as token ids, the rows
of every step, replayed ones included, and where each LoRA adapter starts, so that both programs compute the same numbers
up to rounding. What is written here is what a practitioner would write: batches padded to their longest row, sorted by
length where order is free, padding on the right so that training needs no mask, logits at answer tokens alone, fused
AdamW, inference mode, merged adapters in evaluation, one row for each option as evaluation harnesses have it.

    torch_job.py JOB [--threads N] [--cells seq,er] [--tasks K] [--logits answers|all]

Seconds by phase, losses and the base row's predictions come on standard output as JSON.
"""

import argparse
import contextlib
import json
import math
import os
import resource
import sys
import time
import warnings

START = time.perf_counter()


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("job")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--beside", type=int, default=0, help="how many processes compute beside this one, on the cores before its own")
    parser.add_argument("--cells", default="", help="methods, all of the job's if empty")
    parser.add_argument("--tasks", type=int, default=0, help="learn the first K tasks; 0 all")
    parser.add_argument("--logits", choices=["answers", "all"], default="answers")
    return parser.parse_args()


ARGUMENTS = arguments()
if hasattr(os, "sched_setaffinity"):  # before torch sizes its pools
    cores, first = sorted(os.sched_getaffinity(0)), ARGUMENTS.beside * ARGUMENTS.threads
    os.sched_setaffinity(0, [cores[(first + i) % len(cores)] for i in range(ARGUMENTS.threads)])
os.environ["OMP_NUM_THREADS"] = str(ARGUMENTS.threads)

import peft  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

torch.set_num_threads(ARGUMENTS.threads)
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
warnings.simplefilter("ignore", FutureWarning)  # of the libraries about themselves


class Clock:
    """Seconds by phase, of the clock and of the processor."""

    def __init__(self):
        self.seconds, self.processor = {}, {}

    @contextlib.contextmanager
    def phase(self, name):
        start, processor = time.perf_counter(), time.process_time()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
        self.processor[name] = self.processor.get(name, 0.0) + time.process_time() - processor


# Texts as batches.


def padded(rows, fill, left=False):
    """Rows of ids as one tensor, padded to the longest."""
    longest = max(map(len, rows))
    pad = lambda row: [fill] * (longest - len(row))
    return torch.tensor([pad(r) + r if left else r + pad(r) for r in rows])


def text_and_labels(prompt, answer, end):
    """A prompt with its answer; labels, moved by one, are the answer's tokens and then end."""
    ids = prompt + answer
    return ids, [-100] * (len(prompt) - 1) + answer + [end]


def token_losses(model, ids, labels, logits):
    """The loss at every label, in the order of the rows, and the index [row, slot] of each."""
    counted = labels != -100
    decoder = model.get_base_model() if isinstance(model, peft.PeftModel) else model
    hidden = decoder.model(input_ids=ids, use_cache=False).last_hidden_state
    if logits == "answers":
        scores = decoder.lm_head(hidden[counted])
    else:
        scores = decoder.lm_head(hidden)[counted]
    return F.cross_entropy(scores, labels[counted], reduction="none"), counted, hidden


# Methods. Each changes the model, trains some of its parameters and may act at four places of the stream.


class Method:
    """What a method does beyond following the gradient of the cross-entropy: nothing, unless it says otherwise."""

    def extra(self, batch, losses):
        return None

    def after_step(self):
        pass

    def end_task(self, rows, loss_of_row):
        pass


class Seq(Method):
    """One LoRA adapter through the whole stream."""

    def __init__(self, model, cell, training):
        p = cell["params"]
        config = peft.LoraConfig(r=p["rank"], lora_alpha=p["alpha"], lora_dropout=0.0, bias="none", target_modules=training["targets"])
        self.model = peft.get_peft_model(model, config)
        self.params = p
        state = {}
        for name, parameter in self.model.named_parameters():
            if parameter.requires_grad:
                state[name] = parameter
        with torch.no_grad():
            for name, values in cell["start"].items():  # "layers.0.q_proj/A"
                place, tensor = name.split("/")
                layer, projection = place.rsplit(".", 1)
                (found,) = [q for n, q in state.items() if f".{layer}." in n and f".{projection}." in n and f".lora_{tensor}." in n]
                found.copy_(torch.tensor(values).reshape(found.shape))
        self.trained = list(state.values())

    def before_evaluation(self):
        self.model.merge_adapter()

    def after_evaluation(self):
        self.model.unmerge_adapter()


class ER(Seq):
    """SEQ on batches with replayed rows, which the job has drawn."""


class EWC(Seq):
    """SEQ with an online penalty (λ/2)·Σ F (θ − θ*)² on one flat vector of all trained values."""

    def __init__(self, model, cell, training):
        super().__init__(model, cell, training)
        flat = nn.utils.parameters_to_vector(self.trained).detach()
        self.fisher, self.anchor = torch.zeros_like(flat), flat.clone()

    def extra(self, batch, losses):
        moved = nn.utils.parameters_to_vector(self.trained) - self.anchor
        return 0.5 * self.params["lambda"] * (self.fisher * moved * moved).sum()

    def end_task(self, rows, loss_of_row):
        total = torch.zeros_like(self.fisher)
        for row in rows:  # the gradient of each sequence by itself
            grads = torch.autograd.grad(loss_of_row(row), self.trained)
            flat = torch.cat([g.reshape(-1) for g in grads])
            total.addcmul_(flat, flat)
        self.fisher = self.params["gamma"] * self.fisher + total / len(rows)
        self.anchor = nn.utils.parameters_to_vector(self.trained).detach().clone()


class ILoRA(Seq):
    """ER with a slow copy of the adapter, which replayed rows' hidden states are held near and which is evaluated."""

    def __init__(self, model, cell, training):
        super().__init__(model, cell, training)
        self.long = [p.detach().clone() for p in self.trained]

    def swap(self):
        for i, p in enumerate(self.trained):
            p.data, self.long[i] = self.long[i], p.data

    def slow_hidden(self, ids):
        """Computed before the step's own forward pass, whose saved tensors must be the fast ones."""
        self.swap()
        with torch.no_grad():
            hidden = self.model.get_base_model().model(input_ids=ids, use_cache=False).last_hidden_state
        self.swap()
        return hidden

    def extra(self, batch, losses):
        counted = batch["counted"][batch["current"] :]
        if not counted.any():
            return None
        fast = batch["hidden"][batch["current"] :][counted]
        return self.params["gamma"] * (fast - batch["slow"][counted]).square().mean()

    def after_step(self):
        with torch.no_grad():
            for slow, fast in zip(self.long, self.trained):
                slow.lerp_(fast, 1 - self.params["lambda"])

    def before_evaluation(self):
        self.swap()
        super().before_evaluation()

    def after_evaluation(self):
        super().after_evaluation()
        self.swap()


def unimportant(weight, rank):
    """The columns and rows of smallest norm, [out, rank] and [rank, in]."""
    columns = weight.square().sum(0).argsort(stable=True)[:rank]
    rows = weight.square().sum(1).argsort(stable=True)[:rank]
    return weight[:, columns].clone(), weight[rows].clone()


class CURLinear(nn.Module):
    """x·(W + α·C U R)ᵀ."""

    def __init__(self, linear, params, sizes):
        super().__init__()
        rank = sizes[0]
        self.weight, self.bias, self.alpha = linear.weight, linear.bias, params["alpha"]
        columns, rows = unimportant(linear.weight.detach(), rank)
        self.register_buffer("columns", columns)
        self.register_buffer("rows", rows)
        self.inner = nn.Parameter(torch.zeros(rank, rank))

    def forward(self, x):
        change = F.linear(F.linear(F.linear(x, self.rows), self.inner), self.columns)
        return F.linear(x, self.weight, self.bias).add(change, alpha=self.alpha)

    @torch.no_grad()
    def fold(self):
        self.weight.addmm_(self.columns @ self.inner, self.rows, alpha=self.alpha)
        self.inner.zero_()


class SecuraLinear(nn.Module):
    """x·Fused ᵀ with S-MagNorm of W and W + C A B R, merged into W after each step."""

    def __init__(self, linear, params, sizes):
        super().__init__()
        weight = linear.weight.detach()
        rank, inner = sizes
        self.weight, self.bias, self.scale = linear.weight, linear.bias, params["scale"]
        columns, rows = unimportant(weight, rank)
        self.register_buffer("columns", columns)
        self.register_buffer("rows", rows)
        self.a = nn.Parameter(weight[:rank, :inner].clone())
        self.b = nn.Parameter(torch.zeros(inner, rank))

    def forward(self, x):
        fused = torch.addmm(self.weight, self.columns @ (self.a @ self.b), self.rows)
        with torch.no_grad():
            move = ((fused - self.weight) / (self.weight + 1e-10)).abs()
            largest = move.max()
            if largest == 0:
                divisor = 2.0
            else:
                divisor = 2 - torch.sigmoid(self.scale * (move / (largest + 1e-10) - 0.5))
        return F.linear(x, (self.weight + fused) / divisor, self.bias)

    @torch.no_grad()
    def fold(self):
        self.weight.addmm_(self.columns @ (self.a @ self.b), self.rows)
        self.b.zero_()


class Replaced(Method):
    """The targeted projections replaced by modules of one's own: peft has no such adapter."""

    def __init__(self, model, cell, training, module):
        self.model, self.modules = model, []
        model.requires_grad_(False)
        for i, layer in enumerate(model.model.layers):
            for name in training["targets"]:
                block = layer.self_attn if hasattr(layer.self_attn, name) else layer.mlp
                new = module(getattr(block, name), cell["params"], cell["sizes"][f"layers.{i}.{name}"])
                setattr(block, name, new)
                self.modules.append(new)
        self.trained = [p for p in model.parameters() if p.requires_grad]

    def fold(self):
        for module in self.modules:
            module.fold()

    def before_evaluation(self):
        pass

    def after_evaluation(self):
        pass


class CURLoRA(Replaced):
    def __init__(self, model, cell, training):
        super().__init__(model, cell, training, CURLinear)

    def end_task(self, rows, loss_of_row):
        self.fold()


class Secura(Replaced):
    def __init__(self, model, cell, training):
        super().__init__(model, cell, training, SecuraLinear)

    def after_step(self):
        self.fold()


METHODS = {"seq": Seq, "er": ER, "ewc": EWC, "i-lora": ILoRA, "cur-lora": CURLoRA, "secura": Secura}


# The protocol.


def load_model(job):
    options = {"gguf_file": job["gguf"]} if job["gguf"] else {}
    model = transformers.AutoModelForCausalLM.from_pretrained(job["model"], dtype=torch.float32, attn_implementation="sdpa", **options)
    return model.eval()


def train(method, cell, job, lesson):
    """One task; returns the loss of each step."""
    training, end = job["suite"]["training"], job["ends"][0]
    tasks = job["tasks"]
    text = lambda row: text_and_labels(*tasks[row[0]]["train"][row[1]], end)
    optimizer = torch.optim.AdamW(method.trained, lr=cell["rate"], weight_decay=training["weight_decay"], fused=True)
    steps = cell["steps"][lesson]
    schedule = transformers.get_cosine_schedule_with_warmup(optimizer, math.ceil(training["warmup"] * len(steps)), len(steps))
    history = []
    for rows in steps:
        pairs = [text(row) for row in rows]
        ids, labels = padded([p[0] for p in pairs], 0), padded([p[1] for p in pairs], -100)
        batch = {"current": training["batch"]}
        if isinstance(method, ILoRA) and len(rows) > training["batch"]:
            batch["slow"] = method.slow_hidden(ids[training["batch"] :])
        losses, batch["counted"], batch["hidden"] = token_losses(method.model, ids, labels, ARGUMENTS.logits)
        loss = losses.mean()
        if "slow" in batch or not isinstance(method, ILoRA):
            extra = method.extra(batch, losses)
            loss = loss if extra is None else loss + extra
        loss.backward()
        if training["clip"]:
            nn.utils.clip_grad_norm_(method.trained, training["clip"])
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        method.after_step()
        history.append(loss.detach())

    def loss_of_row(row):
        ids, labels = text(row)
        return token_losses(method.model, torch.tensor([ids]), torch.tensor([labels]), ARGUMENTS.logits)[0].mean()

    method.end_task(cell["fisher"][lesson], loss_of_row)
    return torch.stack(history).tolist()


def option_rows(job):
    """Every option behind its prompt as a row of its own, by length: (group, example, option, ids, labels)."""
    rows = []
    for g, group in enumerate(job["tasks"] + job["knowledge"]):
        for i, example in enumerate(group["test"]):
            for k, option in enumerate(example["options"] or []):
                ids, labels = text_and_labels(example["prompt"], option, -100)
                rows.append((g, i, k, ids[:-1], labels[:-1]))  # the last token predicts nothing
    for i, ids in enumerate(job["held_out"]):
        first = max(1, len(ids) - job["answers"])
        rows.append((-1, i, 0, *text_and_labels(ids[:first], ids[first:-1], ids[-1])))
    return sorted(rows, key=lambda row: len(row[3]))


def prompts(job):
    """Every prompt that is to be continued, those of equal limits together, by length: (group, example, ids, limit)."""
    rows = []
    for g, group in enumerate(job["tasks"] + job["knowledge"]):
        if not group["choice"]:
            rows += [(g, i, example["prompt"], group["max_new"]) for i, example in enumerate(group["test"])]
    return sorted(rows, key=lambda row: (row[3], len(row[2])))


@torch.inference_mode()
def evaluate(model, job, layout):
    """Everything at one boundary; returns predictions by group and example: an option's index, or ids."""
    options, written = layout
    size = job["suite"]["evaluation"]["batch"]
    sums, nats = {}, []
    for at in range(0, len(options), size):
        rows = options[at : at + size]
        ids, labels = padded([r[3] for r in rows], 0), padded([r[4] for r in rows], -100)
        losses, counted, _ = token_losses(model, ids, labels, ARGUMENTS.logits)
        for (g, i, k, _, _), mine in zip(rows, losses.split(counted.sum(1).tolist())):
            if g < 0:
                nats.append(mine)
            else:
                sums.setdefault((g, i), {})[k] = -float(mine.mean())
    predictions = {key: max(means, key=lambda k: (means[k], -k)) for key, means in sums.items()}
    decoder = model.get_base_model() if isinstance(model, peft.PeftModel) else model
    ends = job["ends"]
    at = 0
    while at < len(written):
        rows = [r for r in written[at : at + size] if r[3] == written[at][3]]
        at += len(rows)
        ids = padded([r[2] for r in rows], 0, left=True)
        mask = padded([[1] * len(r[2]) for r in rows], 0, left=True)
        out = decoder.generate(input_ids=ids, attention_mask=mask, max_new_tokens=rows[0][3], do_sample=False, eos_token_id=ends, pad_token_id=ends[0])
        for (g, i, _, _), new in zip(rows, out[:, ids.shape[1] :].tolist()):
            stop = next((n for n, t in enumerate(new) if t in ends), len(new))
            predictions[g, i] = new[:stop]
    if nats:
        float(torch.cat(nats).mean())
    return predictions


def main():
    with open(ARGUMENTS.job) as file:
        job = json.load(file)
    layout = option_rows(job), prompts(job)
    chosen = ARGUMENTS.cells.split(",") if ARGUMENTS.cells else [c["method"] for c in job["cells"]]
    result = {
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__, "python": sys.version.split()[0]},
        "threads": torch.get_num_threads(),
        "cells": [],
    }
    result["start_seconds"] = time.perf_counter() - START
    base = None
    for cell in job["cells"]:
        if cell["method"] not in chosen:
            continue
        if cell["preset"] not in METHODS:
            sys.exit(f"method {cell['preset']} has no counterpart here; known: {', '.join(METHODS)}")
        clock, begun = Clock(), time.perf_counter()
        with clock.phase("load"):
            model = load_model(job)
        if base is None:  # the untouched backbone's row, once
            with clock.phase("evaluate"):
                base = evaluate(model, job, layout)
        method = METHODS[cell["preset"]](model, cell, job["suite"]["training"])
        losses = []
        for lesson in range(len(cell["steps"]))[: ARGUMENTS.tasks or None]:
            with clock.phase("train"):
                losses.append(train(method, cell, job, lesson))
            with clock.phase("evaluate"):
                method.before_evaluation()
                evaluate(method.model, job, layout)
                method.after_evaluation()
        result["cells"].append({"method": cell["method"], "seconds": clock.seconds, "processor": clock.processor, "total_seconds": time.perf_counter() - begun, "losses": losses})
    told = lambda p: {"option": p} if isinstance(p, int) else {"ids": p}
    result["base"] = [[told(base[g, i]) for i in range(len(group["test"]))] for g, group in enumerate(job["tasks"] + job["knowledge"])]
    result["peak_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    json.dump(result, sys.stdout)


main()
