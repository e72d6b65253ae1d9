package frame

import (
	"fmt"
	"math"

	"github.com/geyser-ml/geyser/kernels/par"
)

// NewInts makes a column of kind Int or Time over v, which belongs to the column
// afterwards. valid is the validity bitmap; a missing slot must hold the width's
// minimum. Where valid is nil, exactly the slots that hold the minimum are missing.
// Times are stored in 64 bits, whatever the width of v.
func NewInts[T int8 | int16 | int32 | int64](kind Kind, v []T, valid []byte) *Column {
	if kind != Int && kind != Time {
		panic(fmt.Sprintf("frame: integers in a column of kind %s", kind))
	}
	if valid == nil {
		valid = bitsOf(v, sentinel[T]())
	}
	c := &Column{kind: kind, dtype: dtypeOf[T](), n: len(v), values: v, valid: valid}
	if kind == Time && c.dtype != I64 { // Arrow knows times of 64 bits alone
		c.dtype, c.values = I64, join[int64]([]*Column{c}, c.n, MissingI64)
	}
	return c
}

// NewFloats makes a Real column over v, which belongs to the column afterwards.
// NaN is missing.
func NewFloats[T float32 | float64](v []T) *Column {
	c := &Column{kind: Real, dtype: dtypeOf[T](), n: len(v), values: v}
	if !finite(v) {
		c.valid = bitmap(len(v), func(i int) bool { return v[i] != v[i] })
	}
	return c
}

// NewReals makes a column of computed values, which belong to it afterwards: Bad
// when all are NaN, Int of the least width when all others are whole and below
// 2^53 in magnitude, Real otherwise.
func NewReals(v []float64) *Column {
	type span struct {
		lo, hi float64
		whole  bool
	}
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, s := range par.Map(0, len(v), par.Rows, func(_, a, b int) span {
		s := span{math.Inf(1), math.Inf(-1), true}
		for _, x := range v[a:b] {
			if x != x {
				continue
			}
			if x != math.Trunc(x) {
				return span{}
			}
			s.lo, s.hi = min(s.lo, x), max(s.hi, x)
		}
		return s
	}) {
		if !s.whole {
			return NewFloats(v)
		}
		lo, hi = min(lo, s.lo), max(hi, s.hi)
	}
	switch {
	case lo > hi:
		return NewBad(len(v))
	case lo > math.MinInt8 && hi <= math.MaxInt8:
		return wholes[int8](v)
	case lo > math.MinInt16 && hi <= math.MaxInt16:
		return wholes[int16](v)
	case lo > math.MinInt32 && hi <= math.MaxInt32:
		return wholes[int32](v)
	case lo > -1<<53 && hi < 1<<53:
		return wholes[int64](v)
	}
	return NewFloats(v)
}

// wholes stores whole numbers and NaN as integers.
func wholes[T int8 | int16 | int32 | int64](v []float64) *Column {
	out, low := make([]T, len(v)), sentinel[T]()
	par.For(0, len(v), par.Rows, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			if x := v[i]; x == x {
				out[i] = T(x)
			} else {
				out[i] = low
			}
		}
	})
	return NewInts(Int, out, nil)
}

// NewEnum makes a category column over codes into domain, -1 where missing. Both
// belong to the column afterwards.
func NewEnum[T int8 | int16 | int32](codes []T, domain []string) *Column {
	return &Column{kind: Enum, dtype: dtypeOf[T](), n: len(codes), values: codes, valid: bitsOf(codes, -1), domain: nonNil(domain)}
}

// NewCodes is NewEnum with the codes stored in the least width that the domain
// allows. Codes that need all 32 bits are not copied.
func NewCodes(codes []int32, domain []string) *Column {
	switch codeType(len(domain)) {
	case I8:
		return NewEnum(narrow[int8](codes), domain)
	case I16:
		return NewEnum(narrow[int16](codes), domain)
	}
	return NewEnum(codes, domain)
}

// codeType returns the least storage type for codes into a domain of that size.
func codeType(levels int) DType {
	switch {
	case levels <= math.MaxInt8+1:
		return I8
	case levels <= math.MaxInt16+1:
		return I16
	}
	return I32
}

func narrow[T int8 | int16](codes []int32) []T {
	out := make([]T, len(codes))
	for i, c := range codes {
		out[i] = T(c)
	}
	return out
}

// NewStrings makes a text column with copies of v. missing tells which rows are
// missing; nil means none.
func NewStrings(v []string, missing func(i int) bool) *Column {
	c := &Column{kind: String, dtype: Text, n: len(v), offs: make([]int64, len(v)+1)}
	if missing != nil {
		c.valid = bitmap(len(v), missing)
	}
	total := 0
	for i, s := range v {
		if has(c.valid, i) {
			total += len(s)
		}
		c.offs[i+1] = int64(total)
	}
	text := make([]byte, 0, total)
	for i, s := range v {
		if has(c.valid, i) {
			text = append(text, s...)
		}
	}
	c.values = text
	return c
}

// NewUUIDs makes a column of 128-bit identifiers, bytes in the order of their
// text. missing tells which rows are missing; nil means none.
func NewUUIDs(v [][16]byte, missing func(i int) bool) *Column {
	c := &Column{kind: UUID, dtype: U128, n: len(v)}
	if missing != nil {
		c.valid = bitmap(len(v), missing)
	}
	b := make([]byte, 16*len(v))
	for i := range v {
		if has(c.valid, i) {
			copy(b[16*i:], v[i][:])
		}
	}
	c.values = b
	return c
}

// NewBad makes a column of n missing values.
func NewBad(n int) *Column { return &Column{n: n} }

// NewConst makes a numeric column that holds v n times; a NaN gives a Bad column.
func NewConst(v float64, n int) *Column {
	if v != v {
		return NewBad(n)
	}
	out := make([]float64, n)
	for i := range out {
		out[i] = v
	}
	return NewReals(out)
}

// sentinel returns what the slot of a missing integer or time holds.
func sentinel[T int8 | int16 | int32 | int64]() T {
	var low any
	switch any(T(0)).(type) {
	case int8:
		low = int8(MissingI8)
	case int16:
		low = int16(MissingI16)
	case int32:
		low = int32(MissingI32)
	default:
		low = int64(MissingI64)
	}
	return low.(T)
}

// dtypeOf returns the storage type of T.
func dtypeOf[T Fixed]() DType {
	switch any(T(0)).(type) {
	case int8:
		return I8
	case int16:
		return I16
	case int32:
		return I32
	case int64:
		return I64
	case float32:
		return F32
	}
	return F64
}

func nonNil(domain []string) []string {
	if domain == nil {
		return []string{}
	}
	return domain
}
