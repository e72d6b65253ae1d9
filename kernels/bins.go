package kernels

import (
	"math"
	"math/bits"

	"github.com/geyser-ml/geyser/kernels/par"
)

// goBins keeps every column twice: column by column for parting rows, and row by
// row for histograms. A row is a run of 64-bit words; a word holds 8 columns of
// one byte or 4 of two bytes, byte columns first:
//
//	row r:  [ f0 f1 f2 f3 f4 f5 f6 f7 ] [ f9 – – – – – – – ] [ f8  f10  –  – ]
//	          one byte each               one byte             two bytes each
type goBins struct {
	rows  int
	feats []feature
	words []wordLayout
	data  []uint64 // rows × len(words)

	narrow []uint8 // bins of all features that have them so, column after column
	wide   []uint16
}

// feature is one column: how it was cut, and its bins.
type feature struct {
	bins, levels int
	cuts         []float64
	missing      bool
	narrow       []uint8  // bins of the rows when all fit a byte
	wide         []uint16 // else these
	word         int      // place in a row
	shift        uint
}

// wordLayout names the columns in one word of a row.
type wordLayout struct {
	wide  bool // two bytes a column, else one
	feats []int
}

func (w wordLayout) width() uint {
	if w.wide {
		return 16
	}
	return 8
}

// newBins fills the bins of columns whose cuts are known.
func newBins(loops loops, threads, rows int, feats []feature, cols []Column) *goBins {
	b := &goBins{rows: rows, feats: feats}
	var at, count [2]int // open words by width: index + 1; columns
	for _, wide := range []bool{false, true} {
		k, room := 0, 8
		if wide {
			k, room = 1, 4
		}
		for f := range feats {
			if (feats[f].bins > 256) != wide {
				continue
			}
			if at[k] == 0 || len(b.words[at[k]-1].feats) == room {
				b.words = append(b.words, wordLayout{wide: wide})
				at[k] = len(b.words)
			}
			w := &b.words[at[k]-1]
			feats[f].word, feats[f].shift = at[k]-1, uint(len(w.feats))*w.width()
			w.feats = append(w.feats, f)
			count[k]++
		}
	}
	b.data = Alloc[uint64](rows * len(b.words))
	b.narrow, b.wide = Alloc[uint8](rows*count[0]), Alloc[uint16](rows*count[1])
	count = [2]int{}
	for f := range feats {
		if feats[f].bins > 256 {
			feats[f].wide = b.wide[rows*count[1]:][:rows:rows]
			count[1]++
		} else {
			feats[f].narrow = b.narrow[rows*count[0]:][:rows:rows]
			count[0]++
		}
	}
	lookups := make([]lookup, len(feats))
	for f := range feats {
		lookups[f] = newLookup(&feats[f])
	}
	missing := par.Map(threads, rows, binChunk, func(_, lo, hi int) []bool { return b.fill(loops, lookups, cols, lo, hi) })
	for _, chunk := range missing {
		for f, m := range chunk {
			feats[f].missing = feats[f].missing || m
		}
	}
	return b
}

// binChunk rows are cut column by column and put into rows while in cache.
const binChunk = 2048

func (b *goBins) fill(loops loops, lookups []lookup, cols []Column, lo, hi int) []bool {
	var x [binChunk]float64
	var bin [binChunk]uint16
	n, stride := hi-lo, len(b.words)
	missing := make([]bool, len(b.feats))
	for w, word := range b.words {
		data := b.data[lo*stride+w:]
		for j, f := range word.feats {
			cols[f].load(lo, x[:n])
			missing[f] = lookups[f].find(loops, x[:n], bin[:n])
			shift := uint(j) * word.width()
			if word.wide {
				copy(b.feats[f].wide[lo:hi], bin[:n])
			} else {
				out := b.feats[f].narrow[lo:hi]
				for i, v := range bin[:len(out)] {
					out[i] = uint8(v)
				}
			}
			for i, v := range bin[:n] {
				data[i*stride] |= uint64(v) << (shift & 63)
			}
		}
	}
	return missing
}

// lookup finds bins. Cuts are kept as order64 keys and padded to a power of two
// by the greatest key, so that the search takes the same steps for every value.
type lookup struct {
	levels int
	codes  []uint16 // bin by code, for categoricals
	cuts   []uint64
}

func newLookup(f *feature) lookup {
	l := lookup{levels: f.levels}
	if f.levels > 0 {
		l.codes = make([]uint16, f.levels)
		for c := range l.codes {
			l.codes[c] = uint16(binOfCode(c, f.levels, f.bins))
		}
		return l
	}
	for _, c := range f.cuts {
		l.cuts = append(l.cuts, order64(c+0))
	}
	l.cuts = padCuts(l.cuts)
	return l
}

// padCuts appends the greatest key until there are a power of two, at least one
// more than before.
func padCuts(cuts []uint64) []uint64 {
	size := 1
	for size < len(cuts)+1 {
		size *= 2
	}
	for len(cuts) < size {
		cuts = append(cuts, math.MaxUint64)
	}
	return cuts
}

// binOfCode spreads levels over bins-1 value bins, neighbours together.
func binOfCode(code, levels, bins int) int {
	switch {
	case code < 0 || code >= levels:
		return 0
	case levels < bins:
		return code + 1
	}
	return code*(bins-1)/levels + 1
}

// find writes the bin of each value and says whether one is missing.
func (l *lookup) find(loops loops, x []float64, bin []uint16) bool {
	bin = bin[:len(x)]
	missing := false
	if l.levels > 0 {
		for i, v := range x {
			bin[i] = 0
			if v >= 0 && v < float64(len(l.codes)) {
				bin[i] = l.codes[int(v)]
			} else {
				missing = true
			}
		}
		return missing
	}
	return loops.places16(l.cuts, x, bin, 1, 0)
}

// places writes for each value the number of cuts below it, plus base, or none for
// NaN, and says whether there was one.
func places[T uint16 | uint32](cuts []uint64, x []float64, out []T, base, none T) bool {
	out = out[:len(x)]
	missing := false
	for len(x) >= 4 { // four searches side by side: their loads overlap
		k0, k1, k2, k3 := order64(x[0]+0), order64(x[1]+0), order64(x[2]+0), order64(x[3]+0)
		var p0, p1, p2, p3 int
		for h := len(cuts) / 2; h > 0; h /= 2 {
			p0 += h & below(cuts, p0+h-1, k0)
			p1 += h & below(cuts, p1+h-1, k1)
			p2 += h & below(cuts, p2+h-1, k2)
			p3 += h & below(cuts, p3+h-1, k3)
		}
		out[0], out[1], out[2], out[3] = T(p0)+base, T(p1)+base, T(p2)+base, T(p3)+base
		for i, v := range x[:4] {
			if v != v {
				out[i], missing = none, true
			}
		}
		x, out = x[4:], out[4:]
	}
	for i, v := range x {
		p := 0
		for h := len(cuts) / 2; h > 0; h /= 2 {
			p += h & below(cuts, p+h-1, order64(v+0))
		}
		out[i] = T(p) + base
		if v != v {
			out[i], missing = none, true
		}
	}
	return missing
}

// below returns all bits when cut i is less than the key, else none.
//
// Why the borrow: a comparison would become a branch that is guessed wrong half
// the time.
func below(cuts []uint64, i int, key uint64) int {
	_, borrow := bits.Sub64(cuts[i], key, 0)
	return -int(borrow)
}

// Rows returns the number of rows.
func (b *goBins) Rows() int { return b.rows }

// Features returns the number of columns.
func (b *goBins) Features() int { return len(b.feats) }

// NumBins returns the number of bins of a column, missing included.
func (b *goBins) NumBins(f int) int { return b.feats[f].bins }

// Levels returns the levels of a categorical, 0 for a number.
func (b *goBins) Levels(f int) int { return b.feats[f].levels }

// Cuts returns the upper bounds of all value bins but the last.
func (b *goBins) Cuts(f int) []float64 { return b.feats[f].cuts }

// BinOf returns the bin of a category's code, 0 for a code without a level.
func (b *goBins) BinOf(f, code int) int { return binOfCode(code, b.feats[f].levels, b.feats[f].bins) }

// HasMissing says whether a row of the column is missing.
func (b *goBins) HasMissing(f int) bool { return b.feats[f].missing }

// SizeBytes returns the memory of the bins.
func (b *goBins) SizeBytes() int64 {
	n := 8 * int64(len(b.data))
	for _, f := range b.feats {
		n += int64(len(f.narrow)) + 2*int64(len(f.wide)) + 8*int64(len(f.cuts))
	}
	return n
}

// Close gives the memory back.
func (b *goBins) Close() {
	Free(b.data)
	Free(b.narrow)
	Free(b.wide)
	*b = goBins{}
}

// bin returns the bin of one row.
func (b *goBins) bin(f, row int) int {
	if v := b.feats[f].narrow; v != nil {
		return int(v[row])
	}
	return int(b.feats[f].wide[row])
}

// at returns where a row has the bin of a feature: its word, by how many bits it
// is shifted, and whether it takes two bytes.
func (b *goBins) at(f int) (word int, shift uint, wide bool) {
	v := &b.feats[f]
	return v.word, v.shift, v.wide != nil
}
