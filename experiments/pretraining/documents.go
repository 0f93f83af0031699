package pretraining

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"iter"

	"secura/datasets/prompt"
	"secura/methods"
)

// packer lays documents into rows: several in a row, each seeing itself alone and counting
// positions from 0, as prompts do later.
type packer struct {
	next      func() (string, bool)
	stop      func()
	tokenizer *prompt.Tokenizer
	end       int32
	rows      int
	length    int
	open      [][][]int32 // rows that still have room
	hash      hash.Hash
	documents int
}

// openRows is how many rows are filled side by side; a document goes into the first with room.
const openRows = 16

func newPacker(documents iter.Seq[string], tokenizer *prompt.Tokenizer, end int32, rows, length int) *packer {
	next, stop := iter.Pull(documents)
	return &packer{next: next, stop: stop, tokenizer: tokenizer, end: end, rows: rows, length: length, hash: sha256.New()}
}

func (p *packer) close() { p.stop() }

// batch takes the next documents.
func (p *packer) batch() (methods.Batch, error) {
	b := methods.EmptyBatch(p.rows, p.length, p.length)
	for row := range p.rows {
		documents, err := p.row()
		if err != nil {
			return b, err
		}
		total := 0
		for _, d := range documents {
			total += len(d)
		}
		at := row*p.length + p.length - total
		for s, d := range documents {
			for i, id := range d {
				target := p.end
				if i+1 < len(d) {
					target = d[i+1]
				}
				b.Tokens[at], b.Positions[at], b.Segments[at], b.Targets[at], b.Weights[at] = id, int32(i), int32(s+1), target, 1
				at++
			}
		}
	}
	return b, nil
}

// row is the fullest row once all open ones have been offered a document that fits none of them.
func (p *packer) row() ([][]int32, error) {
	for {
		text, ok := p.next()
		if !ok {
			return nil, fmt.Errorf("pack documents: the corpus ended after %d", p.documents)
		}
		p.documents++
		p.hash.Write(append([]byte(text), 0))
		ids, err := p.tokenizer.Encode(text)
		if err != nil {
			return nil, fmt.Errorf("pack documents: %w", err)
		}
		ids = ids[:min(len(ids), p.length)]
		fullest, most, placed := -1, -1, false
		for i, row := range p.open {
			used := 0
			for _, d := range row {
				used += len(d)
			}
			if used+len(ids) <= p.length {
				p.open[i], placed = append(row, ids), true
				break
			}
			if used > most {
				fullest, most = i, used
			}
		}
		switch {
		case placed:
			continue
		case len(p.open) < openRows:
			p.open = append(p.open, [][]int32{ids})
			continue
		}
		row := p.open[fullest]
		p.open[fullest] = [][]int32{ids}
		return row, nil
	}
}
