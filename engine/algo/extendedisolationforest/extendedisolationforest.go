// Package extendedisolationforest finds anomalies by how soon random hyperplanes
// leave a row alone.
//
// Each tree is grown on a sample of the rows, down to depth ⌈log₂ sample_size⌉. A
// node draws a normal n, whose extension_level + 1 components other than zero are
// standard normal, and a point p, evenly between the least and the greatest value
// of each column in the node; rows x with (x − p)·n <= 0 go left (Ref: Hariri,
// Kind and Brunner 2019, Extended isolation forest, algorithms 1 and 2). With
// extension level 0 the planes are parallel to the axes.
//
// A row that ends in a leaf of depth d together with m rows of the sample has path
// length d + c(m), where c is the mean length of an unsuccessful search in a binary
// tree of m keys (equation 2 and algorithm 3):
//
//	c(1) = 0, c(2) = 1, c(m) = 2 (ln(m − 1) + 0.5772156649) − 2 (m − 1)/m
//
// With E(h) its mean over the trees, the score is 2^(−E(h)/c(sample_size)): near 1
// for anomalies, below 0.5 for ordinary rows (equation 1).
//
// Notation: n normal, p point, k components of a normal, m rows of a node, h length
// of path.
//
// Categories count as the numbers of their levels. A missing value in a column that
// the plane looks at sends a row right; H2O sends it right by any missing value. A
// plane with all rows on one side makes an empty leaf, as in H2O.
package extendedisolationforest

import (
	"fmt"

	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/param"
)

// Algo is extended isolation forest as HTTP and grid search see it.
var Algo = model.Define(model.Spec[Params]{
	Name: "extendedisolationforest", Title: "Extended Isolation Forest", ID: "ExtendedIsolationForest", Version: 3,
	Categories: []model.Category{model.Anomaly},
	Schema:     param.Of[Params]().Named("ExtendedIsolationForestParametersV3"),
	Check:      check,
	Memory:     memory,
	Train:      train,
	Load:       load,
})

// check looks at each parameter and at the data.
// H2O: ExtendedIsolationForest.init; its messages are kept.
func check(p *Params, t *model.Task) param.Issues {
	var is param.Issues
	within := func(field string, v, lo, hi int) {
		if v < lo || v > hi {
			is = append(is, param.Issue{Severity: param.Error, Field: field, Message: fmt.Sprintf("Parameter %s must be in interval [%d, %d] but it is %d", field, lo, hi, v)})
		}
	}
	const most = 100000
	rows, level := most, max(0, p.ExtensionLevel)
	if d := t.Train; d != nil && len(d.Columns) > 0 {
		rows, level = min(most, d.Rows), len(d.Columns)-1
	}
	within("ntrees", p.NTrees, 1, most)
	within("sample_size", p.SampleSize, 2, rows)
	within("extension_level", p.ExtensionLevel, 0, level)
	if p.DisableTrainingMetrics && (p.EachIteration || p.TreeInterval > 0) {
		is = append(is, param.Issue{Severity: param.Warn, Field: "disable_training_metrics", Message: "disable_training_metrics leaves score_each_iteration and score_tree_interval without effect: set it to false for a scoring history"})
	}
	return is
}

// memory estimates what training holds beside the frames: the trees, a sample for
// each thread, and two numbers a row while it measures.
func memory(p *Params, t *model.Task) int64 {
	const threads = 16
	k, cols := int64(p.SampleSize), int64(len(t.Train.Columns))
	nodes := 4 * k // leaves of single rows, and empty ones
	return int64(p.NTrees)*nodes*(16+12*int64(p.ExtensionLevel+1)) + threads*k*8*(cols+1) + int64(t.Train.Rows)*32
}
