// Package drf is the random forest: the mean of trees that each see part of the
// rows, and part of the columns at each split.
//
// Tree t minimises squared error over a sample of the rows, drawn without
// replacement: of the response for numbers, of the 0/1 indicator of a class for
// classes, with one tree a class and step (one for both of two classes). The
// prediction is the mean of the trees; for several classes it is divided by the sum
// over classes (Ref: Breiman 2001, Random forests; Bühlmann and Yu 2002, Analyzing
// bagging, for samples without replacement).
//
// A row is out of bag for the trees whose sample it is not in; their mean is its
// out-of-bag prediction, which the training metrics are made of.
//
// In the terms of package tree the derivatives are g = -(y - c) and h = 1, times the
// weight, where c centres a numeric response; the best value of a leaf is then its
// mean, and the gain of a split the squared error that it takes away.
//
// Notation: n rows, p columns, k trees a step, w weights, y response.
//
// H2O differs: its bins follow each node's range, columns are drawn among those that
// vary within the node, the one tree of two classes speaks of the first class, and
// the growing model is measured by the clock, here by a schedule that the data size
// alone decides.
package drf

import (
	"math"

	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/param"
	"github.com/geyser-ml/geyser/engine/tree"
	"github.com/geyser-ml/geyser/kernels"
)

// Algo is the random forest as HTTP, grid search and AutoML see it.
var Algo = model.Define(model.Spec[Params]{
	Name: "drf", Title: "Distributed Random Forest", ID: "DRF", Version: 3,
	Supervised: true,
	Categories: []model.Category{model.Regression, model.Binomial, model.Multinomial},
	Schema:     param.Of[Params]().Named("DRFParametersV3").WithDefaults(func(p *Params) { p.MaxDepth, p.MinRows = 20, 1 }),
	// H2O: SharedTreeModel.SharedTreeParameters; the second line, too, would make trees of
	// another kind, or rows that are not those of the samples.
	Fixed: []string{
		"build_tree_one_node", "sample_rate", "max_depth", "min_rows", "nbins", "nbins_cats", "nbins_top_level",
		"binomial_double_trees", "balance_classes", "class_sampling_factors", "max_after_balance_size",
	},
	Check:   check,
	Resolve: resolve,
	Tune:    tune,
	Settle:  settle,
	Memory:  memory,
	Size:    size,
	Train:   train,
	Load:    load,
})

// resolve writes what AUTO stands for.
func resolve(p *Params, t *model.Task) {
	if p.Distribution == "AUTO" {
		p.Distribution = "multinomial" // H2O: of two classes too
		if t.Category == model.Regression {
			p.Distribution = "gaussian"
		}
	}
	if p.CategoricalEncoding == "AUTO" {
		p.CategoricalEncoding = "Enum"
	}
	t.AUC, t.GainsLiftBins = metrics.AUCType(p.AUCType), p.GainsLiftBins
}

// tune gives the main model the mean number of trees at which its folds have
// stopped.
// H2O: SharedTree.cv_computeAndSetOptimalParameters.
func tune(p *Params, folds []model.Model) { p.NTrees = p.Stopping.OfFolds(p.NTrees, folds, built) }

// settle tells how many trees were grown when the training has stopped early.
func settle(p *Params, m model.Model) { p.NTrees = built(m) }

// built returns the number of steps of a model.
func built(m model.Model) int { return m.(*Model).steps() }

// perStep returns the number of trees that each step grows.
func perStep(p *Params, t *model.Task) int {
	switch {
	case t.Category == model.Multinomial:
		return len(t.Train.Domain)
	case t.Category == model.Binomial && p.BinomialDoubleTrees:
		return 2
	}
	return 1
}

// memory estimates what training holds beside the frames: for each rule of bins
// the bins in two layouts and the rows of nodes with their derivatives, twice; then
// derivatives, sums and predictions of each class, and the trees, while one more is
// grown.
func memory(p *Params, t *model.Task) int64 {
	n, k := int64(t.Train.Rows), int64(perStep(p, t))
	cells := int64(0) // bytes of a row's bins
	for _, c := range t.Train.Columns {
		cells += 2
		if levels := len(c.Domain()); min(levels, p.NBinsCats) > 254 || levels == 0 && p.NBins > 254 {
			cells += 2
		}
	}
	b := n * ((cells+32)*int64(len(p.Histograms(p.HistogramType))) + k*(4+8) + 4 + 4 + 4 + 8)
	if t.Valid != nil {
		b += int64(t.Valid.Rows) * 8 * k
	}
	if p.NFolds > 1 || p.FoldColumn != "" {
		b += t.Train.Frame.SizeBytes() + n*8*(k+1)
	}
	one := treeBytes(p, t)
	return b + 4*one + min(one*int64(p.NTrees)*k, mostForest)
}

// size tells what the kernels work on.
func size(p *Params, t *model.Task) kernels.Size {
	return kernels.Size{
		Rows: t.Train.Rows, Columns: len(t.Train.Columns), Classes: perStep(p, t), Depth: tree.Depth(p.MaxDepth),
		Rules: tree.BinSizes(t.Train.Columns, p.Histograms(p.HistogramType)),
	}
}

// mostForest bounds the estimate of the trees: many are asked for where early
// stopping is to end it.
const mostForest = 4 << 30

// treeBytes estimates one tree: as deep as allowed, or with as many leaves as the
// rows of its sample fill. Noise splits three of four rows off into leaves of
// their own, and half of the splits are sets where there are categories.
func treeBytes(p *Params, t *model.Task) int64 {
	node := int64(45)
	words := 0
	for _, c := range t.Train.Columns {
		words = max(words, (len(c.Domain())+63)/64)
	}
	node += int64(words) * 8 / 4
	rate := p.SampleRate
	for _, r := range p.SampleRatePerClass {
		rate = max(rate, r)
	}
	leaves := int64(rate*float64(t.Train.Rows)/math.Max(p.MinRows, 1)) + 1
	if p.MaxDepth > 0 && p.MaxDepth < 40 {
		leaves = min(leaves, 1<<p.MaxDepth)
	}
	return 2 * leaves * node
}

// columns returns the number of columns that each split chooses from.
// H2O: DRF.DRFDriver.initializeModelSpecifics.
func (p *Params) columns(n int, c model.Category) int {
	switch {
	case p.MTries == -2:
		return n
	case p.MTries > 0:
		return p.MTries
	case c == model.Regression:
		return max(1, n/3)
	}
	return root(n)
}

// root returns the whole part of the square root of n, at least 1.
func root(n int) int {
	r := 1
	for (r+1)*(r+1) <= n {
		r++
	}
	return r
}
