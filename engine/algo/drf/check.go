package drf

import (
	"math"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/number"
	"github.com/geyser-ml/geyser/engine/param"
	"github.com/geyser-ml/geyser/engine/tree"
)

// findings collects issues.
type findings struct{ param.Issues }

// refuse tells that a parameter is not available, and why.
func (f *findings) refuse(field, why string) {
	f.Refuse(field, errs.Unavailablef(field, "%s is not available: %s", field, why))
}

// check looks at each parameter, across parameters and at the data.
// H2O: DRF.init, SharedTree.init; the messages that clients know are kept.
func check(p *Params, t *model.Task) param.Issues {
	var f findings
	tree.CheckSize(&f.Issues, p.NTrees, p.MaxDepth)
	tree.CheckMinRows(&f.Issues, p.MinRows)
	if p.NBins < 2 {
		f.Fail("nbins", "nbins must be > 1.")
	}
	if p.NBins > math.MaxUint16-1 {
		f.Fail("nbins", "nbins must be at most %d", math.MaxUint16-1)
	}
	if p.NBinsTopLevel < p.NBins || p.NBinsTopLevel > math.MaxUint16-1 {
		f.Fail("nbins_top_level", "nbins_top_level must be >= nbins (%d) and at most %d", p.NBins, math.MaxUint16-1)
	}
	if p.NBinsCats < 2 {
		f.Fail("nbins_cats", "nbins_cats must be > 1.")
	}
	if p.NBinsCats > math.MaxUint16-1 {
		f.Fail("nbins_cats", "nbins_cats must be at most %d", math.MaxUint16-1)
	}
	if !(p.SampleRate > 0 && p.SampleRate <= 1) {
		f.Fail("sample_rate", "sample_rate should be in interval ]0,1] but it is %s.", number.Text(p.SampleRate))
	}
	if !(p.ColSampleRatePerTree > 0 && p.ColSampleRatePerTree <= 1) {
		f.Fail("col_sample_rate_per_tree", "col_sample_rate_per_tree should be in interval ]0,1] but it is %s.", number.Text(p.ColSampleRatePerTree))
	}
	if !(p.ColSampleRateChange > 0 && p.ColSampleRateChange <= 2) {
		f.Fail("col_sample_rate_change_per_level", "col_sample_rate_change_per_level must be > 0 and <= 2")
	}
	if !(p.MinSplitImprovement >= 0) {
		f.Fail("min_split_improvement", "min_split_improvement must be >= 0, but is %s.", number.Text(p.MinSplitImprovement))
	}
	if p.MTries < 1 && p.MTries != -1 && p.MTries != -2 {
		f.Fail("mtries", "mtries must be -1 (converted to sqrt(features)) or -2 (All features) or >= 1 but it is %d", p.MTries)
	}
	if p.Stopping.Rounds > 0 && p.Stopping.Metric == "lift_top_group" && p.GainsLiftBins == 0 {
		f.Fail("stopping_metric", "stopping_metric lift_top_group needs the gains/lift table: gainslift_bins must not be 0")
	}
	f.Issues = append(f.Issues, p.Stopping.Check(t.Category, metrics.AUCType(p.AUCType))...)
	if p.Offset != "" {
		f.Fail("offset_column", "Offsets are not yet supported for DRF.")
	}
	if p.R2Stopping != math.MaxFloat64 {
		f.refuse("r2_stopping", "it is no longer supported: use stopping_rounds, stopping_metric and stopping_tolerance")
	}
	if p.CustomMetricFunc != "" {
		f.refuse("custom_metric_func", "this server takes no code")
	}
	switch p.Distribution {
	case "AUTO", "gaussian", "bernoulli", "multinomial":
	default:
		f.Fail("distribution", "%s distribution is not supported for DRF; use AUTO, gaussian, bernoulli or multinomial", p.Distribution)
	}
	if t.Train != nil {
		f.data(p, t)
	}
	return f.Issues
}

// data looks at the columns and the number of rows.
func (f *findings) data(p *Params, t *model.Task) {
	d := t.Train
	if n := len(d.Columns); p.MTries > n || p.MTries < 1 && p.MTries != -1 && p.MTries != -2 {
		f.Fail("mtries", "Computed mtries should be -1 or -2 or in interval [1,%d[ but it is %d", n+1, p.MTries)
	}
	if d.Response == nil {
		return
	}
	s := d.Response.Stats()
	if p.CheckConstantResponse && s.Mins[0] == s.Maxs[0] {
		f.Fail("response", "Response cannot be constant.")
	}
	if len(d.Domain) == 1 && !p.CheckConstantResponse {
		f.Fail("response", "a categorical response needs at least two levels; it has one")
	}
	switch {
	case p.Distribution == "multinomial" && d.Domain == nil:
		f.Fail("distribution", "Multinomial requires an categorical response.")
	case p.Distribution == "gaussian" && d.Domain != nil:
		f.Fail("distribution", "Gaussian requires the response to be numeric.")
	case p.Distribution == "bernoulli" && len(d.Domain) != 2:
		f.Fail("distribution", "Binomial requires the response to be a 2-class categorical")
	}
	if p.BinomialDoubleTrees && t.Category != model.Binomial {
		f.Warn("binomial_double_trees", "binomial_double_trees has no use: the response has not two classes")
	}
	f.sampling(p, t)
	if from, ok := t.Continue.(*Model); ok {
		tree.CheckMore(&f.Issues, p.NTrees, from.steps())
		if p.BalanceClasses && t.Seed != from.samples[0].Seed {
			f.Fail("seed", "a checkpoint with balanced classes can be continued with its own seed alone, by which rows were sampled: %d", int64(from.samples[0].Seed))
		}
	}
	tree.CheckRows(&f.Issues, p.MinRows, d.TotalWeight())
}

// sampling looks at the rates of classes, and warns of trainings without any row
// out of bag.
func (f *findings) sampling(p *Params, t *model.Task) {
	whole, rates := p.SampleRate == 1, p.SampleRatePerClass
	if n := len(t.Train.Domain); len(rates) > 0 {
		if len(rates) != n {
			f.Fail("sample_rate_per_class", "sample_rate_per_class must have %d values (one per class), but has %d", n, len(rates))
			return
		}
		f.Warn("sample_rate", "_sample_rate is ignored if _sample_rate_per_class is specified.")
		whole = true
		for k, v := range rates {
			if !(v > 0 && v <= 1) {
				f.Fail("sample_rate_per_class", "sample_rate_per_class for class %s should be in interval ]0,1] but it is %s.", t.Train.Domain[k], number.Text(v))
			}
			whole = whole && v == 1
		}
	}
	if whole && t.Valid == nil && p.NFolds == 0 && p.FoldColumn == "" {
		f.Warn("sample_rate", "Sample rate is 100%% and no validation dataset and no cross-validation. There are no out-of-bag data to compute error estimates on the training data!")
	}
}
