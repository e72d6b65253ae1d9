package frame

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"hash/crc32"
)

// The seal is a text in the schema's metadata: the borders of the body and a
// checksum of all other bytes, computed with sealLen question marks in its place.
// While a file is built, random text of the same length keeps the place.
//
//	geyser:<16 digits>:<16 digits>:<8 digits>
const (
	sealHead = "geyser:"
	sealLen  = len(sealHead) + 16 + 1 + 16 + 1 + 8
)

type seal struct {
	body [2]int64
	sum  uint32
}

// text writes the seal.
func (s seal) text() string {
	return fmt.Sprintf("%s%016x:%016x:%08x", sealHead, s.body[0], s.body[1], s.sum)
}

// newMark returns what keeps the place of a seal.
func newMark() string { return (sealHead + rand.Text() + rand.Text())[:sealLen] }

// findSeal returns the seal that fits a file. Why: a column name may look like a
// seal too, so all candidates in the footer are tried.
func findSeal(data, footer []byte) (seal, bool) {
	for {
		i := bytes.Index(footer, []byte(sealHead))
		if i < 0 || i+sealLen > len(footer) {
			return seal{}, false
		}
		text := string(footer[i : i+sealLen])
		var s seal
		n, err := fmt.Sscanf(text[len(sealHead):], "%x:%x:%x", &s.body[0], &s.body[1], &s.sum)
		if err == nil && n == 3 && s.text() == text && s.fits(data) && s.sum == sumOf(text, data[:s.body[0]], data[s.body[1]:]) {
			return s, true
		}
		footer = footer[i+1:]
	}
}

func (s seal) fits(data []byte) bool {
	return 0 <= s.body[0] && s.body[0] <= s.body[1] && s.body[1] <= int64(len(data))
}

var blankSeal = bytes.Repeat([]byte("?"), sealLen)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sumOf returns the checksum over parts of a file that is sealed with text, or
// will be.
func sumOf(text string, parts ...[]byte) uint32 {
	sum := uint32(0)
	for _, p := range parts {
		for {
			i := bytes.Index(p, []byte(text))
			if i < 0 {
				break
			}
			sum = crc32.Update(sum, castagnoli, p[:i])
			sum = crc32.Update(sum, castagnoli, blankSeal)
			p = p[i+sealLen:]
		}
		sum = crc32.Update(sum, castagnoli, p)
	}
	return sum
}

// replace puts text in the place of mark, of equal length, wherever it stands.
func replace(b []byte, mark, text string) {
	for {
		i := bytes.Index(b, []byte(mark))
		if i < 0 {
			return
		}
		b = b[i+copy(b[i:], text):]
	}
}
