package extendedisolationforest

import (
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/tree"
)

// Params are the parameters of extended isolation forest, in wire order.
type Params struct {
	model.Keys
	model.Predictors
	model.Encoding
	tree.Scoring
	NTrees         int `param:"ntrees" default:"100" level:"critical" grid:"true" help:"Number of trees, 1 to 100000."`
	SampleSize     int `param:"sample_size" default:"256" level:"critical" grid:"true" help:"Rows that each tree is grown on, 2 to 100000 and no more than there are."`
	ExtensionLevel int `param:"extension_level" default:"0" level:"critical" grid:"true" help:"Columns that a plane combines, less one; 0 cuts along the axes, the number of columns less one in any direction."`
	model.Seeding
	DisableTrainingMetrics bool `param:"disable_training_metrics" default:"true" level:"critical" help:"Measure the finished model alone, and keep no scoring history."`
}
