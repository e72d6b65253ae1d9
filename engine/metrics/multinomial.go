package metrics

import (
	"math"
	"slices"
)

// maxHits is the most places that hit ratios are given for.
const maxHits = 10

// MultinomialBuilder collects the rows of several classes. Only when areas are
// asked for it keeps the distinct scores of each class and chunk until Done.
type MultinomialBuilder struct {
	Threads int // that of Options; set it before Done

	base
	domain    []string
	aucType   AUCType
	loss      logSum
	confusion [][]float64
	hits      []float64 // weight of the rows whose class is in that place
	runs      [][][]run // [scored class][actual class]
}

// NewMultinomial makes an empty builder for the classes of domain.
func NewMultinomial(domain []string, aucType AUCType) *MultinomialBuilder {
	k := len(domain)
	b := &MultinomialBuilder{domain: domain, aucType: aucType, hits: make([]float64, min(k, maxHits))}
	b.confusion = make([][]float64, k)
	for i := range b.confusion {
		b.confusion[i] = make([]float64, k)
	}
	if aucType.wanted(k) {
		b.runs = make([][][]run, k)
		for i := range b.runs {
			b.runs[i] = make([][]run, k)
		}
	}
	return b
}

// Add appends rows with class numbers y and probabilities probs[class][row]; w
// may be nil for ones. It gives the same as Merge with a builder of these rows
// alone.
func (b *MultinomialBuilder) Add(y []float64, probs [][]float64, w []float64) {
	c := NewMultinomial(b.domain, b.aucType)
	k := len(b.domain)
	pts := make([][][]point, k) // as c.runs
	for i := range pts {
		pts[i] = make([][]point, k)
	}
rows:
	for i, v := range y {
		wi, class := weightAt(w, i), int(v)
		if wi == 0 || !(v >= 0 && v < float64(k)) {
			continue
		}
		p, best, rank := probs[class][i], 0, 0
		for j := range k {
			q := probs[j][i]
			if math.IsNaN(q) {
				continue rows
			}
			if q > probs[best][i] {
				best = j
			}
			if q > p || q == p && j < class {
				rank++
			}
		}
		c.add(wi, float64(class), 1-p)
		c.loss.add(wi, p)
		c.confusion[class][best] += wi
		if rank < len(c.hits) {
			c.hits[rank] += wi
		}
		if b.runs == nil {
			continue
		}
		for j := range k {
			pt := point{score: probs[j][i], fp: wi}
			if j == class {
				pt = point{score: p, tp: wi}
			}
			pts[j][class] = append(pts[j][class], pt)
		}
	}
	if b.runs != nil {
		for i := range k {
			for j := range k {
				if len(pts[i][j]) > 0 {
					c.runs[i][j] = []run{collapse(pts[i][j])}
				}
			}
		}
	}
	b.Merge(c)
}

// Merge appends the rows of o.
func (b *MultinomialBuilder) Merge(o *MultinomialBuilder) {
	b.merge(&o.base)
	b.loss.merge(&o.loss)
	for i, row := range o.confusion {
		for j, v := range row {
			b.confusion[i][j] += v
		}
	}
	for i, v := range o.hits {
		b.hits[i] += v
	}
	for i := range b.runs {
		for j := range b.runs[i] {
			b.runs[i][j] = append(b.runs[i][j], o.runs[i][j]...)
		}
	}
}

// Done returns the metrics of the rows so far.
func (b *MultinomialBuilder) Done() *Metrics {
	m := b.metrics()
	r := &Multinomial{
		Domain:    b.domain,
		LogLoss:   b.over(b.loss.value()),
		Confusion: make([][]float64, len(b.confusion)),
		HitRatios: make([]float64, len(b.hits)),
		AUC:       math.NaN(),
		PRAUC:     math.NaN(),
	}
	for i, row := range b.confusion {
		r.Confusion[i] = slices.Clone(row)
	}
	var hits float64
	for i, v := range b.hits {
		hits += v
		r.HitRatios[i] = b.over(hits)
	}
	if b.runs != nil {
		b.areas(r)
	}
	m.Multinomial = r
	r.MeanPerClassError = m.confusion().meanError()
	return m
}
