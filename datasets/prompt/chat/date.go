package chat

import (
	"regexp"
	"strings"
)

// datePattern finds the date that a template writes where it is not told today's.
var datePattern = regexp.MustCompile(`\bset\s+date_string\s*=\s*(?:"([^"]*)"|'([^']*)')`)

// FixedDate is the date that a template as Llama 3.2's writes here, "26 Jul 2024"; empty where it
// writes none. transformers writes today's there, unless it is given this one as date_string. There
// is no clock here: equal conversations must have equal texts.
func (t *Template) FixedDate() string {
	found := datePattern.FindStringSubmatch(t.source)
	if found == nil || !strings.Contains(t.source, "strftime_now(") {
		return ""
	}
	return found[1] + found[2]
}
