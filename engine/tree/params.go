package tree

// The blocks below are embedded by the Params of tree algorithms.

// Scoring says when the growing forest is measured.
type Scoring struct {
	EachIteration bool `param:"score_each_iteration" default:"false" level:"secondary" help:"Measure after every tree."`
	TreeInterval  int  `param:"score_tree_interval" default:"0" in:"[0,inf)" level:"secondary" help:"Measure after so many trees; 0 leaves it to the size of the data."`
}

// Shape limits the trees and the bins they are grown on.
type Shape struct {
	NTrees        int     `param:"ntrees" default:"50" level:"critical" grid:"true" help:"Number of trees, 1 to 100000; for several classes each step grows one tree a class."`
	MaxDepth      int     `param:"max_depth" default:"5" level:"critical" grid:"true" help:"Greatest depth of a tree; 0 for no limit."`
	MinRows       float64 `param:"min_rows" default:"10.0" level:"critical" grid:"true" help:"Least weighted number of rows in a leaf."`
	NBins         int     `param:"nbins" default:"20" level:"critical" grid:"true" help:"Bins of a numeric column, at least 2; histogram_type AUTO takes 254 where this is less."`
	NBinsTopLevel int     `param:"nbins_top_level" default:"1024" level:"secondary" grid:"true" help:"Bins of equal width for the uniform histogram types."`
	NBinsCats     int     `param:"nbins_cats" default:"1024" level:"secondary" grid:"true" help:"Most bins of a categorical column; levels beyond share bins with their neighbours."`
	R2Stopping    float64 `param:"r2_stopping" default:"1.7976931348623157e+308" level:"secondary" grid:"true" help:"No longer supported: use stopping_rounds, stopping_metric and stopping_tolerance."`
}
