package parse

import (
	"bytes"
	"math"
	"math/bits"
	"time"

	"github.com/geyser-ml/geyser/engine/errs"
)

// lane is one column of the rows that a scanner holds.
type lane struct {
	kind    ColumnType
	skip    bool
	raw     []uint64 // by row: a whole number, a float's bits, milliseconds, a code, a text's length; missing64
	real    bool     // Numeric: raw holds floats, not whole numbers
	mant    uint64   // Numeric: union of the bits of all whole numbers' magnitudes
	missing int
	text    []byte // String: the texts; UUID: 16 bytes a row
	dict    *levels
	last    int32  // Enum: code of the value before, -1 for none
	key     uint64 // and its packed text
	keyLen  int
	nas     map[string]bool // texts that are missing values; Enum sees to them when levels are merged
}

// scanner reads rows into lanes. It belongs to one goroutine at a time and is used
// for one span after another; only the levels of its columns grow all the while.
type scanner struct {
	*dialect
	zone    *time.Location
	lanes   []lane
	slab    []uint64
	rows    int // held now
	cap     int
	padded  int64 // cells that the rows held lack
	buf     []byte
	open    bool  // the file ended inside quotes
	counted int64 // bytes of memory that were asked for
	err     error
}

// slabWords bounds what a scanner holds before it packs: 8M words are 64 MB.
const slabWords = 8 << 20

// lookahead is how many bytes the fast paths may look at without asking: a sign, 18
// digits, a point, 19 digits and a line end of two bytes, rounded up.
const lookahead = 48

func newScanner(s *Setup, zone *time.Location) *scanner {
	sc := &scanner{zone: zone, lanes: make([]lane, len(s.ColumnTypes))}
	for i := range sc.lanes {
		l := &sc.lanes[i]
		l.kind, l.last = s.ColumnTypes[i], -1
		if l.kind == Enum {
			l.dict = newLevels()
		}
		if i < len(s.NAStrings) && len(s.NAStrings[i]) > 0 && (l.kind == String || l.kind == Time || l.kind == UUID) {
			l.nas = make(map[string]bool, len(s.NAStrings[i]))
			for _, w := range s.NAStrings[i] {
				l.nas[w] = true
			}
		}
	}
	for _, i := range s.Skipped {
		sc.lanes[i].skip = true
		sc.lanes[i].dict = nil
	}
	return sc
}

// size returns the bytes that sc occupies.
func (sc *scanner) size() int64 {
	n := int64(cap(sc.slab)) * 8
	for i := range sc.lanes {
		if n += int64(cap(sc.lanes[i].text)); sc.lanes[i].dict != nil {
			n += sc.lanes[i].dict.size()
		}
	}
	return n
}

// reserve makes room for rows, or for as many as may be held.
func (sc *scanner) reserve(rows int) {
	n := max(1, len(sc.lanes))
	rows = max(1, min(rows, slabWords/n))
	if rows > sc.cap {
		sc.slab = make([]uint64, n*rows)
		sc.cap = rows
		for i := range sc.lanes {
			sc.lanes[i].raw = sc.slab[i*rows : (i+1)*rows : (i+1)*rows]
		}
	}
	sc.reset()
}

// reset forgets the rows held.
func (sc *scanner) reset() {
	sc.rows, sc.padded = 0, 0
	for i := range sc.lanes {
		l := &sc.lanes[i]
		l.real, l.mant, l.missing, l.text = false, 0, 0, l.text[:0]
	}
}

// scan reads the rows that start in s and hands them over in packs.
func (sc *scanner) scan(data []byte, s span, pack func() error) error {
	sc.reserve(bytes.Count(data[s.lo:s.hi], []byte{sc.eol}) + 1)
	for p := s.lo; p < s.hi; {
		if c := data[p]; c <= ' ' || sc.comment(c) {
			if next := sc.ignored(data, p); next > p {
				p = next
				continue
			}
		}
		if sc.rows == sc.cap {
			if err := pack(); err != nil {
				return err
			}
			sc.reset()
		}
		p = sc.row(data, p)
		sc.rows++
	}
	if sc.err != nil {
		return sc.err
	}
	if sc.rows > 0 {
		return pack()
	}
	return nil
}

// row reads the row at p and returns the position after it. Cells in the usual
// spelling are read without looking for their ends first; cell reads the others.
func (sc *scanner) row(data []byte, p int) int {
	row, sep, eol := sc.rows, sc.sep, sc.eol
	fast := sep != ' '
	for j := range sc.lanes {
		l := &sc.lanes[j]
		end := -1
		if fast && p+lookahead <= len(data) {
			switch {
			case l.skip:
			case l.kind == Numeric:
				end = l.plain(data, p, row, sep, eol)
			case l.kind == Enum:
				end = sc.word(l, data, p, row)
			}
		}
		if end < 0 {
			end = sc.general(l, data, p, row)
		}
		if end >= len(data) || data[end] == eol {
			sc.padded += int64(len(sc.lanes) - j - 1)
			for k := j + 1; k < len(sc.lanes); k++ {
				sc.lanes[k].setMissing(row)
			}
			return min(end+1, len(data))
		}
		p = end + 1
	}
	for { // surplus cells
		_, _, end := sc.cell(data, p, &sc.buf, true)
		if end >= len(data) || data[end] == eol {
			return min(end+1, len(data))
		}
		p = end + 1
	}
}

func (l *lane) setMissing(row int) {
	l.missing++
	l.raw[row] = missing64
	if l.kind == UUID && !l.skip {
		l.text = append(l.text, make([]byte, 16)...)
	}
}

// plain reads [-]digits[.digits] with up to 19 digits in all and stores it. It
// returns the position of the separator or line end behind it, or -1 if there is
// something else; data goes on for lookahead bytes.
func (l *lane) plain(data []byte, p, row int, sep, eol byte) int {
	if c := data[p]; c == sep || c == eol {
		l.setMissing(row)
		return p
	}
	neg := data[p] == '-'
	if neg {
		p++
	}
	n, t := digitRun(load(data, p))
	mant := digits(t, n)
	p += n
	if n == 8 {
		for data[p]-'0' <= 9 && n < 18 {
			mant = mant*10 + uint64(data[p]-'0')
			p++
			n++
		}
	}
	c := data[p]
	frac := 0
	if c == '.' {
		p++
		frac, t = digitRun(load(data, p))
		mant = mant*upow10[frac] + digits(t, frac)
		p += frac
		if frac == 8 {
			var k int
			k, t = digitRun(load(data, p))
			mant = mant*upow10[k] + digits(t, k)
			frac += k
			p += k
			for k == 8 && data[p]-'0' <= 9 && frac < 19 {
				mant = mant*10 + uint64(data[p]-'0')
				frac++
				p++
			}
		}
		n += frac
		c = data[p]
	}
	if c != sep && c != eol {
		if c != '\r' || data[p+1] != eol {
			return -1
		}
		p++
	}
	if n == 0 || n > 19 {
		return -1
	}
	if frac == 0 {
		v := int64(mant)
		if neg {
			v = -v
		}
		if l.real {
			l.raw[row] = math.Float64bits(float64(v))
		} else {
			l.raw[row] = uint64(v)
			l.mant |= mant
		}
		return p
	}
	f := ratio(mant, frac)
	if neg {
		f = -f
	}
	if !l.real || mant == 0 { // no negative zeros: their bits mean missing
		l.set(row, realValue(f))
	} else {
		l.raw[row] = math.Float64bits(f)
	}
	return p
}

// set stores a number.
func (l *lane) set(row int, v value) {
	switch {
	case v.kind == none:
		l.missing++
		l.raw[row] = missing64
	case v.kind == whole && !l.real:
		l.raw[row] = uint64(v.i)
		l.mant |= uint64(max(v.i, -v.i))
	default:
		if v.kind == whole {
			v.f = float64(v.i)
		}
		if !l.real {
			l.real = true
			for i, x := range l.raw[:row] {
				if x != missing64 {
					l.raw[i] = math.Float64bits(float64(int64(x)))
				}
			}
		}
		l.raw[row] = math.Float64bits(v.f)
	}
}

// word reads an unquoted category and stores its code, or returns -1; data goes on
// for lookahead bytes.
func (sc *scanner) word(l *lane, data []byte, p, row int) int {
	c := data[p]
	if c == sc.quote || c == ' ' || c == '\t' {
		return -1
	}
	x := load(data, p)
	m := zeros(x^each(sc.sep)) | zeros(x^each(sc.eol))
	if m == 0 {
		end := sc.stop(data, p+8)
		l.raw[row] = uint64(l.dict.code(sc.chomp(data, p, end)))
		return end
	}
	n := bits.TrailingZeros64(m) >> 3
	end := p + n
	if n > 0 && data[end-1] == '\r' && data[end] == sc.eol {
		n--
	}
	if n == 0 {
		l.missing++
		l.raw[row] = missing64
		return end
	}
	x &= 1<<uint(8*n) - 1
	if x != l.key || n != l.keyLen {
		l.last, l.key, l.keyLen = l.dict.find(x, data[p:p+n]), x, n
	}
	l.raw[row] = uint64(l.last)
	return end
}

// general reads a cell of any kind and spelling and stores it.
func (sc *scanner) general(l *lane, data []byte, p, row int) int {
	text, quoted, end := sc.cell(data, p, &sc.buf, l.skip)
	if quoted && end == len(data) && data[end-1] != sc.quote {
		sc.open = true
	}
	if l.skip {
		return end
	}
	if len(text) > math.MaxInt32 && sc.err == nil {
		sc.err = errs.Invalidf("", "a cell of %d bytes starts with %.40q: is a closing quote missing?", len(text), text[:40])
	}
	if len(text) == 0 && !quoted || l.nas != nil && l.nas[string(text)] {
		l.setMissing(row)
		return end
	}
	switch l.kind {
	case Numeric:
		l.set(row, number(text))
	case Enum:
		l.raw[row] = uint64(l.dict.code(text))
	case String:
		l.raw[row] = uint64(len(text))
		l.text = append(l.text, text...)
	case Time:
		if ms, ok := instant(text, sc.zone); ok {
			l.raw[row] = uint64(ms)
		} else if v := number(text); v.kind == whole {
			l.raw[row] = uint64(v.i)
		} else {
			l.setMissing(row)
		}
	case UUID:
		id, ok := uuid(text)
		if !ok {
			l.setMissing(row)
			return end
		}
		l.raw[row] = 0
		l.text = append(l.text, id[:]...)
	default:
		l.setMissing(row)
	}
	return end
}
