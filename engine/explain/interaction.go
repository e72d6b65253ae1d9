package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/table"
	"github.com/geyser-ml/geyser/engine/tree"
)

// Interactions returns tables of the predictors that meet on the paths of a model's
// trees: one for each number of predictors, from one up to maxInteractionDepth+1,
// then statistics of the leaves behind chains from the root, then how often each
// value splits each numeric predictor. Only splits above depth maxTreeDepth count,
// and only chains that begin at most maxDeepening below the root; a negative limit is
// none. Without any split in reach there are no tables.
// H2O: hex.FeatureInteractions; rows come by falling gain.
func Interactions(m model.Model, maxInteractionDepth, maxTreeDepth, maxDeepening int) ([]*table.Table, error) {
	t, ok := m.(model.Forested)
	if !ok {
		return nil, errs.Unavailablef("model_id", "unimplemented: %s does not support feature interactions calculation", m.Info().Title)
	}
	f, names := t.Forest(), playerNames(m.Info(), t.Forest())
	all := f.Interactions(maxInteractionDepth, maxTreeDepth, maxDeepening, classesOf(f), func(j int) string { return names[j] })
	if len(all) == 0 {
		return nil, nil
	}
	name := func(x *tree.Interaction) string {
		var parts []string
		for _, j := range x.Features {
			parts = append(parts, names[j])
		}
		return strings.Join(parts, "|")
	}
	var out []*table.Table
	for from := 0; from < len(all); {
		to := from
		for to < len(all) && len(all[to].Features) == len(all[from].Features) {
			to++
		}
		out = append(out, interactionTable(all[from:to], name))
		from = to
	}
	leaves := table.New("Leaf Statistics", "").Add("", table.String, "%s").Add("Interaction", table.String, "%s")
	for _, title := range []string{"Sum Leaf Values Left", "Sum Leaf Values Right", "Sum Leaf Covers Left", "Sum Leaf Covers Right"} {
		leaves.Add(title, table.Double, "%.5f")
	}
	for _, x := range all {
		if x.HasLeaves {
			leaves.Append("", name(x), x.LeftValues, x.RightValues, x.LeftCovers, x.RightCovers)
		}
	}
	depth := maxTreeDepth // of splits that are interactions by themselves
	if maxDeepening >= 0 && (depth < 0 || depth > maxDeepening) {
		depth = maxDeepening + 1
	}
	return append(append(out, leaves), histograms(m.Info(), f, depth)...), nil
}

// playerNames returns the names of what trees split.
func playerNames(info *model.Info, f *tree.Forest) []string {
	if f.Players != nil {
		return f.Players
	}
	return info.Names[:info.Predictors]
}

// interactionTable lists interactions of one number of predictors.
func interactionTable(xs []*tree.Interaction, name func(*tree.Interaction) string) *table.Table {
	t := table.New(fmt.Sprintf("Interaction Depth %d", len(xs[0].Features)-1), "")
	t.Add("", table.String, "%s").Add("Interaction", table.String, "%s")
	scores := []struct {
		title, rank string
		of          func(*tree.Interaction) float64
	}{
		{"Gain", "Gain Rank", func(x *tree.Interaction) float64 { return x.Gain }},
		{"FScore", "FScore Rank", func(x *tree.Interaction) float64 { return x.FScore }},
		{"wFScore", "wFScore Rank", func(x *tree.Interaction) float64 { return x.WFScore }},
		{"Average wFScore", "Avg wFScore Rank", func(x *tree.Interaction) float64 { return x.WFScore / x.FScore }},
		{"Average Gain", "Avg Gain Rank", func(x *tree.Interaction) float64 { return x.Gain / x.FScore }},
		{"Expected Gain", "Expected Gain Rank", func(x *tree.Interaction) float64 { return x.ExpectedGain }},
	}
	for _, s := range scores {
		t.Add(s.title, table.Double, "%.5f")
	}
	ranks := make([][]float64, len(scores))
	for k, s := range scores {
		t.Add(s.rank, table.Int, "%d")
		ranks[k] = ranked(xs, s.of)
	}
	for _, title := range []string{"Average Rank", "Average Tree Index", "Average Tree Depth"} {
		t.Add(title, table.Double, "%.5f")
	}
	for i, x := range xs {
		row := []any{"", name(x)}
		for _, s := range scores {
			row = append(row, s.of(x))
		}
		sum := 0.0
		for k := range scores {
			row = append(row, ranks[k][i])
			sum += ranks[k][i]
		}
		t.Append(append(row, sum/float64(len(scores)), x.Steps/x.FScore, x.Depths/x.FScore)...)
	}
	return t
}

// ranked returns the place of each, from 1, by falling score.
func ranked(xs []*tree.Interaction, score func(*tree.Interaction) float64) []float64 {
	order := make([]int, len(xs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(score(xs[b]), score(xs[a])) })
	out := make([]float64, len(xs))
	for rank, i := range order {
		out[i] = float64(rank + 1)
	}
	return out
}

// histograms counts the values that split each predictor above a depth.
func histograms(info *model.Info, f *tree.Forest, depth int) []*table.Table {
	var out []*table.Table
	for j, name := range playerNames(info, f) {
		values, counts := f.Thresholds(j, depth)
		if len(values) == 0 {
			continue
		}
		t := table.New(name+" Split Value Histogram", "").
			Add("", table.String, "%s").Add("Split Value", table.Double, "%.5f").Add("Count", table.Int, "%d")
		for k, v := range values {
			t.Append("", float64(v), int64(counts[k]))
		}
		out = append(out, t)
	}
	return out
}
