package isolationforest

import (
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/number"
	"github.com/geyser-ml/geyser/engine/param"
	"github.com/geyser-ml/geyser/engine/tree"
)

// findings collects issues.
type findings struct{ param.Issues }

// check looks at each parameter, across parameters and at the data.
// H2O: IsolationForest.init, SharedTree.init; the messages that clients know are
// kept.
func check(p *Params, t *model.Task) param.Issues {
	var f findings
	f.numbers(p)
	if d := t.Train; d != nil && len(d.Columns) > 0 {
		if cols := len(d.Columns); p.MTries != aThird && p.MTries != allColumns && (p.MTries < 1 || p.MTries > cols) {
			f.Fail("mtries", "Computed mtries should be -1 or -2 or in interval [1,%d] but it is %d", cols, p.MTries)
		}
		tree.CheckRows(&f.Issues, p.MinRows, float64(d.Rows))
	}
	if p.Contamination > 0 && p.Validation != "" {
		f.Fail("contamination", "Contamination parameter cannot be used together with a validation frame.")
	}
	f.stopping(p)
	return f.Issues
}

// numbers checks the ranges of numbers.
func (f *findings) numbers(p *Params) {
	tree.CheckSize(&f.Issues, p.NTrees, p.MaxDepth)
	tree.CheckMinRows(&f.Issues, p.MinRows)
	if p.MTries < 1 && p.MTries != aThird && p.MTries != allColumns {
		f.Fail("mtries", "mtries must be -1 (converted to sqrt(features)) or -2 (All features) or >= 1 but it is %d", p.MTries)
	}
	switch {
	case p.SampleRate == useSize:
		if p.SampleSize <= 0 {
			f.Fail("sample_size", "Sample size needs to be a positive integer number but it is %d", p.SampleSize)
		}
	case !(p.SampleRate > 0 && p.SampleRate <= 1):
		f.Fail("sample_rate", "sample_rate should be in interval ]0,1], or -1 to use sample_size, but it is %s.", number.Text(p.SampleRate))
	}
	if !(p.ColSampleRatePerTree > 0 && p.ColSampleRatePerTree <= 1) {
		f.Fail("col_sample_rate_per_tree", "col_sample_rate_per_tree should be in interval ]0,1] but it is %s.", number.Text(p.ColSampleRatePerTree))
	}
	if !(p.ColSampleRateChange > 0 && p.ColSampleRateChange <= 2) {
		f.Fail("col_sample_rate_change_per_level", "col_sample_rate_change_per_level must be > 0 and <= 2")
	}
	if p.Contamination != none && !(p.Contamination > 0 && p.Contamination <= 0.5) {
		f.Fail("contamination", "Contamination parameter needs to be in range (0, 0.5] or undefined (-1); but it is %s", number.Text(p.Contamination))
	}
}

// none is the contamination that stands for no threshold.
const none = -1

// stopping checks the block of early stopping, whose default tolerance is its own.
func (f *findings) stopping(p *Params) {
	s := p.Stopping
	switch {
	case s.Rounds > 0:
		f.Issues = append(f.Issues, s.Check(model.Anomaly, metrics.AUCNone)...)
		if s.Metric == "lift_top_group" {
			f.Fail("stopping_metric", "stopping_metric lift_top_group needs a gains/lift table, which there is none of for anomalies")
		}
	case s.Tolerance != tolerance:
		f.Warn("stopping_tolerance", "Stopping tolerance is ignored for _stopping_rounds=0.")
	}
}

// tolerance is the default of stopping_tolerance.
// H2O: that of other algorithms is too small for anomaly_score.
const tolerance = 0.01
