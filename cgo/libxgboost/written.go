package libxgboost

import "bytes"

// WrittenBy returns the version of the library that wrote a UBJSON model: the
// value of its key "version", an array of three integers. It believes nothing.
func WrittenBy(model []byte) (v Version, ok bool) {
	const key = "version["
	i := bytes.LastIndex(model, []byte(key))
	if i < 0 {
		return v, false
	}
	p := model[i+len(key):]
	var fixed byte // type of all elements, where the array has one
	if len(p) > 1 && p[0] == '$' {
		fixed, p = p[1], p[2:]
	}
	var n []int
	if len(p) == 0 || p[0] != '#' {
		n = append(n, 3)
	} else {
		x, rest, ok := integer(p[1:], 0)
		if !ok {
			return v, false
		}
		n, p = append(n, x), rest
	}
	for len(n) < 4 {
		x, rest, ok := integer(p, fixed)
		if !ok {
			return v, false
		}
		n, p = append(n, x), rest
	}
	return Version{n[1], n[2], n[3]}, n[0] == 3
}

// integer reads one integer of at least 0, its type letter first unless that is
// known: letter and big-endian bytes, signed but for U.
func integer(p []byte, typ byte) (int, []byte, bool) {
	if typ == 0 {
		if len(p) == 0 {
			return 0, nil, false
		}
		typ, p = p[0], p[1:]
	}
	size := map[byte]int{'i': 1, 'U': 1, 'I': 2, 'l': 4, 'L': 8}[typ]
	if size == 0 || len(p) < size || typ != 'U' && p[0] >= 0x80 {
		return 0, nil, false
	}
	x := 0
	for _, b := range p[:size] {
		x = x<<8 | int(b)
	}
	return x, p[size:], true
}
