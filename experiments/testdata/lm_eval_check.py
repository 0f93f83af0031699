"""Scores a merged export with lm-evaluation-harness and compares with the run's record: python lm_eval_check.py RUN CELL MODEL

MODEL is what `runner export RUN/cells/CELL -format merged` wrote. Every task that the run evaluated, the battery of base
knowledge among them, becomes a task of the harness, with the run's prompts, options and right answers. The harness computes in
float32 on the CPU. Its accuracies must be those of the cell's last predictions: acc by the sum of log-likelihoods, acc_norm by
that over characters, exact_match of what was written; and what was written must be the same text. Of a task, two examples may
be chosen or written otherwise: rounding decides ties. Needs lm_eval, torch, transformers, pyarrow.
"""
import json
import os
import sys
import tempfile

import lm_eval
import pyarrow.parquet as pq
import yaml
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager

ALLOWED = 2

run, cell, model = sys.argv[1:]
suite = json.load(open(f"{run}/manifest.json"))["suite"]
settings = {t["name"]: t for t in suite["tasks"] + (suite["knowledge"] or [])}
examples = {}
for e in pq.read_table(f"{run}/examples.parquet").to_pylist():
    examples.setdefault(e["task"], []).append(e)
last = sorted(name for name in os.listdir(f"{run}/cells/{cell}/predictions") if "-" not in name)[-1]
recorded = {(p["task"], p["id"]): p for p in pq.read_table(f"{run}/cells/{cell}/predictions/{last}").to_pylist()}


def best(values):
    return max(range(len(values)), key=lambda i: values[i])


with tempfile.TemporaryDirectory() as folder:
    names = []
    for task, list_ in examples.items():
        list_ = examples[task] = [e for e in list_ if (task, e["id"]) in recorded]
        if not list_:
            continue
        with open(f"{folder}/{task}.jsonl", "w") as file:
            for e in list_:
                file.write(json.dumps({"prompt": e["prompt"], "options": e["options"], "gold": e["gold"],
                                       "right": e["options"].index(e["gold"]) if e["options"] else -1}) + "\n")
        config = {"task": f"secura_{task}", "dataset_path": "json", "dataset_kwargs": {"data_files": {"test": f"{folder}/{task}.jsonl"}},
                  "test_split": "test", "doc_to_text": "{{prompt}}", "target_delimiter": " ", "num_fewshot": 0}
        if list_[0]["options"]:
            config |= {"output_type": "multiple_choice", "doc_to_choice": "{{options}}", "doc_to_target": "{{right}}",
                       "metric_list": [{"metric": m, "aggregation": "mean", "higher_is_better": True} for m in ("acc", "acc_norm")]}
        else:
            config |= {"output_type": "generate_until", "doc_to_target": "{{gold}}",
                       "generation_kwargs": {"until": settings[task].get("stop") or ["<|endoftext|>"], "max_gen_toks": settings[task]["max_new_tokens"], "do_sample": False},
                       "filter_list": [{"name": "trimmed", "filter": [{"function": "remove_whitespace"}, {"function": "take_first"}]}],
                       "metric_list": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}]}
        yaml.safe_dump(config, open(f"{folder}/{task}.yaml", "w"))
        names.append(f"secura_{task}")
    out = lm_eval.simple_evaluate(HFLM(pretrained=model, dtype="float32", device="cpu", batch_size=16), tasks=names,
                                  task_manager=TaskManager(include_path=folder, include_defaults=False), log_samples=True, bootstrap_iters=0)

print("lm_eval", lm_eval.__version__)
bad = False
for task, list_ in examples.items():
    name = f"secura_{task}"
    if name not in names:
        continue
    samples = sorted(out["samples"][name], key=lambda s: s["doc_id"])
    records = [recorded[task, e["id"]] for e in list_]
    n, result = len(list_), out["results"][name]
    if list_[0]["options"]:
        ours = {"acc": [], "acc_norm": []}
        worst = 0.0
        for e, r, s in zip(list_, records, samples):
            logs = [float(x[0][0]) if isinstance(x[0], (list, tuple)) else float(x[0]) for x in s["filtered_resps"]]
            worst = max([worst] + [abs(a - b) for a, b in zip(logs, r["option_scores"])])
            for key, per in (("acc", [1] * len(logs)), ("acc_norm", [len(o) for o in e["options"]])):
                ours[key].append(e["options"][best([x / y for x, y in zip(r["option_scores"], per)])] == e["gold"])
        pairs = {key: (result[f"{key},none"], sum(values) / n) for key, values in ours.items()}
        more = f"log-likelihoods within {worst:.2g}"
        bad = bad or worst > 1e-3
    else:
        texts = [s["filtered_resps"][0] for s in samples]
        other = sum(t.strip() != r["prediction"].strip() for t, r in zip(texts, records))
        pairs = {"exact_match": (result["exact_match,trimmed"], sum(r["prediction"].strip() == r["gold"].strip() for r in records) / n)}
        more = f"{other} written otherwise"
        bad = bad or other > ALLOWED
    for key, (theirs, mine) in pairs.items():
        bad = bad or abs(theirs - mine) * n > ALLOWED + 1e-9
    print(f"{task}: {n} examples, " + ", ".join(f"{key} {theirs:.4f} (run {mine:.4f})" for key, (theirs, mine) in pairs.items()) + f", {more}; the run's score {sum(r['score'] for r in records) / n:.4f}")
sys.exit("more differs than rounding explains" if bad else 0)
