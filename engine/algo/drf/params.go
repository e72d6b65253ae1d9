package drf

import (
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/tree"
)

// Params are the parameters of a random forest, in wire order.
type Params struct {
	model.Frames
	model.CrossValidation
	tree.Scoring
	model.Folding
	model.Columns
	model.Balancing
	tree.Shape
	model.Stopping
	model.Runtime
	model.Seeding
	BuildTreeOneNode    bool      `param:"build_tree_one_node" default:"false" level:"expert" help:"Train on one machine, which is what always happens here."`
	MTries              int       `param:"mtries" default:"-1" level:"critical" grid:"true" help:"Columns that each split chooses from; -1 for the square root of their number (classes) or a third of it (numbers), -2 for all."`
	SampleRate          float64   `param:"sample_rate" default:"0.632" level:"critical" grid:"true" help:"Share of the rows that each tree is grown on, in (0, 1], drawn without replacement."`
	SampleRatePerClass  []float64 `param:"sample_rate_per_class" level:"expert" grid:"true" help:"Share of the rows of each class that each tree is grown on, in the order of the response's levels."`
	BinomialDoubleTrees bool      `param:"binomial_double_trees" default:"false" level:"expert" help:"Grow a tree for each of two classes, not one for both."`
	model.Continuing
	ColSampleRateChange  float64 `param:"col_sample_rate_change_per_level" default:"1.0" level:"expert" grid:"true" help:"Factor on mtries for each level down, in (0, 2]."`
	ColSampleRatePerTree float64 `param:"col_sample_rate_per_tree" default:"1.0" level:"secondary" grid:"true" help:"Share of the columns that each tree may use, in (0, 1]."`
	MinSplitImprovement  float64 `param:"min_split_improvement" default:"1e-05" level:"secondary" grid:"true" help:"Least gain of a split, as a share of what the root has to gain."`
	HistogramType        string  `param:"histogram_type" default:"AUTO" values:"AUTO,UniformAdaptive,Random,QuantilesGlobal,RoundRobin,UniformRobust" level:"secondary" grid:"true" help:"Where bins are cut: AUTO and QuantilesGlobal at quantiles, the uniform types at equal widths; Random and RoundRobin change between the two from tree to tree."`
	model.Encoding
	model.Calibrating
	Distribution     string `param:"distribution" default:"AUTO" values:"AUTO,bernoulli,quasibinomial,ordinal,multinomial,gaussian,poisson,gamma,tweedie,laplace,quantile,huber,custom" level:"secondary" grid:"true" help:"Must fit the response: gaussian for numbers, bernoulli or multinomial for classes. Trees reduce squared error whatever it says."`
	CustomMetricFunc string `param:"custom_metric_func" level:"secondary" help:"Refused: this server takes no code."`
	model.Exporting
	CheckConstantResponse bool   `param:"check_constant_response" default:"true" level:"expert" help:"Refuse a response that has one value only."`
	GainsLiftBins         int    `param:"gainslift_bins" default:"-1" in:"[-1,inf)" level:"secondary" help:"Groups of the gains/lift table; -1 for the usual 16, 0 for no table."`
	AUCType               string `param:"auc_type" default:"AUTO" values:"AUTO,NONE,MACRO_OVR,WEIGHTED_OVR,MACRO_OVO,WEIGHTED_OVO" level:"secondary" grid:"true" help:"How the AUC of several classes is averaged; AUTO is NONE."`
}
