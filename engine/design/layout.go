package design

import (
	"cmp"
	"math"
	"slices"

	"github.com/geyser-ml/geyser/engine/frame"
)

// Feature is one column of a design matrix: a number, or whether a category has a
// level.
type Feature struct {
	Column int // predictor
	// Level is -1 for a number. Of a category it is the code of the level that the
	// feature stands for; as many as there are levels for a missing one.
	Level int
}

// Layout says which features the predictors of a model become: categories one-hot,
// with a feature of their own for missing values, then numbers as they are.
//
// H2O: DataInfo puts categories first, those of most levels foremost, and with
// missing buckets names them like "colour.red" and "colour.missing(NA)".
type Layout struct {
	Columns  []string // names of predictors
	Features []Feature
	Names    []string // of features
	first    []int    // feature at which a predictor begins
	levels   []int    // of each predictor, -1 for a number
}

// Order returns the order of predictors in a design matrix.
func Order(kinds []frame.Kind, domains [][]string) []int {
	order := make([]int, len(kinds))
	for i := range order {
		order[i] = i
	}
	weight := func(i int) int {
		if kinds[i] != frame.Enum {
			return -1
		}
		return len(domains[i])
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(weight(b), weight(a)) })
	return order
}

// NewLayout lays out predictors of these names, kinds and, for categories, levels.
func NewLayout(names []string, kinds []frame.Kind, domains [][]string) *Layout {
	l := &Layout{Columns: names, first: make([]int, len(names)), levels: make([]int, len(names))}
	for _, i := range Order(kinds, domains) {
		l.first[i] = len(l.Names)
		if kinds[i] != frame.Enum {
			l.levels[i] = -1
			l.add(names[i], Feature{i, -1})
			continue
		}
		l.levels[i] = len(domains[i])
		for code, level := range domains[i] {
			l.add(names[i]+"."+level, Feature{i, code})
		}
		l.add(names[i]+".missing(NA)", Feature{i, len(domains[i])})
	}
	return l
}

func (l *Layout) add(name string, f Feature) {
	l.Names = append(l.Names, name)
	l.Features = append(l.Features, f)
}

// Range returns the features [lo, hi) of a predictor.
func (l *Layout) Range(column int) (lo, hi int) {
	lo = l.first[column]
	return lo, lo + max(1, l.levels[column]+1)
}

// Levels returns the number of levels of a predictor, -1 for a number.
func (l *Layout) Levels(column int) int { return l.levels[column] }

// At returns the feature that a code of a category predictor turns on; codes out
// of range are missing.
func (l *Layout) At(column int, code int32) int {
	if n := l.levels[column]; code < 0 || int(code) >= n {
		return l.first[column] + n
	}
	return l.first[column] + int(code)
}

// Single narrows a number to the precision that design matrices have. What is
// beyond its range becomes the largest number, NaN stays.
// Why: learners refuse infinite values, and a tree cannot tell them apart anyway.
func Single(v float64) float32 {
	return float32(min(max(v, -math.MaxFloat32), math.MaxFloat32))
}

// FillRatio returns the share of entries other than zero when categories are one-hot
// without their missing feature.
// H2O: XGBoost.isTrainDatasetSparse decides by it.
func FillRatio(cols []*frame.Column) float64 {
	var filled, all float64
	for _, c := range cols {
		n := float64(c.Len())
		if c.Kind() == frame.Enum {
			filled, all = filled+n, all+n*float64(len(c.Domain()))
			continue
		}
		s := c.Stats()
		filled, all = filled+n-float64(s.Missing)-float64(s.Zeros), all+n
	}
	if all == 0 {
		return 1
	}
	return filled / all
}
