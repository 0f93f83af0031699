// Package toyrun writes data and a backbone that are so small that a run takes a second in pure Go,
// for tests of whole runs. In comes a folder; out come the same files at each call. Read Write
// first.
package toyrun

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"

	"secura/datasets/prompt"
	"secura/methods/backbone"
	"secura/methods/weights"
)

// Written is a row of the tasks whose answer is written.
type Written struct {
	Question string `parquet:"question"`
	Answer   string `parquet:"answer"`
}

// Choice is a row of the task whose answer is chosen.
type Choice struct {
	Question string   `parquet:"question"`
	Options  []string `parquet:"options,list"`
	Gold     int32    `parquet:"gold"`
}

// endOfText ends the answers.
const endOfText = "<|endoftext|>"

var words = []string{"red", "blue", "green", "black", "white", "one", "two", "three"}

// Write makes the tasks next, same and battery, of Written rows, and choose, of Choice rows: a
// folder each with 24 rows in train.parquet and 10 in test.parquet. backbone is a Hugging Face
// folder of random weights of width 16, with a tokenizer of 280 tokens made from the rows; other is
// one of width 24 and 270 tokens. Equal calls write equal files.
func Write(dir string) error {
	r := rand.New(rand.NewPCG(1, 2))
	var texts []string
	written := func(shift int) func() Written {
		return func() Written {
			i := r.IntN(len(words))
			row := Written{words[i] + " " + words[r.IntN(len(words))], words[(i+shift)%len(words)]}
			texts = append(texts, row.Question+": "+row.Answer)
			return row
		}
	}
	choice := func() Choice {
		i := r.IntN(len(words))
		row := Choice{words[i], []string{words[(i+1)%8], words[(i+2)%8], words[i]}, 2}
		texts = append(texts, row.Question+": "+strings.Join(row.Options, " "))
		return row
	}
	for _, err := range []error{
		splits(filepath.Join(dir, "next"), written(1)), splits(filepath.Join(dir, "same"), written(0)),
		splits(filepath.Join(dir, "battery"), written(3)), splits(filepath.Join(dir, "choose"), choice),
	} {
		if err != nil {
			return fmt.Errorf("write toy run: %w", err)
		}
	}
	for _, b := range []struct {
		name              string
		vocabulary, width int
	}{{"backbone", 280, 16}, {"other", 270, 24}} {
		if err := writeBackbone(filepath.Join(dir, b.name), texts, b.vocabulary, b.width, r); err != nil {
			return fmt.Errorf("write toy run: %w", err)
		}
	}
	return nil
}

// splits writes a task's files.
func splits[T any](folder string, row func() T) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, split := range []struct {
		name string
		rows int
	}{{"train", 24}, {"test", 10}} {
		rows := make([]T, split.rows)
		for i := range rows {
			rows[i] = row()
		}
		if err := parquet.WriteFile(filepath.Join(folder, split.name+".parquet"), rows); err != nil {
			return err
		}
	}
	return nil
}

func writeBackbone(folder string, texts []string, vocabulary, width int, r *rand.Rand) error {
	tokenizer, err := prompt.Train(slices.Values(texts), vocabulary, []string{endOfText})
	if err != nil {
		return err
	}
	model := backbone.Random(backbone.Config{Architecture: backbone.Qwen2Architecture, Vocabulary: vocabulary, Width: width, Intermediate: 24, Layers: 2,
		Heads: 2, KeyValueHeads: 1, HeadSize: 8, MaxPositions: 64, Epsilon: 1e-6, RopeTheta: 1e4, TiedEmbeddings: true,
		EndTokens: []int32{int32(vocabulary) - 1}}, r)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := model.Save(folder, weights.F32); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "tokenizer.json"), tokenizer, 0o644)
}
