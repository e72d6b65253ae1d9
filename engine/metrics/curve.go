package metrics

import (
	"cmp"
	"math"
	"slices"
	"sync"

	"github.com/geyser-ml/geyser/kernels/par"
)

// point is a score with the weights of the rows that have it.
type point struct {
	score  float64
	tp, fp float64 // rows of class 1, of class 0
}

// run is a list of points by descending score, each score once.
type run []point

// collapse makes the run of points in any order; those of equal score are added
// up in the order given.
func collapse(pts []point) run {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	order := s.descending(pts)
	distinct := 0
	for i, o := range order {
		if i == 0 || o.key != order[i-1].key {
			distinct++
		}
	}
	out := make(run, 0, distinct)
	for i, o := range order {
		p := pts[o.at]
		if i > 0 && o.key == order[i-1].key {
			last := &out[len(out)-1]
			last.tp += p.tp
			last.fp += p.fp
			continue
		}
		out = append(out, p)
	}
	return out
}

// merge joins runs, neighbours first, in row order whatever the number of threads.
// It leaves them as they are, but may return one of them.
func merge(runs []run, threads int) run {
	var total int
	for _, r := range runs {
		total += len(r)
	}
	// Each round writes where the round before the last has written.
	var to, free run
	for len(runs) > 1 {
		if to, free = free, to; to == nil {
			to = make(run, total)
		}
		next := make([]run, (len(runs)+1)/2)
		var at int
		for i := range next {
			n := len(runs[2*i])
			if 2*i+1 < len(runs) {
				n += len(runs[2*i+1])
			}
			next[i] = to[at : at : at+n]
			at += n
		}
		par.Do(threads, len(next), func(i int) {
			var second run
			if 2*i+1 < len(runs) {
				second = runs[2*i+1]
			}
			next[i] = mergeTwo(next[i], runs[2*i], second)
		})
		runs = next
	}
	if len(runs) == 0 {
		return nil
	}
	return runs[0]
}

// mergeTwo appends the points of a and b to out.
func mergeTwo(out, a, b run) run {
	var i, j int
	for i < len(a) && j < len(b) {
		p, q := a[i], b[j]
		if p.score > q.score {
			i++
		} else if j++; p.score < q.score {
			p = q
		} else {
			i++
			p.tp += q.tp
			p.fp += q.fp
		}
		out = append(out, p)
	}
	return append(append(out, a[i:]...), b[j:]...)
}

// place is a point's position and the key of its score.
type place struct {
	key uint64
	at  uint32
}

// scratch is memory for one sort, kept for the next.
type scratch struct{ items, other []place }

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// descending orders points by descending score, equal scores as given. There are
// no NaNs. The answer is good until the next call.
//
// Why: a radix sort on the bits of the score takes about a tenth of the time of
// a comparison sort on a full chunk.
func (s *scratch) descending(pts []point) []place {
	const bits, digits = 11, 6
	const mask = 1<<bits - 1
	s.items, s.other = slices.Grow(s.items[:0], len(pts)), slices.Grow(s.other[:0], len(pts))
	items, other := s.items[:len(pts)], s.other[:len(pts)]
	for i, p := range pts {
		items[i] = place{descendingKey(p.score), uint32(i)}
	}
	if len(items) <= mask {
		slices.SortStableFunc(items, func(a, b place) int { return cmp.Compare(a.key, b.key) })
		return items
	}
	var count [digits][mask + 1]uint32
	for _, it := range items {
		for d := range digits {
			count[d][it.key>>(d*bits)&mask]++
		}
	}
	for d := range digits {
		shift, start := d*bits, &count[d]
		if int(start[items[0].key>>shift&mask]) == len(items) {
			continue // all have this digit
		}
		var sum uint32
		for i, n := range start {
			start[i] = sum
			sum += n
		}
		for _, it := range items {
			at := &start[it.key>>shift&mask]
			other[*at] = it
			*at++
		}
		items, other = other, items
	}
	return items
}

// descendingKey maps a number to an integer that falls as the number rises; -0
// and 0 share one.
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

// curve is what all scores together give.
type curve struct {
	p, n    float64 // weights of class 1 and class 0
	auc, pr float64
	ks      float64
}

// trace walks down the scores.
//
// H2O: without rows of class 0 both areas are 1, else without rows of class 1
// both are 0.
func trace(pts run) curve {
	var c curve
	for _, p := range pts {
		c.p += p.tp
		c.n += p.fp
	}
	nan := math.NaN()
	switch {
	case len(pts) == 0:
		c.auc, c.pr, c.ks = nan, nan, nan
		return c
	case c.n == 0:
		c.auc, c.pr, c.ks = 1, 1, nan
		return c
	case c.p == 0:
		c.ks = nan
		return c
	}
	var tp, fp, area float64
	for _, p := range pts {
		area += p.fp * (tp + p.tp/2)
		c.pr += prArea(tp, fp, p.tp, p.fp, c.p)
		tp += p.tp
		fp += p.fp
		c.ks = max(c.ks, math.Abs(tp/c.p-fp/c.n))
	}
	c.auc = area / c.p / c.n
	return c
}

// prArea is the area under precision over recall where (TP, FP) moves from
// (tp, fp) by (dt, df) in a straight line, of total positives. With x = TP/total
// precision is x / (a x + b), so that the area is x/a − b/a² log(a x + b) between
// the ends (Davis & Goadrich 2006, section 3).
func prArea(tp, fp, dt, df, total float64) float64 {
	if dt == 0 {
		return 0
	}
	h := df / dt
	a, b := 1+h, (fp-h*tp)/total
	x0, x1 := tp/total, (tp+dt)/total
	area := (x1 - x0) / a
	if b != 0 {
		area -= b / (a * a) * math.Log((a*x1+b)/(a*x0+b))
	}
	return area
}

// maxThresholds bounds the table of thresholds.
const maxThresholds = 400

// thresholds returns one threshold a score, or else at most 400 bins of
// neighbouring scores that share the length of the ROC curve, TPR + FPR, evenly.
//
// Why: bins of equal weight would leave a rare class a handful of thresholds;
// along the curve each class has half of them.
func thresholds(pts run, c curve) []Threshold {
	out := make([]Threshold, 0, min(len(pts), maxThresholds))
	perTP, perFP := 0.0, 0.0 // share of a bin for each weight
	if c.p > 0 {
		perTP = maxThresholds / 2 / c.p
	}
	if c.n > 0 {
		perFP = maxThresholds / 2 / c.n
	}
	var tp, fp, border float64
	for _, p := range pts {
		if length := tp*perTP + fp*perFP; len(pts) <= maxThresholds || length >= border {
			if len(out) < maxThresholds { // rounding at the very end
				out = append(out, Threshold{})
			}
			border = math.Floor(length) + 1
		}
		tp += p.tp
		fp += p.fp
		out[len(out)-1] = Threshold{Value: p.score, TP: tp, FP: fp, FN: c.p - tp, TN: c.n - fp}
	}
	return out
}
