"""Runs the queries of reports/README.md on a run and compares what they say: python queries_check.py README RUN

The README has one block for DuckDB and one for pandas, each with the answers kept, summary and scores. The two must agree.
kept must be what results.json has of its methods, summary's numbers those of its methods and references, and scores those of
R. RUN has one backbone. Needs duckdb, pandas, pyarrow.
"""
import json
import math
import re
import sys

import duckdb
import pandas
import pyarrow

readme, run = sys.argv[1:]
results = json.load(open(f"{run}/results.json"))
if "backbones" in results:
    sys.exit(f"{run} is a run of several backbones, which has no one summary: give a run of one")


def numbers(table):
    """The answer with all numbers as floats: DuckDB gives integers with nulls where pandas gives floats."""
    table = table.df() if hasattr(table, "df") else table
    return table.astype({column: "float64" for column in table.select_dtypes("number")})


KEYS = ("kept", "summary", "scores")
section = open(readme, encoding="utf-8").read().split("\n## With DuckDB and pandas\n")[1].split("\n## ")[0]
blocks = re.findall(r"```python\n(.*?)```", section, re.S)
assert len(blocks) == 2, f"{len(blocks)} blocks"
answers = []
for block in blocks:
    names = {}
    exec(block.replace("runs/smoke", run.rstrip("/")), names)
    answers.append({key: numbers(names[key]) for key in KEYS})
for key in KEYS:
    ours, theirs = answers[0][key], answers[1][key]
    assert len(ours) > 0 and list(ours) == list(theirs), (key, list(ours), list(theirs))
    pandas.testing.assert_frame_equal(ours, theirs, check_dtype=False, rtol=1e-12)

compared = 0


def same(got, want, where):
    """Holds a number in points to one of results.json, which is null or says why where it is undefined."""
    global compared
    if want is None or isinstance(want, dict):
        assert math.isnan(got), (where, got, want)
        return
    assert math.isclose(got, 100 * want, rel_tol=1e-9, abs_tol=1e-9), (where, got, want)
    compared += 1


means = {m["method"]: m["metrics"] for m in results["methods"]}
for row in answers[0]["kept"].to_dict("records"):
    for column, metric in (("learned", "learning_accuracy"), ("retention", "knowledge_retention")):
        same(row[column], means[row["method"]][metric]["mean"], row)
accuracy = {method: metrics["acc"]["mean"] for method, metrics in means.items()}
accuracy["base row"], accuracy["chance"] = (results["references"][0][key]["acc"] for key in ("base_row", "chance"))
for row in answers[0]["summary"].to_dict("records"):
    same(row["accuracy"], accuracy[row["method"]], row)

manifest = json.load(open(f"{run}/manifest.json"))
# these are made of all answers of a task together, and no mean of the answers' own scores
whole = {t["name"] for t in manifest["suite"]["tasks"] if t["scores"][0] in ("bleu", "bleu_zh", "macro_f1")}
cells = {cell["id"]: cell for cell in results["cells"]}
for row in answers[0]["scores"].to_dict("records"):
    if row["task"] in whole:
        continue
    cell = cells[row["cell"]]
    column = cell.get("tasks", results["tasks"]).index(row["task"])
    for name, boundary in (("learned", column + 1), ("final", len(results["tasks"]))):
        line = cell["R"][boundary] if boundary < len(cell["R"]) else None
        same(row[name], line and line[column], row)
print(f"duckdb {duckdb.__version__}, pandas {pandas.__version__}, pyarrow {pyarrow.__version__}: three queries agree, {compared} numbers are those of results.json")
