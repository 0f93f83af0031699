"""Runs the queries of reports/README.md on a run and compares what they say: python queries_check.py README RUN

The README has one block for DuckDB and one for pandas, each with the answers kept, summary and forgotten. The two must agree,
kept must be what results.json has of its methods, and summary's numbers those of tables/summary.csv. Needs duckdb, pandas,
pyarrow.
"""
import json
import math
import re
import sys

import duckdb
import pandas
import pyarrow

readme, run = sys.argv[1:]
section = open(readme, encoding="utf-8").read().split("\n## With DuckDB and pandas\n")[1].split("\n## ")[0]
blocks = re.findall(r"```python\n(.*?)```", section, re.S)
assert len(blocks) == 2, f"{len(blocks)} blocks"
answers = []
for block in blocks:
    names = {}
    exec(block.replace("runs/smoke", run.rstrip("/")), names)
    answers.append({key: value.df() if hasattr(value, "df") else value for key, value in names.items() if key in ("kept", "summary", "forgotten")})
for key in ("kept", "summary", "forgotten"):
    ours, theirs = answers[0][key], answers[1][key]
    assert len(ours) > 0 and list(ours) == list(theirs), (key, list(ours), list(theirs))
    pandas.testing.assert_frame_equal(ours, theirs, check_dtype=False, rtol=1e-12)

results = json.load(open(f"{run}/results.json"))
means = {m["method"]: m["metrics"] for m in results["methods"]}
compared = 0
for row in answers[0]["kept"].to_dict("records"):
    for column, metric in (("learned", "learning_accuracy"), ("retention", "knowledge_retention")):
        want = means[row["method"]][metric]["mean"]
        if isinstance(want, dict):
            assert math.isnan(row[column]), (row, want)
        else:
            assert math.isclose(row[column], 100 * want, rel_tol=1e-9, abs_tol=1e-9), (row, want)
            compared += 1
for row in answers[0]["summary"].to_dict("records"):
    assert math.isclose(row["accuracy"], 100 * means[row["method"]]["acc"]["mean"], rel_tol=1e-9), row
    compared += 1
print(f"duckdb {duckdb.__version__}, pandas {pandas.__version__}, pyarrow {pyarrow.__version__}: three queries agree, {compared} numbers are those of results.json")
