package explain

import (
	"math"
	"slices"
	"strconv"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
)

// axis is a column and the points it is replaced by.
type axis struct {
	name   string
	index  int // in the frame
	column *frame.Column
	text   []any // the points as they are shown
	// adapted are the points as the model's predictor has them, nil where the column is
	// none, or where it is encoded.
	adapted   *frame.Column
	predictor int
}

// grid is one column, or two.
type grid []*axis

func (g grid) points() int {
	n := 1
	for _, a := range g {
		n *= len(a.text)
	}
	return n
}

// place returns the point of each axis at a place of the grid, the last fastest.
func (g grid) place(at int) []int {
	out := make([]int, len(g))
	for k := len(g) - 1; k >= 0; k-- {
		out[k] = at % len(g[k].text)
		at /= len(g[k].text)
	}
	return out
}

func (g grid) cells(at int) []any {
	out := make([]any, len(g))
	for k, i := range g.place(at) {
		out[k] = g[k].text[i]
	}
	return out
}

// axis chooses the points of a column.
func (d *dependence) axis(name string) (*axis, error) {
	a := &axis{name: name, index: d.frame.Index(name)}
	if a.index < 0 {
		return nil, errs.Invalidf("cols", "column '%s' is not in the frame", name)
	}
	c := d.frame.Column(a.index)
	given, chosen := d.Values[name]
	if chosen && len(given) == 0 {
		return nil, errs.Invalidf("user_splits", "user_splits has no values for column '%s'", name)
	}
	switch c.Kind() {
	case frame.Enum:
		return a, d.levels(a, c, given)
	case frame.String, frame.UUID:
		return nil, errs.Invalidf("cols", "column '%s' is of type %s; it must be numeric or categorical", name, c.Kind())
	}
	var points []float64
	for _, text := range given {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, errs.Invalidf("user_splits", "user_splits: %q is not a number; column '%s' is numeric", text, name)
		}
		points = append(points, v)
	}
	if !chosen {
		points = even(c.Stats(), d.Bins)
	}
	if d.NA {
		points = append(points, math.NaN())
	}
	if len(points) == 0 {
		return nil, errs.Invalidf("cols", "column '%s' has no values", name)
	}
	for _, v := range points {
		a.text = append(a.text, v)
	}
	a.column = frame.NewReals(points)
	return a, nil
}

// even returns points from the least to the largest value.
func even(s *frame.Stats, bins int) []float64 {
	if s.Min != s.Min {
		return nil
	}
	if s.Whole && s.Max-s.Min+1 < float64(bins) {
		bins = int(s.Max-s.Min) + 1
	}
	step := (s.Max - s.Min) / float64(max(bins-1, 1))
	if step == 0 {
		bins = 1
	}
	out := make([]float64, bins)
	for i := range out {
		out[i] = s.Min + float64(i)*step
	}
	return out
}

// levels makes the levels of a categorical column its points, or those given.
func (d *dependence) levels(a *axis, c *frame.Column, given []string) error {
	domain := c.Domain()
	var codes []int32
	for _, level := range given {
		k := slices.Index(domain, level)
		if k < 0 {
			return errs.Invalidf("user_splits", "user_splits: %q is not a level of column '%s'", level, a.name)
		}
		codes = append(codes, int32(k))
	}
	if given == nil {
		if len(domain) > d.Bins {
			return errs.Invalidf("nbins", "Column %s's cardinality of %d > nbins of %d", a.name, len(domain), d.Bins)
		}
		for k := range domain {
			codes = append(codes, int32(k))
		}
	}
	for _, k := range codes {
		a.text = append(a.text, domain[k])
	}
	if d.NA {
		codes, a.text = append(codes, -1), append(a.text, missingText)
	}
	if len(codes) == 0 {
		return errs.Invalidf("cols", "column '%s' has no values", a.name)
	}
	a.column = frame.NewCodes(codes, domain)
	return nil
}
