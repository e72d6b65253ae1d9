package frame

import (
	"math"
	"runtime"
	"slices"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/kernels/par"
)

// Concat joins columns row by row. Integers widen, and become Real beside reals;
// a Bad column gives missing values of any kind; any other mixture of kinds is an
// Invalid error. Domains are united, levels in the order in which they are first
// met (H2O: AstRBind).
func Concat(cols []*Column) (*Column, error) {
	if len(cols) == 0 {
		return NewBad(0), nil
	}
	kind, n := Bad, 0
	for _, c := range cols {
		n += c.n
		switch {
		case kind == Bad:
			kind = c.kind
		case c.kind == Bad || c.kind == kind:
		case kind == Int && c.kind == Real || kind == Real && c.kind == Int:
			kind = Real
		default:
			return nil, errs.Invalidf("", "cannot bind rows of kind %s below rows of kind %s", c.kind, kind)
		}
	}
	defer runtime.KeepAlive(cols)
	switch kind {
	case Bad:
		return NewBad(n), nil
	case Enum:
		return concatEnums(cols, n), nil
	case String:
		return concatTexts(cols, n), nil
	case UUID:
		out := &Column{kind: UUID, dtype: U128, n: n, valid: joinBits(cols, n)}
		b := make([]byte, 16*n)
		at := 0
		for _, c := range cols {
			if v, ok := c.values.([]byte); ok {
				copy(b[at:], v)
			}
			at += 16 * c.n
		}
		out.values = b
		return out, nil
	}
	out := &Column{kind: kind, dtype: widest(cols), n: n, valid: joinBits(cols, n)}
	switch out.dtype {
	case I8:
		out.values = join[int8](cols, n, MissingI8)
	case I16:
		out.values = join[int16](cols, n, MissingI16)
	case I32:
		out.values = join[int32](cols, n, MissingI32)
	case I64:
		out.values = join[int64](cols, n, MissingI64)
	case F32:
		out.values = join(cols, n, float32(math.NaN()))
	default:
		out.values = join(cols, n, math.NaN())
	}
	return out, nil
}

// widest returns the least type that holds all numbers of cols.
func widest(cols []*Column) DType {
	ints, floats := None, None
	for _, c := range cols {
		switch {
		case c.dtype >= F32:
			floats = max(floats, c.dtype)
		case c.dtype != None:
			ints = max(ints, c.dtype)
		}
	}
	switch {
	case floats == None:
		return ints
	case floats == F32 && ints <= I16: // whole numbers up to 2^24 are exact
		return F32
	}
	return F64
}

// join copies number columns into one slice.
func join[T Fixed](cols []*Column, n int, missing T) []T {
	out := make([]T, n)
	at := 0
	for _, c := range cols {
		part := out[at : at+c.n]
		at += c.n
		switch v := c.values.(type) {
		case []int8:
			convert(part, v, missing, func(x int8) bool { return x == MissingI8 })
		case []int16:
			convert(part, v, missing, func(x int16) bool { return x == MissingI16 })
		case []int32:
			convert(part, v, missing, func(x int32) bool { return x == MissingI32 })
		case []int64:
			convert(part, v, missing, func(x int64) bool { return x == MissingI64 })
		case []float32:
			convert(part, v, missing, func(x float32) bool { return x != x })
		case []float64:
			convert(part, v, missing, func(x float64) bool { return x != x })
		default:
			for i := range part {
				part[i] = missing
			}
		}
	}
	return out
}

// convert writes v as another number type.
func convert[T, S Fixed](dst []T, v []S, missing T, lost func(S) bool) {
	par.For(0, len(v), par.Rows, func(_, lo, hi int) {
		dst := dst[lo:hi]
		for i, x := range v[lo:hi] {
			if lost(x) {
				dst[i] = missing
			} else {
				dst[i] = T(x)
			}
		}
	})
}

// joinBits returns the bitmap of the columns below each other, nil when nothing is
// missing.
func joinBits(cols []*Column, n int) []byte {
	full := func(c *Column) bool { return c.n == 0 || c.dtype != None && c.valid == nil }
	if !slices.ContainsFunc(cols, func(c *Column) bool { return !full(c) }) {
		return nil
	}
	out := make([]byte, bitmapLen(n))
	at := 0
	for _, c := range cols {
		for i := range c.n {
			if c.dtype != None && has(c.valid, i) {
				out[(at+i)>>3] |= 1 << ((at + i) & 7)
			}
		}
		at += c.n
	}
	return out
}

func concatEnums(cols []*Column, n int) *Column {
	index, domain := map[string]int32{}, []string{}
	codes := make([]int32, n)
	at := 0
	for _, c := range cols {
		to := make([]int32, len(c.domain))
		for k, level := range c.domain {
			code, known := index[level]
			if !known {
				code = int32(len(domain))
				index[level] = code
				domain = append(domain, level)
			}
			to[k] = code
		}
		part := c.Codes(0, c.n, codes[at:at+c.n])
		for i, k := range part {
			if k >= 0 {
				part[i] = to[k]
			}
		}
		at += c.n
	}
	return NewCodes(codes, domain)
}

func concatTexts(cols []*Column, n int) *Column {
	out := &Column{kind: String, dtype: Text, n: n, valid: joinBits(cols, n)}
	offs, total, at := make([]int64, n+1), 0, 0
	for _, c := range cols {
		for i := range c.n {
			total += len(c.Bytes(i))
			at++
			offs[at] = int64(total)
		}
	}
	text := make([]byte, 0, total)
	for _, c := range cols {
		for i := range c.n {
			text = append(text, c.Bytes(i)...)
		}
	}
	out.offs, out.values = offs, text
	return out
}
