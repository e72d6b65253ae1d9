package xgboost

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Limits of what is read: nothing is believed.
const deepest = 64 // containers in containers

// readUBJSON reads one UBJSON value. Objects are map[string]any, arrays []any or,
// where all elements have one numeric type, a slice of that type; integers are
// int64, numbers float64. Counts are checked against the bytes that are left, so
// that what is made is in proportion to what was given.
//
// Ref: Universal Binary JSON, draft 12; XGBoost writes the optimised containers.
func readUBJSON(b []byte) (v any, err error) {
	r := ubjson{b: b}
	v, err = r.value(r.letter(), 0)
	switch {
	case r.short:
		return nil, fmt.Errorf("the model is cut short")
	case err != nil:
		return nil, err
	case len(r.b) > 0:
		return nil, fmt.Errorf("%d bytes behind the model", len(r.b))
	}
	return v, nil
}

// ubjson is what is left to read. After short has been set, reads give zeros.
type ubjson struct {
	b     []byte
	short bool
}

// next takes n bytes; nil when they are not there.
func (r *ubjson) next(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.short, r.b = true, nil
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

// letter takes a type letter; 'N', which stands for nothing, is passed over.
func (r *ubjson) letter() byte {
	for {
		b := r.next(1)
		if b == nil {
			return 0
		}
		if b[0] != 'N' {
			return b[0]
		}
	}
}

// peek reports whether c comes next, and takes it then.
func (r *ubjson) peek(c byte) bool {
	if len(r.b) == 0 || r.b[0] != c {
		return false
	}
	r.b = r.b[1:]
	return true
}

// width returns the bytes of a number of a type, 0 for what is no number.
func width(letter byte) int {
	switch letter {
	case 'i', 'U':
		return 1
	case 'I':
		return 2
	case 'l', 'd':
		return 4
	case 'L', 'D':
		return 8
	}
	return 0
}

// integer reads an integer of a type.
func (r *ubjson) integer(letter byte) (int64, error) {
	b := r.next(width(letter))
	if r.short {
		return 0, nil
	}
	switch letter {
	case 'i':
		return int64(int8(b[0])), nil
	case 'U':
		return int64(b[0]), nil
	case 'I':
		return int64(int16(binary.BigEndian.Uint16(b))), nil
	case 'l':
		return int64(int32(binary.BigEndian.Uint32(b))), nil
	case 'L':
		return int64(binary.BigEndian.Uint64(b)), nil
	}
	return 0, fmt.Errorf("type %q where an integer is due", letter)
}

// count reads a length, at most one for each byte left.
func (r *ubjson) count() (int, error) {
	n, err := r.integer(r.letter())
	if err == nil && (n < 0 || n > int64(len(r.b))) {
		r.short = true
		return 0, nil
	}
	return int(n), err
}

// text reads a length and so many bytes.
func (r *ubjson) text() (string, error) {
	n, err := r.count()
	return string(r.next(n)), err
}

// value reads the value that a letter begins.
func (r *ubjson) value(letter byte, depth int) (any, error) {
	if depth > deepest {
		return nil, fmt.Errorf("containers more than %d deep", deepest)
	}
	switch letter {
	case 'Z':
		return nil, nil
	case 'T':
		return true, nil
	case 'F':
		return false, nil
	case 'C':
		return string(r.next(1)), nil
	case 'S':
		return r.text()
	case 'd':
		if b := r.next(4); b != nil {
			return float64(math.Float32frombits(binary.BigEndian.Uint32(b))), nil
		}
		return nil, nil
	case 'D':
		if b := r.next(8); b != nil {
			return math.Float64frombits(binary.BigEndian.Uint64(b)), nil
		}
		return nil, nil
	case 'i', 'U', 'I', 'l', 'L':
		return r.integer(letter)
	case '[':
		return r.array(depth + 1)
	case '{':
		return r.object(depth + 1)
	}
	if r.short {
		return nil, nil
	}
	return nil, fmt.Errorf("type %q is not understood", letter)
}

// array reads what follows "[".
func (r *ubjson) array(depth int) (any, error) {
	var typ byte
	if r.peek('$') {
		typ = r.letter()
	}
	if !r.peek('#') {
		if typ != 0 {
			return nil, fmt.Errorf("a typed array without a count")
		}
		var out []any
		for !r.short && !r.peek(']') {
			v, err := r.value(r.letter(), depth)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	}
	n, err := r.count()
	if err != nil {
		return nil, err
	}
	if typ != 0 {
		return r.numbers(typ, n)
	}
	out := make([]any, 0, min(n, 1024))
	for range n {
		v, err := r.value(r.letter(), depth)
		if err != nil || r.short {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// numbers reads n numbers of one type.
func (r *ubjson) numbers(typ byte, n int) (any, error) {
	w := width(typ)
	if w == 0 {
		return nil, fmt.Errorf("an array of type %q", typ)
	}
	b := r.next(n * w)
	if r.short {
		return nil, nil
	}
	switch typ {
	case 'i', 'U':
		return append([]byte(nil), b...), nil
	case 'I':
		return decoded(n, func(i int) int32 { return int32(int16(binary.BigEndian.Uint16(b[2*i:]))) }), nil
	case 'l':
		return decoded(n, func(i int) int32 { return int32(binary.BigEndian.Uint32(b[4*i:])) }), nil
	case 'L':
		return decoded(n, func(i int) int64 { return int64(binary.BigEndian.Uint64(b[8*i:])) }), nil
	case 'd':
		return decoded(n, func(i int) float32 { return math.Float32frombits(binary.BigEndian.Uint32(b[4*i:])) }), nil
	}
	return decoded(n, func(i int) float64 { return math.Float64frombits(binary.BigEndian.Uint64(b[8*i:])) }), nil
}

func decoded[T any](n int, at func(int) T) []T {
	out := make([]T, n)
	for i := range out {
		out[i] = at(i)
	}
	return out
}

// object reads what follows "{".
func (r *ubjson) object(depth int) (any, error) {
	if r.peek('$') {
		return nil, fmt.Errorf("an object of one type")
	}
	n := -1
	if r.peek('#') {
		var err error
		if n, err = r.count(); err != nil {
			return nil, err
		}
	}
	out := map[string]any{}
	for i := 0; i != n && !r.short; i++ {
		if n < 0 && r.peek('}') {
			break
		}
		key, err := r.text()
		if err != nil {
			return nil, err
		}
		if out[key], err = r.value(r.letter(), depth); err != nil {
			return nil, err
		}
	}
	return out, nil
}
