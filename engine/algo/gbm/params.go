package gbm

import (
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/param"
	"github.com/geyser-ml/geyser/engine/tree"
)

// Params are the parameters of gradient boosting, in wire order.
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
	BuildTreeOneNode   bool    `param:"build_tree_one_node" default:"false" level:"expert" help:"Train on one machine, which is what always happens here."`
	LearnRate          float64 `param:"learn_rate" default:"0.1" level:"critical" grid:"true" help:"Share of each tree's step that is taken, in (0, 1]."`
	LearnRateAnnealing float64 `param:"learn_rate_annealing" default:"1.0" level:"secondary" grid:"true" help:"Factor on the learn rate after each tree, in (0, 1]."`
	Distribution       string  `param:"distribution" default:"AUTO" values:"AUTO,bernoulli,quasibinomial,ordinal,multinomial,gaussian,poisson,gamma,tweedie,laplace,quantile,huber,custom" level:"secondary" grid:"true" help:"Distribution of the response; AUTO goes by its type."`
	QuantileAlpha      float64 `param:"quantile_alpha" default:"0.5" level:"secondary" grid:"true" help:"Quantile to estimate, for distribution quantile."`
	TweediePower       float64 `param:"tweedie_power" default:"1.5" level:"secondary" grid:"true" help:"Variance power, for distribution tweedie."`
	HuberAlpha         float64 `param:"huber_alpha" default:"0.9" level:"secondary" grid:"true" help:"Quantile of the residuals where squared error ends, for distribution huber."`
	model.Continuing
	SampleRate           float64   `param:"sample_rate" default:"1.0" level:"critical" grid:"true" help:"Share of the rows that each tree is grown on, in (0, 1]."`
	SampleRatePerClass   []float64 `param:"sample_rate_per_class" level:"expert" grid:"true" help:"Share of the rows of each class that each tree is grown on, in the order of the response's levels."`
	ColSampleRate        float64   `param:"col_sample_rate" default:"1.0" level:"critical" grid:"true" help:"Share of a tree's columns that each split may use, in (0, 1]."`
	ColSampleRateChange  float64   `param:"col_sample_rate_change_per_level" default:"1.0" level:"expert" grid:"true" help:"Factor on col_sample_rate for each level down, in (0, 2]."`
	ColSampleRatePerTree float64   `param:"col_sample_rate_per_tree" default:"1.0" level:"secondary" grid:"true" help:"Share of the columns that each tree may use, in (0, 1]."`
	MinSplitImprovement  float64   `param:"min_split_improvement" default:"1e-05" level:"secondary" grid:"true" help:"Least gain of a split, as a share of what the root has to gain."`
	HistogramType        string    `param:"histogram_type" default:"AUTO" values:"AUTO,UniformAdaptive,Random,QuantilesGlobal,RoundRobin,UniformRobust" level:"secondary" grid:"true" help:"Where bins are cut: AUTO and QuantilesGlobal at quantiles, the uniform types at equal widths; Random and RoundRobin change between the two from tree to tree."`
	MaxAbsLeafnodePred   float64   `param:"max_abs_leafnode_pred" default:"1.7976931348623157e+308" level:"expert" grid:"true" help:"Bound on the size of a leaf's value, above 0."`
	PredNoiseBandwidth   float64   `param:"pred_noise_bandwidth" default:"0.0" level:"expert" grid:"true" help:"Standard deviation of the noise by which each leaf is multiplied while training; the model keeps the leaves without it."`
	model.Encoding
	model.Calibrating
	CustomMetricFunc   string `param:"custom_metric_func" level:"secondary" help:"Refused: this server takes no code."`
	CustomDistribution string `param:"custom_distribution_func" level:"secondary" help:"Refused: this server takes no code."`
	model.Exporting
	InTrainingDir         string       `param:"in_training_checkpoints_dir" level:"expert" help:"Folder to save the growing model in, as KEY.ntrees_N."`
	InTrainingInterval    int          `param:"in_training_checkpoints_tree_interval" default:"1" in:"[1,inf)" level:"expert" help:"Save the growing model after so many trees."`
	MonotoneConstraints   []param.Pair `param:"monotone_constraints" level:"secondary" help:"Numeric columns whose effect may only rise (1) or only fall (-1)."`
	CheckConstantResponse bool         `param:"check_constant_response" default:"true" level:"expert" help:"Refuse a response that has one value only."`
	GainsLiftBins         int          `param:"gainslift_bins" default:"-1" in:"[-1,inf)" level:"secondary" help:"Groups of the gains/lift table; -1 for the usual 16, 0 for no table."`
	AUCType               string       `param:"auc_type" default:"AUTO" values:"AUTO,NONE,MACRO_OVR,WEIGHTED_OVR,MACRO_OVO,WEIGHTED_OVO" level:"secondary" grid:"true" help:"How the AUC of several classes is averaged; AUTO is NONE."`
	InteractionConstr     [][]string   `param:"interaction_constraints" level:"expert" help:"Sets of columns that may stand together on a path; columns in no set are not used."`
	AutoRebalance         bool         `param:"auto_rebalance" default:"true" level:"expert" help:"Accepted: there is one chunk layout, which needs no rebalancing."`
}
