package report

import (
	"bytes"
	"fmt"

	"secura/reports/table"
)

// ShortPlan is the beginning of the plan's hash, enough to tell runs apart.
func ShortPlan(r *Report) string { return r.Manifest.Plan[:min(12, len(r.Manifest.Plan))] }

// WriteProvenance says what decided the numbers. Modules and whole hashes are in the manifest.
func WriteProvenance(out *bytes.Buffer, r *Report) {
	m := r.Manifest
	out.WriteString("\n## Provenance\n\n")
	item := func(name, value string) {
		if value != "" {
			fmt.Fprintf(out, "- %s: %s\n", name, table.EscapeMarkdown(value))
		}
	}
	item("plan", m.Plan)
	item("code revision", m.Revision)
	item("Go", m.Modules["go"])
	item("GoMLX", m.Modules["github.com/gomlx/gomlx"])
	item("backend", m.Backend)
	item("plugin sha256", m.PluginSHA256)
	item("XLA flags", m.XLAFlags)
	item("processor", m.Processor)
	for _, name := range r.Suite.BackboneNames() {
		item("revision of "+name, r.Suite.Revisions[name])
	}
	for _, f := range m.Files {
		item("file", fmt.Sprintf("%s, %d bytes, sha256 %s", f.Path, f.Bytes, f.SHA256))
	}
}
