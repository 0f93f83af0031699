package datasets

import (
	"os"
	"strings"
	"testing"
)

// casesFolder is the folder of inputs as people have them, beside the project.
func casesFolder(t testing.TB) string {
	t.Helper()
	const folder = "../../shared/cases/data"
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("%v: the cases lie beside the project", err)
	}
	return folder
}

// expectError checks that an error says all that it should.
func expectError(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("error %v\nexpected %q in it", err, part)
		}
	}
}
