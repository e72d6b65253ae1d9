package metrics

import (
	"math"
	"slices"
)

// maxHits is the most places that hit ratios are given for.
const maxHits = 10

// MultinomialBuilder collects the rows of several classes. Only when areas are
// asked for it keeps the scores of each class until Done.
type MultinomialBuilder struct {
	Threads int // that of Options; set it before Done

	base
	domain    []string
	aucType   AUCType
	loss      logSum
	confusion [][]float64
	hits      []float64  // weight of the rows whose class is in that place
	lists     [][][]list // sorted: [scored class][actual class]
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
		b.lists = make([][][]list, k)
		for i := range b.lists {
			b.lists[i] = make([][]list, k)
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
	lists := make([][]list, k) // as c.lists
	for i := range lists {
		lists[i] = make([]list, k)
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
		if b.lists == nil {
			continue
		}
		for j := range k {
			l := &lists[j][class]
			l.key = append(l.key, descendingKey(probs[j][i]))
			if w != nil {
				l.w = append(l.w, wi)
			}
		}
	}
	for i := range c.lists {
		for j, l := range lists[i] {
			if n := len(l.key); n > 0 {
				l.sort(newList(n, w != nil))
				c.lists[i][j] = []list{l}
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
	for i := range b.lists {
		for j := range b.lists[i] {
			b.lists[i][j] = append(b.lists[i][j], o.lists[i][j]...)
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
	if b.lists != nil {
		b.areas(r)
	}
	m.Multinomial = r
	r.MeanPerClassError = m.confusion().meanError()
	return m
}
