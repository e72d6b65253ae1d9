// Package gbm is gradient boosting of decision trees.
//
// It estimates a score F(x) = f0 + Σ nu_t h_t(x), a sum of trees, that minimises the
// expected deviance of a response (package dist has the distributions), with one tree
// a class and step where there are several classes.
//
// Step t takes first and second derivatives g and h of the loss at the current
// scores, grows a tree that minimises their quadratic form (package tree), gives its
// leaves the values that the distribution asks for, and adds nu_t times these,
// nu_t = learn_rate · learn_rate_annealing^t (Ref: Friedman 2001, algorithms 1 to 6;
// Friedman 2002 for row sampling).
//
// A training can be continued: the scores are those of the trees there are, and all
// random draws go by the number of the tree, so that 50 trees and 50 more are 100.
//
// Notation: n rows, p columns, k classes, w weights, y response, g and h
// derivatives, G and H their sums over a node.
//
// H2O differs: it splits by the reduction of squared error of the residuals, its
// bins follow each node's range, and it measures the growing model by the clock,
// where this package measures by a schedule that the data size alone decides. It
// draws a Random histogram for each node, and here for each step.
package gbm

import (
	"github.com/geyser-ml/geyser/engine/dist"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/param"
	"github.com/geyser-ml/geyser/engine/tree"
	"github.com/geyser-ml/geyser/kernels"
)

// Algo is gradient boosting as HTTP, grid search and AutoML see it.
var Algo = model.Define(model.Spec[Params]{
	Name: "gbm", Title: "Gradient Boosting Machine", ID: "GBM", Version: 3,
	Supervised: true,
	Categories: []model.Category{model.Regression, model.Binomial, model.Multinomial},
	Schema:     param.Of[Params]().Named("GBMParametersV3"),
	Fixed:      []string{"build_tree_one_node", "sample_rate", "max_depth", "min_rows", "nbins", "nbins_cats", "nbins_top_level"},
	Check:      check,
	Resolve:    resolve,
	Tune:       tune,
	Settle:     settle,
	Memory:     memory,
	Size:       size,
	Train:      train,
	Load:       load,
})

// resolve writes what AUTO stands for.
func resolve(p *Params, t *model.Task) {
	if t.Category == model.Binomial && p.Distribution != "quasibinomial" {
		p.Distribution = "bernoulli" // of two classes multinomial is the same likelihood
	}
	if f := p.family(len(t.Train.Domain)); f != nil {
		p.Distribution, t.Family = f.Name(), f
	}
	if p.CategoricalEncoding == "AUTO" {
		p.CategoricalEncoding = "Enum"
	}
	if p.CalibrationMethod == "AUTO" {
		p.CalibrationMethod = "PlattScaling"
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

// size tells what the kernels work on.
func size(p *Params, t *model.Task) kernels.Size {
	return kernels.Size{
		Rows: t.Train.Rows, Columns: len(t.Train.Columns), Classes: width(len(t.Train.Domain)), Depth: tree.Depth(p.MaxDepth),
		Rules: tree.BinSizes(t.Train.Columns, p.Histograms(p.HistogramType)),
	}
}

// family returns the distribution of a response of so many classes, nil where the
// parameters do not suit it.
func (p *Params) family(classes int) dist.Family {
	f, err := dist.Resolve(p.Distribution, p.options(classes))
	if err != nil {
		return nil
	}
	return f
}

// options are what the family depends on beside its name.
func (p *Params) options(classes int) dist.Options {
	return dist.Options{Classes: classes, TweediePower: p.TweediePower, QuantileAlpha: p.QuantileAlpha, HuberAlpha: p.HuberAlpha}
}
