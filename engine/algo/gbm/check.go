package gbm

import (
	"fmt"
	"math"

	"github.com/geyser-ml/geyser/engine/dist"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/param"
)

// check looks at each parameter, across parameters and at the data.
// H2O: GBM.init, SharedTree.init; the messages that clients know are kept.
func check(p *Params, t *model.Task) param.Issues {
	var is param.Issues
	fail := func(field, format string, args ...any) {
		is = append(is, param.Issue{Severity: param.Error, Field: field, Message: fmt.Sprintf(format, args...)})
	}
	share := func(field string, v float64) {
		if !(v > 0 && v <= 1) {
			fail(field, "%s should be in interval ]0,1] but it is %v.", field, v)
		}
	}
	if p.NTrees < 1 || p.NTrees > 100000 {
		fail("ntrees", "Requested ntrees must be between 1 and 100000")
	}
	if p.MaxDepth < 0 {
		fail("max_depth", "_max_depth must be >= 0.")
	}
	if !(p.MinRows > 0) || math.IsInf(p.MinRows, 0) {
		fail("min_rows", "_min_rows must be a finite number > 0.")
	}
	if p.NBins < 2 {
		fail("nbins", "_nbins must be > 1.")
	}
	if p.NBins > math.MaxUint16-1 {
		fail("nbins", "nbins must be at most %d", math.MaxUint16-1)
	}
	if p.NBinsTopLevel < p.NBins || p.NBinsTopLevel > math.MaxUint16-1 {
		fail("nbins_top_level", "nbins_top_level must be >= nbins (%d) and at most %d", p.NBins, math.MaxUint16-1)
	}
	if p.NBinsCats < 2 || p.NBinsCats > math.MaxUint16-1 {
		fail("nbins_cats", "nbins_cats must be between 2 and %d", math.MaxUint16-1)
	}
	share("sample_rate", p.SampleRate)
	share("col_sample_rate", p.ColSampleRate)
	share("col_sample_rate_per_tree", p.ColSampleRatePerTree)
	if !(p.ColSampleRateChange > 0 && p.ColSampleRateChange <= 2) {
		fail("col_sample_rate_change_per_level", "col_sample_rate_change_per_level must be between 0 (exclusive) and 2 (inclusive)")
	}
	if !(p.LearnRate > 0 && p.LearnRate <= 1) {
		fail("learn_rate", "learn_rate must be between 0 and 1")
	}
	if !(p.LearnRateAnnealing > 0 && p.LearnRateAnnealing <= 1) {
		fail("learn_rate_annealing", "learn_rate_annealing must be between 0 (exclusive) and 1 (inclusive)")
	}
	if !(p.MinSplitImprovement >= 0) {
		fail("min_split_improvement", "min_split_improvement must be >= 0, but is %v", p.MinSplitImprovement)
	}
	if !(p.MaxAbsLeafnodePred > 0) {
		fail("max_abs_leafnode_pred", "max_abs_leafnode_pred must be larger than 0")
	}
	if p.Stopping.Rounds > 0 && p.Stopping.Metric == "lift_top_group" && p.GainsLiftBins == 0 {
		fail("stopping_metric", "stopping_metric lift_top_group needs the gains/lift table: gainslift_bins must not be 0")
	}
	is = append(is, p.Stopping.Check(t.Category, metrics.AUCType(p.AUCType))...)
	is = append(is, later(p)...)
	if t.Train != nil {
		is = append(is, checkData(p, t)...)
	}
	return is
}

// checkData looks at the response and the number of rows.
func checkData(p *Params, t *model.Task) param.Issues {
	var is param.Issues
	fail := func(field, format string, args ...any) {
		is = append(is, param.Issue{Severity: param.Error, Field: field, Message: fmt.Sprintf(format, args...)})
	}
	d := t.Train
	if d.Response == nil {
		return nil
	}
	s := d.Response.Stats()
	if p.CheckConstantResponse && s.Mins[0] == s.Maxs[0] {
		fail("response", "Response cannot be constant.")
	}
	if len(d.Domain) == 1 && !p.CheckConstantResponse {
		fail("response", "a categorical response needs at least two levels; it has one")
	}
	switch {
	case p.Distribution == "multinomial" && d.Domain == nil:
		fail("distribution", "Multinomial requires an categorical response.")
	case p.Distribution == "gaussian" && d.Domain != nil:
		fail("distribution", "Gaussian requires the response to be numeric.")
	case p.Distribution == "bernoulli" && len(d.Domain) != 2:
		fail("distribution", "Binomial requires the response to be a 2-class categorical")
	default:
		if _, err := dist.Resolve(p.Distribution, len(d.Domain)); err != nil {
			fail("distribution", "%s", err.Error())
		}
	}
	if n := len(p.SampleRatePerClass); n > 0 {
		if n != len(d.Domain) {
			fail("sample_rate_per_class", "sample_rate_per_class must have %d values (one per class), but has %d", len(d.Domain), n)
		}
		for _, v := range p.SampleRatePerClass {
			if !(v > 0 && v <= 1) {
				fail("sample_rate_per_class", "sample_rate_per_class should be in interval ]0,1] but it has %v.", v)
			}
		}
	}
	if t.Category == model.Multinomial && p.Offset != "" {
		fail("offset_column", "Offset is not supported for multinomial distribution.")
	}
	if w := weightOf(d); w < 2*p.MinRows && p.MinRows > 0 {
		fail("min_rows", "The dataset size is too small to split for min_rows=%s: must have at least %s (weighted) rows, but have only %s.",
			decimal(p.MinRows), decimal(2*p.MinRows), decimal(w))
	}
	return is
}

// weightOf returns the summed weight of the rows that count.
func weightOf(d *model.Data) float64 {
	if d.Weights == nil {
		return float64(d.Rows) - float64(d.Response.Stats().Missing)
	}
	sum := 0.0
	for i := range d.Rows {
		if !d.Response.Missing(i) {
			sum += d.Weights.Float(i)
		}
	}
	return sum
}

// decimal prints a number as the wire's messages do: 500.0.
func decimal(v float64) string {
	if v == math.Trunc(v) {
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprint(v)
}

// later refuses what this release does not have. Values that mean "not used" are
// accepted, since clients send every parameter.
func later(p *Params) param.Issues {
	var is param.Issues
	for _, x := range []struct {
		used  bool
		field string
		why   string
	}{
		{p.BalanceClasses, "balance_classes", ""},
		{len(p.SamplingFactors) > 0, "class_sampling_factors", ""},
		{p.MaxAfterBalance != 5, "max_after_balance_size", ""},
		{p.R2Stopping != math.MaxFloat64, "r2_stopping", "it is no longer supported: use stopping_rounds, stopping_metric and stopping_tolerance"},
		{p.Checkpoint != "", "checkpoint", ""},
		{p.PredNoiseBandwidth != 0, "pred_noise_bandwidth", ""},
		{p.CategoricalEncoding != "AUTO" && p.CategoricalEncoding != "Enum", "categorical_encoding", "this release has AUTO and Enum"},
		{p.CalibrateModel, "calibrate_model", ""},
		{p.CalibrationFrame != "", "calibration_frame", ""},
		{p.CalibrationMethod != "AUTO", "calibration_method", ""},
		{p.CustomMetricFunc != "", "custom_metric_func", "this server takes no code"},
		{p.CustomDistribution != "", "custom_distribution_func", "this server takes no code"},
		{p.Distribution == "custom", "distribution", "this server takes no code"},
		{p.ExportCheckpointsDir != "", "export_checkpoints_dir", ""},
		{p.InTrainingDir != "", "in_training_checkpoints_dir", ""},
		{p.InTrainingInterval != 1, "in_training_checkpoints_tree_interval", ""},
		{len(p.MonotoneConstraints) > 0, "monotone_constraints", ""},
		{len(p.InteractionConstr) > 0, "interaction_constraints", ""},
		{p.QuantileAlpha != 0.5, "quantile_alpha", "it belongs to distribution quantile, which this release does not have"},
		{p.TweediePower != 1.5, "tweedie_power", "it belongs to distribution tweedie, which this release does not have"},
		{p.HuberAlpha != 0.9, "huber_alpha", "it belongs to distribution huber, which this release does not have"},
	} {
		if !x.used {
			continue
		}
		why := x.why
		if why == "" {
			why = "this release does not have it; leave it at its default"
		}
		is = append(is, param.Issue{Severity: param.Error, Field: x.field, Cause: param.Later, Message: fmt.Sprintf("%s is not available: %s", x.field, why), Err: errs.Unavailablef(x.field, "%s is not available: %s", x.field, why)})
	}
	return is
}
