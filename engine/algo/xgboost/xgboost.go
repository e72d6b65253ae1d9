// Package xgboost is XGBoost: boosting of trees, of trees with dropout, or of a
// linear model, trained by the library of that name.
//
// It estimates scores F(x) = b + Σ f_t(x), a sum over rounds t, that minimise
//
//	Σ_i w_i l(y_i, F(x_i)) + Σ_t ( gamma T_t + lambda/2 Σ v² + alpha Σ |v| )
//
// with T_t the leaves of tree t and v their values. A round takes first and second
// derivatives g and h of the loss l at the current scores and grows the tree that
// lowers their quadratic form most; a leaf's value is -eta soft(G, alpha)/(H +
// lambda), G and H the sums over its rows (Ref: Chen and Guestrin 2016, eq. 2 to 7;
// dropout: Rashmi and Gilad-Bachrach 2015). Losses: squared error, logistic, softmax
// (a tree a class and round), and the deviances of poisson, gamma and tweedie.
//
// The library sees the design matrix of package design: categories one-hot. What it
// has learnt is read back, from its own format, as trees over the predictors (or
// weights), and from then on the library has no part: scoring, explanations, files
// and restarts work without it.
//
// H2O differs: in a sparse matrix it takes the zeros of numbers for missing, here
// they stay zeros; it measures the growing model by the clock, here a schedule that
// the data size alone decides.
package xgboost

import (
	"math"

	"github.com/geyser-ml/geyser/engine/design"
	"github.com/geyser-ml/geyser/engine/dist"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/param"
)

// Algo is XGBoost as HTTP, grid search and AutoML see it.
var Algo = model.Define(model.Spec[Params]{
	Name: "xgboost", Title: "XGBoost", ID: "XGBoost", Version: 3,
	Supervised: true,
	Categories: []model.Category{model.Regression, model.Binomial, model.Multinomial},
	Schema:     param.Of[Params]().Named("XGBoostParametersV3"),
	// H2O: XGBoostParameters.CHECKPOINT_NON_MODIFIABLE_FIELDS.
	Fixed:   []string{"tree_method", "grow_policy", "booster", "sample_rate", "max_depth", "min_rows"},
	Encodes: []string{"OneHotInternal"},
	Check:   check,
	Resolve: resolve,
	Tune:    tune,
	Settle:  settle,
	Memory:  memory,
	Train:   train,
	Load:    load,
})

// Sizes by which H2O chooses for "auto".
const (
	approxRows  = 4 << 20 // tree_method approx from so many rows on
	sparseBelow = 0.25    // dmatrix_type sparse below this share of entries other than zero
)

// resolve writes what AUTO stands for and puts the predictors into the order of the
// design matrix.
// H2O: DataInfo orders the columns of the model, too.
func resolve(p *Params, t *model.Task) {
	p.unite()
	arrange(t)
	t.InTurn = !p.ParallelizeCV
	if p.Distribution == "AUTO" || t.Category != model.Regression {
		p.Distribution = map[model.Category]string{model.Regression: "gaussian", model.Binomial: "bernoulli", model.Multinomial: "multinomial"}[t.Category]
	}
	if f, err := dist.Resolve(p.Distribution, dist.Options{Classes: len(t.Train.Domain), TweediePower: p.TweediePower}); err == nil {
		t.Family = f
	}
	if p.CategoricalEncoding == "AUTO" {
		p.CategoricalEncoding = "OneHotInternal"
	}
	if p.Stopping.Rounds > 0 && p.Stopping.Metric == "" {
		p.Stopping.Metric = "custom" // the blocks know no metric of the library
		if rises(p.EvalMetric) {
			p.Stopping.Metric = "custom_increasing"
		}
	}
	if p.Backend == "auto" {
		if p.onGPU() {
			p.Backend = "gpu"
		} else {
			p.Backend = "cpu"
		}
	}
	if p.TreeMethod == "auto" {
		switch {
		case p.Backend == "gpu" || p.ColSampleByNode < 1: // H2O: exact for the latter, which newer libraries refuse
			p.TreeMethod = "hist"
		case t.Train.Rows >= approxRows:
			p.TreeMethod = "approx"
		default:
			p.TreeMethod = "exact"
		}
	}
	if p.DMatrixType == "auto" {
		p.DMatrixType = "dense"
		cells := float64(t.Train.Rows) * float64(len(layoutOf(t.Train).Names))
		if design.FillRatio(t.Train.Columns) < sparseBelow || cells > math.MaxInt32 {
			p.DMatrixType = "sparse"
		}
	}
	if c, ok := t.Continue.(trained); ok { // its trees say what a level that a row does not have is
		p.DMatrixType = map[bool]string{false: "dense", true: "sparse"}[c.learnt().sparse]
	}
	t.AUC, t.GainsLiftBins = metrics.AUCType(p.AUCType), p.GainsLiftBins
}

// arrange puts the predictors of a training into the order of the design matrix.
func arrange(t *model.Task) {
	order := design.Order(shapes(t.Train.Columns))
	for _, d := range []*model.Data{t.Train, t.Valid} {
		if d == nil {
			continue
		}
		names, cols := make([]string, len(order)), make([]*frame.Column, len(order))
		for i, j := range order {
			names[i], cols[i] = d.Names[j], d.Columns[j]
		}
		d.Names, d.Columns = names, cols
	}
}

// shapes returns kinds and levels of columns.
func shapes(cols []*frame.Column) (kinds []frame.Kind, domains [][]string) {
	for _, c := range cols {
		kinds, domains = append(kinds, c.Kind()), append(domains, c.Domain())
	}
	return kinds, domains
}

// layoutOf returns the design matrix of training data.
func layoutOf(d *model.Data) *design.Layout {
	kinds, domains := shapes(d.Columns)
	return design.NewLayout(d.Names, kinds, domains)
}

// tune gives the main model the mean number of rounds at which its folds have
// stopped.
// H2O: XGBoost.cv_computeAndSetOptimalParameters.
func tune(p *Params, folds []model.Model) { p.NTrees = p.Stopping.OfFolds(p.NTrees, folds, built) }

// settle tells how many rounds were trained when the training has stopped early.
func settle(p *Params, m model.Model) { p.NTrees = built(m) }

// built returns the number of rounds of a model.
func built(m model.Model) int { return m.(trained).learnt().rounds }

// memory estimates what training holds beside the frames: the design matrix as it
// is handed over and as the library keeps it, with the sorted copy that tree_method
// exact works on or the bins of the others; then scores and derivatives, histograms
// and trees.
func memory(p *Params, t *model.Task) int64 {
	const entry = 8 // bytes of a value and its place
	n, classes := int64(t.Train.Rows), int64(max(1, len(t.Train.Domain)))
	layout := layoutOf(t.Train)
	filled := int64(len(layout.Names))
	if p.DMatrixType == "sparse" {
		filled = int64(len(t.Train.Columns))
	}
	b := n*filled*3*entry + n*classes*48
	if p.EvalMetric != "" && t.Valid != nil {
		b += int64(t.Valid.Rows) * filled * 2 * entry
	}
	if t.Valid != nil {
		b += int64(t.Valid.Rows) * classes * 24
	}
	if p.NFolds > 1 || p.FoldColumn != "" {
		b += t.Train.Frame.SizeBytes() + n*8*classes
	}
	if p.Booster == "gblinear" {
		return b
	}
	leaves := leaves(p, n)
	kept, size := p.histograms(layout, n)
	const node = 100 // bytes in the library, in its file and in the forest
	return b + min(kept, 2*leaves)*size + min(int64(p.NTrees)*2*leaves*node*classes, mostForest)
}

// mostForest bounds the estimate of the trees: many are asked for where early
// stopping is to end it.
const mostForest = 1 << 30

// leaves estimates the leaves of a tree: as deep as allowed, or as many as the rows
// fill.
func leaves(p *Params, rows int64) int64 {
	n := int64(float64(rows)/math.Max(p.MinChildWeight, 1)) + 1
	if p.MaxDepth > 0 && p.MaxDepth < 40 {
		n = min(n, 1<<p.MaxDepth)
	}
	return n
}
