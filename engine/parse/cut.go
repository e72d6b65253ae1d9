package parse

import (
	"bytes"
	"context"
	"runtime/debug"

	"github.com/geyser-ml/geyser/kernels/par"
)

// span is a part of a file: the rows that start in [lo, hi). The last of them may
// end behind hi.
type span struct{ lo, hi int }

// cut divides the rows of data from start on into spans of about size bytes.
//
// A candidate for a border is the byte after a line end. Whether such a byte lies
// inside quotes depends on all bytes before it, so each part is walked from both
// beginnings, in parallel; then one look at the parts in order tells which of the
// two was right.
func cut(ctx context.Context, threads int, d *dialect, data []byte, start, size int) ([]span, error) {
	borders := []int{start}
	for b := start; len(data)-b > size; {
		i := bytes.IndexByte(data[b+size:], d.eol)
		if i < 0 {
			break
		}
		b += size + i + 1
		borders = append(borders, b)
	}
	n := len(borders)
	borders = append(borders, len(data))
	spans := make([]span, n)
	for i := range spans {
		spans[i] = span{borders[i], borders[i+1]}
	}
	ends := make([][2]bool, n) // state at the end, for a beginning outside and inside quotes
	err := par.ForErr(ctx, threads, n, 1, func(_, i, _ int) error {
		defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
		s := spans[i]
		if bytes.IndexByte(data[s.lo:s.hi], d.quote) >= 0 {
			_, ends[i][0] = d.walk(data, s.lo, s.hi, false, false)
			if i > 0 {
				_, ends[i][1] = d.walk(data, s.lo, s.hi, true, false)
			}
		} else {
			ends[i] = [2]bool{false, true}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	inside := false
	for i := range spans {
		s := &spans[i]
		was := inside
		if inside = ends[i][0]; was {
			inside = ends[i][1]
			s.lo, _ = d.walk(data, s.lo, s.hi, true, true)
		}
	}
	return spans, ctx.Err()
}

// walk follows quotes from p to end, beginning inside of them or not. It returns
// the position where it stopped and whether that is inside quotes. If row, it
// stops after the first line end outside quotes.
func (d *dialect) walk(data []byte, p, end int, inside, row bool) (int, bool) {
	base, closed := p, p-1
	for p < end {
		if inside {
			i := d.mark(data[:end], p)
			switch {
			case i >= end:
				return end, true
			case data[i] != d.quote || i+1 < len(data) && data[i+1] == d.quote:
				p = i + 2
			default:
				inside, closed, p = false, i, i+1
			}
			continue
		}
		i := bytes.IndexByte(data[p:end], d.quote)
		if i < 0 {
			i = end - p
		}
		if row {
			if j := bytes.IndexByte(data[p:p+i], d.eol); j >= 0 {
				return p + j + 1, false
			}
		}
		if p += i; p >= end {
			break
		}
		opens, comment := d.opens(data, base, closed, p)
		if comment {
			j := bytes.IndexByte(data[p:end], d.eol)
			if j < 0 {
				break
			}
			p += j + 1
			if row {
				return p, false
			}
			continue
		}
		inside = opens
		p++
	}
	return end, inside
}

// opens tells whether the quote at p, outside of quotes, starts a cell, or else
// stands in a comment. A line starts at base, and what follows closed, the last
// closing quote, is outside too.
func (d *dialect) opens(data []byte, base, closed, p int) (opens, comment bool) {
	from := max(base, closed+1)
	line := bytes.LastIndexByte(data[from:p], d.eol)
	if (line >= 0 || closed < base) && d.comment(data[from+line+1]) {
		return false, true
	}
	i := p - 1
	for i >= from && d.blank(data[i]) {
		i--
	}
	if i < from {
		return closed < base, false
	}
	return data[i] == d.sep || data[i] == d.eol, false
}
