package datasets

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// deltaRuns is how many runs of delta-coded numbers a page's values begin with, by their encoding:
// the numbers themselves, or lengths of texts.
var deltaRuns = map[format.Encoding]int{format.DeltaBinaryPacked: 1, format.DeltaLengthByteArray: 1, format.DeltaByteArray: 2}

// deltaRunsOf is how many of them a page has.
func deltaRunsOf(header format.PageHeader) int {
	switch {
	case header.DataPageHeaderV2.Valid:
		return deltaRuns[header.DataPageHeaderV2.V.Encoding]
	case header.DataPageHeader.Valid:
		return deltaRuns[header.DataPageHeader.V.Encoding]
	}
	return 0
}

// checkDelta holds what a delta-coded page says of its number of values, for which the library
// takes memory, to what its header says: a few bytes can claim two thousand million. content is the
// page's, after the levels of the second version.
func (p pageWalk) checkDelta(header format.PageHeader, content []byte) (err error) {
	encoding, values := header.DataPageHeader.V.Encoding, header.DataPageHeader.V.NumValues
	if v2 := header.DataPageHeaderV2; v2.Valid {
		encoding, values = v2.V.Encoding, v2.V.NumValues
	} else if content, err = p.behindLevels(header.DataPageHeader.V, content); err != nil {
		return err
	}
	for range deltaRuns[encoding] {
		if content, err = skipDelta(content, int64(values)); err != nil {
			return fmt.Errorf("%s: %w", encoding, err)
		}
	}
	return nil
}

// behindLevels is the part of a first-version page that holds the values.
func (p pageWalk) behindLevels(header format.DataPageHeader, content []byte) ([]byte, error) {
	for _, level := range []struct {
		there    bool
		encoding format.Encoding
	}{{p.leaf.MaxRepetitionLevel() > 0, header.RepetitionLevelEncoding}, {p.leaf.MaxDefinitionLevel() > 0, header.DefinitionLevelEncoding}} {
		if !level.there {
			continue
		}
		if level.encoding != format.RLE || len(content) < 4 {
			return nil, fmt.Errorf("its levels are %s in %d bytes, expected RLE", level.encoding, len(content))
		}
		n := int64(binary.LittleEndian.Uint32(content))
		if n > int64(len(content)-4) {
			return nil, fmt.Errorf("its levels are of %d bytes, the page of %d", n, len(content))
		}
		content = content[4+n:]
	}
	return content, nil
}

// skipDelta goes over a run of delta-coded numbers, of which there may be at most so many, and
// returns what is after it. Source: the Parquet format's encodings, DELTA_BINARY_PACKED.
func skipDelta(data []byte, most int64) (rest []byte, err error) {
	cut := errors.New("it ends within a run of numbers")
	number := func() (u uint64) {
		var n int
		if u, n = binary.Uvarint(data); n <= 0 {
			err = cut
			return 0
		}
		data = data[n:]
		return u
	}
	block, miniBlocks, values := number(), number(), number()
	number() // the first value
	switch {
	case err != nil:
		return nil, err
	case values > uint64(most):
		return nil, fmt.Errorf("it would have %d values, its page says %d", values, most)
	case miniBlocks == 0 || block == 0 || block > 1<<20 || block%miniBlocks != 0:
		return nil, fmt.Errorf("it has blocks of %d in %d parts", block, miniBlocks)
	}
	each := block / miniBlocks
	for left := int64(values) - 1; left > 0; {
		number() // the least delta
		if err != nil || uint64(len(data)) < miniBlocks {
			return nil, cut
		}
		widths := data[:miniBlocks]
		data = data[miniBlocks:]
		for _, width := range widths {
			if left <= 0 {
				break
			}
			n := min(uint64(width)*each/8, uint64(len(data))) // a last block may be cut off
			data, left = data[n:], left-int64(each)
		}
	}
	return data, nil
}

// leavesOf are a file's columns of values in the order of their chunks in a row group.
func leavesOf(file *parquet.File) (leaves []*parquet.Column) {
	eachLeaf(file.Root(), func(leaf *parquet.Column) { leaves = append(leaves, leaf) })
	return leaves
}
