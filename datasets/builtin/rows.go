package builtin

// The column layouts of the built-in Parquet files. They are those of the public data sets of the
// same kind, so that a suite's templates fit both.

// arithmeticRow is a worded sum. The answer is a short rationale, then "#### " and the number.
type arithmeticRow struct {
	Question string `parquet:"question"`
	Answer   string `parquet:"answer"`
}

// summaryRow is a short report and its headline.
type summaryRow struct {
	Article    string `parquet:"article"`
	Highlights string `parquet:"highlights"`
	ID         string `parquet:"id"`
}

// translationPair is one phrase in German and English.
type translationPair struct {
	German  string `parquet:"de"`
	English string `parquet:"en"`
}

// translationRow holds its pair in one nested column.
type translationRow struct {
	Translation translationPair `parquet:"translation"`
}

// reasoningRow is a question about a context with options to choose from.
type reasoningRow struct {
	Context       string   `parquet:"context"`
	Query         string   `parquet:"query"`
	Options       []string `parquet:"options,list"`
	CorrectOption int32    `parquet:"correct_option"` // from 0
}

// choiceRow is a question without a context with options to choose from.
type choiceRow struct {
	Query         string   `parquet:"query"`
	Options       []string `parquet:"options,list"`
	CorrectOption int32    `parquet:"correct_option"` // from 0
}

// completionRow is a question with a short written answer.
type completionRow struct {
	Question string `parquet:"question"`
	Answer   string `parquet:"answer"`
}
