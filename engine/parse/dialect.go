package parse

import (
	"bytes"
	"math/bits"
	"strings"
)

// lineEnd returns the byte that ends lines: \n, also where \r stands before it,
// or \r when sample knows no other.
func lineEnd(sample []byte) byte {
	if bytes.IndexByte(sample, '\n') < 0 && bytes.IndexByte(sample, '\r') >= 0 {
		return '\r'
	}
	return '\n'
}

// blank reports whether c is white space that may surround a cell.
func (d *dialect) blank(c byte) bool { return (c == ' ' || c == '\t') && c != d.sep }

// comment reports whether a line that starts with c is a comment.
func (d *dialect) comment(c byte) bool { return strings.IndexByte(d.comments, c) >= 0 }

// each repeats b in eight bytes.
func each(b byte) uint64 { return uint64(b) * lowBits }

// zeros sets the top bit of the lowest zero byte of x, and perhaps of bytes above.
func zeros(x uint64) uint64 { return (x - lowBits) &^ x & highBits }

// stop returns the position of the first separator or line end from p on,
// len(data) if there is none.
func (d *dialect) stop(data []byte, p int) int {
	sep, eol := each(d.sep), each(d.eol)
	for ; p+8 <= len(data); p += 8 {
		x := load(data, p)
		if m := zeros(x^sep) | zeros(x^eol); m != 0 {
			return p + bits.TrailingZeros64(m)>>3
		}
	}
	for ; p < len(data); p++ {
		if c := data[p]; c == d.sep || c == d.eol {
			break
		}
	}
	return p
}

// cell reads the cell that starts at p. Its end is the position of the separator
// or line end behind it, or len(data). Text aliases data or buf, which may be
// reallocated; raw leaves doubled quotes and escapes in it.
//
// Blanks before a cell do not belong to it. Quotes count only where a cell
// starts; what stands between a closing quote and the next separator is added to
// the text. A space as separator may be repeated, and ends no line.
func (d *dialect) cell(data []byte, p int, buf *[]byte, raw bool) (text []byte, quoted bool, end int) {
	spaced := d.sep == ' '
	for p < len(data) && (d.blank(data[p]) || spaced && data[p] == ' ') {
		p++
	}
	if quoted = p < len(data) && data[p] == d.quote; quoted {
		text, end = d.enclosed(data, p+1, buf, raw)
	} else {
		end = d.stop(data, p)
		text = d.chomp(data, p, end)
	}
	if spaced {
		next := end
		for next < len(data) && (data[next] == ' ' || data[next] == '\t') {
			next++
		}
		if next == len(data) || data[next] == d.eol || data[next] == '\r' && next+1 < len(data) && data[next+1] == d.eol {
			end = d.stop(data, next)
		}
	}
	return text, quoted, end
}

// chomp returns data[p:end] without a \r that belongs to the line end.
func (d *dialect) chomp(data []byte, p, end int) []byte {
	if end > p && data[end-1] == '\r' && (end == len(data) || data[end] == d.eol) {
		return data[p : end-1]
	}
	return data[p:end]
}

// enclosed reads a quoted cell whose text starts at p.
func (d *dialect) enclosed(data []byte, p int, buf *[]byte, raw bool) (text []byte, end int) {
	from, simple := p, true
	out := (*buf)[:0]
	for {
		i := d.mark(data, p)
		if i >= len(data) { // no closing quote: the rest of the file
			end, p = len(data), len(data)
			break
		}
		escaped := data[i] != d.quote
		if !escaped && (i+1 == len(data) || data[i+1] != d.quote) {
			end, p = d.stop(data, i+1), i
			break
		}
		if i+1 == len(data) {
			end, p = len(data), len(data)
			break
		}
		simple = false
		if !raw {
			out = append(append(out, data[from:i]...), data[i+1])
			from = i + 2
		}
		p = i + 2
	}
	var tail []byte
	if p < end {
		tail = trim(d.chomp(data, p+1, end))
	}
	if (simple || raw) && len(tail) == 0 {
		return data[from:p], end
	}
	out = append(append(out, data[from:p]...), tail...)
	*buf = out
	return out, end
}

// mark returns the position of the next quote or escape from p on, len(data) if
// there is none.
func (d *dialect) mark(data []byte, p int) int {
	i := bytes.IndexByte(data[p:], d.quote)
	if i < 0 {
		i = len(data) - p
	}
	if d.esc != 0 {
		if j := bytes.IndexByte(data[p:p+i], d.esc); j >= 0 {
			i = j
		}
	}
	return p + i
}

// ignored returns the position after the line at p if it holds no row: a blank
// line, one of white space alone, or a comment. Otherwise it returns p.
func (d *dialect) ignored(data []byte, p int) int {
	q := p
	if d.comment(data[p]) {
		if q = bytes.IndexByte(data[p:], d.eol); q < 0 {
			return len(data)
		}
		return p + q + 1
	}
	for q < len(data) && (d.blank(data[q]) || d.sep == ' ' && data[q] == ' ') {
		q++
	}
	switch {
	case q == len(data):
		return q
	case data[q] == d.eol:
		return q + 1
	case data[q] == '\r' && (q+1 == len(data) || data[q+1] == d.eol):
		return min(q+2, len(data))
	}
	return p
}

// line reads the cells of the row at p, at most limit of them, and the position
// after it. White space at the end of the line is cut off.
func (d *dialect) line(data []byte, p, limit int, raw bool) (cells []token, next int) {
	var buf []byte
	for {
		text, quoted, end := d.cell(data, p, &buf, raw)
		done := end == len(data) || data[end] == d.eol
		if done && !quoted {
			text = bytes.TrimRight(text, " \t")
		}
		if len(cells) < limit {
			cells = append(cells, token{string(text), quoted})
		}
		if done {
			return cells, min(end+1, len(data))
		}
		p = end + 1
	}
}

// token is a cell as Guess sees it.
type token struct {
	text   string
	quoted bool
}

// trim cuts blanks off both ends.
func trim(s []byte) []byte { return bytes.Trim(s, " \t") }
