package xgboost

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/param"
	"github.com/geyser-ml/geyser/engine/tree"
)

// checker collects findings.
type checker struct {
	param.Issues
	p *Params
	t *model.Task
}

// check looks at each parameter, across parameters and at the data.
// H2O: XGBoost.init; the messages that clients know are kept.
func check(p *Params, t *model.Task) param.Issues {
	c := checker{p: p, t: t}
	c.numbers()
	c.aliases()
	c.words()
	c.backend()
	c.measuring()
	if t.Train != nil {
		if _, err := library(); err != nil {
			c.Refuse("XGBoost", err)
		}
		if t.Train.Response != nil {
			c.response()
		}
		c.constraints()
	}
	if m, ok := t.Continue.(trained); ok {
		tree.CheckMore(&c.Issues, p.NTrees, m.learnt().rounds)
	}
	return c.Issues
}

// numbers checks what stands for itself.
func (c *checker) numbers() {
	p := c.p
	normal := func(field string, v float64) { // the library refuses other 32-bit floats when it trains
		if v != 0 && math.Abs(v) < leastNormal {
			c.Fail(field, "%s is %v, too close to 0: its size must be at least %.3g", field, v, leastNormal)
		}
	}
	rate := func(field string, v float64) {
		if !(v > 0 && v <= 1) {
			c.Fail(field, "%s must be between 0 (exclusive) and 1 (inclusive)", field)
		}
		normal(field, v)
	}
	rate("learn_rate", p.LearnRate)
	rate("eta", p.Eta)
	rate("sample_rate", p.SampleRate)
	rate("subsample", p.Subsample)
	rate("col_sample_rate", p.ColSampleRate)
	rate("colsample_bylevel", p.ColSampleByLevel)
	rate("col_sample_rate_per_tree", p.ColSampleRatePerTree)
	rate("colsample_bytree", p.ColSampleByTree)
	rate("colsample_bynode", p.ColSampleByNode)
	for _, x := range []struct {
		field string
		v     float64
	}{
		{"min_rows", p.MinRows}, {"min_child_weight", p.MinChildWeight}, {"max_abs_leafnode_pred", p.MaxAbsLeafnodePred},
		{"max_delta_step", p.MaxDeltaStep}, {"min_split_improvement", p.MinSplitImprovement}, {"gamma", p.Gamma},
		{"reg_lambda", p.RegLambda}, {"reg_alpha", p.RegAlpha},
	} {
		if !(x.v >= 0 && x.v <= math.MaxFloat32) {
			c.Fail(x.field, "%s must be a finite number >= 0, but is %v", x.field, x.v)
		}
		normal(x.field, x.v)
	}
	for _, x := range []struct {
		field string
		v     float64
	}{{"rate_drop", p.RateDrop}, {"skip_drop", p.SkipDrop}} {
		if !(x.v >= 0 && x.v <= 1) {
			c.Fail(x.field, "%s must be between 0 and 1, but is %v", x.field, x.v)
		}
		normal(x.field, x.v)
	}
	tree.CheckSize(&c.Issues, p.NTrees, p.MaxDepth)
	if p.MaxBins < 2 || p.MaxBins > math.MaxUint16 {
		c.Fail("max_bins", "max_bins must be between 2 and %d, but is %d", math.MaxUint16, p.MaxBins)
	}
	if p.MaxLeaves < 0 || p.MaxLeaves == 1 {
		c.Fail("max_leaves", "max_leaves must be 0, for no limit, or at least 2, but is %d", p.MaxLeaves)
	}
	if p.NThread < -1 {
		c.Fail("nthread", "nthread must be -1, for all threads of the server, or at least 1, but is %d", p.NThread)
	}
	if !(p.ScalePosWeight > 0 && p.ScalePosWeight <= math.MaxFloat32) {
		c.Fail("scale_pos_weight", "scale_pos_weight must be a positive number")
	}
	normal("scale_pos_weight", p.ScalePosWeight)
}

// leastNormal is the least positive 32-bit float with all of its digits.
const leastNormal = 0x1p-126

// aliases checks parameters that stand twice.
// H2O: XGBoost.checkColumnAlias, which leaves two pairs out: there XGBoost's name
// wins without a word.
func (c *checker) aliases() {
	c.p.pairs(func(name, alias string, v, a *float64, def float64) {
		silent := name == "min_rows" || name == "min_split_improvement"
		switch {
		case *a == def:
		case *v != def && *v != *a && !silent:
			c.Fail(name, "%s and its alias %s are both set to different value than default value. Set %s to default value (%v), to use %s actual value.",
				name, alias, alias, def, name)
		default:
			c.Warn(name, "Using user-provided parameter %s instead of %s.", alias, name)
		}
	})
}

// words checks the choices against each other, and what is not to be had.
func (c *checker) words() {
	p := c.p
	if p.TreeMethod == "approx" && (p.ColSampleRate < 1 || p.ColSampleByLevel < 1) {
		c.Fail("tree_method", "approx is not supported with _col_sample_rate or _colsample_bylevel, use exact/hist instead or disable column sampling.")
	}
	if p.TreeMethod == "exact" && p.ColSampleByNode < 1 && p.Booster != "gblinear" { // the library says so when it trains
		c.Fail("tree_method", "exact is not supported with _colsample_bynode, use auto/hist/approx instead or disable column sampling.")
	}
	if p.GrowPolicy == "lossguide" && p.TreeMethod != "hist" {
		c.Fail("grow_policy", "must use tree_method=hist for grow_policy=lossguide")
	}
	if p.CategoricalEncoding == "Enum" {
		c.Fail("categorical_encoding", "Enum encoding is not supported for XGBoost in current H2O.")
	}
	if p.CustomMetricFunc != "" {
		c.Refuse("custom_metric_func", errs.Unavailablef("custom_metric_func", "custom_metric_func is not available: this server takes no code"))
	}
	if p.SaveMatrixDirectory != "" {
		c.Refuse("save_matrix_directory", errs.Unavailablef("save_matrix_directory",
			"save_matrix_directory is not available: the library's matrices are not written to disk; leave it out"))
	}
	idle := func(used bool, needs string, fields map[string]bool) {
		for _, f := range slices.Sorted(maps.Keys(fields)) {
			if fields[f] && !used {
				c.Warn(f, "%s has no effect without %s.", f, needs)
			}
		}
	}
	idle(p.Booster == "dart", "booster dart", map[string]bool{
		"sample_type": p.SampleType != "uniform", "normalize_type": p.NormalizeType != "tree", "rate_drop": p.RateDrop != 0,
		"one_drop": p.OneDrop, "skip_drop": p.SkipDrop != 0,
	})
	idle(p.GrowPolicy == "lossguide", "grow_policy lossguide", map[string]bool{"max_leaves": p.MaxLeaves != 0})
	idle(p.MaxBins == 256 || p.TreeMethod == "hist" || p.onGPU(), "tree_method hist", map[string]bool{"max_bins": true})
	idle(p.Booster != "gblinear", "a booster of trees", map[string]bool{
		"tree_method": p.TreeMethod != "auto",
		"max_depth":   p.MaxDepth != 6, "min_split_improvement": p.MinSplitImprovement != 0 || p.Gamma != 0, "min_rows": p.MinRows != 1 || p.MinChildWeight != 1,
		"sample_rate": p.SampleRate != 1 || p.Subsample != 1, "col_sample_rate": p.ColSampleRate != 1 || p.ColSampleByLevel != 1,
		"col_sample_rate_per_tree": p.ColSampleRatePerTree != 1 || p.ColSampleByTree != 1, "colsample_bynode": p.ColSampleByNode != 1,
		"max_abs_leafnode_pred": p.MaxAbsLeafnodePred != 0 || p.MaxDeltaStep != 0, "grow_policy": p.GrowPolicy != "depthwise",
	})
}

// backend checks a GPU that is asked for by name.
func (c *checker) backend() {
	p := c.p
	if len(p.GPUID) > 1 || len(p.GPUID) == 1 && p.GPUID[0] < 0 {
		c.Fail("gpu_id", "gpu_id must be one number from 0 on, but is %v", p.GPUID)
		return
	}
	if p.Backend != "gpu" {
		return
	}
	for _, x := range p.gpuUnfit() {
		c.Fail("backend", "GPU backend is not available for parameter setting '%s'. Use CPU backend instead.", x)
	}
	if err := gpu(p.device()); err != nil {
		c.Refuse("backend", errs.Unavailablef("backend", "backend gpu (gpu_id %d) is not available: %w; use auto or cpu", p.device(), err))
	}
}

// onGPU reports whether a GPU is to train: one that was asked for, or one that is
// there.
func (p *Params) onGPU() bool {
	return p.Backend == "gpu" || p.Backend == "auto" && len(p.gpuUnfit()) == 0 && gpu(p.device()) == nil
}

// gpuUnfit lists the parameters that a GPU cannot train with.
// H2O: XGBoostParameters.gpuIncompatibleParams.
func (p *Params) gpuUnfit() (out []string) {
	if p.TreeMethod != "auto" && p.TreeMethod != "hist" && p.Booster != "gblinear" {
		out = append(out, "tree_method = Only auto and hist are supported tree_method on GPU backend.")
	}
	if p.MaxDepth < 1 || p.MaxDepth > 15 {
		out = append(out, fmt.Sprintf("max_depth = %d . Max depth must be greater than 0 and lower than 16 for GPU backend.", p.MaxDepth))
	}
	if p.GrowPolicy == "lossguide" {
		out = append(out, "grow_policy = lossguide")
	}
	return out
}

// measuring checks early stopping and the library's own metric.
func (c *checker) measuring() {
	p, t := c.p, c.t
	stopping := p.Stopping
	if own := strings.HasPrefix(stopping.Metric, "custom"); own && stopping.Rounds > 0 {
		word := "custom"
		if rises(p.EvalMetric) {
			word = "custom_increasing"
		}
		switch {
		case p.EvalMetric == "":
			c.Fail("stopping_metric", "stopping_metric %s needs an eval_metric", stopping.Metric)
		case stopping.Metric != word:
			c.Fail("stopping_metric", "stopping_metric of eval_metric %s must be %s", p.EvalMetric, word)
		}
		stopping.Metric = "AUTO"
	} else if p.ScoreEvalMetricOnly && p.EvalMetric != "" && stopping.Rounds > 0 {
		c.Fail("stopping_metric", "with score_eval_metric_only the stopping_metric must be custom or custom_increasing, which stand for eval_metric")
	}
	if stopping.Rounds > 0 && stopping.Metric == "lift_top_group" && p.GainsLiftBins == 0 {
		c.Fail("stopping_metric", "stopping_metric lift_top_group needs the gains/lift table: gainslift_bins must not be 0")
	}
	c.Issues = append(c.Issues, stopping.Check(t.Category, metrics.AUCType(p.AUCType))...)
	if p.ScoreEvalMetricOnly && p.EvalMetric == "" {
		c.Warn("score_eval_metric_only", "score_eval_metric_only is set but eval_metric parameter is not defined")
	}
	if p.EvalMetric != "" && t.Category != "" {
		c.evalMetric(evalMetrics[t.Category])
	}
}

// evalMetric checks the library's own metric. Two of them go with a number: error
// may have a threshold, error@0.3, and tweedie-nloglik has the power.
func (c *checker) evalMetric(known []string) {
	metric := c.p.EvalMetric
	name, number, with := strings.Cut(metric, "@")
	v, err := strconv.ParseFloat(number, 32)
	switch {
	case !slices.Contains(known, name):
		c.Fail("eval_metric", "eval_metric %q is not known for this training (%s); use one of %s", metric, c.t.Category, strings.Join(known, ", "))
	case name == "tweedie-nloglik":
		if !(err == nil && v > 1 && v < 2) {
			c.Fail("eval_metric", "eval_metric %q needs a variance power between 1 and 2, as in tweedie-nloglik@1.5", metric)
		}
	case with && name != "error":
		c.Fail("eval_metric", "eval_metric %q: %s takes no number", metric, name)
	case with && (err != nil || math.IsNaN(v) || math.IsInf(v, 0)):
		c.Fail("eval_metric", "eval_metric %q needs a finite threshold, as in error@0.3", metric)
	}
}

// evalMetrics are the library's metrics by what is predicted.
var evalMetrics = map[model.Category][]string{
	model.Regression:  {"rmse", "rmsle", "mae", "mape", "mphe", "poisson-nloglik", "gamma-nloglik", "gamma-deviance", "tweedie-nloglik"},
	model.Binomial:    {"logloss", "error", "auc", "aucpr", "rmse", "mae"},
	model.Multinomial: {"mlogloss", "merror", "auc"},
}

// rises reports whether larger is better.
func rises(metric string) bool { return strings.HasPrefix(metric, "auc") }

// response checks the response and the distribution.
func (c *checker) response() {
	p, d := c.p, c.t.Train
	classes := len(d.Domain)
	s := d.Response.Stats()
	if s.Missing > 0 {
		c.Fail("response_column", "Response contains missing values (NAs) - not supported by XGBoost.")
	}
	if v := c.t.Valid; v != nil && p.EvalMetric != "" && v.Response != nil && v.Response.Stats().Missing > 0 {
		c.Fail("validation_frame", "eval_metric needs a response in every row of the validation frame")
	}
	if classes == 1 {
		c.Fail("response", "a categorical response needs at least two levels; it has one")
	}
	if s.Mins[0] == s.Maxs[0] {
		c.Fail("response", "Response cannot be constant.")
	}
	numeric := func(title string, least float64, open bool) {
		switch {
		case classes > 0:
			c.Fail("distribution", "%s requires the response to be numeric.", title)
		case s.Min < least || open && s.Min == least:
			c.Fail("response_column", "distribution %s needs a response of at least 0%s; the least is %v", p.Distribution, map[bool]string{true: ", 0 excluded"}[open], s.Min)
		}
	}
	switch p.Distribution {
	case "AUTO":
	case "bernoulli":
		if classes != 2 {
			c.Fail("distribution", "Binomial requires the response to be a 2-class categorical")
		}
	case "multinomial":
		if classes == 0 {
			c.Fail("distribution", "Multinomial requires an categorical response.")
		}
	case "gaussian":
		numeric("Gaussian", math.Inf(-1), false)
	case "poisson":
		numeric("Poisson", 0, false)
	case "gamma":
		numeric("Gamma", 0, true)
	case "tweedie":
		numeric("Tweedie", 0, false)
		if power := float32(p.TweediePower); !(power > 1 && power < 2) { // as the library reads it
			c.Fail("tweedie_power", "Tweedie power must be between 1 and 2.")
		}
	case "quasibinomial":
		c.Fail("distribution", "Quasibinomial is not supported for XGBoost in current H2O.")
	default:
		c.Fail("distribution", "No support for distribution=%s; use AUTO, bernoulli, multinomial, gaussian, poisson, gamma or tweedie", p.Distribution)
	}
	if d.Offset != nil && classes > 2 {
		c.Fail("offset_column", "Offset is not supported for multinomial distribution.")
	}
	if p.ScalePosWeight != 1 && classes != 2 {
		c.Fail("scale_pos_weight", "scale_pos_weight can only be used for binary classification")
	}
}

// constraints checks monotone and interaction constraints against the columns.
func (c *checker) constraints() {
	p, d := c.p, c.t.Train
	if p.TreeMethod == "approx" && len(p.MonotoneConstraints) > 0 {
		c.Fail("tree_method", "approx is not supported with _monotone_constraints, use auto/exact/hist instead")
	}
	if p.Booster == "gblinear" {
		if len(p.MonotoneConstraints) > 0 {
			c.Fail("monotone_constraints", "monotone_constraints needs a booster of trees, not gblinear")
		}
		if len(p.InteractionConstr) > 0 {
			c.Fail("interaction_constraints", "interaction_constraints needs a booster of trees, not gblinear")
		}
	}
	seen := map[string]bool{}
	for _, m := range p.MonotoneConstraints {
		switch i := slices.Index(d.Names, m.Key); {
		case i < 0:
			c.Fail("monotone_constraints", "Invalid constraint - there is no column '%s' in the training frame.", m.Key)
		case d.Columns[i].Kind() == frame.Enum:
			c.Fail("monotone_constraints", "Invalid constraint - column '%s' has type Enum. Only numeric columns can have monotonic constraints.", m.Key)
		case math.IsNaN(m.Value):
			c.Fail("monotone_constraints", "Invalid constraint - column '%s' has no direction: use 1, -1 or 0.", m.Key)
		case seen[m.Key]:
			c.Fail("monotone_constraints", "Invalid constraint - feature '%s' appears more than once.", m.Key)
		}
		seen[m.Key] = true
	}
	if len(p.InteractionConstr) == 0 {
		return
	}
	if e := p.CategoricalEncoding; e != "AUTO" && e != "OneHotInternal" {
		c.Fail("interaction_constraints", "No support interaction constraint for categorical encoding = %s. Constraint interactions are available only for "+
			"``AUTO`` (``one_hot_internal`` or ``OneHotInternal``) categorical encoding.", e)
	}
	roles := map[string]string{}
	for _, name := range p.Ignored {
		roles[string(name)] = "ignored column"
	}
	for role, name := range map[string]param.ColumnName{"response column": p.Response, "weights column": p.Weights, "offset column": p.Offset, "fold column": p.FoldColumn} {
		if name != "" {
			roles[string(name)] = role
		}
	}
	for _, set := range p.InteractionConstr {
		if len(set) == 0 {
			c.Fail("interaction_constraints", "'interaction_constraints': a set without columns")
		}
		for _, name := range set {
			switch {
			case roles[name] != "":
				c.Fail("interaction_constraints", "'interaction_constraints': Column with the name '%s' is used as %s and cannot be used in interaction.", name, roles[name])
			case !slices.Contains(d.Names, name):
				c.Fail("interaction_constraints", "'interaction_constraints': Column with name '%s' is not in the frame.", name)
			}
		}
	}
}
