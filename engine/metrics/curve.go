package metrics

import (
	"math"
	"math/bits"
	"slices"
)

// point is a distinct score with the weights of the rows that have it.
type point struct {
	score  float64
	tp, fp float64 // rows of class 1, of class 0
}

// points walks along the distinct scores of two sorted lists.
type points struct {
	point
	ones, zeros list
	i, j        int // rows of scores above this place
}

// next moves to the next score below, if there is one.
func (p *points) next() bool {
	const none = math.MaxUint64
	i, j, a, b := p.i, p.j, uint64(none), uint64(none)
	if i < len(p.ones.key) {
		a = p.ones.key[i]
	}
	if j < len(p.zeros.key) {
		b = p.zeros.key[j]
	}
	k := min(a, b)
	if k == none {
		return false
	}
	// Why the borrows: branches would be guessed wrong half the time.
	_, skipA := bits.Sub64(k, a, 0)
	_, skipB := bits.Sub64(k, b, 0)
	p.i, p.j = i+int(1-skipA), j+int(1-skipB)
	for p.i < len(p.ones.key) && p.ones.key[p.i] == k {
		p.i++
	}
	for p.j < len(p.zeros.key) && p.zeros.key[p.j] == k {
		p.j++
	}
	p.point = point{scoreOf(k), p.ones.sum(i, p.i), p.zeros.sum(j, p.j)}
	return true
}

// back moves to the next score above, if there is one.
func (p *points) back() bool {
	if p.i == 0 && p.j == 0 {
		return false
	}
	i, j, k := p.i, p.j, uint64(0)
	if i > 0 {
		k = p.ones.key[i-1]
	}
	if j > 0 {
		k = max(k, p.zeros.key[j-1])
	}
	for p.i > 0 && p.ones.key[p.i-1] == k {
		p.i--
	}
	for p.j > 0 && p.zeros.key[p.j-1] == k {
		p.j--
	}
	p.point = point{scoreOf(k), p.ones.sum(p.i, i), p.zeros.sum(p.j, j)}
	return true
}

// curve is what all scores together give.
type curve struct {
	ones, zeros list    // rows of class 1 and class 0, sorted
	p, n        float64 // their weights
	auc, pr, ks float64 // of trace
}

// top returns a walk that starts above all scores, bottom one that starts below.
func (c *curve) top() points { return points{ones: c.ones, zeros: c.zeros} }

func (c *curve) bottom() points {
	return points{ones: c.ones, zeros: c.zeros, i: len(c.ones.key), j: len(c.zeros.key)}
}

// newCurve makes the curve of two sorted lists.
func newCurve(ones, zeros list) *curve {
	return &curve{ones: ones, zeros: zeros, p: ones.sum(0, len(ones.key)), n: zeros.sum(0, len(zeros.key))}
}

// trace finds the areas and ks.
//
// H2O: without rows of class 0 both areas are 1, else without rows of class 1
// both are 0.
func (c *curve) trace() *curve {
	var tp, fp, area float64
	for p := c.top(); p.next(); {
		area += p.fp * (tp + p.tp/2)
		c.pr += prArea(tp, fp, p.tp, p.fp, c.p)
		tp += p.tp
		fp += p.fp
		c.ks = max(c.ks, math.Abs(tp/c.p-fp/c.n))
	}
	c.auc = area / c.p / c.n
	nan := math.NaN()
	switch {
	case len(c.ones.key)+len(c.zeros.key) == 0:
		c.auc, c.pr, c.ks = nan, nan, nan
	case c.n == 0:
		c.auc, c.pr, c.ks = 1, 1, nan
	case c.p == 0:
		c.auc, c.pr, c.ks = 0, 0, nan
	}
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
func (c *curve) thresholds() []Threshold {
	own := make([]Threshold, 0, maxThresholds) // one a score, as long as they are few
	bins := make([]Threshold, 0, maxThresholds)
	perTP, perFP := 0.0, 0.0 // share of a bin for each weight
	if c.p > 0 {
		perTP = maxThresholds / 2 / c.p
	}
	if c.n > 0 {
		perFP = maxThresholds / 2 / c.n
	}
	var tp, fp, border, score float64
	here := func() Threshold { return Threshold{Value: score, TP: tp, FP: fp, FN: c.p - tp, TN: c.n - fp} }
	scores := 0
	for p := c.top(); p.next(); scores++ {
		if length := tp*perTP + fp*perFP; length >= border {
			if scores > 0 && len(bins) < maxThresholds-1 { // rounding at the very end
				bins = append(bins, here())
			}
			border = math.Floor(length) + 1
		}
		tp += p.tp
		fp += p.fp
		score = p.score
		if len(own) < maxThresholds {
			own = append(own, here())
		}
	}
	if scores > maxThresholds {
		return append(bins, here())
	}
	return slices.Clip(own)
}
