package engine

import (
	"bufio"
	"bytes"
	"io"
	"math"
	"strconv"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/number"
)

// CSVOptions says how a frame is written as text.
type CSVOptions struct {
	Separator    byte // 0: comma
	Header       bool
	QuoteHeader  bool
	Hex          bool // decimals as hexadecimal floating point, which loses nothing
	EscapeQuotes bool // double the quotes inside text
}

// csvRows is the number of rows that are turned into text at a time.
const csvRows = 8192

// WriteCSV writes a frame as text: a missing cell is empty, text and categories
// stand in quotes, times are milliseconds.
// H2O: Frame.CSVStream.
func WriteCSV(w io.Writer, f *frame.Frame, o CSVOptions) error {
	if o.Separator == 0 {
		o.Separator = ','
	}
	out := bufio.NewWriterSize(w, 1<<18)
	var line []byte
	if o.Header {
		for j := range f.NumCols() {
			if j > 0 {
				line = append(line, o.Separator)
			}
			if o.QuoteHeader {
				line = appendQuoted(line, []byte(f.Name(j)), o.EscapeQuotes)
			} else {
				line = append(line, f.Name(j)...)
			}
		}
		line = append(line, '\n')
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
	cells := make([]func([]byte, int) []byte, f.NumCols())
	for j := range cells {
		cells[j] = cellWriter(f.Column(j), o)
	}
	for lo := 0; lo < f.NumRows(); lo += csvRows {
		line = line[:0]
		for i := lo; i < min(lo+csvRows, f.NumRows()); i++ {
			for j, c := range cells {
				if j > 0 {
					line = append(line, o.Separator)
				}
				line = c(line, i)
			}
			line = append(line, '\n')
		}
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
	return out.Flush()
}

// cellWriter returns what appends row i of a column.
func cellWriter(c *frame.Column, o CSVOptions) func([]byte, int) []byte {
	var write func([]byte, int) []byte
	switch c.Kind() {
	case frame.Enum:
		levels := make([][]byte, len(c.Domain()))
		for k, l := range c.Domain() {
			levels[k] = appendQuoted(nil, []byte(l), o.EscapeQuotes)
		}
		write = func(b []byte, i int) []byte { return append(b, levels[c.Code(i)]...) }
	case frame.String:
		write = func(b []byte, i int) []byte { return appendQuoted(b, c.Bytes(i), o.EscapeQuotes) }
	case frame.UUID:
		write = func(b []byte, i int) []byte { return append(b, c.Text(i)...) }
	case frame.Int, frame.Time:
		write = func(b []byte, i int) []byte {
			v := c.Float(i)
			if math.Abs(v) < 1<<53 {
				return strconv.AppendInt(b, int64(v), 10)
			}
			return append(b, c.Text(i)...)
		}
	case frame.Real:
		write = func(b []byte, i int) []byte {
			if o.Hex {
				return strconv.AppendFloat(b, c.Float(i), 'x', -1, 64)
			}
			return number.Append(b, c.Float(i))
		}
	}
	return func(b []byte, i int) []byte {
		if c.Missing(i) {
			return b
		}
		return write(b, i)
	}
}

// appendQuoted appends text in double quotes.
func appendQuoted(b, text []byte, escape bool) []byte {
	b = append(b, '"')
	if escape && bytes.IndexByte(text, '"') >= 0 {
		for _, c := range text {
			if c == '"' {
				b = append(b, '"')
			}
			b = append(b, c)
		}
	} else {
		b = append(b, text...)
	}
	return append(b, '"')
}
