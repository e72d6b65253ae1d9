package h2o

import (
	"github.com/geyser-ml/geyser/engine"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/explain"
	"github.com/geyser-ml/geyser/engine/param"
	"github.com/geyser-ml/geyser/engine/table"
)

// partialIn asks for partial dependence.
type partialIn struct {
	Model       param.ModelKey `param:"model_id" required:"true" help:"Key of the model."`
	Frame       param.FrameKey `param:"frame_id" required:"true" help:"Key of the frame."`
	Row         int            `param:"row_index" default:"-1" in:"[-1,inf)" help:"The one row to look at; -1 for all."`
	Columns     []string       `param:"cols" help:"Columns, one table each; without them and without pairs the most important ones."`
	Weight      int            `param:"weight_column_index" default:"-1" help:"Place of the column of weights, counted from 0; -1 for none."`
	NA          bool           `param:"add_missing_na" default:"false" help:"Add a point for missing values."`
	Bins        int            `param:"nbins" default:"20" help:"Number of points of a numeric column."`
	Splits      []float64      `param:"user_splits" help:"Points of user_cols, one column after the other; codes for categories."`
	SplitCols   []string       `param:"user_cols" help:"Columns whose points are given."`
	SplitCounts []int          `param:"num_user_splits" help:"How many of the points belong to each of them."`
	Pairs       [][]string     `param:"col_pairs_2dpdp" help:"Pairs of columns, one table each."`
	Dest        string         `param:"destination_key" type:"Key<PartialDependence>" help:"Key of the result; made up when it is left out."`
	Targets     []string       `param:"targets" help:"Classes of a multinomial model, one table each."`
}

// splits takes the list of points apart.
func (in *partialIn) splits() ([]engine.Split, error) {
	if len(in.SplitCols) != len(in.SplitCounts) {
		return nil, errs.Invalidf("num_user_splits", "num_user_splits has %d numbers for %d columns in user_cols; give one for each", len(in.SplitCounts), len(in.SplitCols))
	}
	out, rest := make([]engine.Split, len(in.SplitCols)), in.Splits
	for i, n := range in.SplitCounts {
		if n < 1 || n > len(rest) {
			return nil, errs.Invalidf("num_user_splits", "num_user_splits gives column '%s' %d points; user_splits has %d left", in.SplitCols[i], n, len(rest))
		}
		out[i], rest = engine.Split{Column: in.SplitCols[i], Values: rest[:n]}, rest[n:]
	}
	if len(rest) > 0 {
		return nil, errs.Invalidf("user_splits", "user_splits has %d points more than num_user_splits counts", len(rest))
	}
	return out, nil
}

// PartialDependenceV3 is partial dependence: what was asked for, and the tables.
type PartialDependenceV3 struct {
	object `meta:"PartialDependence"`
	partialIn
	Tables []*table.Table `json:"partial_dependence_data" help:"One table for each column and class, then one for each pair."`
}

// partialV3 puts partial dependence on the wire.
func partialV3(p engine.Partial) PartialDependenceV3 {
	out := PartialDependenceV3{Tables: p.Tables, partialIn: partialIn{
		Model: param.ModelKey(p.Model), Frame: param.FrameKey(p.Frame), Row: p.Row, Columns: p.Columns, Weight: p.Weight, NA: p.NA,
		Bins: p.Bins, Pairs: p.Pairs, Targets: p.Targets,
	}}
	for _, s := range p.Splits {
		out.Splits = append(out.Splits, s.Values...)
		out.SplitCols = append(out.SplitCols, s.Column)
		out.SplitCounts = append(out.SplitCounts, len(s.Values))
	}
	return out
}

// partialNameIn names a result.
type partialNameIn struct {
	Name string `param:"name" direction:"in" help:"Key of the result."`
	Type string `param:"type" direction:"in" help:"Accepted and not used."`
	URL  string `param:"URL" direction:"in" help:"Accepted and not used."`
}

// interactionIn asks for the interactions in the trees of a model.
type interactionIn struct {
	Model param.ModelKey `param:"model_id" required:"true" direction:"in" help:"Key of the model."`
	interactionLimits
}

// interactionLimits bound what is counted as an interaction.
type interactionLimits struct {
	Interaction int `param:"max_interaction_depth" required:"true" help:"Most predictors of an interaction, less one."`
	Depth       int `param:"max_tree_depth" required:"true" help:"Depth down to which trees are looked at."`
	Deepening   int `param:"max_deepening" required:"true" help:"Depth down to which interactions may start; -1 for any."`
}

// FeatureInteractionV3 lists the interactions in the trees of a model.
type FeatureInteractionV3 struct {
	request
	interactionLimits
	Tables []*table.Table `json:"feature_interaction" help:"Interactions by the number of predictors, statistics of leaves, and values of splits."`
}

// hIn asks for the H statistic.
type hIn struct {
	Model     param.ModelKey `param:"model_id" required:"true" direction:"in" help:"Key of the model."`
	Frame     param.FrameKey `param:"frame" required:"true" direction:"in" help:"Key of the frame."`
	Variables []string       `param:"variables" required:"true" direction:"in" help:"Predictors whose interaction is measured."`
	H         float64        `param:"h" direction:"in" help:"Accepted and not used: it is the answer."`
}

// FriedmanPopescusHV3 is the H statistic of some predictors.
type FriedmanPopescusHV3 struct {
	request
	Frame     FrameV3  `json:"frame" help:"The frame."`
	Variables []string `json:"variables" help:"The predictors."`
	H         float64  `json:"h" help:"Share of the variation that is interaction: 0 for none."`
}

// treeIn names a tree.
type treeIn struct {
	Model  param.ModelKey `param:"model" required:"true" help:"Key of the model."`
	Number int            `param:"tree_number" required:"true" help:"Number of the tree, counted from 0."`
	Class  string         `param:"tree_class" help:"Class that the tree is about, where there is one for each."`
	Rules  string         `param:"plain_language_rules" default:"AUTO" values:"AUTO,TRUE,FALSE" help:"Whether to put the tree into words; AUTO does so for small ones."`
}

// TreeV3 is one tree, its nodes in breadth-first order.
type TreeV3 struct {
	object
	treeIn
	Left         []int     `json:"left_children" help:"Left child of each node; -1 for none."`
	Right        []int     `json:"right_children" help:"Right child of each node; -1 for none."`
	Root         int       `json:"root_node_id" help:"Number of the root."`
	Thresholds   []float32 `json:"thresholds" help:"Threshold of each split of numbers; smaller values go left."`
	Features     gaps      `json:"features" type:"string[]" help:"Predictor of each split."`
	NAs          gaps      `json:"nas" type:"string[]" help:"Where missing values go: LEFT or RIGHT."`
	Descriptions gaps      `json:"descriptions" type:"string[]" help:"Each node in words."`
	Levels       [][]int   `json:"levels" help:"Codes of the levels that lead to each node, where its parent splits categories."`
	Predictions  []float32 `json:"predictions" help:"Value of each node."`
	Path         string    `json:"tree_decision_path,null" help:"The tree in words."`
	Paths        gaps      `json:"decision_paths" type:"string[]" help:"The way to each leaf in words."`
}

// treeV3 puts a tree on the wire.
func treeV3(in treeIn, t *explain.Tree) TreeV3 {
	in.Class = t.Class
	return TreeV3{
		treeIn: in, Left: t.Left, Right: t.Right, Root: t.Root, Thresholds: single(t.Thresholds), Features: t.Features, NAs: t.NAs,
		Descriptions: t.Descriptions, Levels: t.Levels, Predictions: single(t.Predictions), Path: t.DecisionPath, Paths: t.DecisionPaths,
	}
}

// single rounds to what H2O keeps in trees.
func single(xs []float64) []float32 {
	out := make([]float32, len(xs))
	for i, x := range xs {
		out[i] = float32(x)
	}
	return out
}

// gaps is a list of texts in which an empty one is null.
type gaps []string

// appendTo implements appender.
func (t gaps) appendTo(b []byte) []byte {
	if t == nil {
		return append(b, "null"...)
	}
	return appendSlice(b, t, func(b []byte, s string) []byte {
		if s == "" {
			return append(b, "null"...)
		}
		return appendString(b, s)
	})
}
