// Package number writes numbers as Java's Double.toString does: the form that they
// have in H2O's messages, files and names, as 5.1, 3.0 and 1.0E-5.
//
// The digits are the fewest that read back as the number. Java before 19 writes a
// digit more of some, and any Java 4.9E-324 for the least number, here 5.0E-324.
package number

import (
	"bytes"
	"math"
	"strconv"
)

// Text returns v as text: with a decimal point, and in powers of ten below 1e-3 and
// from 1e7 on; NaN, Infinity and -Infinity for what is no number.
func Text(v float64) string { return string(Append(nil, v)) }

// Single is Text of a number of 32 bits, whose digits are fewer.
func Single(v float32) string { return string(write(nil, float64(v), 32)) }

// Append appends Text to b.
func Append(b []byte, v float64) []byte { return write(b, v, 64) }

func write(b []byte, v float64, bits int) []byte {
	switch a := math.Abs(v); {
	case math.IsNaN(v):
		return append(b, "NaN"...)
	case math.IsInf(v, 1):
		return append(b, "Infinity"...)
	case math.IsInf(v, -1):
		return append(b, "-Infinity"...)
	case a == 0 || a >= 1e-3 && a < 1e7:
		at := len(b)
		return pointed(strconv.AppendFloat(b, v, 'f', -1, bits), at)
	}
	var text [32]byte
	digits, power, _ := bytes.Cut(strconv.AppendFloat(text[:0], v, 'e', -1, bits), []byte("e")) // 1.5 and +07
	n, _ := strconv.Atoi(string(power))
	b = append(pointed(append(b, digits...), len(b)), 'E')
	return strconv.AppendInt(b, int64(n), 10)
}

// pointed appends .0 to the digits from at on where they have no point.
func pointed(b []byte, at int) []byte {
	if bytes.IndexByte(b[at:], '.') < 0 {
		b = append(b, ".0"...)
	}
	return b
}
