"""Writes the rows of full-rows.yaml into a folder: words that are one token each to the SmolLM and Qwen2 tokenizers."""

import os
import random
import sys

import pyarrow
import pyarrow.parquet

WORDS = """time people water world house city school family night music book food work game day year man woman child life
hand part place week company system program question government number point home room mother area money story fact month
lot right study eye job word business issue side kind head service friend father power hour line end member law car
community name president team minute idea body information back parent face others level office door health person art war
history party result change morning reason research girl guy moment air teacher force education""".split()

# With an answer of four words a row has 95 tokens, a few 96. An evaluated row has its prompt's last token once for each option.
SPLITS = {"train": (256, 91), "validation": (64, 80), "test": (64, 80)}


def main():
    folder = os.path.join(sys.argv[1], "words")
    os.makedirs(folder, exist_ok=True)
    draw = random.Random(1)
    words = lambda n: " ".join(draw.choice(WORDS) for _ in range(n))
    for split, (rows, length) in SPLITS.items():
        table = [{"text": words(length), "options": [" " + words(4) for _ in range(4)], "gold": i % 4} for i in range(rows)]
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(table), os.path.join(folder, split + ".parquet"))


main()
