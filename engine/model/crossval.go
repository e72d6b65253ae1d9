package model

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/kernels"
)

// folds is what cross-validation leaves for the main model.
type folds struct {
	models   []Model
	fold     []int32     // fold of each row, from 0
	holdout  [][]float64 // raw predictions of each row by the model that has not seen it
	parts    [][]int     // rows of each fold
	measured *metrics.Metrics
}

// crossValidate trains one model a fold, one after the other, each with an equal
// share of the time that is left. It returns nil when no cross-validation is asked
// for.
func (r *Run) crossValidate(ctx context.Context, main Task, progress func(float64, string)) (*folds, error) {
	d := main.Train
	n := r.foldCount()
	if n == 0 {
		return nil, nil
	}
	fs := &folds{fold: r.assignFolds(n), parts: make([][]int, n)}
	for i, f := range fs.fold {
		fs.parts[f] = append(fs.parts[f], i)
	}
	fs.holdout = make([][]float64, rawWidth(d))
	for k := range fs.holdout {
		fs.holdout[k] = make([]float64, d.Rows)
	}
	for i := range n {
		t, started := main, r.env.Now()
		t.Key = fmt.Sprintf("%s_cv_%d", r.Key, i+1)
		t.Publish = func(Model) {}
		t.Progress = func(share float64, msg string) {
			progress((float64(i)+share)/float64(n+1), fmt.Sprintf("fold %d of %d: %s", i+1, n, msg))
		}
		if !t.Deadline.IsZero() {
			t.Deadline = started.Add(t.Deadline.Sub(started) / time.Duration(n+1-i))
		}
		rest := make([]int, 0, d.Rows-len(fs.parts[i]))
		for row, f := range fs.fold {
			if int(f) != i {
				rest = append(rest, row)
			}
		}
		t.Train, t.Valid = d.gather(rest), d.gather(fs.parts[i])
		m, err := r.fit(ctx, &t, role{fold: true})
		if err != nil {
			return nil, fmt.Errorf("fold %d of %d: %w", i+1, n, err)
		}
		id := &m.Info().Identity
		id.Key, id.Started, id.Ended = t.Key, started, r.env.Now()
		id.TrainingFrame, id.TrainChecksum = d.Key, d.Checksum
		raw, err := scoreAll(ctx, m, t.Valid.scoring(), t.Threads)
		if err != nil {
			return nil, err
		}
		for k := range raw {
			for j, row := range fs.parts[i] {
				fs.holdout[k][row] = raw[k][j]
			}
		}
		fs.models = append(fs.models, m)
	}
	fs.measured = d.measure(fs.holdout, main.metricsOptions())
	if fs.measured != nil {
		fs.measured.Description = fmt.Sprintf("%d-fold cross-validation on training data (Metrics computed for combined holdout predictions)", n)
	}
	return fs, nil
}

// foldCount returns the number of folds, 0 for no cross-validation.
func (r *Run) foldCount() int {
	switch {
	case r.cv == nil:
		return 0
	case r.folding != nil && r.folding.FoldColumn != "":
		return len(foldLevels(r.Task.Train.Fold))
	}
	return r.cv.NFolds
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
	case r.folding.FoldColumn != "":
		at := map[float64]int32{}
		for i, v := range foldLevels(d.Fold) {
			at[v] = int32(i)
		}
		for i := range out {
			out[i] = at[d.Fold.Float(i)]
		}
	case r.folding.FoldAssignment == "Modulo":
		for i := range out {
			out[i] = int32(i % n)
		}
	case r.folding.FoldAssignment == "Stratified":
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
	if r.cv.KeepModels {
		res.Folds = fs.models
		for _, f := range fs.models {
			info.Identity.CVModels = append(info.Identity.CVModels, f.Info().Identity.Key)
		}
	}
	if r.cv.KeepPredictions {
		all := labelled(info, fs.holdout)
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
			res.Frames = append(res.Frames, NamedFrame{key, labelled(info, raw)})
		}
		info.Identity.CVHoldout = "cv_holdout_prediction_" + r.Key
		res.Frames = append(res.Frames, NamedFrame{info.Identity.CVHoldout, all})
	}
	if r.cv.KeepFolds {
		info.Identity.CVFolds = "cv_fold_assignment_" + r.Key
		f := frame.Must(frame.New([]string{"fold_assignment"}, []*frame.Column{frame.NewInts(frame.Int, fs.fold, nil)}))
		res.Frames = append(res.Frames, NamedFrame{info.Identity.CVFolds, f})
	}
}

// gather returns the data of some rows.
func (d *Data) gather(rows []int) *Data {
	out := *d
	out.Rows = len(rows)
	out.Frame = nil
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
