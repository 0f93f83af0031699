"""Holds what `runner eval` chose and wrote against lm-evaluation-harness: python harness_check.py BACKBONE EVALUATION STOPS

BACKBONE is what was evaluated, a GGUF file or a folder in the hub's layout; EVALUATION is eval's -out; STOPS is a JSON
object of tasks with written answers: {"svamp": {"until": ["\\n"], "max_gen_toks": 16}}. The harness gets the same
prompts, options and stop texts, and computes in float32 on the CPU. Of a task at most two examples may be chosen otherwise, by
sum or by sum over characters, and at most two written otherwise: rounding decides ties. Needs lm_eval, torch, transformers,
and gguf for a GGUF file.
"""
import json
import sys

from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

from evaluated import ALLOWED, best, load, read_examples

backbone, evaluation, stops = sys.argv[1:]
model, tokenizer = load(backbone)
lm = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=8, max_length=2048)


def request(kind, index, *arguments):
    return Instance(request_type=kind, doc={}, arguments=arguments, idx=index)


until, bad = json.loads(stops), False
for task, examples in read_examples(evaluation).items():
    differ = {}
    if examples[0].get("options"):
        logs = lm.loglikelihood([request("loglikelihood", i, e["prompt"], o) for i, e in enumerate(examples) for o in e["options"]], disable_tqdm=True)
        at, worst = 0, 0.0
        for e in examples:
            theirs = [log for log, _ in logs[at:at + len(e["options"])]]
            at += len(e["options"])
            worst = max([worst] + [abs(a - b) for a, b in zip(theirs, e["option_scores"])])
            for name, per in [("acc", [1] * len(theirs)), ("acc_norm", [len(o.strip()) for o in e["options"]])]:
                mine, other = (best([x / n for x, n in zip(sums, per)]) for sums in (e["option_scores"], theirs))
                differ[name] = differ.get(name, 0) + (mine != other)
        print(f"{task}: {len(examples)} examples, log-likelihoods differ by {worst:.4f} at most, chosen otherwise {differ}")
    else:
        texts = lm.generate_until([request("generate_until", i, e["prompt"], {**until[task], "do_sample": False, "temperature": 0.0})
                                   for i, e in enumerate(examples)], disable_tqdm=True)
        other = [(e["id"], e["prediction"], t.strip()) for e, t in zip(examples, texts) if e["prediction"] != t.strip()]
        differ["written"] = len(other)
        print(f"{task}: {len(examples)} examples, written otherwise {len(other)} {other[:3]}")
    bad = bad or max(differ.values()) > ALLOWED
sys.exit("more differ than rounding explains" if bad else 0)
