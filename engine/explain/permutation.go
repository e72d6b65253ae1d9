package explain

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/kernels"
)

// Permutation asks how much a metric changes when the values of one predictor are
// dealt anew among the rows.
// Ref: Breiman 2001, section 10; Fisher, Rudin and Dominici 2019.
type Permutation struct {
	Metric   string   // of engine/metrics, in any case; "" and AUTO are AUC for two classes, logloss for more, RMSE for numbers
	Samples  int      // rows to look at, drawn anew for each repeat; -1 for all
	Repeats  int      // at least 1
	Features []string // predictors; none for all
	Seed     int64
}

// Purposes of random draws.
const (
	drawDeal = kernels.FreePurpose + 64 + iota // a predictor's values, by repeat and predictor
	drawRows                                   // the rows of a repeat
)

// PermutationImportance returns the predictors by falling importance: how far the
// metric moves, its relative size and its share; with several repeats the importance
// in each, in the order of the first. The frame needs the response.
// H2O: hex.PermutationVarImp.
func PermutationImportance(ctx context.Context, m model.Model, f *frame.Frame, p Permutation, threads int) (*frame.Frame, error) {
	q, err := p.resolve(m, f)
	if err != nil {
		return nil, err
	}
	q.threads = threads
	runs := make([][]float64, p.Repeats)
	for k := range runs {
		if runs[k], err = q.run(ctx, k); err != nil {
			return nil, err
		}
	}
	order := make([]int, len(q.features))
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch x, y := runs[0][a], runs[0][b]; {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	sorted := func(of []float64) []float64 {
		out := make([]float64, len(order))
		for k, i := range order {
			out[k] = of[i]
		}
		return out
	}
	names := make([]string, len(order))
	for k, i := range order {
		names[k] = q.features[i]
	}
	titles, cols := []string{"Variable"}, []*frame.Column{frame.NewStrings(names, nil)}
	if p.Repeats == 1 {
		relative := sorted(runs[0])
		scaled, share, total := slices.Clone(relative), slices.Clone(relative), 0.0
		for _, v := range relative {
			total += v
		}
		for k, v := range relative {
			if total > 0 {
				scaled[k], share[k] = v/relative[0], v/total
			}
		}
		titles = append(titles, "Relative Importance", "Scaled Importance", "Percentage")
		cols = append(cols, frame.NewFloats(relative), frame.NewFloats(scaled), frame.NewFloats(share))
		return newFrame(titles, cols), nil
	}
	for k, run := range runs {
		titles, cols = append(titles, fmt.Sprintf("Run %d", k+1)), append(cols, frame.NewFloats(sorted(run)))
	}
	return newFrame(titles, cols), nil
}

// permutation is a question that is known to have an answer.
type permutation struct {
	Permutation
	model    model.Model
	frame    *frame.Frame
	features []string
	threads  int
}

func (p *Permutation) resolve(m model.Model, f *frame.Frame) (*permutation, error) {
	info := m.Info()
	q := &permutation{Permutation: *p, model: m, frame: f}
	predictors := sources(info)
	switch {
	case p.Samples != -1 && (p.Samples < 2 || p.Samples > f.NumRows()):
		return nil, errs.Invalidf("n_samples", "Argument n_samples has to be either -1 to use the whole frame or greater than 2 and lower than or equal to the number of rows of the provided frame!")
	case p.Repeats < 1:
		return nil, errs.Invalidf("n_repeats", "Argument n_repeats must be greater than 0!")
	case info.Response == "" || f.Lookup(info.Response) == nil:
		return nil, errs.Invalidf("frame", "the frame must have the response column '%s', to measure predictions", info.Response)
	}
	var absent, foreign []string
	for _, name := range p.Features {
		switch {
		case f.Lookup(name) == nil:
			absent = append(absent, name)
		case !slices.Contains(predictors, name):
			foreign = append(foreign, name)
		}
	}
	if absent != nil {
		return nil, errs.Invalidf("features", "Features %s are not present in the provided frame!", strings.Join(absent, ", "))
	}
	if foreign != nil {
		return nil, errs.Invalidf("features", "Features %s weren't used for training!", strings.Join(foreign, ", "))
	}
	for _, name := range predictors {
		if len(p.Features) == 0 && f.Lookup(name) != nil || slices.Contains(p.Features, name) {
			q.features = append(q.features, name)
		}
	}
	if q.Metric = strings.ToLower(p.Metric); q.Metric == "" || q.Metric == "auto" {
		switch q.Metric = "rmse"; info.Category {
		case model.Binomial:
			q.Metric = "auc"
		case model.Multinomial:
			q.Metric = "logloss"
		}
	}
	return q, nil
}

// run returns how far the metric moves for each feature, in one repeat.
func (q *permutation) run(ctx context.Context, repeat int) ([]float64, error) {
	f := q.frame
	if q.Samples >= 0 {
		rows := shuffled(f.NumRows(), q.Samples, uint64(q.Seed), uint64(repeat), drawRows)
		slices.Sort(rows)
		f = f.Gather(rows)
	}
	before, err := q.measure(ctx, f)
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(q.features))
	for k, name := range q.features {
		i := f.Index(name)
		// Why the name's place in the model: the draw is the same whichever features are asked for.
		key := uint64(repeat)<<32 | uint64(slices.Index(sources(q.model.Info()), name))
		deal := shuffled(f.NumRows(), f.NumRows(), uint64(q.Seed), key, drawDeal)
		after, err := q.measure(ctx, f.Replace(i, f.Column(i).Gather(deal)))
		if err != nil {
			return nil, err
		}
		out[k] = math.Abs(after - before)
	}
	return out, nil
}

// measure returns the metric of the predictions for a frame.
func (q *permutation) measure(ctx context.Context, f *frame.Frame) (float64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	opt := metrics.Options{Threads: q.threads}
	if q.Metric == "lift_top_group" {
		opt.GainsLiftBins = -1
	}
	got, _, _, err := model.Performance(ctx, q.model, f, opt)
	if err != nil {
		return 0, err
	}
	v, _, ok := metrics.Value(got, q.Metric)
	if !ok {
		return 0, errs.Invalidf("metric", "Permutation Variable Importance doesn't support %s for model %s", q.Metric, q.model.Info().Identity.Key)
	}
	if math.IsNaN(v) {
		return 0, errs.Invalidf("metric", "Model doesn't support the metric following metric %s", q.Metric)
	}
	return v, nil
}

// shuffled returns k of the numbers below n, without repeats: the first steps of a
// Fisher-Yates shuffle.
func shuffled(n, k int, seed, key uint64, purpose kernels.Purpose) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	for i := range k {
		hi, _ := bits.Mul64(kernels.Draw(seed, key, purpose, uint64(i)), uint64(n-i))
		j := i + int(hi)
		order[i], order[j] = order[j], order[i]
	}
	return order[:k]
}
