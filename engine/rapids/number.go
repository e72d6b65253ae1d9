package rapids

import (
	"math"
	"strconv"
	"strings"

	"github.com/geyser-ml/geyser/engine/number"
)

// readNumber reads a decimal number as the lexer and the conversion of text to numbers
// accept it: digits with sign, point and exponent, NaN in any case, Infinity.
func readNumber(s string) (float64, bool) {
	switch s {
	case "Infinity", "+Infinity":
		return math.Inf(1), true
	case "-Infinity":
		return math.Inf(-1), true
	}
	if strings.EqualFold(s, "nan") {
		return math.NaN(), true
	}
	// Why: ParseFloat reads "inf", "0x1p3" and "1_0" too, which are names here
	if strings.Trim(s, "0123456789+-.eE") != "" || strings.Trim(s, "+-.eE") == "" {
		return 0, false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && !strings.ContainsRune("+-.eE", rune(c)) {
			return 0, false
		}
	}
	if s[0] == 'e' || s[0] == 'E' {
		return 0, false
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(v, 0) {
		return 0, false
	}
	return v, true
}

// label writes v as a category or text: whole numbers without a point.
func label(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		return strconv.FormatInt(int64(v), 10)
	}
	return number.Text(v)
}

// truth is 1 for true.
func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
