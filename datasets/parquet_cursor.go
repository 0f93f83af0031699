package datasets

import (
	"io"

	"github.com/parquet-go/parquet-go"
)

// cursor reads one column's values of a row group in order.
type cursor struct {
	chunk  parquet.ColumnChunk
	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	buffer [64]parquet.Value
	at, n  int
}

// peek returns the next value, or io.EOF. The value's bytes are good until the next call after
// advance.
func (c *cursor) peek() (parquet.Value, error) {
	if c.pages == nil {
		c.pages = c.chunk.Pages()
	}
	for c.at == c.n {
		if c.values == nil {
			page, err := c.pages.ReadPage()
			if err != nil {
				return parquet.Value{}, err
			}
			c.page, c.values = page, page.Values()
		}
		n, err := c.values.ReadValues(c.buffer[:])
		c.at, c.n = 0, n
		if err == io.EOF {
			c.values = nil
			err = nil
			if n == 0 {
				parquet.Release(c.page)
				c.page = nil
			}
		}
		if err != nil {
			return parquet.Value{}, err
		}
	}
	return c.buffer[c.at], nil
}

func (c *cursor) advance() {
	if c.at < c.n {
		c.at++
	}
}

func (c *cursor) close() {
	if c.page != nil {
		parquet.Release(c.page)
	}
	if c.pages != nil {
		c.pages.Close()
	}
}
