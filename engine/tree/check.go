package tree

import (
	"math"

	"github.com/geyser-ml/geyser/engine/number"
	"github.com/geyser-ml/geyser/engine/param"
)

// The checks below are those of every algorithm that is made of trees.
// H2O: SharedTree.init; the messages that clients know are kept.

// CheckSize looks at how many trees there are to be, and how deep.
func CheckSize(f *param.Issues, trees, depth int) {
	if trees < 1 || trees > 100000 {
		f.Fail("ntrees", "Requested ntrees must be between 1 and 100000")
	}
	if depth < 0 {
		f.Fail("max_depth", "_max_depth must be >= 0.")
	}
}

// CheckMinRows looks at the least weight of a leaf.
func CheckMinRows(f *param.Issues, least float64) {
	if !(least > 0) || math.IsInf(least, 0) {
		f.Fail("min_rows", "_min_rows must be > 0.")
	}
}

// CheckRows reports rows of too little weight for one split.
func CheckRows(f *param.Issues, least, weight float64) {
	if least > 0 && weight < 2*least {
		f.Fail("min_rows", "The dataset size is too small to split for min_rows=%s: must have at least %s (weighted) rows, but have only %s.",
			number.Text(least), number.Text(2*least), number.Text(weight))
	}
}

// CheckMore reports a training that is to be continued, and has as many trees as are
// asked for.
func CheckMore(f *param.Issues, trees, built int) {
	if trees <= built {
		f.Fail("ntrees", "If checkpoint is specified then requested ntrees must be higher than %d", built+1)
	}
}
