"""Holds the event files of `runner watch -tensorboard` to what TensorBoard and trackio read: python events_check.py RUN EVENTS

TensorBoard's own reader and trackio's importer must find a run of each cell, with the losses of steps.jsonl and the knowledge of
records.jsonl at their steps. trackio writes into a folder that is removed. Needs tensorboard and trackio[tensorboard].
"""
import json
import math
import os
import sys
import tempfile

run, events = sys.argv[1:]
scratch = tempfile.TemporaryDirectory()
os.environ["TRACKIO_DIR"] = scratch.name

import tensorboard
import trackio
from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer
from trackio.sqlite_storage import SQLiteStorage


def lines(path):
    return [json.loads(line) for line in open(path)]


manifest = json.load(open(f"{run}/manifest.json"))
steps_of_a_task = manifest["suite"]["training"]["steps"]
multiplexer = EventMultiplexer(size_guidance={"scalars": 0}).AddRunsFromDirectory(events).Reload()
trackio.import_tf_events(events, project="check", name=None)
cells = sorted(name for name in os.listdir(f"{run}/cells") if os.path.isdir(f"{run}/cells/{name}"))
assert sorted(multiplexer.Runs()) == cells, (sorted(multiplexer.Runs()), cells)
compared = 0
for cell in cells:
    folder = f"{run}/cells/{cell}"
    knowledge = [(e.get("index", 0) * steps_of_a_task, e["knowledge"]) for e in lines(f"{folder}/records.jsonl") if e["event"] == "boundary" and "knowledge" in e]
    losses = [s["loss"] for s in lines(f"{folder}/steps.jsonl")] if os.path.exists(f"{folder}/steps.jsonl") else []
    logs = SQLiteStorage.get_logs("check", cell)
    for tag, want in (("train/loss", list(enumerate(losses, 1))), ("stream/knowledge", knowledge)):
        if not want:
            continue
        read = {"tensorboard": [(e.step, e.value) for e in multiplexer.Scalars(cell, tag)],
                "trackio": sorted((log["step"], log[tag]) for log in logs if tag in log)}
        for program, got in read.items():
            assert len(got) >= len(want), (program, cell, tag, len(got), len(want))
            at = dict(got)
            for step, value in want:
                assert math.isclose(at[step], value, rel_tol=1e-6, abs_tol=1e-6), (program, cell, tag, step, at[step], value)
                compared += 1
print(f"tensorboard {tensorboard.__version__}, trackio {trackio.__version__}: {len(cells)} runs, {compared} values are those of the records")
