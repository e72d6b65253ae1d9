package parse

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
	"unsafe"
)

const (
	ascii0    = 0x3030303030303030
	highBits  = 0x8080808080808080
	lowBits   = 0x0101010101010101
	missing64 = 1 << 63 // the missing whole number or time, as bits
)

// pow10 holds the powers of ten that float64 represents exactly.
var pow10 = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// upow10 holds the powers of ten that fit a uint64.
var upow10 = [...]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19}

// load reads eight bytes, the first in the lowest place.
func load(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i:]) }

// digitRun returns how many of the eight bytes in x, from the lowest, are digits;
// t is x with the digits' own values in those bytes.
func digitRun(x uint64) (n int, t uint64) {
	t = x ^ ascii0
	// A sum that carries does so out of the first byte that is no digit, upwards:
	// the lowest set bit is right.
	return bits.TrailingZeros64(((t+0x7676767676767676)|t)&highBits) >> 3, t
}

// digits returns the number spelled by the n lowest bytes of t, 0 <= n <= 8, each
// the value of a digit, the most significant lowest.
func digits(t uint64, n int) uint64 {
	t <<= uint(64 - 8*n) // leading zeros
	t = t*10 + t>>8
	return ((t&0x000000FF000000FF)*0x000F424000000064 + (t>>16&0x000000FF000000FF)*0x0000271000000001) >> 32
}

// decimal is mant * 10^exp, negated if neg.
type decimal struct {
	mant uint64
	exp  int
	neg  bool
}

// scanDecimal reads [+-]digits[.digits][e[+-]digits] from the start of s. n is the
// number of bytes read, 0 if s does not start with a number. ok is false when the
// mantissa has more than 19 digits: strconv has to read those n bytes.
func scanDecimal(s []byte) (d decimal, n int, ok bool) {
	i := 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		d.neg = s[i] == '-'
		i++
	}
	first, used, point := i, 0, -1
	ok = true
	for ; i < len(s); i++ {
		c := s[i] - '0'
		if c <= 9 {
			if d.mant != 0 || c != 0 {
				used++
			}
			if used > 19 {
				ok = false
			} else {
				d.mant = d.mant*10 + uint64(c)
			}
			continue
		}
		if s[i] != '.' || point >= 0 {
			break
		}
		point = i
	}
	count := i - first
	if point >= 0 {
		count--
		d.exp = point + 1 - i
	}
	if count == 0 {
		return decimal{}, 0, false
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		j, neg := i+1, false
		if j < len(s) && (s[j] == '-' || s[j] == '+') {
			neg = s[j] == '-'
			j++
		}
		e, start := 0, j
		for ; j < len(s) && s[j]-'0' <= 9; j++ {
			e = min(e*10+int(s[j]-'0'), 100_000)
		}
		if j > start {
			if neg {
				e = -e
			}
			d.exp += e
			i = j
		}
	}
	return d, i, ok
}

// float returns the float64 nearest to d, whose spelling is text.
func (d decimal) float(text []byte) float64 {
	var f float64
	switch {
	case d.exp <= 0 && -d.exp < len(upow10):
		f = ratio(d.mant, -d.exp)
	case d.mant < 1<<53 && d.exp > 0 && d.exp < len(pow10):
		f = float64(d.mant) * pow10[d.exp] // both exact: rounded once
	default:
		return slowFloat(text)
	}
	if d.neg {
		return -f
	}
	return f
}

// ratio returns the float64 nearest to mant / 10^k, 0 <= k < len(upow10). If both
// are exact as float64, their quotient is rounded once (Clinger 1990). Otherwise
// 63 or 64 bits of the quotient are computed, the lowest of which is set when
// more would follow; that is enough to round to 53.
func ratio(mant uint64, k int) float64 {
	if mant < 1<<53 {
		return float64(mant) / pow10[k]
	}
	lm, ld := bits.LeadingZeros64(mant), bits.LeadingZeros64(upow10[k])
	m := mant << uint(lm)
	q, rest := bits.Div64(m>>1, m<<63, upow10[k]<<uint(ld))
	if rest != 0 {
		q |= 1
	}
	return float64(q) * math.Float64frombits(uint64(1023+ld-lm-63)<<52)
}

// slowFloat reads a number that scanDecimal has found well formed; beyond the
// range of float64 it is infinite.
func slowFloat(text []byte) float64 {
	f, _ := strconv.ParseFloat(unsafe.String(unsafe.SliceData(text), len(text)), 64)
	return f
}

// number reads a whole cell as a number. H2O: a leading `$` is dropped and a
// trailing `%` divides by 100 (water.parser.CsvParser). Words for infinity are
// no numbers.
func number(s []byte) (v value) {
	s = trim(s)
	if len(s) > 0 && s[0] == '$' {
		s = s[1:]
	}
	percent := len(s) > 0 && s[len(s)-1] == '%'
	if percent {
		s = s[:len(s)-1]
	}
	d, n, ok := scanDecimal(s)
	if n == 0 || n != len(s) {
		return value{}
	}
	switch {
	case percent:
		return realValue(slowFloat(s) / 100)
	case !ok:
		return realValue(slowFloat(s))
	case d.exp == 0 && d.mant <= math.MaxInt64:
		return value{kind: whole, i: d.signed()}
	}
	return realValue(d.float(s))
}

func (d decimal) signed() int64 {
	if d.neg {
		return -int64(d.mant)
	}
	return int64(d.mant)
}

type valueKind uint8

const (
	none  valueKind = iota // not a number
	whole                  // i holds it, above the least int64
	fract                  // f holds it: not whole, or too large to be sure
)

// value is a number as a numeric column keeps it.
type value struct {
	kind valueKind
	i    int64
	f    float64
}

// realValue returns f as a whole number if it is one and small enough for every
// whole number around it to be a float64 of its own.
func realValue(f float64) value {
	if f > -1<<53 && f < 1<<53 && f == math.Trunc(f) {
		return value{kind: whole, i: int64(f)}
	}
	return value{kind: fract, f: f}
}
