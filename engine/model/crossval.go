package model

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/kernels"
	"github.com/geyser-ml/geyser/kernels/par"
)

// folds is what cross-validation leaves for the main model.
type folds struct {
	models   []Model
	fold     []int32     // fold of each row, from 0
	holdout  [][]float64 // raw predictions of each row by the model that has not seen it
	parts    [][]int     // rows of each fold
	measured *metrics.Metrics
}

// crossValidate trains one model a fold, as many at a time as were planned. Each has
// an equal share of the time that is left, and what a fold learns does not depend on
// the others. It returns nil when no cross-validation is asked for.
func (r *Run) crossValidate(ctx context.Context, main Task, progress func(float64, string)) (*folds, error) {
	d, n := main.Train, r.foldCount()
	if n == 0 {
		return nil, nil
	}
	fs := &folds{models: make([]Model, n), fold: r.assignFolds(n), parts: make([][]int, n)}
	for i, f := range fs.fold {
		fs.parts[f] = append(fs.parts[f], i)
	}
	fs.holdout = make([][]float64, rawWidth(d))
	for k := range fs.holdout {
		fs.holdout[k] = make([]float64, d.Rows)
	}
	abreast := max(1, r.abreast)
	if abreast > 1 {
		main.Threads = max(1, par.Threads(main.Threads)/abreast)
	}
	within, cancel := context.WithCancel(ctx)
	defer cancel()
	errs, report := make([]error, n), foldProgress(n, progress)
	par.Do(abreast, n, func(i int) {
		if errs[i] = within.Err(); errs[i] == nil {
			t := main
			if !t.Deadline.IsZero() {
				waves := (n+abreast-1)/abreast - i/abreast + 1 // that are to come, with the main model
				now := r.env.Now()
				t.Deadline = now.Add(t.Deadline.Sub(now) / time.Duration(waves))
			}
			errs[i] = r.trainFold(within, t, fs, i, report)
		}
		if errs[i] != nil {
			cancel()
		}
	})
	if i := firstFailure(ctx, errs); i >= 0 {
		return nil, fmt.Errorf("fold %d of %d: %w", i+1, n, errs[i])
	}
	fs.measured = d.measure(fs.holdout, main.metricsOptions())
	if fs.measured != nil {
		fs.measured.Description = fmt.Sprintf("%d-fold cross-validation on training data (Metrics computed for combined holdout predictions)", n)
	}
	return fs, nil
}

// firstFailure returns the first error that is not the mere consequence of another;
// -1 for none.
func firstFailure(ctx context.Context, list []error) int {
	first := -1
	for i, err := range list {
		switch {
		case err == nil:
		case ctx.Err() != nil || !errors.Is(err, context.Canceled):
			return i
		case first < 0:
			first = i
		}
	}
	return first
}

// foldProgress sums the progress of folds and leaves the share of one more for the
// main model.
func foldProgress(n int, progress func(float64, string)) func(fold int, share float64, msg string) {
	var mu sync.Mutex
	shares := make([]float64, n)
	return func(fold int, share float64, msg string) {
		mu.Lock()
		defer mu.Unlock()
		shares[fold] = share
		sum := 0.0
		for _, s := range shares {
			sum += s
		}
		progress(sum/float64(n+1), fmt.Sprintf("fold %d of %d: %s", fold+1, n, msg))
	}
}

// trainFold trains fold i by the task of the main model and predicts its rows.
func (r *Run) trainFold(ctx context.Context, t Task, fs *folds, i int, report func(int, float64, string)) error {
	started := r.env.Now()
	t.Key = fmt.Sprintf("%s_cv_%d", r.Key, i+1)
	t.Publish = func(Model) {}
	t.Save = func(Model, string, string) error { return nil }
	t.Progress = func(share float64, msg string) { report(i, share, msg) }
	id := Identity{Key: t.Key, Started: started, TrainingFrame: t.Train.Key, TrainChecksum: t.Train.Checksum}
	var err error
	if t.Train, t.Valid, err = r.split(t, fs, i); err != nil {
		return err
	}
	m, err := r.fit(ctx, &t, role{fold: true})
	if err != nil {
		return err
	}
	info := m.Info()
	id.Times, id.Named, id.Ended = info.Identity.Times, info.Identity.Named, r.env.Now()
	info.Identity = id
	raw, err := Raw(ctx, m, t.Valid.scoring(), t.Threads)
	if err != nil {
		return err
	}
	for k := range raw {
		for j, row := range fs.parts[i] {
			fs.holdout[k][row] = raw[k][j]
		}
	}
	fs.models[i] = m
	report(i, 1, "done")
	return nil
}

// split gathers the rows of fold i and of the others. What is learnt from data,
// encodings and shares of classes, is learnt from those others alone.
func (r *Run) split(t Task, fs *folds, i int) (train, valid *Data, err error) {
	d := t.Train
	if d.plain != nil {
		d = d.plain
	}
	rest := make([]int, 0, d.Rows-len(fs.parts[i]))
	for row, f := range fs.fold {
		if int(f) != i {
			rest = append(rest, row)
		}
	}
	train, valid = d.gather(rest), d.gather(fs.parts[i])
	if e := t.Train.encoding; e != nil {
		if e, err = train.fit(e.Scheme); err != nil {
			return nil, nil, err
		}
		names := t.Train.Names
		train, valid = train.encoded(e, t.Threads).arrange(names), valid.encoded(e, t.Threads).arrange(names)
	}
	if b := balanceOf(r.blocks.balancing, train); b != nil {
		train = b.balanced(train, t.Seed)
	}
	return train, valid, nil
}

// folded reports whether cross-validation is asked for.
func (b blocks) folded() bool { return b.cv.NFolds > 0 || b.folding.FoldColumn != "" }

// foldCount returns the number of folds, 0 for no cross-validation.
func (r *Run) foldCount() int {
	if r.blocks.folding.FoldColumn != "" {
		return len(foldLevels(r.Task.Train.Fold))
	}
	return r.blocks.cv.NFolds
}

// foldLevels returns the distinct values of a fold column, ascending.
func foldLevels(c *frame.Column) []float64 {
	seen := map[float64]bool{}
	var out []float64
	for i := range c.Len() {
		if v := c.Float(i); !math.IsNaN(v) && !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	slices.Sort(out)
	return out
}

// assignFolds gives each row its fold, 0…n-1.
func (r *Run) assignFolds(n int) []int32 {
	d := r.Task.Train
	out := make([]int32, d.Rows)
	switch {
	case r.blocks.folding.FoldColumn != "":
		at := map[float64]int32{}
		for i, v := range foldLevels(d.Fold) {
			at[v] = int32(i)
		}
		for i := range out {
			out[i] = at[d.Fold.Float(i)]
		}
	case r.blocks.folding.FoldAssignment == "Modulo":
		for i := range out {
			out[i] = int32(i % n)
		}
	case r.blocks.folding.FoldAssignment == "Stratified":
		// Rows of a class go round the folds in an order drawn by the seed, so that
		// each fold has its share of each class to within one row.
		byClass := make([][]int, len(d.Domain)+1)
		for i := range out {
			c := d.Response.Code(i) + 1
			byClass[c] = append(byClass[c], i)
		}
		next := 0 // a class goes on where the one before has ended
		for _, rows := range byClass {
			slices.SortStableFunc(rows, func(a, b int) int { return cmp.Compare(r.drawFold(a), r.drawFold(b)) })
			for _, row := range rows {
				out[row] = int32(next % n)
				next++
			}
		}
	default: // Random; AUTO is Random
		for i := range out {
			out[i] = int32(r.drawFold(i) % uint64(n))
		}
		fillEmptyFolds(out, n)
	}
	return out
}

// purposeFold keys the draws of fold numbers, apart from those of algorithms.
const purposeFold kernels.Purpose = 1 << 32

// drawFold returns the random bits of a row's fold.
func (r *Run) drawFold(row int) uint64 {
	return kernels.Draw(r.Task.Seed, 0, purposeFold, uint64(row))
}

// fillEmptyFolds moves rows of the fullest folds into folds that the draw left
// without any, which happens when there are hardly more rows than folds.
func fillEmptyFolds(fold []int32, n int) {
	count := make([]int, n)
	for _, f := range fold {
		count[f]++
	}
	for f := range count {
		if count[f] > 0 {
			continue
		}
		most := slices.Index(count, slices.Max(count))
		i := slices.Index(fold, int32(most))
		fold[i] = int32(f)
		count[most]--
		count[f]++
	}
}

// attachFolds puts what the folds gave into the main model and the result.
func (r *Run) attachFolds(m Model, fs *folds, res *Result) {
	info := m.Info()
	info.CrossValid = fs.measured
	var each []*metrics.Metrics
	for _, f := range fs.models {
		each = append(each, f.Info().Valid)
		info.FoldHistory = append(info.FoldHistory, f.Info().History)
		info.Identity.FoldTimes = append(info.Identity.FoldTimes, f.Info().Identity.Times)
	}
	info.CVSummary = metrics.CVSummary(each)
	if r.blocks.cv.KeepModels {
		res.Folds = fs.models
		for _, f := range fs.models {
			info.Identity.CVModels = append(info.Identity.CVModels, f.Info().Identity.Key)
		}
	}
	if r.blocks.cv.KeepPredictions {
		all := labelled(m, fs.holdout)
		for i := range fs.models {
			key := fmt.Sprintf("prediction_%s_cv_%d", r.Key, i+1)
			raw := make([][]float64, len(fs.holdout))
			for k := range raw {
				raw[k] = make([]float64, len(fs.fold))
				for row, f := range fs.fold {
					if int(f) == i {
						raw[k][row] = fs.holdout[k][row]
					}
				}
			}
			info.Identity.CVPredictions = append(info.Identity.CVPredictions, key)
			res.Frames = append(res.Frames, NamedFrame{key, labelled(m, raw)})
		}
		info.Identity.CVHoldout = "cv_holdout_prediction_" + r.Key
		res.Frames = append(res.Frames, NamedFrame{info.Identity.CVHoldout, all})
	}
	if r.blocks.cv.KeepFolds {
		info.Identity.CVFolds = "cv_fold_assignment_" + r.Key
		f := frame.Must(frame.New([]string{"fold_assignment"}, []*frame.Column{frame.NewInts(frame.Int, fs.fold, nil)}))
		res.Frames = append(res.Frames, NamedFrame{info.Identity.CVFolds, f})
	}
}

// gather returns the data of some rows.
func (d *Data) gather(rows []int) *Data {
	out := *d
	out.Rows = len(rows)
	out.Frame, out.plain = nil, nil
	out.Columns = make([]*frame.Column, len(d.Columns))
	for i, c := range d.Columns {
		out.Columns[i] = c.Gather(rows)
	}
	for _, c := range []**frame.Column{&out.Response, &out.Weights, &out.Offset, &out.Fold} {
		if *c != nil {
			*c = (*c).Gather(rows)
		}
	}
	return &out
}
