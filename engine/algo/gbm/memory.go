package gbm

import (
	"math"

	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/tree"
)

// memory estimates what training holds beside the frames: bins and histograms; the
// rows of nodes, which give way to what measuring sorts; response, weight, sample and
// scores; derivatives of all classes but the first, whose place is that of rows; and
// the trees.
func memory(p *Params, t *model.Task) int64 {
	n, classes := int64(t.Train.Rows), int64(width(len(t.Train.Domain)))
	weights := int64(1)
	if t.Train.Weights != nil {
		weights = 2
	}
	rules := p.Histograms(p.HistogramType)
	b := int64(0)
	for _, s := range tree.BinSizes(t.Train.Columns, rules) {
		wide := int64(s.Wide)
		narrow := int64(len(t.Train.Columns)) - wide
		row := narrow + 2*wide + 8*((narrow+7)/8+(wide+3)/4) // column by column, and in words of a row
		// A node that has a histogram has more than 8192 rows.
		b += n*row + min(256<<20, 32*int64(s.Bins)*(n/8192))
	}
	b += n * max(nodeRows(p, t)*int64(len(rules)), measureBytes(p, t)*weights)
	b += n * (4*weights + 1 + 8*classes + 8*(classes-1))
	if p.Distribution == "laplace" || p.Distribution == "quantile" || p.Distribution == "huber" {
		b += n * 16 * weights // residuals, in order
	}
	if t.Valid != nil {
		b += int64(t.Valid.Rows) * (8*classes + measureBytes(p, t)*weights)
	}
	if p.NFolds > 1 || p.FoldColumn != "" {
		b += t.Train.Frame.SizeBytes() + n*8*classes
	}
	return b + min(forestBytes(p, n)*classes, mostForest)
}

// nodeRows returns the bytes of a row in its node, twice: place and first derivative,
// and a second word where weights or second derivatives differ and do not fit.
func nodeRows(p *Params, t *model.Task) int64 {
	const word = 2 * 8
	same := t.Train.Weights == nil
	switch p.Distribution {
	case "poisson", "gamma", "tweedie":
		same = false
	case "bernoulli", "quasibinomial", "multinomial":
		same = same && t.Train.Rows > 65536
	}
	if same {
		return word
	}
	return 2 * word
}

// measureBytes returns the bytes of a row while the model is measured: the scores of
// each class in order, twice.
func measureBytes(p *Params, t *model.Task) int64 {
	classes := int64(len(t.Train.Domain))
	switch auc := metrics.AUCType(p.AUCType); {
	case classes == 2:
		return 2 * 8
	case classes > 2 && auc != "" && auc != metrics.AUCAuto && auc != metrics.AUCNone:
		return 2*8*classes + 6*8
	}
	return 0
}

// mostForest bounds the estimate of the trees: many are asked for where early
// stopping is to end it.
const mostForest = 1 << 30

// forestBytes estimates the trees of one class: as deep as allowed, or as many
// leaves as the rows fill.
func forestBytes(p *Params, rows int64) int64 {
	const node = 2 * 45 // twice: arrays that grow are copied
	leaves := int64(float64(rows)/math.Max(p.MinRows, 1)) + 1
	if p.MaxDepth > 0 && p.MaxDepth < 40 {
		leaves = min(leaves, 1<<p.MaxDepth)
	}
	return int64(p.NTrees) * 2 * leaves * node
}
