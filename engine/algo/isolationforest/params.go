package isolationforest

import (
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/tree"
)

// Params are the parameters of isolation forest, in wire order.
type Params struct {
	model.Keys
	tree.Scoring
	model.Predictors
	NTrees   int     `param:"ntrees" default:"50" level:"critical" grid:"true" help:"Number of trees, 1 to 100000."`
	MaxDepth int     `param:"max_depth" default:"8" level:"critical" grid:"true" help:"Greatest depth of a tree; 0 for no limit."`
	MinRows  float64 `param:"min_rows" default:"1.0" level:"critical" grid:"true" help:"Least number of rows with a value on each side of a split."`
	model.Runtime
	model.Seeding
	BuildTreeOneNode     bool    `param:"build_tree_one_node" default:"false" level:"expert" help:"Train on one machine, which is what always happens here."`
	MTries               int     `param:"mtries" default:"-1" level:"critical" grid:"true" help:"Columns that are drawn for each split, of which one that can be split is taken; -1 for a third of them, -2 for all."`
	SampleSize           int64   `param:"sample_size" default:"256" level:"critical" grid:"true" help:"Rows that each tree is grown on, on average; of no use with a sample_rate."`
	SampleRate           float64 `param:"sample_rate" default:"-1.0" level:"critical" grid:"true" help:"Share of the rows that each tree is grown on, in (0, 1]; -1 leaves it to sample_size."`
	ColSampleRateChange  float64 `param:"col_sample_rate_change_per_level" default:"1.0" level:"expert" grid:"true" help:"Factor on mtries for each level down, in (0, 2]."`
	ColSampleRatePerTree float64 `param:"col_sample_rate_per_tree" default:"1.0" level:"secondary" grid:"true" help:"Share of the columns that each tree may use, in (0, 1]."`
	model.Encoding
	model.Stopping
	model.Exporting
	Contamination float64 `param:"contamination" default:"-1.0" level:"critical" help:"Share of anomalies in the training rows, in (0, 0.5]: predictions are classes by the score that so many reach; -1 for scores alone."`
	model.Validating
	model.Labelling
}
