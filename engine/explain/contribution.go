package explain

import (
	"context"
	"math"
	"runtime"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/tree"
	"github.com/geyser-ml/geyser/kernels"
)

// Contribution says how contributions are shown.
type Contribution struct {
	Compact bool // one a predictor, where the trees know several features of one
	// Top and Bottom select the largest and the smallest of each row, with their
	// names; a negative number is all of them, 0 for both shows every one. Abs compares
	// without the sign.
	Top, Bottom int
	Abs         bool
	// Background replaces the mean over the training data: predictors that are not
	// known take the values of its rows. nil for none.
	Background *frame.Frame
	// OutputSpace scales the contributions against each row of Background so that they
	// add up to predictions, not to scores before the link. PerReference shows them for
	// each of these rows instead of their mean. Without Background both do nothing, with
	// it Top and Bottom do nothing. H2O: the same.
	OutputSpace, PerReference bool
}

// Contributions returns the Shapley values of a model's predictors for each row of
// a frame, and their bias behind: together they are the score of the row before the
// link. The model must be made of trees, and predict one number or two classes.
func Contributions(ctx context.Context, m model.Model, f *frame.Frame, opt Contribution, threads int) (*frame.Frame, []string, error) {
	x, warnings, err := newExplainer(m, f, threads)
	if err != nil {
		return nil, nil, err
	}
	if opt.Background != nil {
		out, more, err := x.against(ctx, opt)
		return out, append(warnings, more...), err
	}
	phi := x.room(x.rows)
	if err := x.forest.Contributions(ctx, kernels.Scorer(), x.columns, 0, x.rows, threads, phi); err != nil {
		return nil, nil, err
	}
	names, phi := x.named(x.margin(phi), opt.Compact)
	if opt.Top != 0 || opt.Bottom != 0 {
		return ranking(names, phi, opt, threads), warnings, nil
	}
	return newFrame(append(names, "BiasTerm"), reals(phi)), warnings, nil
}

// explainer is a model and a frame made fit for it.
type explainer struct {
	model   model.Forested
	info    *model.Info
	forest  *tree.Forest
	scoring *model.Scoring
	columns []*frame.Column
	rows    int
	base    float64
	scale   float64
	threads int
}

func newExplainer(m model.Model, f *frame.Frame, threads int) (*explainer, []string, error) {
	info := m.Info()
	t, err := forested(m, "calculating Feature Contributions")
	switch {
	case err != nil:
		return nil, nil, err
	case info.Category == model.Multinomial:
		return nil, nil, errs.Unavailablef("predict_contributions", "Calculating contributions is currently not supported for multinomial models.")
	case info.Category != model.Regression && info.Category != model.Binomial:
		return nil, nil, errs.Invalidf("predict_contributions", "Model type %s doesn't support calculating Feature Contributions.", kind(m))
	}
	forest := t.Forest()
	if classesOf(forest) > 1 {
		return nil, nil, errs.Unavailablef("predict_contributions", "Calculating contributions is currently not supported for model with binomial_double_trees parameter set.")
	}
	s, warnings, err := model.Adapt(m, f)
	if err != nil {
		return nil, nil, err
	}
	base, scale := t.Margin()
	return &explainer{t, info, forest, s, s.Columns, s.Rows, base[0], scale, threads}, warnings, nil
}

// room makes slices for the players of the forest and the bias.
func (x *explainer) room(rows int) [][]float64 {
	n := len(x.columns)
	if x.forest.Players != nil {
		n = len(x.forest.Players)
	}
	out := make([][]float64, n+1)
	for k := range out {
		out[k] = make([]float64, rows)
	}
	return out
}

// margin turns sums of leaves into scores, in place.
func (x *explainer) margin(phi [][]float64) [][]float64 {
	for k, col := range phi {
		for r := range col {
			col[r] *= x.scale
			if k == len(phi)-1 {
				col[r] += x.base
			}
		}
	}
	return phi
}

// named returns the names of the players and their contributions, the bias last:
// one column a predictor when that is wanted.
func (x *explainer) named(phi [][]float64, compact bool) ([]string, [][]float64) {
	predictors := append([]string(nil), x.info.Names[:x.info.Predictors]...)
	switch {
	case x.forest.Players == nil:
		return predictors, phi
	case !compact:
		return append([]string(nil), x.forest.Players...), phi
	}
	out := make([][]float64, len(predictors)+1)
	for k := range out {
		out[k] = make([]float64, len(phi[0]))
	}
	of := map[int32]int32{}
	for i, j := range x.forest.Feature {
		if x.forest.Left[i] >= 0 {
			of[x.forest.Player[i]] = j
		}
	}
	for p, col := range phi[:len(phi)-1] {
		if j, ok := of[int32(p)]; ok { // others have contributed nothing
			for r, v := range col {
				out[j][r] += v
			}
		}
	}
	out[len(out)-1] = phi[len(phi)-1]
	return predictors, out
}

// against returns the contributions against a background.
func (x *explainer) against(ctx context.Context, opt Contribution) (*frame.Frame, []string, error) {
	if x.rows == 0 {
		return nil, nil, errs.Invalidf("frame", "Frame has to contain at least one row.")
	}
	if opt.Background.NumRows() == 0 {
		return nil, nil, errs.Invalidf("background_frame", "Background frame has to contain at least one row.")
	}
	b, warnings, err := model.Adapt(x.model, opt.Background)
	if err != nil {
		return nil, nil, err
	}
	defer runtime.KeepAlive(b)
	if !opt.OutputSpace && !opt.PerReference {
		phi := x.room(x.rows)
		if err := x.forest.ContributionsAgainst(ctx, x.columns, 0, x.rows, b.Columns, b.Rows, x.threads, phi); err != nil {
			return nil, nil, err
		}
		names, cols := x.expanded(x.margin(phi), opt.Compact, func(r int) int { return r })
		return newFrame(append(names, "BiasTerm"), reals(cols)), warnings, nil
	}
	var space [2][]float64 // predictions of rows and of the background
	if opt.OutputSpace {
		for i, s := range []*model.Scoring{x.scoring, b} {
			raw, err := model.Raw(ctx, x.model, s, x.threads)
			if err != nil {
				return nil, nil, err
			}
			space[i] = raw[len(raw)-1] // of two classes the second
		}
	}
	total := x.room(x.rows)
	if opt.PerReference {
		total = x.room(x.rows * b.Rows)
	}
	for ref := range b.Rows {
		one := make([]*frame.Column, len(b.Columns))
		for j, c := range b.Columns {
			one[j] = c.Slice(ref, ref+1)
		}
		phi := x.room(x.rows)
		if err := x.forest.ContributionsAgainst(ctx, x.columns, 0, x.rows, one, 1, x.threads, phi); err != nil {
			return nil, nil, err
		}
		x.margin(phi)
		if opt.OutputSpace {
			respond(phi, space[0], space[1][ref])
		}
		for k, col := range phi {
			for r, v := range col {
				if opt.PerReference {
					total[k][r*b.Rows+ref] = v
				} else {
					total[k][r] += v / float64(b.Rows)
				}
			}
		}
	}
	if !opt.PerReference {
		names, cols := x.expanded(total, opt.Compact, func(r int) int { return r })
		return newFrame(append(names, "BiasTerm"), reals(cols)), warnings, nil
	}
	names, cols := x.expanded(total, opt.Compact, func(r int) int { return r / b.Rows })
	row, ref := make([]float64, x.rows*b.Rows), make([]float64, x.rows*b.Rows)
	for r := range row {
		row[r], ref[r] = float64(r/b.Rows), float64(r%b.Rows)
	}
	return newFrame(append(names, "BiasTerm", "RowIdx", "BackgroundRowIdx"), reals(append(cols, row, ref))), warnings, nil
}

// respond scales contributions against one reference so that they add up to the
// predictions of rows, from that of the reference on.
// H2O: all become 0 where the scores are equal.
func respond(phi [][]float64, rows []float64, reference float64) {
	bias := phi[len(phi)-1]
	for r, to := range rows {
		sum := 0.0
		for _, col := range phi[:len(phi)-1] {
			sum += col[r]
		}
		ratio := 0.0
		switch same := func(a, b float64) bool { return math.Abs(a-b) <= 1e-9*(1+math.Abs(b)) }; {
		case same(bias[r], reference) && same(bias[r]+sum, to):
			continue // predictions are the scores themselves
		case math.Abs(sum) >= 1e-6:
			ratio = (to - reference) / sum
		}
		for _, col := range phi[:len(phi)-1] {
			col[r] *= ratio
		}
		bias[r] = reference
	}
}

// expanded is named with a column for each level of a categorical predictor: that of
// the row's own level has the contribution, the others 0. row gives the row of the
// frame that a row of phi is about.
// H2O: hex.tree.SharedTreeModelWithContributions, with a background only.
func (x *explainer) expanded(phi [][]float64, compact bool, row func(int) int) ([]string, [][]float64) {
	names, phi := x.named(phi, compact)
	if compact || x.forest.Players != nil {
		return names, phi
	}
	var out []string
	var cols [][]float64
	for j, name := range names {
		if x.info.Kinds[j] != frame.Enum {
			out, cols = append(out, name), append(cols, phi[j])
			continue
		}
		levels := x.info.Domains[j]
		at := len(cols)
		for _, level := range append(append([]string(nil), levels...), "missing(NA)") {
			out, cols = append(out, name+"."+level), append(cols, make([]float64, len(phi[j])))
		}
		codes := x.columns[j].Codes(0, x.rows, nil)
		for r, v := range phi[j] {
			code := int(codes[row(r)])
			if code < 0 || code >= len(levels) {
				code = len(levels)
			}
			cols[at+code][r] = v
		}
	}
	return out, append(cols, phi[len(phi)-1])
}

// reals makes columns of computed values.
func reals(values [][]float64) []*frame.Column {
	cols := make([]*frame.Column, len(values))
	for k, v := range values {
		cols[k] = frame.NewReals(v)
	}
	return cols
}
