package frame

import (
	"fmt"
	"math"
	"sync"
)

// Kind is what a column's values mean.
type Kind uint8

// The kinds of column.
const (
	Bad    Kind = iota // every value is missing
	Int                // whole numbers
	Real               // numbers
	Enum               // categories: codes into a domain
	Time               // milliseconds since 1970-01-01 UTC
	String             // text
	UUID               // 128 bits
)

var kindNames = [...]string{"bad", "int", "real", "enum", "time", "string", "uuid"}

// String returns the kind in lower case.
func (k Kind) String() string { return kindNames[k] }

// Numeric reports whether the values are numbers to calculate with (Int, Real,
// Time, and Bad, which is all NaN).
func (k Kind) Numeric() bool { return k == Int || k == Real || k == Time || k == Bad }

// DType is the storage of a column's values.
type DType uint8

// The storage types. A Bad column stores nothing.
const (
	None DType = iota
	I8
	I16
	I32
	I64
	F32
	F64
	Text // n+1 int64 offsets and bytes
	U128 // 16 bytes a value
)

// Width returns the bytes of one value, 0 for None and Text.
func (d DType) Width() int { return [...]int{0, 1, 2, 4, 8, 4, 8, 0, 16}[d] }

// Fixed lists the element types of fixed-width columns.
type Fixed interface {
	int8 | int16 | int32 | int64 | float32 | float64
}

// Sentinels of missing values in integer and time columns.
const (
	MissingI8  = math.MinInt8
	MissingI16 = math.MinInt16
	MissingI32 = math.MinInt32
	MissingI64 = math.MinInt64
)

// Column is one immutable column. The zero Column is not valid; use the New
// functions, a Builder, or Open.
type Column struct {
	kind   Kind
	dtype  DType
	n      int
	values any      // []T by dtype; []byte (16n) for U128; []byte text for Text
	offs   []int64  // Text only: n+1 offsets
	valid  []byte   // validity bitmap, LSB first; nil when nothing is missing
	domain []string // Enum only
	owner  *segment // mapped file behind the slices, nil for the Go heap

	once  sync.Once
	stats Stats
}

// Kind returns what the values mean.
func (c *Column) Kind() Kind { return c.kind }

// DType returns how the values are stored.
func (c *Column) DType() DType { return c.dtype }

// Len returns the number of rows.
func (c *Column) Len() int { return c.n }

// Domain returns the levels of an Enum column by code; nil for other kinds. The
// caller must not change it.
func (c *Column) Domain() []string { return c.domain }

// Values returns the raw slice of a fixed-width column, of length Len. It
// panics when T is not the column's storage type. The column must stay
// reachable while the slice is used: see Pin.
func Values[T Fixed](c *Column) []T {
	v, ok := c.values.([]T)
	if !ok {
		panic(fmt.Sprintf("frame: column stores %T, not %T", c.values, v))
	}
	return v
}
