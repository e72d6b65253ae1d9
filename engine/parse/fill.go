package parse

import (
	"fmt"
	"math"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/kernels/par"
)

// build is pass 2: it makes the frame's memory and moves the blocks there.
func (j *run) build() (*frame.Frame, error) {
	cols := j.merge()
	layout := make([]frame.Layout, len(cols))
	var size int64
	for i, c := range cols {
		layout[i] = c.Layout
		if c.texts != nil {
			j.warnings = append(j.warnings, fmt.Sprintf("column %s has more than %d levels and became text", c.Name, maxLevels))
		}
		size += int64(j.rows)*int64(max(c.DType.Width(), 1)) + c.TextBytes
		if c.DType == frame.Text {
			size += 8 * int64(j.rows)
		}
	}
	if err := j.grow(size); err != nil {
		return nil, err
	}
	b, err := frame.NewBuilder(layout, j.rows, j.dest)
	if err != nil {
		return nil, err
	}
	if err := j.fill(b, cols); err != nil {
		b.Abort()
		return nil, err
	}
	return b.Seal(j.opt.Sync)
}

// hole is a missing value whose bit shares a byte with another block's rows.
type hole struct{ col, row int }

func (j *run) fill(b *frame.Builder, cols []merged) error {
	holes := make([][]hole, len(j.blocks))
	err := par.ForErr(j.ctx, j.opt.Threads, len(j.blocks), 1, func(_, i, _ int) error {
		f := filler{b: b, block: j.blocks[i]}
		for c := range cols {
			f.column(c, &cols[c])
		}
		holes[i] = f.holes
		size := int64(len(f.mem))
		f.free()
		j.progress(float64(j.bytes) / 2 * float64(f.rows) / float64(j.rows))
		return j.grow(-size)
	})
	for _, hs := range holes {
		for _, h := range hs {
			clearBit(b.ValidTarget(h.col), h.row)
		}
	}
	return err
}

func clearBit(valid []byte, row int) { valid[row/8] &^= 1 << (row % 8) }

// filler moves one block into its rows of the frame.
type filler struct {
	*block
	b     *frame.Builder
	holes []hole
}

func (f *filler) column(col int, m *merged) {
	switch {
	case m.texts != nil:
		f.spelled(col, m)
	case m.DType == frame.Text:
		f.text(col, m)
	case m.DType == frame.U128:
		f.uuids(col, m)
	case m.DType == frame.F64:
		place(f, col, m, math.NaN())
	case m.DType == frame.I8:
		place[int8](f, col, m, frame.MissingI8)
	case m.DType == frame.I16:
		place[int16](f, col, m, frame.MissingI16)
	case m.DType == frame.I32:
		place[int32](f, col, m, frame.MissingI32)
	case m.DType == frame.I64:
		place[int64](f, col, m, frame.MissingI64)
	}
}

// missing clears the bit of a row of the block.
func (f *filler) missing(col, i int) {
	row := f.at + i
	if row&^7 < f.at || row|7 >= f.at+f.rows {
		f.holes = append(f.holes, hole{col, row})
		return
	}
	clearBit(f.b.ValidTarget(col), row)
}

// place fills a column of fixed width.
func place[T int8 | int16 | int32 | int64 | float64](f *filler, col int, m *merged, missing T) {
	dst := frame.Target[T](f.b, col)[f.at : f.at+f.rows]
	c := f.cols[m.lane]
	if m.Kind == frame.Enum {
		missing = T(0) - 1
		codes := m.codes[f.from]
		f.codes(m.lane, func(i, code int) {
			dst[i] = missing
			if code >= 0 {
				dst[i] = T(codes[code])
			}
		})
	} else {
		switch c.dtype {
		case frame.None:
			for i := range dst {
				dst[i] = missing
			}
		case frame.I8:
			convert(dst, view[int8](f.block, c.off, f.rows), c.missing > 0, frame.MissingI8, missing)
		case frame.I16:
			convert(dst, view[int16](f.block, c.off, f.rows), c.missing > 0, frame.MissingI16, missing)
		case frame.I32:
			convert(dst, view[int32](f.block, c.off, f.rows), c.missing > 0, frame.MissingI32, missing)
		case frame.I64:
			convert(dst, view[int64](f.block, c.off, f.rows), c.missing > 0, frame.MissingI64, missing)
		case frame.F64:
			convert(dst, view[float64](f.block, c.off, f.rows), false, 0, missing)
		}
	}
	if m.Missing {
		for i, v := range dst {
			if v == missing || v != v {
				f.missing(col, i)
			}
		}
	}
}

// convert copies src to dst; where some are missing, from one sentinel to another.
func convert[S, T int8 | int16 | int32 | int64 | float64](dst []T, src []S, some bool, from S, to T) {
	if same, ok := any(dst).([]S); ok {
		copy(same, src)
		return
	}
	for i, v := range src {
		dst[i] = T(v)
	}
	if some {
		for i, v := range src {
			if v == from {
				dst[i] = to
			}
		}
	}
}

func (f *filler) text(col int, m *merged) {
	offs, text := f.b.TextTarget(col)
	at := m.starts[f.seq]
	c := f.cols[m.lane]
	var lens []int32 // nil: all missing
	if c.dtype != frame.None {
		lens = view[int32](f.block, c.off, f.rows)
		copy(text[at:], f.mem[c.off+4*f.rows:][:c.bytes])
	}
	for i := range f.rows {
		switch {
		case lens == nil || lens[i] < 0:
			f.missing(col, i)
		default:
			at += int64(lens[i])
		}
		offs[f.at+i+1] = at
	}
}

// spelled fills a text column whose values were read as categories.
func (f *filler) spelled(col int, m *merged) {
	offs, text := f.b.TextTarget(col)
	at := m.starts[f.seq]
	texts := m.texts[f.from]
	f.codes(m.lane, func(i, code int) {
		if code < 0 || texts[code] == nil {
			f.missing(col, i)
		} else {
			at += int64(copy(text[at:], texts[code]))
		}
		offs[f.at+i+1] = at
	})
}

func (f *filler) uuids(col int, m *merged) {
	c := f.cols[m.lane]
	dst := f.b.UUIDTarget(col)[16*f.at : 16*(f.at+f.rows)]
	if c.dtype == frame.None {
		for i := range f.rows {
			f.missing(col, i)
		}
		return
	}
	copy(dst, f.mem[c.off:])
	if c.missing > 0 {
		lens := f.mem[c.off+16*f.rows:]
		for i := range f.rows {
			if lens[i] != 0 {
				f.missing(col, i)
			}
		}
	}
}
