package metrics

import "math"

// BinomialBuilder collects the rows of two classes. It keeps the distinct scores
// of each chunk until Done, 24 bytes a score.
type BinomialBuilder struct {
	// GainsLiftBins and Threads are those of Options; set them before Done.
	GainsLiftBins, Threads int

	base
	domain []string
	loss   logSum
	runs   []run
}

// NewBinomial makes an empty builder for two classes.
func NewBinomial(domain []string) *BinomialBuilder { return &BinomialBuilder{domain: domain} }

// Add appends rows with class numbers y (0 or 1) and probabilities p1 of class 1;
// w may be nil for ones. It gives the same as Merge with a builder of these rows
// alone.
func (b *BinomialBuilder) Add(y, p1, w []float64) {
	c := NewBinomial(b.domain)
	pts := make([]point, 0, len(y))
	for i, v := range y {
		p, wi := p1[i], weightAt(w, i)
		if wi == 0 || v != 0 && v != 1 || math.IsNaN(p) {
			continue
		}
		q, pt := 1-p, point{score: p, fp: wi}
		if v == 1 {
			q, pt = p, point{score: p, tp: wi}
		}
		c.add(wi, v, 1-q)
		c.loss.add(wi, q)
		pts = append(pts, pt)
	}
	if len(pts) > 0 {
		c.runs = []run{collapse(pts)}
	}
	b.Merge(c)
}

// Merge appends the rows of o.
func (b *BinomialBuilder) Merge(o *BinomialBuilder) {
	b.merge(&o.base)
	b.loss.merge(&o.loss)
	b.runs = append(b.runs, o.runs...)
}

// Done returns the metrics of the rows so far.
func (b *BinomialBuilder) Done() *Metrics { return b.done(b.runs) }

// finish is Done for a builder that is not needed any more: what it has kept may be
// freed while it is worked on.
func (b *BinomialBuilder) finish() *Metrics {
	runs := b.runs
	b.runs = nil
	return b.done(runs)
}

func (b *BinomialBuilder) done(runs []run) *Metrics {
	m := b.metrics()
	pts := merge(runs, b.Threads)
	c := trace(pts)
	r := &Binomial{
		Domain:     b.domain,
		LogLoss:    b.over(b.loss.value()),
		AUC:        c.auc,
		PRAUC:      c.pr,
		Gini:       2*c.auc - 1,
		KS:         c.ks,
		Thresholds: thresholds(pts, c),
		GainsLift:  gainsLift(pts, c, b.rows, b.GainsLiftBins),
	}
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
