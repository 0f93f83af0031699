"""Writes harness_prompts.json: rows with the columns that public sets have on the hub, made up, and what lm-evaluation-harness
0.4.13 makes of each: prompt, options and the right one, or the answer, by its own YAML and functions. python harness_prompts.py
"""
import importlib.util
import json
import os
import random

import jinja2
import lm_eval
import yaml

TASKS = os.path.join(os.path.dirname(lm_eval.__file__), "tasks")
random.shuffle = lambda values: None  # gpqa: the order is compared apart


def read(path):
    """A task's YAML with the functions that it names, those of what it includes beneath."""
    folder = os.path.dirname(path)

    def function(loader, node):
        module, name = node.value.rsplit(".", 1)
        spec = importlib.util.spec_from_file_location(module, os.path.join(folder, module + ".py"))
        loaded = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(loaded)
        return getattr(loaded, name)

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!function", function)
    config = yaml.load(open(path), Loader)
    if "include" in config:
        config = {**read(os.path.join(folder, config["include"])), **config}
    return config


class Rows(list):
    """What process_docs is given."""

    def map(self, change):
        return Rows({**row, **change(row)} for row in self)


def made(source, row):
    """The source applied to a row: a function, a template, a column's name or a value, as in ConfigurableTask."""
    if callable(source):
        return source(row)
    if not isinstance(source, str):
        return source
    if source in row:
        return row[source]
    text = jinja2.Environment(keep_trailing_newline=True, undefined=jinja2.StrictUndefined).from_string(source).render(**row)
    try:
        return eval(text, {}, {})  # the list of choices, a number
    except Exception:
        return text


def of(task, config, rows):
    if "process_docs" in config:
        rows = config["process_docs"](Rows(rows))
    out = []
    for row in rows:
        prompt = config["doc_to_text"]
        prompt = prompt(row) if callable(prompt) else row[prompt.strip("{}")] if prompt.strip("{}") in row else jinja2.Environment(keep_trailing_newline=True).from_string(prompt).render(**row)
        prompt = jinja2.Template(config.get("description", ""), keep_trailing_newline=True).render(**row) + prompt
        if "doc_to_choice" not in config:
            out.append({"prompt": prompt, "answer": config["doc_to_target"](row)})
            continue
        choices = [str(c) for c in made(config["doc_to_choice"], row)]
        gold = made(config["doc_to_target"], row)
        if isinstance(gold, str):
            gold = int(gold) if gold.isdigit() else choices.index(gold)
        elif isinstance(gold, bool):
            gold = choices.index(str(gold))
        out.append({"prompt": prompt, "options": [" " + c for c in choices], "gold": gold})
    return out


ROWS = {
    "hellaswag": ("hellaswag/hellaswag.yaml", [
        {"activity_label": "Roof shingle removal", "ctx_a": "A man is sitting on a roof.", "ctx_b": "he", "endings": ["is using wrap.", "is ripping  tiles.", "holds a cube.", "starts pulling up roofing [step] on it."], "label": "3"},
        {"activity_label": "Youth", "ctx_a": "[header] How to kick [title] Practice the [substeps] kick.", "ctx_b": "", "endings": [" [step] One. [title] Two.", "b", "[c] d  e", "f"], "label": "0"},
        {"activity_label": "Ärzte", "ctx_a": "They talk.", "ctx_b": "the NBA player", "endings": ["a", "b", "c", "d"], "label": "1"}]),
    "mmlu": ("mmlu/default/mmlu_college_biology.yaml", [
        {"question": " Which of these? ", "subject": "college_biology", "choices": ["one", "two", "three", "four"], "answer": 2},
        {"question": "A\nB", "subject": "college_biology", "choices": ["1", "2", "3", "4"], "answer": 0}]),
    "truthfulqa": ("truthfulqa/truthfulqa_mc1.yaml", [
        {"question": "What is it?", "mc1_targets": {"choices": ["It is this", "That", "Neither"], "labels": [1, 0, 0]}},
        {"question": "Why?", "mc1_targets": {"choices": ["Because", "No"], "labels": [1, 0]}}]),
    "gpqa": ("gpqa/zeroshot/gpqa_main_zeroshot.yaml", [
        {"Question": "Which mass?", "Correct Answer": "10  kg\n", "Incorrect Answer 1": "1 kg", "Incorrect Answer 2": " 2 kg", "Incorrect Answer 3": "3 [title] kg"},
        {"Question": "How many?", "Correct Answer": "4", "Incorrect Answer 1": "1", "Incorrect Answer 2": "2", "Incorrect Answer 3": "3"}]),
    "race": ("race/race.yaml", [
        {"article": "It rained.", "problems": str([
            {"question": "It rained on  _  .", "answer": "B", "options": ["Monday", "Tuesday", "a day", "x"]},
            {"question": "What's \"it\"?", "answer": "A", "options": ["the sky's", "y", "z", "w"]},
            {"question": "The rain was  _  .", "answer": "D", "options": ["a", "b", "c", "wet"]}])},
        {"article": "One.", "problems": str([{"question": "What?", "answer": "A", "options": ["a", "b", "c", "d"]}])}]),
    "anli_r1": ("anli/anli_r1.yaml", [{"premise": "A cat sat.", "hypothesis": "It sat.", "label": i} for i in range(3)]),
    "sst2": ("glue/sst2/default.yaml", [{"sentence": "fine ", "label": 1}, {"sentence": "bad", "label": 0}]),
    "mnli": ("glue/mnli/default.yaml", [{"premise": "P. ", "hypothesis": h, "label": i} for i, h in enumerate(["It is ", "It is.", " why?"])]),
    "qqp": ("glue/qqp/default.yaml", [{"question1": "a?", "question2": "b?", "label": 1}, {"question1": "c", "question2": "d", "label": 0}]),
    "rte": ("glue/rte/default.yaml", [{"sentence1": "A.", "sentence2": "B.", "label": 0}, {"sentence1": "C.", "sentence2": "D.", "label": 1}]),
    "cb": ("super_glue/cb/default.yaml", [{"premise": "p", "hypothesis": "h", "label": i} for i in range(3)]),
    "copa": ("super_glue/copa/default.yaml", [
        {"premise": "The man fell. ", "choice1": "It was icy.", "choice2": "Ärger came.", "question": "cause", "label": 0},
        {"premise": "It rained.", "choice1": "We got wet.", "choice2": "I slept.", "question": "effect", "label": 1}]),
    "wic": ("super_glue/wic/default.yaml", [
        {"word": "place", "sentence1": "Über den Platz: places.", "sentence2": "A place.", "start1": 10, "end1": 15, "label": 0},
        {"word": "go", "sentence1": "Go on", "sentence2": "It goes.", "start1": 0, "end1": 2, "label": 1}]),
    "multirc": ("super_glue/multirc/default.yaml", [
        {"paragraph": "P.", "question": "Q?", "answer": "an answer", "label": 1}, {"paragraph": "P.", "question": "Q?", "answer": "another", "label": 0}]),
    "boolq": ("super_glue/boolq/default.yaml", [{"passage": "It is.", "question": "is it", "label": 1}, {"passage": "No.", "question": "is it", "label": 0}]),
}

out = {}
for task, (path, rows) in ROWS.items():
    out[task] = {"rows": rows, "made": of(task, read(os.path.join(TASKS, path)), rows)}

SQUAD = [{"title": "T", "context": "It is blue.", "question": "Which?", "answers": {"text": ["blue", "It is blue"], "answer_start": [6, 0]}},
         {"title": "T", "context": "It is red.", "question": "Who?", "answers": {"text": [], "answer_start": []}}]
squad = importlib.util.spec_from_file_location("task", os.path.join(TASKS, "squadv2", "task.py"))
module = importlib.util.module_from_spec(squad)
squad.loader.exec_module(module)
for task, rows in (("squad", SQUAD[:1]), ("squad_v2", SQUAD)):
    config = {"doc_to_text": lambda row: module.SQuAD2.doc_to_text(None, row), "doc_to_target": lambda row: module.SQuAD2.doc_to_target(None, row)}
    out[task] = {"rows": rows, "made": of(task, config, rows)}
json.dump(out, open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "harness_prompts.json"), "w"), ensure_ascii=False, indent=1)
