package explain

import (
	"context"
	"math"
	"math/bits"
	"slices"
	"strconv"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/kernels/par"
)

// mostVariables bounds the variables of an H statistic, whose cost doubles with each.
const mostVariables = 10

// HStatistic returns Friedman's and Popescu's H of two or more predictors: with the
// partial dependences F_S of all their subsets S, centred over the rows of the frame,
//
//	H² = Σ (Σ_S (-1)^(n-|S|) F_S)² / Σ F_all²
//
// 0 when the predictors do not interact, NaN when their joint dependence is none, or
// smaller than what interacts in it. Dependences come from the trees, see
// tree.Forest.Expect; of several classes both sums run over all.
// Ref: Friedman and Popescu 2008, eq. 44 to 46.
func HStatistic(ctx context.Context, m model.Model, f *frame.Frame, variables []string, threads int) (float64, error) {
	t, ok := m.(model.Forested)
	info := m.Info()
	if !ok || info.Category == model.Anomaly {
		return 0, errs.Unavailablef("model_id", "unimplemented: %s does not support Friedman Popescus H calculation", info.Title)
	}
	if len(variables) < 2 || len(variables) > mostVariables {
		return 0, errs.Invalidf("variables", "an H statistic is about 2 to %d variables; %d are given", mostVariables, len(variables))
	}
	var index []int
	for _, name := range variables {
		j := slices.Index(info.Names[:info.Predictors], name)
		if j < 0 || f.Lookup(name) == nil {
			return 0, errs.Invalidf("variables", "Calculating of H statistics error: column %s is missing.", name)
		}
		if slices.Contains(index, j) {
			return 0, errs.Invalidf("variables", "variable %s is given twice", name)
		}
		index = append(index, j)
	}
	s, _, err := model.Adapt(m, f)
	if err != nil {
		return 0, err
	}
	h := hStatistic{t, index, s.Columns, s.Rows, threads}
	over, under := 0.0, 0.0
	for class := range classesOf(t.Forest()) {
		a, b, err := h.class(ctx, class)
		if err != nil {
			return 0, err
		}
		over, under = over+a, under+b
	}
	if over >= under {
		return math.NaN(), nil
	}
	return math.Sqrt(over / under), nil
}

type hStatistic struct {
	model   model.Forested
	index   []int
	columns []*frame.Column
	rows    int
	threads int
}

// class returns both sums for one class.
func (h *hStatistic) class(ctx context.Context, class int) (over, under float64, err error) {
	n := len(h.index)
	all := 1<<n - 1
	rest := make([]float64, h.rows)
	var full []float64
	for set := 1; set <= all; set++ {
		f, err := h.dependence(ctx, set, class)
		if err != nil {
			return 0, 0, err
		}
		sign := 1.0
		if (n-bits.OnesCount(uint(set)))%2 == 1 {
			sign = -1
		}
		for r, v := range f {
			rest[r] += sign * v
		}
		full = f
	}
	for r, v := range full {
		over += rest[r] * rest[r]
		under += v * v
	}
	return over, under, nil
}

// dependence returns the centred partial dependence on a set of the variables at
// each row.
func (h *hStatistic) dependence(ctx context.Context, set, class int) ([]float64, error) {
	forest := h.model.Forest()
	known := make([]bool, len(h.columns))
	at := make([][]float64, len(h.columns))
	first, place := map[string]int{}, make([]int, h.rows) // rows with the same values of the set share one walk
	var points []int
	for k, j := range h.index {
		if set>>k&1 == 1 {
			known[j], at[j] = true, h.columns[j].Floats(0, h.rows, nil)
		}
	}
	var key []byte
	for r := range h.rows {
		key = key[:0]
		for _, j := range h.index {
			if known[j] {
				key = strconv.AppendUint(append(key, ' '), math.Float64bits(at[j][r]), 36)
			}
		}
		p, ok := first[string(key)]
		if !ok {
			p = len(points)
			points = append(points, r)
			first[string(key)] = p
		}
		place[r] = p
	}
	values := make([]float64, len(points))
	err := par.ForErr(ctx, h.threads, len(points), 64, func(_, lo, hi int) error {
		row := make([]float64, len(h.columns))
		for p := lo; p < hi; p++ {
			for _, j := range h.index {
				if known[j] {
					row[j] = at[j][points[p]]
				}
			}
			values[p] = forest.Expect(row, known, class)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out, mean := make([]float64, h.rows), 0.0
	for r, p := range place {
		out[r] = values[p]
		mean += out[r] / float64(h.rows)
	}
	for r := range out {
		out[r] -= mean
	}
	return out, nil
}
