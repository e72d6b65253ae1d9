package metrics

import (
	"math"

	"github.com/geyser-ml/geyser/kernels/par"
)

// BinomialBuilder collects the rows of two classes. It keeps their scores until Done,
// 8 bytes a row, and as many of weights.
type BinomialBuilder struct {
	// GainsLiftBins and Threads are those of Options; set them before Done.
	GainsLiftBins, Threads int

	base
	domain []string
	loss   logSum
	lists  [2][]list // sorted, by class
}

// NewBinomial makes an empty builder for two classes.
func NewBinomial(domain []string) *BinomialBuilder { return &BinomialBuilder{domain: domain} }

// Add appends rows with class numbers y (0 or 1) and probabilities p1 of class 1;
// w may be nil for ones. It gives the same as Merge with a builder of these rows
// alone.
func (b *BinomialBuilder) Add(y, p1, w []float64) {
	c := binomialChunk{BinomialBuilder: NewBinomial(b.domain), room: room{newList(len(y), w != nil), newList(len(y), w != nil)}}
	c.add(y, p1, w)
	b.Merge(c.end())
}

// binomialChunk collects a chunk of rows in several steps. It has room for all of them,
// and its lists keep the first half of that.
type binomialChunk struct {
	*BinomialBuilder
	room room
	n    [2]int // rows by class: of class 1 they are in room.a, of class 0 in room.b
}

// add appends rows.
func (c *binomialChunk) add(y, p1, w []float64) {
	for i, v := range y {
		p, wi := p1[i], weightAt(w, i)
		if wi == 0 || v != 0 && v != 1 || math.IsNaN(p) {
			continue
		}
		q := 1 - p
		if v == 1 {
			q = p
			c.room.a.set(c.n[1], p, wi)
			c.n[1]++
		} else {
			c.room.b.set(c.n[0], p, wi)
			c.n[0]++
		}
		c.base.add(wi, v, 1-q)
		c.loss.add(wi, q)
	}
}

// end sorts the rows and returns them.
func (c *binomialChunk) end() *BinomialBuilder {
	r, ones, all := c.room, c.n[1], c.n[0]+c.n[1]
	r.a.slice(ones, all).copy(r.b.slice(0, c.n[0]))
	for class, rows := range []room{r.slice(ones, all), r.slice(0, ones)} {
		rows.a.sort(rows.b)
		c.lists[class] = []list{rows.a}
	}
	return c.BinomialBuilder
}

// Merge appends the rows of o.
func (b *BinomialBuilder) Merge(o *BinomialBuilder) {
	b.merge(&o.base)
	b.loss.merge(&o.loss)
	for class := range b.lists {
		b.lists[class] = append(b.lists[class], o.lists[class]...)
	}
}

// Done returns the metrics of the rows so far.
func (b *BinomialBuilder) Done() *Metrics {
	rows, weighted := sizes(b.lists[:])
	return b.done(room{newList(rows, weighted), newList(rows, weighted)})
}

// done is Done with room for all rows, as merge takes it.
func (b *BinomialBuilder) done(all room) *Metrics {
	m := b.metrics()
	lists := merge(b.lists[:], all, b.Threads)
	c := newCurve(lists[1], lists[0])
	r := &Binomial{Domain: b.domain, LogLoss: b.over(b.loss.value())}
	par.Do(b.Threads, 3, func(i int) {
		switch i {
		case 0:
			c.trace()
		case 1:
			r.GainsLift = c.gainsLift(b.rows, b.GainsLiftBins)
		case 2:
			r.Thresholds = c.thresholds()
		}
	})
	r.AUC, r.PRAUC, r.Gini, r.KS = c.auc, c.pr, 2*c.auc-1, c.ks
	r.Max = maxima(r.Thresholds)
	m.Binomial = r
	r.MeanPerClassError = m.confusion().meanError()
	return m
}

// MaxF1 returns the threshold with the largest F1, false when F1 is nowhere
// defined: without rows, or without rows of class 1.
func (b *Binomial) MaxF1() (Threshold, bool) {
	if i := b.Max[0].Index; i >= 0 {
		return b.Thresholds[i], true
	}
	return Threshold{}, false
}
