package metrics

import (
	"math"
	"math/bits"
	"sort"

	"github.com/geyser-ml/geyser/kernels"
	"github.com/geyser-ml/geyser/kernels/par"
)

// list holds scores of rows of one class, descending once it is sorted: eight bytes a
// row, and eight more where rows have weights. Equal scores stay in the order of rows.
type list struct {
	key []uint64  // of descendingKey
	w   []float64 // nil for ones
}

// newList makes a list of n rows.
func newList(n int, weighted bool) list {
	l := list{key: make([]uint64, n)}
	if weighted {
		l.w = make([]float64, n)
	}
	return l
}

func (l list) slice(lo, hi int) list {
	if l.w == nil {
		return list{key: l.key[lo:hi]}
	}
	return list{l.key[lo:hi], l.w[lo:hi]}
}

func (l list) set(i int, score, w float64) {
	l.key[i] = descendingKey(score)
	if l.w != nil {
		l.w[i] = w
	}
}

func (l list) weight(i int) float64 {
	if l.w == nil {
		return 1
	}
	return l.w[i]
}

// sum returns the weight of rows [lo, hi).
func (l list) sum(lo, hi int) float64 {
	if l.w == nil {
		return float64(hi - lo)
	}
	sum := 0.0
	for _, w := range l.w[lo:hi] {
		sum += w
	}
	return sum
}

// cut removes the rows of scores from low on, and returns their weight and the sum of
// weight times score.
func (l *list) cut(low float64) (weight, score float64) {
	n := sort.Search(len(l.key), func(i int) bool { return l.key[i] > descendingKey(low) })
	for i := 0; i < n; {
		from := i
		for i < n && l.key[i] == l.key[from] {
			i++
		}
		w := l.sum(from, i)
		weight, score = weight+w, score+w*scoreOf(l.key[from])
	}
	*l = l.slice(n, len(l.key))
	return weight, score
}

func (l list) copy(from list) {
	copy(l.key, from.key)
	copy(l.w, from.w)
}

// descendingKey maps a number to an integer that falls as the number rises; -0
// and 0 share one. There are no NaNs, so that the greatest integer is no key.
func descendingKey(v float64) uint64 {
	b := math.Float64bits(v)
	switch {
	case v == 0:
		b = 0
	case v < 0:
		return b
	}
	return 1<<63 - 1 - b
}

// scoreOf is the inverse of descendingKey.
func scoreOf(key uint64) float64 {
	if key < 1<<63 {
		key = 1<<63 - 1 - key
	}
	return math.Float64frombits(key)
}

// sort sorts the list; other is scratch of the same form.
//
// Why: a radix sort on the bits of the score takes about a tenth of the time of
// a comparison sort on a full chunk.
func (l list) sort(other list) {
	const width, digits = 11, 6
	const mask = 1<<width - 1
	if len(l.key) <= 64 {
		l.insert()
		return
	}
	var count [digits][mask + 1]uint32
	for _, k := range l.key {
		for d := range digits {
			count[d][k>>(d*width)&mask]++
		}
	}
	from, to := l, other
	for d := range digits {
		shift, start := d*width, &count[d]
		if int(start[from.key[0]>>shift&mask]) == len(l.key) {
			continue // all have this digit
		}
		var sum uint32
		for i, n := range start {
			start[i] = sum
			sum += n
		}
		for i, k := range from.key {
			at := &start[k>>shift&mask]
			to.key[*at] = k
			if to.w != nil {
				to.w[*at] = from.w[i]
			}
			*at++
		}
		from, to = to, from
	}
	if &from.key[0] != &l.key[0] {
		l.copy(from)
	}
}

// insert sorts a short list.
func (l list) insert() {
	for i := range l.key {
		k, w := l.key[i], l.weight(i)
		for ; i > 0 && l.key[i-1] > k; i-- {
			l.copyRow(i, i-1)
		}
		l.key[i] = k
		if l.w != nil {
			l.w[i] = w
		}
	}
}

func (l list) copyRow(to, from int) {
	l.key[to] = l.key[from]
	if l.w != nil {
		l.w[to] = l.w[from]
	}
}

// merge joins the sorted lists of each group, neighbours first, in row order whatever
// the number of threads. Rounds write to r.b and r.a by turns, so that the lists
// themselves may be in r.a. The result is in one of the two or, where no group has
// more than one list, what was given.
func merge(groups [][]list, r room, threads int) []list {
	for to, other := r.b, r.a; ; to, other = other, to {
		most := 0
		for _, g := range groups {
			most = max(most, len(g))
		}
		if most <= 1 {
			break
		}
		type job struct{ out, a, b list }
		var jobs []job
		next, at := make([][]list, len(groups)), 0
		for k, g := range groups {
			for i := 0; i < len(g); i += 2 {
				j := job{a: g[i]}
				if i+1 < len(g) {
					j.b = g[i+1]
				}
				n := len(j.a.key) + len(j.b.key)
				j.out = to.slice(at, at+n)
				at += n
				jobs, next[k] = append(jobs, j), append(next[k], j.out)
			}
		}
		par.Do(threads, len(jobs), func(i int) { mergeTwo(jobs[i].out, jobs[i].a, jobs[i].b) })
		groups = next
	}
	out := make([]list, len(groups))
	for k, g := range groups {
		if len(g) > 0 {
			out[k] = g[0]
		}
	}
	return out
}

// sizes returns the rows of all lists, and whether some have weights.
func sizes(groups [][]list) (rows int, weighted bool) {
	for _, g := range groups {
		for _, l := range g {
			rows, weighted = rows+len(l.key), weighted || l.w != nil
		}
	}
	return rows, weighted
}

// mergeTwo fills out with the rows of a and b.
func mergeTwo(out, a, b list) {
	var i, j int
	for i < len(a.key) && j < len(b.key) {
		p, q := a.key[i], b.key[j]
		_, second := bits.Sub64(q, p, 0) // Why: a branch would be guessed wrong half the time
		if out.w != nil {
			if second != 0 {
				out.w[i+j] = b.weight(j)
			} else {
				out.w[i+j] = a.weight(i)
			}
		}
		out.key[i+j] = p ^ (p^q)&-second
		i, j = i+int(1-second), j+int(second)
	}
	for ; i < len(a.key); i++ {
		out.put(i+j, a, i)
	}
	for ; j < len(b.key); j++ {
		out.put(i+j, b, j)
	}
}

// put copies row i of another list to place at.
func (l list) put(at int, from list, i int) {
	l.key[at] = from.key[i]
	if l.w != nil {
		l.w[at] = from.weight(i)
	}
}

// room is memory for the lists of so many rows, twice: for what is sorted and as
// scratch.
type room struct{ a, b list }

// newRoom makes room outside the heap, for both forms of lists: it comes and goes with
// each measurement of a growing model.
func newRoom(n int) room {
	return room{
		list{kernels.Alloc[uint64](n), kernels.Alloc[float64](n)},
		list{kernels.Alloc[uint64](n), kernels.Alloc[float64](n)}, // weights that nobody writes take no memory
	}
}

// of returns the room with or without weights.
func (r room) of(weighted bool) room {
	if weighted {
		return r
	}
	return room{list{key: r.a.key}, list{key: r.b.key}}
}

func (r room) slice(lo, hi int) room { return room{r.a.slice(lo, hi), r.b.slice(lo, hi)} }

func (r room) free() {
	for _, l := range []list{r.a, r.b} {
		kernels.Free(l.key)
		kernels.Free(l.w)
	}
}
