package metrics

import (
	"fmt"
	"math"
	"slices"

	"github.com/geyser-ml/geyser/engine/table"
)

// topQuantiles are the lower ends of the automatic groups: finer at the top.
var topQuantiles = []float64{0.99, 0.98, 0.97, 0.96, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0}

// gainsLift groups the rows by quantiles of the score, highest first, and tells
// for each group, and for all groups down to it, how much more frequent class 1
// is than on average. Groups with the same lower end are one. There is no table without
// rows of class 1.
func (c *curve) gainsLift(rows int64, bins int) *table.Table {
	if bins == 0 || c.p == 0 {
		return nil
	}
	lower := topQuantiles
	if bins > 0 {
		bins = int(min(int64(bins), max(rows, 1))) // more would be without rows
		lower = make([]float64, bins)
		for i := range lower {
			lower[i] = float64(bins-i-1) / float64(bins)
		}
	}
	lower = c.quantiles(rows, lower)

	type group struct{ w, ones, score float64 } // weight, that of class 1, Σ w score
	all := group{w: c.p + c.n, ones: c.p}
	rate := all.ones / all.w

	t := table.New("Gains/Lift Table", "").
		Add("Group", table.Int, "").
		Add("Cumulative Data Fraction", table.Double, "%.8f").
		Add("Lower Threshold", table.Double, "%5f")
	for _, title := range []string{
		"Lift", "Cumulative Lift", "Response Rate", "Score", "Cumulative Response Rate", "Cumulative Score",
		"Capture Rate", "Cumulative Capture Rate", "Gain", "Cumulative Gain", "Kolmogorov Smirnov",
	} {
		t.Add(title, table.Double, "%5f")
	}
	var sum group
	ones, zeros := c.ones, c.zeros // those of lower scores than the groups so far
	for i, low := range lower {
		var g group
		g.ones, g.score = ones.cut(low)
		w, score := zeros.cut(low)
		g.w, g.score = g.ones+w, g.score+score
		all.score += g.score
		sum.w, sum.ones, sum.score = sum.w+g.w, sum.ones+g.ones, sum.score+g.score
		var r, s float64 // a group between two scores can be empty
		if g.w > 0 {
			r, s = g.ones/g.w, g.score/g.w
		}
		down := sum.ones / sum.w
		t.Append(int64(i+1), sum.w/all.w, low,
			r/rate, down/rate, r, s, down, sum.score/sum.w,
			g.ones/all.ones, sum.ones/all.ones, 100*(r/rate-1), 100*(down/rate-1),
			math.Abs(sum.ones/all.ones-share(sum.w-sum.ones, c.n)))
	}
	t.Description = fmt.Sprintf("Avg response rate: %5.2f %%, avg score: %5.2f %%", 100*rate, 100*all.score/all.w)
	return t
}

// share returns part of all, 0 of nothing.
func share(part, all float64) float64 {
	if all == 0 {
		return 0
	}
	return part / all
}

// quantiles returns the scores at the given shares of the weight, shares and
// scores descending, each score once. The row at share q of W rows is number
// q (W − 1), between two rows in proportion.
//
// Why: weights that sum to less than the number of rows, such as shares of 1, are
// no counts of rows and are scaled up to it.
func (c *curve) quantiles(rows int64, shares []float64) []float64 {
	weight := c.p + c.n
	scale := max(1, float64(rows)/weight)
	last := weight*scale - 1
	at, end := c.bottom(), 0.0 // a score, and the rows up to it
	climb := func(row float64) float64 {
		for end <= row && at.back() {
			end += (at.tp + at.fp) * scale
		}
		return at.score
	}
	out := make([]float64, 0, len(shares))
	for i := len(shares) - 1; i >= 0; i-- {
		row := math.Floor(shares[i] * last)
		v := climb(row)
		here, count := at, end
		next := climb(row + 1)
		at, end = here, count
		if next != v && shares[i]*last != row {
			from, to := row/last, (row+1)/last
			v = min(v+(next-v)*(shares[i]-from)/(to-from), next)
		}
		out = append(out, v)
	}
	out = slices.Compact(out)
	slices.Reverse(out)
	return out
}
