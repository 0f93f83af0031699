package card

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"secura/datasets"
	"secura/experiments/suite"
	"secura/reports/report"
)

// nanoFolder is where the embedded backbone lies in a clone of the program.
const nanoFolder = "methods/backbone/nano/files"

// load says how Python loads the model and asks it.
func (c *card) load() {
	c.printf("\n## How to load it\n\n```python\nimport torch\n")
	// without dtype, transformers 5 computes in that of the file: many backbones are kept as
	// bfloat16
	const tail = ", dtype=torch.float32)"
	computed := "float32 is what the scores below were computed in"
	if c.r.Suite.DType == suite.HalfPrecision {
		computed = "float32 is what the learned weights had; the run held the others as bfloat16, so that scores may differ a little"
	}
	source := "folder"
	if c.Format == "peft" {
		c.printf("from peft import PeftModel\n")
	}
	c.printf("from transformers import AutoModelForCausalLM, AutoTokenizer\n\n")
	if c.Format == "peft" {
		source = c.backbone()
		c.printf("adapter = \"PATH OF THIS FOLDER\"\n# %s; without dtype transformers takes that of the backbone's file\n", computed)
		c.printf("model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(%s%s, adapter)\n", source, tail)
	} else {
		c.printf("folder = \"PATH OF THIS FOLDER\"\n# %s\nmodel = AutoModelForCausalLM.from_pretrained(%s%s\n", computed, source, tail)
	}
	c.printf("tokenizer = AutoTokenizer.from_pretrained(%s)\n", source)
	c.ask()
	c.printf("```\n")
	prompt := "Prompts are the plain text of a task's template"
	if c.r.Suite.Chat {
		prompt = "Prompts are a user's turn by the backbone's chat template, with the text of a task's template"
	}
	c.printf("\n%s, which stands below; there `\\n` is a line break, and `{{.column}}` a column of the row. Asked in another form the model may answer worse.\n", prompt)
}

// backbone writes where the backbone lies, and gives the arguments of from_pretrained for it.
func (c *card) backbone() string {
	name := c.hubName()
	switch {
	case c.cell.Backbone == report.Embedded:
		c.printf("base = %s  # the backbone, in a clone of secura's repository\n", python(nanoFolder))
		return "base"
	case name == "" && strings.HasSuffix(c.cell.Backbone, ".gguf"):
		folder, file := path.Split(c.cell.Backbone)
		c.printf("base, file = %s, %s  # the backbone: its folder and the file\n", python(path.Clean(folder)), python(file))
		return "base, gguf_file=file"
	case name == "":
		name = c.cell.Backbone
	}
	c.printf("base = %s  # the backbone\n", python(name))
	return "base"
}

// ask is an example: one prompt, and what the model writes after it.
func (c *card) ask() {
	task := c.example()
	if task.Name == "" {
		return
	}
	prompt, comment := task.Prompt, fmt.Sprintf("of %s; give a row's text in the place of each {{...}}", task.Name)
	if e, ok := c.shown(task); ok {
		prompt, comment = e.Prompt, fmt.Sprintf("a test example of %s; the right answer is %s", task.Name, python(e.Gold))
	}
	inputs := `tokenizer(prompt, return_tensors="pt")`
	switch system := cmp.Or(task.System, c.r.Suite.System); {
	case c.r.Suite.Chat:
		turns := `{"role": "user", "content": prompt}`
		if system != "" {
			turns = fmt.Sprintf(`{"role": "system", "content": %s}, `, python(system)) + turns
		}
		inputs = "tokenizer.apply_chat_template([" + turns + `], add_generation_prompt=True, return_dict=True, return_tensors="pt"`
		if c.Date != "" {
			inputs += ", date_string=" + python(c.Date) // transformers writes today's
		}
		inputs += ")"
	case system != "":
		prompt = system + "\n\n" + prompt
	}
	length := task.MaxNewTokens
	if task.Choice() {
		length = 8 // the run compares the options' log-likelihoods; this shows what the model writes by itself
	}
	c.printf("\nprompt = %s  # %s\ninputs = %s\n", python(prompt), comment, inputs)
	c.printf("answer = model.generate(input_ids=inputs[\"input_ids\"], attention_mask=inputs[\"attention_mask\"], max_new_tokens=%d, do_sample=False, repetition_penalty=1.0)\n", length)
	c.printf("print(tokenizer.decode(answer[0, inputs[\"input_ids\"].shape[1]:], skip_special_tokens=True))\n")
}

// example is the learned task that the example is of: the last one with written answers, or, where
// all are questions with options, the last one.
func (c *card) example() (last datasets.Task) {
	for _, name := range c.learned() {
		if t := c.task(name); last.Name == "" || !t.Choice() || last.Choice() {
			last = t
		}
	}
	return last
}

// shown is the evaluated example of a task with the shortest prompt. Of data that is not this
// program's own there is none: a card may be published where the data may not.
func (c *card) shown(t datasets.Task) (shortest struct{ Prompt, Gold string }, ok bool) {
	if _, own := t.Builtin(); !own {
		return shortest, false
	}
	for _, e := range c.r.Evaluated {
		if e.Task == t.Name && (!ok || len(e.Prompt) < len(shortest.Prompt)) {
			shortest.Prompt, shortest.Gold, ok = e.Prompt, e.Gold, true
		}
	}
	return shortest, ok
}

// python is a text as a literal of Python, on one line.
func python(text string) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		panic(err) // a string can always be encoded
	}
	return strings.TrimSpace(out.String())
}
