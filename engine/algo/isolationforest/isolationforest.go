// Package isolationforest finds anomalies by how soon random splits leave a row
// alone.
//
// Each tree is grown on a small sample of the rows. A node draws a column that has
// more than one value in it, and a point between the least and the greatest of
// them, evenly; values up to the point go left (Ref: Liu, Ting and Zhou 2008,
// Isolation forest, algorithms 1 and 2). Rows that differ from all others are cut
// off early: the mean length of path of a row through the trees is short.
//
// With l the sum of a row's path lengths over all trees, and l_min and l_max the
// least and the greatest such sum among the training rows, the score is
//
//	(l_max − l) / (l_max − l_min)
//
// which is 1 for the training row that is isolated soonest. New rows may lie
// outside [0, 1]. The length of a path is the number of splits above the last one:
// H2O counts a leaf as deep as the split above it, and adds nothing for the rows
// that share a leaf, where the paper adds the mean length of a search among them.
//
// With a contamination, or a validation frame with labels, there is a threshold on
// the score, and predictions are classes: the quantile of the training scores
// above which that share of them lies, or the threshold of largest F1.
//
// Notation: n rows, p columns, k rows of a sample, l length of path.
//
// H2O differs: its points are drawn by a histogram of two bins of random width,
// and it measures the growing model by the clock, where this package measures by a
// schedule that the data size alone decides.
package isolationforest

import (
	"math"

	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/param"
	"github.com/geyser-ml/geyser/engine/tree"
	"github.com/geyser-ml/geyser/kernels"
)

// Algo is isolation forest as HTTP and grid search see it.
var Algo = model.Define(model.Spec[Params]{
	Name: "isolationforest", Title: "Isolation Forest", ID: "IsolationForest", Version: 3,
	Categories: []model.Category{model.Anomaly},
	Schema:     schema,
	Check:      check,
	Resolve:    resolve,
	Settle:     settle,
	Memory:     memory,
	Size:       size,
	Train:      train,
	Load:       load,
})

var schema = param.Of[Params]().Named("IsolationForestParametersV3").
	WithDefaults(func(p *Params) { p.Stopping.Tolerance = tolerance }).
	Retell("ignored_columns", func(i *param.Info) { i.ExclusiveOf = []string{"validation_response_column"} })

// resolve writes what AUTO stands for, and the rate that a sample size is.
func resolve(p *Params, t *model.Task) {
	if p.CategoricalEncoding == "AUTO" {
		p.CategoricalEncoding = "Enum"
	}
	if p.SampleRate == useSize {
		p.SampleRate = min(1, float64(p.SampleSize)/float64(max(1, t.Train.Rows)))
	}
}

// useSize is the sample rate that stands for the sample size, allColumns and
// aThird what mtries may be beside a number.
const (
	useSize    = -1
	aThird     = -1
	allColumns = -2
)

// tries returns the number of columns drawn for a split at the root, of p.
func (p *Params) tries(cols int) int {
	switch p.MTries {
	case aThird:
		return max(1, cols/3)
	case allColumns:
		return cols
	}
	return p.MTries
}

// settle tells how many trees were grown when the training has stopped early.
func settle(p *Params, m model.Model) { p.NTrees = m.(*Model).forest.Trees() }

// memory estimates what training holds beside the frames: of each row the sums of
// path lengths and a byte of the sample; the values and bins of one sample; the
// histograms of one tree; the trees.
func memory(p *Params, t *model.Task) int64 {
	const node = 45
	k := int64(p.SampleRate*float64(t.Train.Rows)) + 1
	bins := min(k, mostBins)
	leaves := k
	if p.MaxDepth > 0 && p.MaxDepth < 40 {
		leaves = min(leaves, 1<<p.MaxDepth)
	}
	b := int64(t.Train.Rows)*(8+8+4+1+16) + int64(len(t.Train.Columns))*(k*16+bins*32*16)
	if t.Valid != nil {
		b += int64(t.Valid.Rows) * 24
	}
	return b + min(int64(p.NTrees)*2*leaves*node, 1<<30)
}

// size tells what the kernels work on: one sample at a time.
func size(p *Params, t *model.Task) kernels.Size {
	mean := p.SampleRate * float64(t.Train.Rows)
	rows := min(t.Train.Rows, int(mean+5*math.Sqrt(mean))+1) // samples are not all of one size
	bins := min(rows, mostBins)
	return kernels.Size{
		Rows: rows, Columns: len(t.Train.Columns), Classes: 1, Depth: tree.Depth(p.MaxDepth),
		Rules: tree.BinSizes(t.Train.Columns, []kernels.BinOptions{{Bins: bins, CatBins: mostBins}}),
	}
}

// drawPoint is the purpose of drawing thresholds, apart from those that package tree
// draws by here.
const drawPoint = kernels.FreePurpose + 2
