package rapids

import (
	"strings"

	"github.com/geyser-ml/geyser/engine/frame"
)

// Value is what an expression evaluates to: Num, Nums, Str, Strs, Frame, Row, Func
// or Object.
type Value interface{ what() string }

// Result is what a session gives for a whole expression: Num, Nums, Str, Strs,
// Frame or Func, or nil for an expression of blanks.
type Result = Value

// Num is a number; true and false are 1 and 0.
type Num float64

// Nums is a list of numbers.
type Nums []float64

// Str is a text.
type Str string

// Strs is a list of texts.
type Strs []string

// Frame is a frame and the key it is stored under, "" if it is not stored.
type Frame struct {
	Key string
	*frame.Frame
}

// Row is one row of a frame as numbers, NaN where a column is not numeric: the
// argument of a function that is applied to rows.
type Row struct {
	Names  []string
	Values []float64
}

// Func is a function written in the expression, or a primitive used as a value.
type Func struct {
	args  []string
	body  node
	outer *scope
	prim  *Prim
}

// Object is a stored object that is no frame: a model, a grid.
type Object struct {
	Key   string
	Value any
}

// The words for each type in messages.
func (Num) what() string    { return "a number" }
func (Nums) what() string   { return "a list of numbers" }
func (Str) what() string    { return "a string" }
func (Strs) what() string   { return "a list of strings" }
func (Frame) what() string  { return "a Frame" }
func (Row) what() string    { return "a row" }
func (Func) what() string   { return "a function" }
func (Object) what() string { return "an object that is not a Frame" }

// String returns the function as an expression: "{ x . (+ x 1.0 )}", or the name
// of the primitive.
func (f Func) String() string {
	if f.prim != nil {
		return f.prim.Name
	}
	var b strings.Builder
	funNode{f.args, f.body}.write(&b)
	return b.String()
}
