package parse

import (
	"fmt"
	"unicode/utf8"
)

// clean returns s with each byte that is no part of UTF-8 spelled out, as in
// `caf<0xE9>`; s itself when there is none.
//
// H2O: water.parser.BufferedString.toSanitizedString.
func clean(s []byte) []byte {
	if utf8.Valid(s) {
		return s
	}
	out := make([]byte, 0, len(s)+16)
	for len(s) > 0 {
		r, n := utf8.DecodeRune(s)
		if r == utf8.RuneError && n == 1 {
			out = fmt.Appendf(out, "<0x%02X>", s[0])
		} else {
			out = append(out, s[:n]...)
		}
		s = s[n:]
	}
	return out
}

// ascii reports whether all bytes of s are below 128.
func ascii(s []byte) bool {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		if load(s, i)&highBits != 0 {
			return false
		}
	}
	for ; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// uuid reads the 36 characters of a UUID, hexadecimal digits in either case.
func uuid(s []byte) (id [16]byte, ok bool) {
	s = trim(s)
	if len(s) != 36 {
		return id, false
	}
	k := 0
	for i := 0; i < len(s); i++ {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if s[i] != '-' {
				return id, false
			}
			continue
		}
		h := hexDigit(s[i])
		if h > 15 {
			return id, false
		}
		id[k/2] = id[k/2]<<4 | h
		k++
	}
	return id, true
}

func hexDigit(c byte) byte {
	switch {
	case c-'0' <= 9:
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 255
}
