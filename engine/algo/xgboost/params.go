package xgboost

import (
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/param"
)

// Params are the parameters of XGBoost, in wire order. Several stand twice, under
// H2O's name and under XGBoost's.
type Params struct {
	model.Frames
	model.CrossValidation
	EachIteration bool `param:"score_each_iteration" default:"false" level:"secondary" help:"Measure after every round."`
	model.Folding
	model.Columns
	model.Stopping
	model.Runtime
	model.Seeding
	Distribution string  `param:"distribution" default:"AUTO" values:"AUTO,bernoulli,quasibinomial,ordinal,multinomial,gaussian,poisson,gamma,tweedie,laplace,quantile,huber,custom" level:"secondary" grid:"true" help:"Distribution of the response: bernoulli, multinomial, gaussian, poisson, gamma or tweedie; AUTO goes by its type."`
	TweediePower float64 `param:"tweedie_power" default:"1.5" level:"secondary" grid:"true" help:"Variance power, between 1 and 2, for distribution tweedie."`
	model.Encoding
	QuietMode bool `param:"quiet_mode" default:"true" level:"expert" help:"Keep the library's warnings off the server's output."`
	model.Continuing
	model.Exporting
	CustomMetricFunc     string       `param:"custom_metric_func" level:"secondary" help:"Refused: this server takes no code."`
	NTrees               int          `param:"ntrees" default:"50" level:"critical" grid:"true" help:"Number of rounds, 1 to 100000; for several classes each round grows one tree a class."`
	MaxDepth             int          `param:"max_depth" default:"6" level:"critical" grid:"true" help:"Greatest depth of a tree; 0 for no limit."`
	MinRows              float64      `param:"min_rows" default:"1.0" level:"critical" grid:"true" help:"Least sum of second derivatives in a leaf; for squared error the number of rows."`
	MinChildWeight       float64      `param:"min_child_weight" default:"1.0" level:"expert" grid:"true" help:"The same as min_rows."`
	LearnRate            float64      `param:"learn_rate" default:"0.3" level:"expert" grid:"true" help:"Share of each tree's step that is taken, in (0, 1]."`
	Eta                  float64      `param:"eta" default:"0.3" level:"critical" grid:"true" help:"The same as learn_rate."`
	SampleRate           float64      `param:"sample_rate" default:"1.0" level:"critical" grid:"true" help:"Share of the rows that each tree is grown on, in (0, 1]."`
	Subsample            float64      `param:"subsample" default:"1.0" level:"expert" grid:"true" help:"The same as sample_rate."`
	ColSampleRate        float64      `param:"col_sample_rate" default:"1.0" level:"critical" grid:"true" help:"Share of a tree's columns that each level may use, in (0, 1]."`
	ColSampleByLevel     float64      `param:"colsample_bylevel" default:"1.0" level:"expert" grid:"true" help:"The same as col_sample_rate."`
	ColSampleRatePerTree float64      `param:"col_sample_rate_per_tree" default:"1.0" level:"secondary" grid:"true" help:"Share of the columns that each tree may use, in (0, 1]."`
	ColSampleByTree      float64      `param:"colsample_bytree" default:"1.0" level:"expert" grid:"true" help:"The same as col_sample_rate_per_tree."`
	ColSampleByNode      float64      `param:"colsample_bynode" default:"1.0" level:"secondary" grid:"true" help:"Share of a level's columns that each node may use, in (0, 1]."`
	MaxAbsLeafnodePred   float64      `param:"max_abs_leafnode_pred" type:"float" default:"0.0" level:"expert" grid:"true" help:"Bound on the size of a leaf's value before the learn rate; 0 for none."`
	MaxDeltaStep         float64      `param:"max_delta_step" type:"float" default:"0.0" level:"expert" grid:"true" help:"The same as max_abs_leafnode_pred."`
	MonotoneConstraints  []param.Pair `param:"monotone_constraints" level:"secondary" help:"Numeric columns whose effect may only rise (1) or only fall (-1)."`
	InteractionConstr    [][]string   `param:"interaction_constraints" level:"expert" help:"Sets of columns that may stand together on a path."`
	TreeInterval         int          `param:"score_tree_interval" default:"0" in:"[0,inf)" level:"secondary" help:"Measure after so many rounds; 0 leaves it to the size of the data."`
	MinSplitImprovement  float64      `param:"min_split_improvement" type:"float" default:"0.0" level:"secondary" grid:"true" help:"Least gain of a split."`
	Gamma                float64      `param:"gamma" type:"float" default:"0.0" level:"expert" grid:"true" help:"The same as min_split_improvement."`
	NThread              int          `param:"nthread" default:"-1" level:"expert" help:"Threads to train with, at most those of the server; -1 for all of them."`
	SaveMatrixDirectory  string       `param:"save_matrix_directory" level:"expert" help:"Folder to write the library's matrix to."`
	BuildTreeOneNode     bool         `param:"build_tree_one_node" default:"false" level:"expert" help:"Train on one machine, which is what always happens here."`
	ParallelizeCV        bool         `param:"parallelize_cross_validation" default:"true" level:"expert" help:"Train folds side by side where memory allows."`
	model.Calibrating
	MaxBins             int     `param:"max_bins" default:"256" level:"expert" grid:"true" help:"Bins of a column, at least 2, for tree_method hist."`
	MaxLeaves           int     `param:"max_leaves" default:"0" level:"secondary" grid:"true" help:"Most leaves of a tree, for grow_policy lossguide; 0 for no limit."`
	SampleType          string  `param:"sample_type" default:"uniform" values:"uniform,weighted" level:"expert" grid:"true" help:"How booster dart picks the trees to drop."`
	NormalizeType       string  `param:"normalize_type" default:"tree" values:"tree,forest" level:"expert" grid:"true" help:"What booster dart weighs a new tree against: each dropped tree, or their sum."`
	RateDrop            float64 `param:"rate_drop" type:"float" default:"0.0" level:"expert" grid:"true" help:"Share of the trees that booster dart drops in a round, in [0, 1]."`
	OneDrop             bool    `param:"one_drop" default:"false" level:"expert" grid:"true" help:"Let booster dart drop at least one tree in a round."`
	SkipDrop            float64 `param:"skip_drop" type:"float" default:"0.0" level:"expert" grid:"true" help:"Share of the rounds in which booster dart drops nothing, in [0, 1]."`
	TreeMethod          string  `param:"tree_method" default:"auto" values:"auto,exact,approx,hist" level:"secondary" grid:"true" help:"How splits are searched; auto is exact below 4194304 rows, else approx, and hist on a GPU or with colsample_bynode."`
	GrowPolicy          string  `param:"grow_policy" default:"depthwise" values:"depthwise,lossguide" level:"secondary" grid:"true" help:"Grow trees level by level, or where the loss falls most; the latter needs tree_method hist."`
	Booster             string  `param:"booster" default:"gbtree" values:"gbtree,gblinear,dart" level:"expert" grid:"true" help:"Trees, a linear model, or trees with dropout."`
	RegLambda           float64 `param:"reg_lambda" type:"float" default:"1.0" level:"expert" grid:"true" help:"L2 penalty on leaf values or coefficients."`
	RegAlpha            float64 `param:"reg_alpha" type:"float" default:"0.0" level:"expert" grid:"true" help:"L1 penalty on leaf values or coefficients."`
	DMatrixType         string  `param:"dmatrix_type" default:"auto" values:"auto,dense,sparse" level:"secondary" grid:"true" help:"How data are handed to the library; auto is sparse where most entries would be zero."`
	Backend             string  `param:"backend" default:"auto" values:"auto,gpu,cpu" level:"expert" grid:"true" help:"Where to train; auto takes the GPU where library, device and parameters allow it."`
	GPUID               []int   `param:"gpu_id" level:"expert" help:"Which GPU to use, one number."`
	GainsLiftBins       int     `param:"gainslift_bins" default:"-1" in:"[-1,inf)" level:"secondary" help:"Groups of the gains/lift table; -1 for the usual 16, 0 for no table."`
	AUCType             string  `param:"auc_type" default:"AUTO" values:"AUTO,NONE,MACRO_OVR,WEIGHTED_OVR,MACRO_OVO,WEIGHTED_OVO" level:"secondary" grid:"true" help:"How the AUC of several classes is averaged; AUTO is NONE."`
	ScalePosWeight      float64 `param:"scale_pos_weight" type:"float" default:"1.0" level:"expert" grid:"true" help:"Weight of the second class against the first, above 0."`
	EvalMetric          string  `param:"eval_metric" level:"expert" grid:"true" help:"A metric of the library to show beside the others."`
	ScoreEvalMetricOnly bool    `param:"score_eval_metric_only" default:"false" level:"expert" grid:"true" help:"While training, compute eval_metric alone; the finished model has all metrics."`
}
