package datasets

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// deltaRuns is how many runs of delta-coded numbers a page's values begin with, by their encoding: the numbers
// themselves, or lengths of texts.
var deltaRuns = map[format.Encoding]int{format.DeltaBinaryPacked: 1, format.DeltaLengthByteArray: 1, format.DeltaByteArray: 2}

// checkDelta holds what a delta-coded page says of its number of values, for which the library takes memory, to what its
// header says: a few bytes can claim two thousand million.
func (p pageWalk) checkDelta(header format.PageHeader, data int64) error {
	v1, v2 := header.DataPageHeader, header.DataPageHeaderV2
	encoding, values := v1.V.Encoding, v1.V.NumValues
	if v2.Valid {
		encoding, values = v2.V.Encoding, v2.V.NumValues
	}
	runs := deltaRuns[encoding]
	if runs == 0 || !v1.Valid && !v2.Valid {
		return nil
	}
	body, err := p.values(header, data)
	if err != nil {
		return err
	}
	for range runs {
		if body, err = skipDelta(body, int64(values)); err != nil {
			return fmt.Errorf("%s: %w", encoding, err)
		}
	}
	return nil
}

// values is the content of a data page behind its levels.
func (p pageWalk) values(header format.PageHeader, data int64) ([]byte, error) {
	page := make([]byte, header.CompressedPageSize)
	if _, err := p.r.ReadAt(page, data); err != nil {
		return nil, err
	}
	if v2 := header.DataPageHeaderV2; v2.Valid {
		levels := int64(v2.V.RepetitionLevelsByteLength) + int64(v2.V.DefinitionLevelsByteLength)
		if levels < 0 || levels > int64(len(page)) || v2.V.RepetitionLevelsByteLength < 0 {
			return nil, fmt.Errorf("its levels are of %d bytes, the page of %d", levels, len(page))
		}
		if page = page[levels:]; v2.V.IsCompressed.Valid && !v2.V.IsCompressed.V {
			return page, nil
		}
		return p.decompress(page, int(header.UncompressedPageSize)-int(levels))
	}
	body, err := p.decompress(page, int(header.UncompressedPageSize))
	if err != nil {
		return nil, err
	}
	for _, level := range []struct {
		there    bool
		encoding format.Encoding
	}{{p.leaf.MaxRepetitionLevel() > 0, header.DataPageHeader.V.RepetitionLevelEncoding}, {p.leaf.MaxDefinitionLevel() > 0, header.DataPageHeader.V.DefinitionLevelEncoding}} {
		if !level.there {
			continue
		}
		if level.encoding != format.RLE || len(body) < 4 {
			return nil, fmt.Errorf("its levels are %s in %d bytes, expected RLE", level.encoding, len(body))
		}
		n := int64(binary.LittleEndian.Uint32(body))
		if n > int64(len(body)-4) {
			return nil, fmt.Errorf("its levels are of %d bytes, the page of %d", n, len(body))
		}
		body = body[4+n:]
	}
	return body, nil
}

func (p pageWalk) decompress(data []byte, size int) ([]byte, error) {
	if size < 0 || size > largestPage {
		return nil, fmt.Errorf("it is of %d bytes once decompressed", size)
	}
	switch p.chunk.Codec {
	case format.Uncompressed:
		return data, nil
	case format.Lz4, format.Lz4Raw:
		return decompressLZ4(data, size, p.chunk.Codec == format.Lz4)
	}
	return parquet.LookupCompressionCodec(p.chunk.Codec).Decode(make([]byte, 0, size), data)
}

// skipDelta goes over a run of delta-coded numbers, of which there may be at most so many, and returns what is behind it.
// Source: the Parquet format's encodings, DELTA_BINARY_PACKED.
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
