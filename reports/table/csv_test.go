package table

import (
	"strings"
	"testing"
)

func TestCSVHasTheEndsOfAnInterval(t *testing.T) {
	shown := New("method", "accuracy")
	shown.Rows = [][]Entry{{{Text: "seq"}, Between(0.5, 0.123456789, 0.75)}, {{Text: "er"}, shown.Undefined("not done")}}
	shown.Remarks = []string{"a remark"}
	var out strings.Builder
	if err := CSV(&out, []Table{shown}, false); err != nil {
		t.Fatal(err)
	}
	want := "method,accuracy,accuracy low,accuracy high,notes\n" +
		"seq,50,12.3456789,75,\n" +
		"er,,,,accuracy: not done\n"
	if out.String() != want {
		t.Errorf("got\n%s\nexpected\n%s", &out, want)
	}
}
