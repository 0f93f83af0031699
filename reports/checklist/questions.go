package checklist

import (
	"fmt"

	"secura/reports/metric"
	"secura/reports/table"
)

// question is one of a checklist: what it asks in short, and what the run answers.
type question struct{ name, answer string }

// questions writes both checklists.
func (f *facts) questions() {
	f.list("NeurIPS paper checklist", f.neurips())
	f.list("ARR responsible NLP research checklist", f.arr())
	f.printf("\nQuestions are shortened. The checklists are those of 2025; where they change, their own words count.\n")
}

func (f *facts) list(title string, questions []question) {
	f.section(title)
	f.row("question", "answer")
	f.row("---", "---")
	for _, q := range questions {
		f.printf("| %s | %s |\n", q.name, q.answer)
	}
}

// repeated says how the run can be repeated.
func (f *facts) repeated() string {
	text := "Yes: plan, inputs and seeds are recorded, and `runner verify` executes a task of each method again; see Code."
	if !f.recorded() {
		text += " The code revision: " + author + "."
	}
	return text
}

// licenses says whether all are known.
func (f *facts) licenses() string {
	if n := len(f.unlicensed); n > 0 {
		return fmt.Sprintf("Partly. Not known, and marked under Data: %s of data sets and backbones: %s. Cite by `runner report RUN -cite`.", table.Counted(n, "license"), author)
	}
	return "Yes, see Data. Cite by `runner report RUN -cite`."
}

// tuned says how hyper-parameters were chosen.
func (f *facts) tuned() string {
	if _, others := f.tuning(); len(others) > 0 {
		return "Values and splits: yes, see Hyper-parameters and Data. How they were chosen: " + author + " where it is marked there."
	}
	return "Yes: values, splits, and how they were chosen are under Hyper-parameters and Data."
}

// bars says whether there are error bars, and tests that can find anything.
func (f *facts) bars() string {
	least, most, pairs, comparisons := f.seeds()
	if most < 2 {
		return "No: there is one seed. See Statistics for what can be said of one."
	}
	intervals := "Intervals: yes, 95% over seeds."
	if least < 2 {
		intervals = "Intervals: of some methods, 95% over seeds; others have one seed yet."
	}
	switch {
	case comparisons < 1:
		return intervals + " Tests: none, for there is one method that can be compared. See Statistics."
	case pairs < metric.SeedsNeeded(comparisons):
		return intervals + " Tests: too few seeds for any p below 0.05, see Statistics."
	}
	return "Yes: 95% intervals over seeds and paired tests, see Statistics."
}

func (f *facts) neurips() []question {
	return []question{
		{"1 Claims match the results", author + " `runner report RUN -claims` judges the claims of SECURA's paper."},
		{"2 Limitations", author},
		{"3 Theory, assumptions and proofs", author},
		{"4 Experimental result reproducibility", f.repeated()},
		{"5 Open access to data and code", author + " A bundle has manifest, records and predictions; see Code."},
		{"6 Experimental setting and details", f.tuned()},
		{"7 Statistical significance", f.bars()},
		{"8 Compute resources", "Of the reported run: yes, see Compute. In all, with tuning and failed runs: " + author + "."},
		{"9 Code of ethics", author},
		{"10 Broader impacts", author},
		{"11 Safeguards", author},
		{"12 Licenses for existing assets", f.licenses()},
		{"13 New assets", author + " `runner export` writes a card with each model."},
		{"14 Crowdsourcing and human subjects", author},
		{"15 Approvals of review boards", author},
		{"16 Use of language models in the research", author},
	}
}

func (f *facts) arr() []question {
	return []question{
		{"A1 Limitations", author},
		{"A2 Potential risks", author},
		{"B1 Creators of artifacts are cited", "`runner report RUN -cite` prints the methods, data sets and metrics; that the paper cites them: " + author + "."},
		{"B2 Licenses and terms", f.licenses()},
		{"B3 Use is as intended", author},
		{"B4 Personal or offensive content", author},
		{"B5 Documentation of artifacts: domains, languages", author},
		{"B6 Statistics of data: splits, numbers of examples", "Splits and evaluated examples: see Data. Numbers of training examples: " + author + "."},
		{"C1 Parameters, compute budget, infrastructure", "See Hyper-parameters (trained parameters) and Compute. Budget in all: " + author + "."},
		{"C2 Set-up, hyper-parameter search, best values", f.tuned()},
		{"C3 Descriptive statistics: error bars, single run or mean", f.bars()},
		{"C4 Packages, their versions and settings", "Yes, see Code: scores and statistics are computed by the program itself, and all module versions are recorded."},
		{"D Human annotators and subjects", author},
		{"E Use of assistants for research, coding or writing", author},
	}
}
