"""Reference values of the scores beside ROUGE and BLEU: python more_metrics.py METRICS > more_metrics.json

METRICS is the folder metrics of huggingface/evaluate, of which sari/sari.py (SARI) and squad_v2/compute_score.py (SQuAD's
F1 and exact match) are run. Needs scikit-learn (macro-F1), rapidfuzz (edit similarity), sacrebleu (BLEU of several
references and of Chinese), rouge_score and regex (ROUGE of other scripts), evaluate and sacremoses.
"""
import importlib.util
import json
import random
import sys

import regex
import sacrebleu
from rapidfuzz import fuzz
from rouge_score import rouge_scorer, tokenizers
from sklearn.metrics import f1_score


def published(name):
    spec = importlib.util.spec_from_file_location(name.replace("/", "_"), f"{sys.argv[1]}/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


sari, squad_metrics = published("sari/sari"), published("squad_v2/compute_score")


class Scripts(tokenizers.Tokenizer):
    """Words of any script; where a script writes none apart, each character."""

    def tokenize(self, text):
        alone = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
        return regex.findall(alone + r"\p{M}*|(?:(?!" + alone + r")[\p{L}\p{M}\p{N}])+", text.lower())


draw = random.Random(7)
words = ("the a an cat sat on mat Paris, France in 1999 it's U.S. quick-brown fox; größer Straße — naïve \"quoted\" (so) 3.5% Über "
         "an other The A And café, e.g. New York's don't").split()
hanzi = "今天天气很好我们去公园玩，他说：“好的”。北京2022年冬奥会GDP增长3.5%……（完）！"


def text(source, most, joint):
    return joint.join(draw.choice(source) for _ in range(draw.randint(0, most)))


def near(s, source):
    """A text with a few changes."""
    out = [c for c in s if draw.random() > 0.15]
    if out and draw.random() < 0.5:
        out[draw.randrange(len(out))] = draw.choice(source)
    return out


pairs = []
for i in range(60):
    gold = text(words, 8, " ")
    others = [" ".join(near(gold.split(), words)) for _ in range(i % 3)]
    pairs.append({"prediction": " ".join(near(gold.split(), words)), "golds": [gold] + others})
for p, golds in [("", [""]), ("the", ["a"]), ("", ["x"]), ("Denver Broncos", ["The Denver Broncos!", "broncos"]), ("a—b the", ["the b"]), ("thé a", ["the"]),
                 ("x = foo(1)\n  return", ["x = foo(2)\n    return x"]), ("日本", ["日本語"]), ("ab", ["ba"])]:
    pairs.append({"prediction": p, "golds": golds})
for p in pairs:
    p["f1"] = max(squad_metrics.compute_f1(g, p["prediction"]) for g in p["golds"])
    p["em"] = max(squad_metrics.compute_exact(g, p["prediction"]) for g in p["golds"])
    p["edit_similarity"] = max(fuzz.ratio(p["prediction"], g) for g in p["golds"]) / 100

several = []
for count in (1, 2, 3):
    predictions = [text(words, 9, " ") for _ in range(6)]
    golds = [[" ".join(near(p.split(), words)) + " cat" for _ in range(count)] for p in predictions]
    b = sacrebleu.metrics.BLEU()
    several.append({"predictions": predictions, "golds": golds,
                    "bleu": b.corpus_score(predictions, [list(r) for r in zip(*golds)]).score,
                    "sentences": [sacrebleu.sentence_bleu(p, g).score for p, g in zip(predictions, golds)]})

chinese = []
for _ in range(12):
    gold = text(hanzi, 30, "")
    chinese.append(("".join(near(gold, hanzi)), gold))
chinese += [("Hello世界, 3.5", "Hello 世界，3.5"), ("“引号”—和…", "“引号”和"), ("ＡＢＣ１２３", "ABC123"), ("", "无")]
zh = sacrebleu.metrics.BLEU(tokenize="zh")
zh_sentence = sacrebleu.metrics.BLEU(tokenize="zh", effective_order=True)
bleu_zh = {"pairs": chinese, "corpus": zh.corpus_score([p for p, _ in chinese], [[g for _, g in chinese]]).score,
           "sentences": [zh_sentence.sentence_score(p, [g]).score for p, g in chinese], "tokens": [zh.tokenizer(p).split() for p, _ in chinese]}

scripts = chinese + [("Größe über alles", "Die Größe des Hauses über"), ("Привет, мир!", "мир и привет"), ("नमस्ते दुनिया", "दुनिया नमस्ते जी"),
                     ("สวัสดีครับ", "สวัสดีค่ะ"), ("東京タワーへ行く", "東京へ行った"), ("한국어 문장", "한국어 문장 하나"), ("İstanbul", "istanbul"), ("abc 123", "ABC-123 x")]
scorer = rouge_scorer.RougeScorer(["rouge1", "rougeL"], tokenizer=Scripts())
rouge = [{"prediction": p, "gold": g, "tokens": Scripts().tokenize(p), **{k: v.fmeasure for k, v in scorer.score(g, p).items()}} for p, g in scripts]

labels = ["positive", "negative", "neutral", "other text"]
macro = []
for classes in (2, 3, 4):
    golds = [draw.choice(labels[:classes]) for _ in range(30)]
    predictions = [g if draw.random() < 0.6 else draw.choice(labels) for g in golds]
    macro.append({"predictions": predictions, "golds": golds,
                  "macro_f1": f1_score(golds, predictions, labels=sorted(set(golds)), average="macro", zero_division=0)})

simple = []
for i in range(24):
    original = text(words, 14, " ") or "the cat"
    golds = [" ".join(near(original.split(), words)) or "cat" for _ in range(1 + i % 3)]
    prediction = " ".join(near(original.split(), words))
    simple.append({"original": original, "prediction": prediction, "golds": golds,
                   "sari": 100 * sari.SARIsent(sari.normalize(original), sari.normalize(prediction), [sari.normalize(g) for g in golds])})
simple.append({"original": "About 95 species are currently accepted .", "prediction": "About 95 you now get in .",
               "golds": ["About 95 species are currently known .", "About 95 species are now accepted .", "95 species are now accepted ."], "sari": 26.953601953601954})

json.dump({"pairs": pairs, "several": several, "bleu_zh": bleu_zh, "rouge": rouge, "macro": macro, "sari": simple}, sys.stdout, ensure_ascii=False, indent=0)
print()
