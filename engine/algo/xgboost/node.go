package xgboost

import (
	"fmt"
	"strconv"
)

// node is a place in a read model. Walking on from a place that is not there, or
// holds something else than is asked for, notes the first such place and gives
// zeros.
type node struct {
	v    any
	at   string
	note *error
}

// fail notes what is wrong with the place.
func (n node) fail(format string, args ...any) {
	if *n.note == nil {
		*n.note = fmt.Errorf("%s: %s", n.at, fmt.Sprintf(format, args...))
	}
}

// key walks to a member of an object.
func (n node) key(name string) node {
	m, _ := n.v.(map[string]any)
	v, ok := m[name]
	if !ok {
		n.fail("no %q", name)
	}
	return node{v, n.at + "." + name, n.note}
}

// has reports whether an object has a member.
func (n node) has(name string) bool {
	m, _ := n.v.(map[string]any)
	_, ok := m[name]
	return ok
}

// items lists the elements of an array of any type.
func (n node) items() []node {
	list, ok := n.v.([]any)
	if !ok {
		n.fail("not an array")
	}
	out := make([]node, len(list))
	for i, v := range list {
		out[i] = node{v, n.at + "[" + strconv.Itoa(i) + "]", n.note}
	}
	return out
}

// text returns a string.
func (n node) text() string {
	s, ok := n.v.(string)
	if !ok {
		n.fail("not a text")
	}
	return s
}

// count returns a number from 0 that stands as text, as the library writes its
// parameters.
func (n node) count() int {
	x, err := strconv.ParseUint(n.text(), 10, 31)
	if err != nil {
		n.fail("not a count")
	}
	return int(x)
}

// floats returns an array of numbers.
func (n node) floats() []float32 {
	switch v := n.v.(type) {
	case []float32:
		return v
	case []float64:
		return converted[float64, float32](v)
	}
	out := make([]float32, 0)
	for _, x := range n.items() {
		switch v := x.v.(type) {
		case float64:
			out = append(out, float32(v))
		case int64:
			out = append(out, float32(v))
		default:
			x.fail("not a number")
		}
	}
	return out
}

// ints returns an array of integers of at most 32 bits.
func (n node) ints() []int32 {
	switch v := n.v.(type) {
	case []int32:
		return v
	case []byte:
		return converted[byte, int32](v)
	case []int64:
		return converted[int64, int32](v)
	}
	out := make([]int32, 0)
	for _, x := range n.items() {
		v, ok := x.v.(int64)
		if !ok {
			x.fail("not an integer")
		}
		out = append(out, int32(v))
	}
	return out
}

// flags returns an array of yes and no.
func (n node) flags() []byte {
	if v, ok := n.v.([]byte); ok {
		return v
	}
	if list, ok := n.v.([]any); ok && len(list) > 0 {
		if _, ok := list[0].(bool); ok {
			out := make([]byte, len(list))
			for i, x := range list {
				if x == true {
					out[i] = 1
				}
			}
			return out
		}
	}
	return converted[int32, byte](n.ints())
}

func converted[F, T byte | int32 | int64 | float32 | float64](v []F) []T {
	out := make([]T, len(v))
	for i, x := range v {
		out[i] = T(x)
	}
	return out
}
