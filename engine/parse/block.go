package parse

import (
	"fmt"
	"math"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
)

// block is a run of rows, each column packed as narrowly as its values allow. Its
// memory is mapped, so that it goes back to the system at once.
type block struct {
	mem  []byte
	rows int
	at   int      // row of the frame where the block starts
	seq  int      // which block it is
	cols []packed // as the scanner's lanes
	from *scanner // whose levels the codes mean
}

// packed is one column of a block.
type packed struct {
	dtype   frame.DType // None: nothing here; I32 lengths and then bytes of text: Text
	off     int
	bytes   int // text
	missing int
}

// dtype returns how narrowly the lane's rows can be stored.
func (l *lane) dtype(rows int) frame.DType {
	switch {
	case l.skip || l.missing == rows || l.kind == Bad:
		return frame.None
	case l.kind == String:
		return frame.Text
	case l.kind == UUID:
		return frame.U128
	case l.kind == Time:
		return frame.I64
	case l.kind == Enum:
		return intType(uint64(l.dict.len() - 1))
	case l.real:
		return frame.F64
	}
	return intType(l.mant)
}

// intType returns the least integer type that holds magnitudes of these bits and
// keeps its minimum free for missing values.
func intType(mant uint64) frame.DType {
	switch {
	case mant <= math.MaxInt8:
		return frame.I8
	case mant <= math.MaxInt16:
		return frame.I16
	case mant <= math.MaxInt32:
		return frame.I32
	}
	return frame.I64
}

// pack moves the scanner's rows into a block.
func (sc *scanner) pack(grow func(int64) error) (*block, error) {
	b := &block{rows: sc.rows, cols: make([]packed, len(sc.lanes)), from: sc}
	size := 0
	for i := range sc.lanes {
		l := &sc.lanes[i]
		c := packed{dtype: l.dtype(sc.rows), off: size, missing: l.missing}
		switch c.dtype {
		case frame.Text:
			sc.cleanText(l)
			c.bytes = len(l.text)
			size += sc.rows*4 + c.bytes
		case frame.U128:
			size += sc.rows * 17 // and a byte that tells if it is missing
		default:
			size += sc.rows * c.dtype.Width()
		}
		size = (size + 7) &^ 7
		b.cols[i] = c
	}
	if size == 0 {
		return b, nil
	}
	if err := grow(int64(size)); err != nil {
		return nil, err
	}
	var err error
	if b.mem, err = unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_POPULATE); err != nil {
		return nil, errs.Unavailablef("", "no memory for %d bytes of parsed rows: %w", size, err)
	}
	for i := range sc.lanes {
		sc.lanes[i].store(b, &b.cols[i])
	}
	return b, nil
}

// free gives the memory back.
func (b *block) free() {
	if b.mem != nil {
		if err := unix.Munmap(b.mem); err != nil {
			panic(fmt.Sprintf("parse: unmap %d bytes: %v", len(b.mem), err))
		}
		b.mem = nil
	}
}

// view returns n values of a block from byte off on.
func view[T frame.Fixed](b *block, off, n int) []T {
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&b.mem[off])), n)
}

func (l *lane) store(b *block, c *packed) {
	raw := l.raw[:b.rows]
	switch c.dtype {
	case frame.I8:
		narrow(view[int8](b, c.off, b.rows), raw, frame.MissingI8, l.missing > 0)
	case frame.I16:
		narrow(view[int16](b, c.off, b.rows), raw, frame.MissingI16, l.missing > 0)
	case frame.I32:
		narrow(view[int32](b, c.off, b.rows), raw, frame.MissingI32, l.missing > 0)
	case frame.I64:
		narrow(view[int64](b, c.off, b.rows), raw, frame.MissingI64, false)
	case frame.F64:
		dst := view[float64](b, c.off, b.rows)
		for i, x := range raw {
			dst[i] = math.Float64frombits(x)
		}
		if l.missing > 0 {
			for i, x := range raw {
				if x == missing64 {
					dst[i] = math.NaN()
				}
			}
		}
	case frame.Text:
		narrow(view[int32](b, c.off, b.rows), raw, -1, l.missing > 0)
		copy(b.mem[c.off+4*b.rows:], l.text)
	case frame.U128:
		copy(b.mem[c.off:], l.text)
		for i, x := range raw {
			b.mem[c.off+16*b.rows+i] = byte(x >> 63)
		}
	}
}

func narrow[T int8 | int16 | int32 | int64](dst []T, raw []uint64, missing T, any bool) {
	for i, x := range raw {
		dst[i] = T(x)
	}
	if any {
		for i, x := range raw {
			if x == missing64 {
				dst[i] = missing
			}
		}
	}
}

// cleanText makes the lane's texts UTF-8.
func (sc *scanner) cleanText(l *lane) {
	if ascii(l.text) {
		return
	}
	out := make([]byte, 0, len(l.text)+64)
	from := 0
	for i, n := range l.raw[:sc.rows] {
		if n == missing64 {
			continue
		}
		s := clean(l.text[from : from+int(n)])
		from += int(n)
		l.raw[i] = uint64(len(s))
		out = append(out, s...)
	}
	l.text = out
}
