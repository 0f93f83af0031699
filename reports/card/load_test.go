package card

import (
	"os/exec"
	"strings"
	"testing"

	"secura/datasets"
	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/reports/report"
)

// code is the block of a card that loads the model and asks it.
func code(t *testing.T, r *report.Report, format string) string {
	t.Helper()
	_, text := write(t, r, Model{Cell: "er-half-s1-o1", Format: format, Rank: 8, Tasks: 2})
	_, text, _ = strings.Cut(text, "## How to load it\n\n```python\n")
	text, _, ok := strings.Cut(text, "```\n")
	if !ok {
		t.Fatalf("no block of code in\n%s", text)
	}
	return text
}

// TestACardsCodeComputesAsTheRunDid holds the whole block of each kind: transformers 5 computes in
// the dtype of the backbone's file where none is given, and a run in float32.
func TestACardsCodeComputesAsTheRunDid(t *testing.T) {
	ask := `
prompt = "Q: {{.q}}\nA:"  # of a; give a row's text in the place of each {{...}}
inputs = tokenizer(prompt, return_tensors="pt")
answer = model.generate(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], max_new_tokens=12, do_sample=False, repetition_penalty=1.0)
print(tokenizer.decode(answer[0, inputs["input_ids"].shape[1]:], skip_special_tokens=True))
`
	peft := func(base, comment string) string {
		return `import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

` + base + `
adapter = "PATH OF THIS FOLDER"
# ` + comment + `; without dtype transformers takes that of the backbone's file
model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32), adapter)
tokenizer = AutoTokenizer.from_pretrained(base)
`
	}
	merged := `import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

folder = "PATH OF THIS FOLDER"
# float32 is what the scores below were computed in
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
tokenizer = AutoTokenizer.from_pretrained(folder)
`
	const single = "float32 is what the scores below were computed in"
	for _, c := range []struct {
		name, format, want string
		change             func(*report.Report)
	}{
		{"hub", "peft", peft(`base = "org/base"  # the backbone`, single), func(*report.Report) {}},
		{"merged", "merged", merged, func(*report.Report) {}},
		{"nano", "peft", peft(`base = "methods/backbone/nano/files"  # the backbone, in a clone of secura's repository`, single),
			func(r *report.Report) { r.Cells[0].Backbone, r.Suite.Backbone = "nano", "nano" }},
		{"folder", "peft", peft(`base = "models/tiny <1>"  # the backbone`, single), func(r *report.Report) { r.Cells[0].Backbone = "models/tiny <1>" }},
		{"half", "peft", peft(`base = "org/base"  # the backbone`, "float32 is what the learned weights had; the run held the others as bfloat16, so that scores may differ a little"),
			func(r *report.Report) { r.Suite.DType = suite.HalfPrecision }},
		{"gguf", "peft", strings.NewReplacer("(base)", "(base, gguf_file=file)", "(base,", "(base, gguf_file=file,").Replace(
			peft(`base, file = "models", "small.gguf"  # the backbone: its folder and the file`, single)), func(r *report.Report) { r.Cells[0].Backbone = "models/small.gguf" }},
	} {
		r := made()
		r.Suite.Tasks[0].MaxNewTokens = 12
		c.change(r)
		got := code(t, r, c.format)
		if got != c.want+ask {
			t.Errorf("%s: the card says\n%s\nwant\n%s", c.name, got, c.want+ask)
		}
		compiles(t, got)
	}
}

// TestACardsExampleIsOfWhatMayBeShown: an example of this program's own tasks, the template of
// others, in a user's turn where the run had these.
func TestACardsExampleIsOfWhatMayBeShown(t *testing.T) {
	r := made()
	r.Evaluated = []record.Example{{Task: "a", Prompt: "secret", Gold: "x"}, {Task: "b", Prompt: "long\n\"prompt\"", Gold: "1\n```\n"}, {Task: "b", Prompt: "a longer prompt", Gold: "2"}}
	r.Suite.Tasks[1].MaxNewTokens = 7
	r.Suite.Tasks[0].Options = []string{"yes", "no"}
	got := code(t, r, "peft")
	has(t, got, "\nprompt = \"long\\n\\\"prompt\\\"\"  # a test example of b; the right answer is \"1\\n```\\n\"\n", "max_new_tokens=7")
	compiles(t, got)

	r.Suite.Tasks[1].Options = []string{"one"}
	r.Suite.Chat, r.Suite.System = true, "Be brief."
	got = code(t, r, "peft")
	has(t, got, `prompt = "Q: {{.q}}\nA:"  # of a;`, `apply_chat_template([{"role": "system", "content": "Be brief."}, {"role": "user", "content": prompt}], add_generation_prompt=True`)
	compiles(t, got)

	r.Suite.Chat, r.Suite.System = false, ""
	r.Suite.Tasks[0].System = "You reckon."
	has(t, code(t, r, "peft"), `prompt = "You reckon.\n\nQ: {{.q}}\nA:"`)
	for _, task := range []datasets.Task{{}, {Source: "builtin:a"}} {
		r.Suite.Tasks[0].Source, r.Evaluated = task.Source, nil
		has(t, code(t, r, "peft"), `{{.q}}`)
	}
}

// TestACardsCodeHasTheRunsDate: transformers writes today's date where the template is given none.
func TestACardsCodeHasTheRunsDate(t *testing.T) {
	r := made()
	r.Suite.Chat = true
	for date, want := range map[string]string{"26 Jul 2024": `return_tensors="pt", date_string="26 Jul 2024")`, "": `return_tensors="pt")`} {
		_, text := write(t, r, Model{Cell: "er-half-s1-o1", Format: "peft", Rank: 8, Tasks: 2, Date: date})
		has(t, text, "add_generation_prompt=True, return_dict=True, "+want)
	}
}

// compiles holds code to Python's grammar, where Python is installed.
func compiles(t *testing.T, code string) {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Log("no python3: the code is not compiled")
		return
	}
	check := exec.Command(python, "-c", "import ast, sys; ast.parse(sys.stdin.read())")
	check.Stdin = strings.NewReader(code)
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("Python does not read the card's code: %v\n%s%s", err, out, code)
	}
}
