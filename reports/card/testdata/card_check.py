"""Holds the README of exported folders to what the hub's own library reads: python card_check.py FOLDER...

The hub checks a card when it is pushed, with rules that need its server. What can be tried without it: the metadata is one
YAML document whose keys the library knows, names of models and data sets are such as the hub allows, the results of
model-index are read back as they were written, and what the metadata says of the library is what lies in the folder.
Needs huggingface_hub.
"""
import os
import sys

import huggingface_hub
import yaml
from huggingface_hub import ModelCard
from huggingface_hub.repocard_data import eval_results_to_model_index
from huggingface_hub.utils import validate_repo_id

KEYS = {"base_model", "base_model_relation", "library_name", "pipeline_tag", "license", "license_name", "license_link", "datasets", "metrics", "tags", "model-index"}
print("huggingface_hub", huggingface_hub.__version__)
for folder in sys.argv[1:]:
    path = os.path.join(folder, "README.md")
    card = ModelCard.load(path)
    data = card.data.to_dict()
    written = yaml.safe_load(open(path, encoding="utf-8").read().split("---\n")[1])
    assert set(data) == set(written) and set(data) <= KEYS, (set(data) ^ set(written)) | (set(data) - KEYS)
    for name in [data.get("base_model")] + data.get("datasets", []):
        if name is not None:
            validate_repo_id(name)
            assert "/" in name, name
    assert data.get("license") != "other" or data.get("license_name"), "license other needs license_name"
    adapter = os.path.exists(os.path.join(folder, "adapter_config.json"))
    assert data["library_name"] == ("peft" if adapter else "transformers"), data["library_name"]
    assert data.get("base_model") is None or data["base_model_relation"] == ("adapter" if adapter else "finetune")
    results = card.data.eval_results or []
    assert eval_results_to_model_index(card.data.model_name, results) == written["model-index"], "model-index is not read back as it was written"
    assert all(0 <= r.metric_value <= 1 for r in results)
    assert card.text.strip().startswith("# ")
    print(f"{path}: {len(results)} results, {', '.join(sorted(data))}")
