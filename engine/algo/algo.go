// Package algo lists the algorithms. It is the one registration: routes,
// metadata, checks, grid search and the generic tests read it.
package algo

import (
	"github.com/geyser-ml/geyser/engine/algo/drf"
	"github.com/geyser-ml/geyser/engine/algo/extendedisolationforest"
	"github.com/geyser-ml/geyser/engine/algo/gbm"
	"github.com/geyser-ml/geyser/engine/algo/isolationforest"
	"github.com/geyser-ml/geyser/engine/algo/xgboost"
	"github.com/geyser-ml/geyser/engine/model"
)

// All returns every algorithm, in the order in which they are listed to people.
func All() []*model.Algo {
	return []*model.Algo{
		gbm.Algo,
		drf.Algo,
		xgboost.Algo,
		isolationforest.Algo,
		extendedisolationforest.Algo,
	}
}
