package datasets

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
)

// largestPage bounds what a page may hold once decompressed. Writers aim at 1 MB; a few kilobytes
// of a compressed file can claim gigabytes.
const largestPage = 256 << 20

// checkPages goes through the page headers of the columns, without decompressing, and refuses sizes
// that no page of a data set has. The bytes of pages that the Parquet library cannot decompress,
// those of LZ4, come back uncompressed: as the content of a file that is otherwise the same. plain
// is nil where there are none.
//
// Of LZ4_RAW, parquet-go v0.32.0 loses a page that is compressed to more than a third of its size:
// its codec decodes such a page into a buffer of its own, which its caller takes for the one that
// it handed over, and tells the two apart by their lengths alone
// (github.com/parquet-go/parquet-go/issues/608; read such pages by the library once that is
// solved). Damaged pages make the same codec grow its buffer without end. LZ4 in Hadoop's frames it
// refuses. So it does the second version's pages whose values are all null and compressed to
// nothing, and those that Arrow before 3.0.0 said were not compressed.
func checkPages(r io.ReaderAt, size int64, file *parquet.File, columns []*parquet.Column) (plain *appended, err error) {
	wanted := map[string]bool{}
	for _, c := range columns {
		wanted[c.Name()] = true
	}
	metadata, leaves := *file.Metadata(), leavesOf(file)
	metadata.RowGroups = slices.Clone(metadata.RowGroups)
	always := alwaysCompressed(metadata.CreatedBy)
	for g := range metadata.RowGroups {
		group := &metadata.RowGroups[g]
		group.Columns = slices.Clone(group.Columns)
		for i := range group.Columns {
			chunk := &group.Columns[i].MetaData
			if len(chunk.PathInSchema) == 0 || !wanted[chunk.PathInSchema[0]] {
				continue
			}
			if i >= len(leaves) {
				return nil, fmt.Errorf("row group %d has %d columns, the schema %d", g+1, len(group.Columns), len(leaves))
			}
			pages := pageWalk{r: r, size: size, chunk: chunk, leaf: leaves[i], always: always}
			rewrite := chunk.Codec == format.Lz4 || chunk.Codec == format.Lz4Raw
			if !rewrite {
				if rewrite, err = pages.walk(); err != nil {
					return nil, fmt.Errorf("row group %d, column %s: %w", g+1, strings.Join(chunk.PathInSchema, "."), err)
				}
			}
			if !rewrite {
				continue
			}
			if plain == nil {
				plain = &appended{r: r, size: size}
			}
			pages.out, pages.base = &plain.more, size
			if _, err := pages.walk(); err != nil {
				return nil, fmt.Errorf("row group %d, column %s: %w", g+1, strings.Join(chunk.PathInSchema, "."), err)
			}
		}
	}
	if plain != nil {
		footer, err := thrift.Marshal(&thrift.CompactProtocol{}, &metadata)
		if err != nil {
			return nil, err
		}
		plain.more.Write(footer)
		plain.more.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(footer))))
		plain.more.WriteString("PAR1")
	}
	return plain, nil
}

// pageWalk goes through the pages of one column in a row group. With out, pages are written there
// uncompressed, and the chunk is made to say where they are.
type pageWalk struct {
	r     io.ReaderAt
	size  int64
	chunk *format.ColumnMetaData
	leaf  *parquet.Column
	out   *bytes.Buffer
	base  int64 // the file offset of out's first byte
	// always: pages of the second version are compressed whatever they say.
	always bool
}

// walk says whether the library cannot read some page, so that all have to be written again without
// compression.
func (p pageWalk) walk() (rewrite bool, err error) {
	start := p.chunk.DataPageOffset
	if d := p.chunk.DictionaryPageOffset; d > 0 && d < start {
		start = d
	}
	end := start + p.chunk.TotalCompressedSize
	if start < 0 || end < start || end > p.size {
		return false, fmt.Errorf("its pages are said to lie from byte %d to %d of %d", start, end, p.size)
	}
	var moved []int64 // where the pages begin in the new file: a dictionary, and the first data page
	for at, values := start, int64(0); values < p.chunk.NumValues && at < end; {
		section := bufio.NewReaderSize(io.NewSectionReader(p.r, at, end-at), 512)
		counted := &counter{r: section}
		var header format.PageHeader
		if err := thrift.NewDecoder((&thrift.CompactProtocol{}).NewReader(counted)).Decode(&header); err != nil {
			return false, fmt.Errorf("header of the page at byte %d: %w", at, err)
		}
		data := at + counted.n
		switch {
		case header.CompressedPageSize < 0 || header.UncompressedPageSize < 0 || data+int64(header.CompressedPageSize) > end:
			return false, fmt.Errorf("the page at byte %d has impossible sizes, %d and %d", at, header.CompressedPageSize, header.UncompressedPageSize)
		case header.UncompressedPageSize > largestPage:
			return false, fmt.Errorf("the page at byte %d is of %d MB once decompressed, more than %d MB", at, header.UncompressedPageSize>>20, largestPage>>20)
		}
		values += int64(header.DataPageHeader.V.NumValues) + int64(header.DataPageHeaderV2.V.NumValues)
		if p.out != nil {
			moved = append(moved, p.base+int64(p.out.Len()))
		}
		rewrite = rewrite || p.unreadable(header)
		if err := p.page(header, data); err != nil {
			return false, fmt.Errorf("the page at byte %d: %w", at, err)
		}
		at = data + int64(header.CompressedPageSize)
	}
	if p.out == nil {
		return rewrite, nil
	}
	if len(moved) == 0 || p.chunk.DictionaryPageOffset > 0 && len(moved) < 2 {
		return false, fmt.Errorf("it has %d pages", len(moved))
	}
	p.chunk.Codec = format.Uncompressed
	p.chunk.DataPageOffset = moved[0]
	if p.chunk.DictionaryPageOffset > 0 {
		p.chunk.DictionaryPageOffset, p.chunk.DataPageOffset = moved[0], moved[1]
	}
	p.chunk.TotalCompressedSize = p.base + int64(p.out.Len()) - moved[0]
	return false, nil
}

// unreadable says whether the library cannot decompress a page of the second version.
func (p pageWalk) unreadable(header format.PageHeader) bool {
	v2 := header.DataPageHeaderV2
	if !v2.Valid || p.chunk.Codec == format.Uncompressed {
		return false
	}
	compressed := !v2.V.IsCompressed.Valid || v2.V.IsCompressed.V
	levels := int64(v2.V.RepetitionLevelsByteLength) + int64(v2.V.DefinitionLevelsByteLength)
	return compressed && int64(header.CompressedPageSize) == levels || !compressed && p.always
}

// page checks a page's content, and writes it without compression if it is to be. What needs
// neither is not read.
func (p pageWalk) page(header format.PageHeader, data int64) error {
	delta := deltaRunsOf(header) > 0
	if p.out == nil && !delta {
		return nil
	}
	levels, content, err := p.read(header, data)
	if err != nil {
		return err
	}
	if delta {
		if err := p.checkDelta(header, content); err != nil {
			return err
		}
	}
	if p.out == nil {
		return nil
	}
	if header.DataPageHeaderV2.Valid {
		header.DataPageHeaderV2.V.IsCompressed = thrift.New(false)
	}
	size := int32(len(levels) + len(content))
	header.CompressedPageSize, header.UncompressedPageSize, header.CRC = size, size, 0
	encoded, err := thrift.Marshal(&thrift.CompactProtocol{}, &header)
	if err != nil {
		return err
	}
	p.out.Write(encoded)
	p.out.Write(levels)
	p.out.Write(content)
	return nil
}

// read gives a page's content without compression; in the second version of pages the levels stand
// before it, and are never compressed.
func (p pageWalk) read(header format.PageHeader, data int64) (levels, content []byte, err error) {
	page := make([]byte, header.CompressedPageSize)
	if _, err := p.r.ReadAt(page, data); err != nil {
		return nil, nil, err
	}
	if v2 := header.DataPageHeaderV2; v2.Valid {
		n := int64(v2.V.RepetitionLevelsByteLength) + int64(v2.V.DefinitionLevelsByteLength)
		if v2.V.RepetitionLevelsByteLength < 0 || v2.V.DefinitionLevelsByteLength < 0 || n > int64(len(page)) || n > int64(header.UncompressedPageSize) {
			return nil, nil, fmt.Errorf("its levels are of %d bytes, the page of %d", n, len(page))
		}
		levels, page = page[:n], page[n:]
		if v2.V.IsCompressed.Valid && !v2.V.IsCompressed.V && !p.always {
			return levels, page, nil
		}
		if len(page) == 0 && int64(header.UncompressedPageSize) == n {
			return levels, page, nil
		}
	}
	content, err = p.decompress(page, int(header.UncompressedPageSize)-len(levels))
	return levels, content, err
}

func (p pageWalk) decompress(data []byte, size int) ([]byte, error) {
	switch p.chunk.Codec {
	case format.Uncompressed:
		return data, nil
	case format.Lz4, format.Lz4Raw:
		return decompressLZ4(data, size, p.chunk.Codec == format.Lz4)
	}
	return parquet.LookupCompressionCodec(p.chunk.Codec).Decode(make([]byte, 0, size), data)
}

// decompressLZ4 decompresses blocks to exactly size bytes. Hadoop puts before each block its
// lengths, uncompressed and compressed, as big-endian numbers; some writers of the same codec do
// not, and are told by that.
func decompressLZ4(data []byte, size int, hadoop bool) ([]byte, error) {
	out := make([]byte, size)
	if hadoop {
		if n, ok := hadoopBlocks(data, out); ok && n == size {
			return out, nil
		}
	}
	if size == 0 && len(data) == 0 {
		return out, nil
	}
	n, err := lz4.UncompressBlock(data, out)
	if err != nil || n != size {
		return nil, fmt.Errorf("decompress LZ4: %d bytes of %d (%v)", max(n, 0), size, err)
	}
	return out, nil
}

func hadoopBlocks(data, out []byte) (n int, ok bool) {
	for len(data) >= 8 {
		whole, compressed := binary.BigEndian.Uint32(data), binary.BigEndian.Uint32(data[4:])
		data = data[8:]
		if uint64(compressed) > uint64(len(data)) || uint64(whole) > uint64(len(out)-n) {
			return n, false
		}
		got, err := lz4.UncompressBlock(data[:compressed], out[n:n+int(whole)])
		if err != nil || got != int(whole) {
			return n, false
		}
		n, data = n+got, data[compressed:]
	}
	return n, len(data) == 0
}

// appended is a file with something after it.
type appended struct {
	r    io.ReaderAt
	size int64
	more bytes.Buffer
}

// Size is the number of bytes of both.
func (a *appended) Size() int64 { return a.size + int64(a.more.Len()) }

// ReadAt reads from the one, the other, or over the border.
func (a *appended) ReadAt(p []byte, at int64) (n int, err error) {
	if at < a.size {
		n, err = a.r.ReadAt(p[:min(int64(len(p)), a.size-at)], at)
		if n < len(p) && (err == nil || err == io.EOF) && at+int64(n) == a.size {
			var rest int
			rest, err = bytes.NewReader(a.more.Bytes()).ReadAt(p[n:], 0)
			n += rest
		}
		return n, err
	}
	return bytes.NewReader(a.more.Bytes()).ReadAt(p, at-a.size)
}

// counter counts the bytes that were read.
type counter struct {
	r *bufio.Reader
	n int64
}

// Read reads and counts.
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// ReadByte reads one byte and counts it.
func (c *counter) ReadByte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}
