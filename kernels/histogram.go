package kernels

const (
	blockRows = 1024  // rows that are gathered together: bins and values stay in L1
	itemRows  = 32768 // rows of one piece of work
	packWords = 8     // words of a row that are summed together
)

// cells are sums in the making, one slice a lane. A column of one byte has 256 of
// them, so that its index needs no check; a wider one has a multiple of 256.
type cells [3][]int64

func newCells(lanes, n int) (c cells) {
	for k := range lanes {
		c[k] = make([]int64, n)
	}
	return c
}

// layout says where the bins of each column lie: in a histogram, which is a run
// of tallies, feature after feature, and in cells.
type layout struct {
	words []wordLayout
	first []int // tallies of feature f are [first[f], first[f+1])
	cell  []int // cells of feature f start at cell[f]
	start []int // cells of word w are [start[w], start[w+1])
}

func newLayout(b *goBins) layout {
	l := layout{words: b.words, first: []int{0}, cell: make([]int, len(b.feats)), start: []int{0}}
	for f := range b.feats {
		l.first = append(l.first, l.first[f]+b.feats[f].bins)
	}
	at := 0
	for _, w := range b.words {
		for _, f := range w.feats {
			l.cell[f] = at
			at += (b.feats[f].bins + 255) / 256 * 256
		}
		l.start = append(l.start, at)
	}
	return l
}

// bins returns the number of tallies of a histogram.
func (l *layout) bins() int { return l.first[len(l.first)-1] }

// width returns the number of bins of a feature.
func (l *layout) width(f int) int { return l.first[f+1] - l.first[f] }

// cells returns the number of cells of one lane.
func (l *layout) cells() int { return l.start[len(l.start)-1] }

// packs returns the number of groups of words that are summed together.
func (l *layout) packs() int { return (len(l.words) + packWords - 1) / packWords }

// pack returns the words of group p.
func (l *layout) pack(p int) (from, to int) {
	return p * packWords, min((p+1)*packWords, len(l.words))
}

// packCells returns the most cells of a group of words.
func (l *layout) packCells() int {
	most := 0
	for p := range l.packs() {
		from, to := l.pack(p)
		most = max(most, l.start[to]-l.start[from])
	}
	return most
}

// block is scratch for blockRows rows: gathered words and lane values.
type block struct {
	words [packWords][blockRows]uint64
	value [3][blockRows]int64
}

// gather fills the block with words [from, to) of the bins of rows and with what
// the rows add.
func (b *block) gather(bins *goBins, f *format, rows rowSet, from, to int) {
	rows.lanes(f, &b.value)
	n, stride := len(rows.a), len(bins.words)
	for ; from+1 < to; from += 2 {
		k := from % packWords
		gatherTwo(b.words[k][:n], b.words[k+1][:n], bins.data, stride, from, rows.a)
	}
	if from < to {
		gatherOne(b.words[from%packWords][:n], bins.data, stride, from, rows.a)
	}
}

//go:noinline
func gatherOne(x, data []uint64, stride, at int, rows []uint64) {
	x = x[:len(rows)]
	if stride == 1 {
		for i, a := range rows {
			x[i] = data[uint32(a)]
		}
		return
	}
	for i, a := range rows {
		x[i] = data[int(uint32(a))*stride+at]
	}
}

// Why two words: they share a cache line, and a third pointer would not stay in a
// register.
//
//go:noinline
func gatherTwo(x, y, data []uint64, stride, at int, rows []uint64) {
	x, y = x[:len(rows)], y[:len(rows)]
	for i, a := range rows {
		r := int(uint32(a))*stride + at
		x[i], y[i] = data[r], data[r+1]
	}
}

// add adds the first n rows of the block to cells that start with word from.
func (c *cells) add(l *layout, lanes int, b *block, n, from, to int) {
	for w := from; w < to; w++ {
		lo, hi := l.start[w]-l.start[from], l.start[w+1]-l.start[from]
		for k := range lanes {
			addWord(l, w, c[k][lo:hi], b.words[w-from][:n], b.value[k][:n])
		}
	}
}

// addWord adds v[i] to the cell of each bin in x[i].
func addWord(l *layout, w int, c []int64, x []uint64, v []int64) {
	word := &l.words[w]
	if word.wide {
		for j := 0; j < len(word.feats); j += 2 {
			a := c[l.cell[word.feats[j]]-l.start[w]:]
			if j+1 < len(word.feats) {
				addWide2(a, c[l.cell[word.feats[j+1]]-l.start[w]:], x, 16*uint(j), v)
			} else {
				addWide(a, x, 16*uint(j), v)
			}
		}
		return
	}
	n, shift := len(word.feats), uint(0)
	switch n {
	case 8:
		add8((*[8 * 256]int64)(c), x, v)
		return
	case 7:
		add7((*[7 * 256]int64)(c), x, v)
		return
	}
	if n&4 != 0 {
		add4((*[4 * 256]int64)(c), x, shift, v)
		c, shift = c[4*256:], shift+32
	}
	if n&2 != 0 {
		add2((*[2 * 256]int64)(c), x, shift, v)
		c, shift = c[2*256:], shift+16
	}
	if n&1 != 0 {
		add1((*[256]int64)(c), x, shift, v)
	}
}

// Why noinline: inside addWord these loops spill their registers, and take twice
// the time.
//
//go:noinline
func add8(c *[8 * 256]int64, x []uint64, v []int64) {
	v = v[:len(x)]
	for i, b := range x {
		y := v[i]
		c[uint8(b)] += y
		c[1*256+uint(uint8(b>>8))] += y
		c[2*256+uint(uint8(b>>16))] += y
		c[3*256+uint(uint8(b>>24))] += y
		c[4*256+uint(uint8(b>>32))] += y
		c[5*256+uint(uint8(b>>40))] += y
		c[6*256+uint(uint8(b>>48))] += y
		c[7*256+uint(uint8(b>>56))] += y
	}
}

//go:noinline
func add7(c *[7 * 256]int64, x []uint64, v []int64) {
	v = v[:len(x)]
	for i, b := range x {
		y := v[i]
		c[uint8(b)] += y
		c[1*256+uint(uint8(b>>8))] += y
		c[2*256+uint(uint8(b>>16))] += y
		c[3*256+uint(uint8(b>>24))] += y
		c[4*256+uint(uint8(b>>32))] += y
		c[5*256+uint(uint8(b>>40))] += y
		c[6*256+uint(uint8(b>>48))] += y
	}
}

//go:noinline
func add4(c *[4 * 256]int64, x []uint64, shift uint, v []int64) {
	v = v[:len(x)]
	for i, b := range x {
		y := v[i]
		b >>= shift & 63
		c[uint8(b)] += y
		c[1*256+uint(uint8(b>>8))] += y
		c[2*256+uint(uint8(b>>16))] += y
		c[3*256+uint(uint8(b>>24))] += y
	}
}

//go:noinline
func add2(c *[2 * 256]int64, x []uint64, shift uint, v []int64) {
	v = v[:len(x)]
	for i, b := range x {
		y := v[i]
		b >>= shift & 63
		c[uint8(b)] += y
		c[1*256+uint(uint8(b>>8))] += y
	}
}

//go:noinline
func add1(c *[256]int64, x []uint64, shift uint, v []int64) {
	v = v[:len(x)]
	for i, b := range x {
		c[uint8(b>>(shift&63))] += v[i]
	}
}

//go:noinline
func addWide2(c, d []int64, x []uint64, shift uint, v []int64) {
	v = v[:len(x)]
	for i, b := range x {
		y := v[i]
		b >>= shift & 63
		c[uint16(b)] += y
		d[uint16(b>>16)] += y
	}
}

//go:noinline
func addWide(c []int64, x []uint64, shift uint, v []int64) {
	v = v[:len(x)]
	for i, b := range x {
		c[uint16(b>>(shift&63))] += v[i]
	}
}

// tally returns the sums of cell i.
func (c *cells) tally(f *format, i int) tally {
	var h, w int64
	if f.lanes > 1 {
		h = c[1][i]
	}
	if f.lanes > 2 {
		w = c[2][i]
	}
	return f.unpack(c[0][i], h, w)
}

// flush adds the cells of words [from, to) to a histogram and clears them. A cell
// without rows is zero in every lane.
func (c *cells) flush(l *layout, f *format, hist []tally, from, to int) {
	for w := from; w < to; w++ {
		for _, feat := range l.words[w].feats {
			at, out := l.cell[feat]-l.start[from], hist[l.first[feat]:l.first[feat+1]]
			for i, a := range c[0][at:][:len(out)] {
				if a != 0 {
					t := c.tally(f, at+i)
					out[i].add(&t)
				}
			}
		}
	}
	for k := range f.lanes {
		clear(c[k][:l.start[to]-l.start[from]])
	}
}

// sumRows adds the bins of rows to the part of a histogram that words [from, to)
// hold. c is zero before and after.
func sumRows(bins *goBins, l *layout, f *format, rows rowSet, hist []tally, c *cells, b *block, from, to int) {
	for lo := 0; lo < len(rows.a); lo += cellRows {
		end := min(lo+cellRows, len(rows.a))
		for at := lo; at < end; at += blockRows {
			part := rows.slice(at, min(at+blockRows, end))
			b.gather(bins, f, part, from, to)
			c.add(l, f.lanes, b, len(part.a), from, to)
		}
		c.flush(l, f, hist, from, to)
	}
}
