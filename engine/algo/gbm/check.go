package gbm

import (
	"math"
	"strings"

	"github.com/geyser-ml/geyser/engine/dist"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/number"
	"github.com/geyser-ml/geyser/engine/param"
	"github.com/geyser-ml/geyser/engine/tree"
)

// findings collects issues.
type findings struct{ param.Issues }

// check looks at each parameter, across parameters and at the data.
// H2O: GBM.init, SharedTree.init; the messages that clients know are kept.
func check(p *Params, t *model.Task) param.Issues {
	var f findings
	f.numbers(p)
	f.refused(p)
	if t.Train != nil && t.Train.Response != nil {
		f.data(p, t)
	}
	if p.Stopping.Rounds > 0 && p.Stopping.Metric == "lift_top_group" && p.GainsLiftBins == 0 {
		f.Fail("stopping_metric", "stopping_metric lift_top_group needs the gains/lift table: gainslift_bins must not be 0")
	}
	return append(f.Issues, p.Stopping.Check(t.Category, metrics.AUCType(p.AUCType))...)
}

// numbers checks the ranges of numbers.
func (f *findings) numbers(p *Params) {
	share := func(field string, v float64, message string) {
		if !(v > 0 && v <= 1) {
			f.Fail(field, "%s", strings.ReplaceAll(message, "$", number.Text(v)))
		}
	}
	const mostBins = math.MaxUint16 - 1
	tree.CheckSize(&f.Issues, p.NTrees, p.MaxDepth)
	tree.CheckMinRows(&f.Issues, p.MinRows)
	bins := func(field string, n int) {
		if n < 2 {
			f.Fail(field, "%s must be > 1.", field)
		} else if n > mostBins {
			f.Fail(field, "%s must be at most %d.", field, mostBins)
		}
	}
	bins("nbins", p.NBins)
	bins("nbins_cats", p.NBinsCats)
	if p.NBinsTopLevel < p.NBins {
		f.Fail("nbins_top_level", "nbins_top_level must be >= nbins (%d).", p.NBins)
	} else {
		bins("nbins_top_level", p.NBinsTopLevel)
	}
	share("sample_rate", p.SampleRate, "sample_rate should be in interval ]0,1] but it is $.")
	share("col_sample_rate", p.ColSampleRate, "col_sample_rate must be between 0 and 1")
	share("col_sample_rate_per_tree", p.ColSampleRatePerTree, "col_sample_rate_per_tree should be in interval ]0,1] but it is $.")
	share("learn_rate", p.LearnRate, "learn_rate must be between 0 and 1")
	share("learn_rate_annealing", p.LearnRateAnnealing, "learn_rate_annealing must be between 0 and 1")
	if !(p.ColSampleRateChange > 0 && p.ColSampleRateChange <= 2) {
		f.Fail("col_sample_rate_change_per_level", "col_sample_rate_change_per_level must be > 0 and <= 2")
	}
	if !(p.MinSplitImprovement >= 0) {
		f.Fail("min_split_improvement", "min_split_improvement must be >= 0, but is %s.", number.Text(p.MinSplitImprovement))
	}
	if !(p.TweediePower > 1 && p.TweediePower < 2) { // H2O: whatever the distribution is
		_, err := dist.Resolve("tweedie", p.options(0))
		f.Fail("tweedie_power", "%s", err.Error())
	}
	if !(p.MaxAbsLeafnodePred > 0) {
		f.Fail("max_abs_leafnode_pred", "max_abs_leafnode_pred must be larger than 0.")
	}
	if !(p.PredNoiseBandwidth >= 0 && p.PredNoiseBandwidth <= 1000) { // with far more, scores are no numbers soon
		f.Fail("pred_noise_bandwidth", "pred_noise_bandwidth must be between 0 and 1000, but is %s.", number.Text(p.PredNoiseBandwidth))
	}
}

// refused names what this server does not do. Values that mean "not used" are
// accepted, since clients send every parameter.
func (f *findings) refused(p *Params) {
	const code = "this server takes no code"
	for _, x := range []struct {
		used       bool
		field, why string
	}{
		{p.R2Stopping != math.MaxFloat64, "r2_stopping", "it is no longer supported: use stopping_rounds, stopping_metric and stopping_tolerance"},
		{p.CustomMetricFunc != "", "custom_metric_func", code},
		{p.CustomDistribution != "", "custom_distribution_func", code},
		{p.Distribution == "custom", "distribution", "its functions would have to be uploaded, and " + code},
	} {
		if x.used {
			f.Refuse(x.field, errs.Unavailablef(x.field, "%s is not available: %s", x.field, x.why))
		}
	}
}
