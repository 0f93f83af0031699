package reports

import (
	"os"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"secura/experiments/record"
)

// TestTheReadmeListsTheColumnsOfPredictions: whoever queries the files finds every column there.
func TestTheReadmeListsTheColumnsOfPredictions(t *testing.T) {
	content, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(content), "\n## With DuckDB and pandas\n")
	section, _, _ = strings.Cut(section, "\n## ")
	_, section, ok := strings.Cut(section, "| column | what |")
	if !ok {
		t.Fatal("README.md has no table of columns")
	}
	for _, schema := range []*parquet.Schema{parquet.SchemaOf(record.Prediction{}), parquet.SchemaOf(record.Example{})} {
		for _, field := range schema.Fields() {
			if !strings.Contains(section, "`"+field.Name()+"`") {
				t.Errorf("%s's column %s is not in README.md", schema.Name(), field.Name())
			}
		}
	}
}
