package parse

import (
	"bytes"
	"hash/maphash"
	"math/bits"
)

// levels numbers the different texts of a categorical column in the order in
// which they are first seen. Open addressing with linear probing; a text of up to
// eight bytes is its own key, a longer one's key is its hash.
type levels struct {
	slots []slot
	shift uint
	text  []byte
	ends  []int // level i is text[ends[i-1]:ends[i]]
}

type slot struct {
	key  uint64
	len  uint32
	code int32 // plus one; 0 is a free slot
}

// The seeds differ from process to process so that no file can be made to
// collide; codes do not depend on them.
var (
	hashSeed = maphash.MakeSeed()
	hashMul  = maphash.String(hashSeed, "short") | 1
)

func newLevels() *levels {
	return &levels{slots: make([]slot, 64), shift: 64 - 6}
}

// len returns the number of levels.
func (l *levels) len() int { return len(l.ends) }

// level returns the text of a code.
func (l *levels) level(code int) []byte {
	from := 0
	if code > 0 {
		from = l.ends[code-1]
	}
	return l.text[from:l.ends[code]]
}

// short packs a text of up to eight bytes, the first in the lowest place.
func short(s []byte) (key uint64) {
	for i, c := range s {
		key |= uint64(c) << uint(8*i)
	}
	return key
}

// code returns the number of s, a new one if s is new.
func (l *levels) code(s []byte) int32 {
	if len(s) <= 8 {
		return l.find(short(s), s)
	}
	return l.find(maphash.Bytes(hashSeed, s), s)
}

// find is code for a text whose key is known.
func (l *levels) find(key uint64, s []byte) int32 {
	mask := uint64(len(l.slots) - 1)
	for h := spread(key, len(s)) >> l.shift; ; h++ {
		e := &l.slots[h&mask]
		if e.code == 0 {
			return l.add(e, key, s)
		}
		if e.key == key && int(e.len) == len(s) && (len(s) <= 8 || bytes.Equal(l.level(int(e.code-1)), s)) {
			return e.code - 1
		}
	}
}

func spread(key uint64, n int) uint64 {
	hi, lo := bits.Mul64(key^uint64(n), hashMul)
	return hi ^ lo
}

func (l *levels) add(e *slot, key uint64, s []byte) int32 {
	l.text = append(l.text, s...)
	l.ends = append(l.ends, len(l.text))
	n := int32(len(l.ends))
	*e = slot{key, uint32(len(s)), n}
	if int(n)*2 > len(l.slots) {
		l.grow()
	}
	return n - 1
}

func (l *levels) grow() {
	old := l.slots
	l.slots = make([]slot, 4*len(old))
	l.shift -= 2
	mask := uint64(len(l.slots) - 1)
	for _, e := range old {
		if e.code == 0 {
			continue
		}
		h := spread(e.key, int(e.len)) >> l.shift
		for l.slots[h&mask].code != 0 {
			h++
		}
		l.slots[h&mask] = e
	}
}

// size returns the bytes that l occupies.
func (l *levels) size() int64 {
	return int64(cap(l.slots))*16 + int64(cap(l.text)) + int64(cap(l.ends))*8
}
