package model

import "github.com/geyser-ml/geyser/engine/tree"

// Forested is a Model made of trees over its predictors: what explains and
// inspects trees asks for it.
type Forested interface {
	Model
	// Forest returns the trees; the caller must not change them. Columns are those of
	// Scoring.
	Forest() *tree.Forest
	// Margin says what the trees add up to: the score of class k is base[k] plus scale
	// times the sum of the values of its trees, before any link.
	Margin() (base []float64, scale float64)
}

// Staged is a Forested whose prediction after fewer trees makes sense.
type Staged interface {
	Forested
	// Respond turns the scores of some rows, one slice a class of Margin, into raw
	// predictions: dst is laid out as that of Score.
	Respond(scores, dst [][]float64)
}

// Sampler is a Forested whose trees were grown on part of the training rows.
type Sampler interface {
	Forested
	// Sampled says which rows of data like the training data step t was grown on: one
	// byte a row, 1 for those in the sample. rows is the number of rows; codes are
	// their response classes, nil where sampling does not go by class.
	Sampled(step, rows int, codes []int32) []uint8
}
