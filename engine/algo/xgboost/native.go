package xgboost

import (
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/geyser-ml/geyser/cgo/libxgboost"
	"github.com/geyser-ml/geyser/engine/design"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/table"
)

// setting is one parameter of the library: a number, text or bool.
type setting struct {
	name  string
	value any
}

// pairs calls do for each parameter that stands twice: H2O's name, XGBoost's name,
// the default of both.
func (p *Params) pairs(do func(name, alias string, v, a *float64, def float64)) {
	do("min_rows", "min_child_weight", &p.MinRows, &p.MinChildWeight, 1)
	do("learn_rate", "eta", &p.LearnRate, &p.Eta, 0.3)
	do("sample_rate", "subsample", &p.SampleRate, &p.Subsample, 1)
	do("col_sample_rate", "colsample_bylevel", &p.ColSampleRate, &p.ColSampleByLevel, 1)
	do("col_sample_rate_per_tree", "colsample_bytree", &p.ColSampleRatePerTree, &p.ColSampleByTree, 1)
	do("max_abs_leafnode_pred", "max_delta_step", &p.MaxAbsLeafnodePred, &p.MaxDeltaStep, 0)
	do("min_split_improvement", "gamma", &p.MinSplitImprovement, &p.Gamma, 0)
}

// unite gives both names of a parameter the value that counts.
// H2O: XGBoost's name wins where it differs from its default.
func (p *Params) unite() {
	p.pairs(func(_, _ string, v, a *float64, def float64) {
		if *a != def {
			*v = *a
		} else {
			*a = *v
		}
	})
}

// native returns the parameters of a training in XGBoost's names, those of its 1.x
// line, as people see them. p has been resolved.
// H2O: XGBoostModel.createParamsMap; the order is that of a training of trees.
func (p *Params) native(layout *design.Layout, classes, threads int, seed uint64) []setting {
	var out []setting
	add := func(used bool, name string, value any) {
		if used {
			out = append(out, setting{name, value})
		}
	}
	linear, dart, gpu := p.Booster == "gblinear", p.Booster == "dart", p.Backend == "gpu"
	add(true, "silent", p.QuietMode)
	add(linear, "updater", map[bool]string{false: "coord_descent", true: "gpu_coord_descent"}[gpu])
	add(dart, "normalize_type", p.NormalizeType)
	add(true, "eta", p.Eta)
	add(true, "colsample_bylevel", p.ColSampleByLevel)
	add(true, "objective", p.objective(classes))
	add(true, "min_child_weight", p.MinChildWeight)
	add(true, "nthread", int64(threads))
	add(true, "seed", int64(seed%(1<<31-1)))
	add(classes > 2, "num_class", int64(classes))
	add(dart, "rate_drop", p.RateDrop)
	add(dart, "one_drop", map[bool]string{false: "0", true: "1"}[p.OneDrop])
	add(dart, "sample_type", p.SampleType)
	add(true, "max_depth", int64(p.MaxDepth))
	add(true, "colsample_bytree", p.ColSampleByTree)
	add(p.ColSampleByNode != 1, "colsample_bynode", p.ColSampleByNode)
	add(true, "lambda", p.RegLambda)
	add(len(p.MonotoneConstraints) > 0, "monotone_constraints", p.monotone(layout))
	add(len(p.InteractionConstr) > 0, "interaction_constraints", p.interactions(layout))
	add(true, "gamma", p.Gamma)
	add(linear, "feature_selector", "cyclic")
	add(true, "alpha", p.RegAlpha)
	add(true, "booster", p.Booster)
	add(true, "grow_policy", p.GrowPolicy)
	add(dart, "skip_drop", p.SkipDrop)
	add(p.GrowPolicy == "lossguide", "max_leaves", int64(p.MaxLeaves))
	add(gpu, "gpu_id", int64(p.device()))
	add(true, "nround", int64(p.NTrees))
	add(true, "subsample", p.Subsample)
	add(true, "max_delta_step", p.MaxDeltaStep)
	add(linear, "top_k", int64(0))
	add(p.ScalePosWeight != 1, "scale_pos_weight", p.ScalePosWeight)
	add(p.Distribution == "tweedie", "tweedie_variance_power", p.TweediePower)
	add(p.EvalMetric != "", "eval_metric", p.EvalMetric)
	add(!linear && (p.GrowPolicy == "lossguide" || p.TreeMethod == "hist"), "max_bin", int64(p.MaxBins))
	add(!linear, "tree_method", map[bool]string{false: p.TreeMethod, true: "gpu_hist"}[gpu])
	return out
}

// objective names the loss in XGBoost's words.
func (p *Params) objective(classes int) string {
	switch {
	case classes == 2:
		return "binary:logistic"
	case classes > 2:
		return "multi:softprob"
	}
	switch p.Distribution {
	case "poisson":
		return "count:poisson"
	case "gamma":
		return "reg:gamma"
	case "tweedie":
		return "reg:tweedie"
	}
	return "reg:squarederror"
}

// device returns the number of the GPU.
func (p *Params) device() int {
	if len(p.GPUID) > 0 {
		return p.GPUID[0]
	}
	return 0
}

// monotone writes the direction of each feature, "(0,1,-1)".
func (p *Params) monotone(layout *design.Layout) string {
	parts := make([]string, len(layout.Names))
	for j, name := range layout.Names {
		parts[j] = "0"
		for _, c := range p.MonotoneConstraints {
			switch {
			case c.Key != name || layout.Features[j].Level >= 0:
			case c.Value > 0:
				parts[j] = "1"
			case c.Value < 0:
				parts[j] = "-1"
			}
		}
	}
	return "(" + strings.Join(parts, ",") + ")"
}

// interactions writes the sets of features that may meet, "[[0,1],[2,3]]"; a
// category stands for all of its features.
func (p *Params) interactions(layout *design.Layout) string {
	var sets []string
	for _, names := range p.InteractionConstr {
		var set []string
		for _, name := range names {
			for j, f := range layout.Features {
				if name == layout.Columns[f.Column] {
					set = append(set, strconv.Itoa(j))
				}
			}
		}
		sets = append(sets, "["+strings.Join(set, ",")+"]")
	}
	return "[" + strings.Join(sets, ",") + "]"
}

// sent turns native parameters into what a library of this version is told.
// Why so much is said that is a default: defaults differ from version to version.
func sent(native []setting, v libxgboost.Version) [][2]string {
	out := [][2]string{{"base_score", "0.5"}} // H2O: its library starts there
	modern := !v.Before(libxgboost.Version{Major: 2})
	device := "cpu"
	exact := slices.Contains(native, setting{"tree_method", "exact"})
	for _, s := range native {
		name, value := s.name, text(s.value)
		switch {
		case name == "nround":
			continue
		case name == "silent":
			name, value = "verbosity", map[bool]string{false: "1", true: "0"}[s.value == true]
		case name == "max_depth" && value == "0" && exact:
			value = strconv.Itoa(1<<31 - 1) // its loop over depths knows no other limit
		case name == "gpu_id" && modern:
			device = "cuda:" + value
			continue
		case value == "gpu_hist" && modern:
			value = "hist"
		case value == "gpu_coord_descent" && modern:
			value = "coord_descent"
		}
		out = append(out, [2]string{name, value})
	}
	if modern {
		out = append(out, [2]string{"device", device})
	}
	return out
}

// Histograms of nodes that the library keeps for their children.
const (
	mostHistograms = 1 << 29 // bytes of all
	leastKept      = 512     // nodes all the same: two batches, as the library grows trees
)

// histograms returns of how many nodes the library is to keep the histogram, and the
// bytes of one; 0 where it makes none.
// Why: by itself it keeps 65536, gigabytes in deep trees. Counting again what was not
// kept takes no longer, and the trees are the same.
func (p *Params) histograms(layout *design.Layout, rows int64) (kept, size int64) {
	if p.Booster == "gblinear" || p.TreeMethod == "exact" {
		return 0, 0
	}
	bins := int64(256) // the library's default
	if p.TreeMethod == "hist" {
		bins = int64(p.MaxBins)
	}
	const bin = 16 // bytes: two sums
	for _, f := range layout.Features {
		if f.Level >= 0 {
			size += 2 * bin
		} else {
			size += min(bins, rows) * bin
		}
	}
	return max(mostHistograms/max(size, 1), leastKept), size
}

// text writes the value of a setting.
func text(v any) string {
	if f, ok := v.(float64); ok {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return fmt.Sprint(v)
}

// nativeTable shows native parameters.
func nativeTable(native []setting) *table.Table {
	t := table.New("Native XGBoost Parameters", "")
	t.Add("", table.String, "")
	t.Add("Name", table.String, "")
	t.Add("Value", table.String, "")
	for _, s := range native {
		t.Append("", s.name, s.value)
	}
	return t
}

// threads returns how many threads a training may use.
// H2O: XGBoostModel.getMaxNThread bounds what is asked for.
func (p *Params) threads(t *model.Task) int {
	most := t.Threads
	if most <= 0 {
		most = runtime.NumCPU()
	}
	if p.NThread <= 0 {
		return most
	}
	return min(p.NThread, most)
}
