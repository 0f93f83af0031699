package datasets

import (
	"encoding/json"
	"fmt"
	"os"
)

// ClassNames are the names of a ClassLabel column's classes, by their numbers, from the metadata
// that Hugging Face's datasets library writes into a Parquet file.
func ClassNames(path, column string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read class names: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read class names: %w", err)
	}
	file, err := openParquet(f, info.Size(), path)
	if err != nil {
		return nil, err
	}
	if _, err := selectColumns(file, path, []string{column}); err != nil {
		return nil, fmt.Errorf("class_label: %w", err)
	}
	text, found := file.Lookup("huggingface")
	if !found {
		return nil, fmt.Errorf("read %s: class_label %s: the file has no `huggingface` metadata with names of classes; give `options`", path, column)
	}
	var metadata struct {
		Info struct {
			Features map[string]json.RawMessage `json:"features"`
		} `json:"info"`
	}
	if err := json.Unmarshal([]byte(text), &metadata); err != nil {
		return nil, fmt.Errorf("read %s: the `huggingface` metadata: %w", path, err)
	}
	var feature struct {
		Type  string   `json:"_type"`
		Names []string `json:"names"`
	}
	// A feature that is a list or a struct has another form, and is no ClassLabel.
	if err := json.Unmarshal(metadata.Info.Features[column], &feature); err != nil || feature.Type != "ClassLabel" || len(feature.Names) < 2 {
		return nil, fmt.Errorf("read %s: class_label %s: the `huggingface` metadata has no ClassLabel of two names or more under it", path, column)
	}
	return feature.Names, nil
}
