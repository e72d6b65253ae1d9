package isolationforest

import (
	"context"
	"fmt"
	"math"

	"github.com/geyser-ml/geyser/engine/dist"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/tree"
	"github.com/geyser-ml/geyser/kernels"
	"github.com/geyser-ml/geyser/kernels/par"
)

// train grows the forest tree by tree (Liu, Ting and Zhou 2008, algorithm 1).
func train(ctx context.Context, t *model.Task, p Params) (model.Model, error) {
	b, err := newBuilder(t, &p)
	if err != nil {
		return nil, err
	}
	defer b.backend.Close() //nolint:errcheck // memory goes either way
	every := p.Every(p.NTrees, t.Rows(), p.Rounds)
	b.record(0)
	for step := 1; step <= p.NTrees; step++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := b.grow(step - 1); err != nil {
			return nil, err
		}
		late := t.Late()
		if step%every == 0 || step == p.NTrees || late {
			if err := b.measure(step); err != nil {
				return nil, err
			}
			late = b.converged() || late
			t.Publish(b.snapshot())
		}
		t.Progress(float64(step)/float64(p.NTrees), fmt.Sprintf("Built %d trees.", step))
		if late {
			break
		}
	}
	return b.snapshot(), nil
}

// builder is the state of one training.
type builder struct {
	t       *model.Task
	p       *Params
	backend kernels.Backend
	grower  *grower
	forest  *tree.Forest
	scored  int       // trees that total and valid hold
	total   []float64 // length of path of the training rows, over all trees
	inBag   []float64 // the same over the trees that a row took part in
	bags    []int32   // number of these trees
	valid   []float64 // length of path of the validation rows
	span    span      // of total

	stop     *model.Stopper
	onTrain  *metrics.Metrics // of the last measurement
	onValid  *metrics.Metrics
	timeline model.Timeline
}

func newBuilder(t *model.Task, p *Params) (*builder, error) {
	backend, err := kernels.Open(t.Backend, t.Threads)
	if err != nil {
		return nil, err
	}
	n := t.Train.Rows
	b := &builder{
		t: t, p: p, backend: backend, grower: newGrower(t, p, backend), forest: &tree.Forest{},
		total: make([]float64, n), inBag: make([]float64, n), bags: make([]int32, n),
		timeline: model.Timeline{Started: t.Now()}, stop: model.NewStopper(p.Stopping), onTrain: metrics.Detect(nil, nil, nil, metrics.Options{}),
	}
	if t.Valid != nil {
		b.valid = make([]float64, t.Valid.Rows)
	}
	return b, nil
}

// grow adds one tree.
func (b *builder) grow(id int) error {
	rows := b.grower.sample(id, b.t.Threads)
	return b.grower.grow(id, rows, b.forest, func(length float32, places []uint32) {
		for _, k := range places {
			b.inBag[rows[k]] += float64(length)
			b.bags[rows[k]]++
		}
	})
}

// measure brings the lengths of path up to date, and measures.
func (b *builder) measure(step int) error {
	for _, x := range []struct {
		d   *model.Data
		sum []float64
	}{{b.t.Train, b.total}, {b.t.Valid, b.valid}} {
		if x.d == nil {
			continue
		}
		if err := b.forest.ScoreAll(b.backend, b.t.Threads, x.d.Columns, b.scored, [][]float64{x.sum}); err != nil {
			return err
		}
	}
	b.scored = b.forest.Trees()
	b.span = spanOf(b.total)
	b.onTrain = b.outOfBag()
	if b.valid != nil {
		b.onValid = b.labelled()
	}
	b.record(step)
	return nil
}

// outOfBag measures each training row by the trees that it took no part in; rows
// without such a tree do not count. Where every tree has seen all rows, all count by
// all trees.
func (b *builder) outOfBag() *metrics.Metrics {
	n, trees := len(b.total), float64(b.scored)
	score, length := make([]float64, n), make([]float64, n)
	whole := b.grower.rows.Whole()
	par.For(b.t.Threads, n, par.Rows, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			length[i] = b.total[i] / trees
			if !whole {
				length[i] = (b.total[i] - b.inBag[i]) / (trees - float64(b.bags[i])) // 0/0 is no tree
			}
			score[i] = b.span.score(length[i] * trees)
		}
	})
	m := b.t.Measure(b.t.Train, [][]float64{score, length})
	m.Description = "Isolation Forest Metrics"
	if !whole {
		m.Description = "Metrics reported on Out-Of-Bag training samples"
	}
	return m
}

// labelled measures the scores of the validation rows against their labels.
func (b *builder) labelled() *metrics.Metrics {
	score := make([]float64, len(b.valid))
	for i, l := range b.valid {
		score[i] = b.span.score(l)
	}
	m := b.t.Measure(b.t.Valid, [][]float64{score, b.valid})
	m.Description = "Validation metrics"
	return m
}

// record adds an entry to the scoring history.
func (b *builder) record(step int) {
	b.timeline.Add(b.t.Now(), model.NewScored(step, b.t.Category, b.onTrain, nil))
}

// converged reports whether the stopping metric has come to rest: that of the labelled
// rows, or the mean score of the training rows.
func (b *builder) converged() bool {
	if b.p.Stopping.Metric == "anomaly_score" {
		return b.stop.Stop(b.onTrain)
	}
	return b.stop.Stop(b.onValid)
}

// snapshot returns the model as it is now.
func (b *builder) snapshot() *Model {
	info := model.NewInfo(b.t)
	b.timeline.Show(info, "Number of Trees")
	info.Numbers = map[string]float64{"init_f": 0}
	info.Summary = b.forest.Summary()
	info.Train, info.Valid = b.onTrain, b.onValid
	m := &Model{info: info, forest: b.forest.Snapshot(), span: b.span, sampling: b.grower.rows}
	switch {
	case b.valid != nil:
		m.labels = b.t.Valid.Domain
		info.SetThreshold(info.Valid)
	case b.p.Contamination > 0:
		m.labels = []string{"0", "1"}
		scores := make([]float64, len(b.total))
		for i, l := range b.total {
			scores[i] = b.span.score(l)
		}
		info.Threshold = dist.QuantileOf(scores, nil, 1-b.p.Contamination)
	}
	info.Tables = tablesOf(b.forest, info.Names[:info.Predictors])
	return m
}

// span is the least and the greatest length of path of a training row, summed over
// the trees.
type span struct{ Min, Max float64 }

func spanOf(total []float64) span {
	s := span{math.Inf(1), math.Inf(-1)}
	for _, l := range total {
		s.Min, s.Max = min(s.Min, l), max(s.Max, l)
	}
	return s
}

// score is 1 at the least length and 0 at the greatest; 1 where all are equal.
// H2O: IsolationForestModel.normalizePathLength.
func (s span) score(length float64) float64 {
	if s.Max > s.Min {
		return (s.Max - length) / (s.Max - s.Min)
	}
	if math.IsNaN(length) {
		return length
	}
	return 1
}
