// Package table is a table of texts with footnotes (Table) and its forms: Text, Markdown, LaTeX and
// CSV, each in a file of its own. Rows that are decided come in, text goes out; it knows neither
// runs nor metrics. Read Table first, then Text.
package table
