package datasets

// Example is one row as the model meets it.
type Example struct {
	Task   string
	ID     int // number of the row in the split, from 0
	Prompt string
	// Answer is what the model should write; with options the right one.
	Answer  string
	Options []string // nil where the answer is written
	Gold    int      // index of the right option
}
