package frame

import (
	"fmt"
	"math"
	"runtime"

	"github.com/geyser-ml/geyser/kernels/par"
)

// derived returns a column of the same kind, domain and memory without values.
func (c *Column) derived(n int) *Column {
	return &Column{kind: c.kind, dtype: c.dtype, n: n, domain: c.domain, owner: c.owner}
}

// WithDomain returns a category column of the same codes with other level names,
// at least as many as there are now.
func (c *Column) WithDomain(domain []string) *Column {
	if c.kind != Enum || len(domain) < len(c.domain) {
		panic(fmt.Sprintf("frame: %d levels for a column of kind %s with %d", len(domain), c.kind, len(c.domain)))
	}
	d := c.derived(c.n)
	d.values, d.valid, d.domain = c.values, c.valid, domain
	return d
}

// SizeBytes returns the bytes that values, bitmap and domain take.
func (c *Column) SizeBytes() int64 {
	n := int64(c.n)*int64(c.dtype.Width()) + int64(len(c.valid)) + 8*int64(len(c.offs))
	if c.dtype == Text {
		n += c.offs[c.n] - c.offs[0]
		runtime.KeepAlive(c)
	}
	for _, s := range c.domain {
		n += int64(len(s)) + 16
	}
	return n
}

// Slice returns rows [lo, hi) without copying values.
func (c *Column) Slice(lo, hi int) *Column {
	if lo < 0 || hi < lo || hi > c.n {
		panic(fmt.Sprintf("frame: rows [%d, %d) of %d", lo, hi, c.n))
	}
	d := c.derived(hi - lo)
	d.valid = cutBits(c.valid, lo, hi)
	switch v := c.values.(type) {
	case []int8:
		d.values = v[lo:hi:hi]
	case []int16:
		d.values = v[lo:hi:hi]
	case []int32:
		d.values = v[lo:hi:hi]
	case []int64:
		d.values = v[lo:hi:hi]
	case []float32:
		d.values = v[lo:hi:hi]
	case []float64:
		d.values = v[lo:hi:hi]
	case []byte:
		d.values = v
		if c.dtype == U128 {
			d.values = v[16*lo : 16*hi : 16*hi]
		} else {
			d.offs = c.offs[lo : hi+1 : hi+1]
		}
	}
	runtime.KeepAlive(c)
	return d
}

// Gather returns the given rows in that order, copied; -1 gives a missing value.
func (c *Column) Gather(rows []int) *Column {
	d := c.derived(len(rows))
	d.owner = nil
	if c.dtype != None {
		d.valid = bitmap(len(rows), func(i int) bool { return rows[i] < 0 || !has(c.valid, rows[i]) })
	}
	switch v := c.values.(type) {
	case []int8:
		d.values = gather(v, rows, c.low8())
	case []int16:
		d.values = gather(v, rows, c.low16())
	case []int32:
		d.values = gather(v, rows, c.low32())
	case []int64:
		d.values = gather(v, rows, MissingI64)
	case []float32:
		d.values = gather(v, rows, float32(math.NaN()))
	case []float64:
		d.values = gather(v, rows, math.NaN())
	case []byte:
		if c.dtype == Text {
			d.offs, d.values = c.gatherText(rows)
			break
		}
		out := make([]byte, 16*len(rows))
		for i, r := range rows {
			if r >= 0 {
				copy(out[16*i:], v[16*r:16*r+16])
			}
		}
		d.values = out
	}
	runtime.KeepAlive(c)
	return d
}

func gather[T Fixed](v []T, rows []int, missing T) []T {
	out := make([]T, len(rows))
	par.For(0, len(rows), par.Rows, func(_, lo, hi int) {
		dst := out[lo:hi]
		for i, r := range rows[lo:hi] {
			if r >= 0 {
				dst[i] = v[r]
			} else {
				dst[i] = missing
			}
		}
	})
	return out
}

func (c *Column) gatherText(rows []int) ([]int64, []byte) {
	offs, total := make([]int64, len(rows)+1), 0
	for i, r := range rows {
		if r >= 0 {
			total += len(c.Bytes(r))
		}
		offs[i+1] = int64(total)
	}
	text := make([]byte, 0, total)
	for _, r := range rows {
		if r >= 0 {
			text = append(text, c.Bytes(r)...)
		}
	}
	return offs, text
}
