package model

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/param"
)

// The algorithm of these tests knows a row again by its first predictor: it
// predicts 1 for rows that it was trained on and 0 for others; of classes, the
// probability of the last one.

type fakeParams struct {
	Frames
	CrossValidation
	Folding
	Columns
	Stopping
	Runtime
	Seeding
	Steps int `param:"steps" default:"1" in:"[1,100]" help:"Snapshots to publish."`
}

type fakeModel struct {
	info *Info
	seen map[float64]bool
}

func (m *fakeModel) Info() *Info { return m.info }

func (m *fakeModel) Payload() ([]byte, error) {
	return Marshal(slices.Sorted(maps.Keys(m.seen)))
}

func (m *fakeModel) Score(in *Scoring, lo, hi int, dst [][]float64) error {
	x := in.Columns[0].Floats(lo, hi, nil)
	for i := range x {
		for k := range dst {
			dst[k][i] = 0
		}
		if m.seen[x[i]] {
			dst[len(dst)-1][i] = 1
		} else if len(dst) > 1 {
			dst[0][i] = 1
		}
	}
	return nil
}

var fake = Define(Spec[fakeParams]{
	Name: "fake", Title: "Fake", ID: "Fake", Version: 3, Supervised: true,
	Categories: []Category{Regression, Binomial, Multinomial},
	Schema:     param.Of[fakeParams](),
	Check: func(p *fakeParams, t *Task) param.Issues {
		return p.Stopping.Check(t.Category, metrics.AUCNone)
	},
	Resolve: func(_ *fakeParams, t *Task) { t.GainsLiftBins = -1 },
	Tune:    func(p *fakeParams, folds []Model) { p.Steps += len(folds) },
	Settle:  func(p *fakeParams, m Model) { p.Steps = len(m.Info().History) },
	Memory:  func(_ *fakeParams, t *Task) int64 { return int64(t.Train.Rows) },
	Train:   trainFake,
	Load: func(info *Info, payload []byte) (Model, error) {
		var seen []float64
		if err := Unmarshal(payload, &seen); err != nil {
			return nil, err
		}
		m := &fakeModel{info, map[float64]bool{}}
		for _, v := range seen {
			m.seen[v] = true
		}
		return m, nil
	},
})

func trainFake(ctx context.Context, t *Task, p fakeParams) (Model, error) {
	d := t.Train
	seen := map[float64]bool{}
	for _, v := range d.Columns[0].Floats(0, d.Rows, nil) {
		seen[v] = true
	}
	last := &fakeModel{NewInfo(t), seen}
	for step := range p.Steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if step > 0 && !t.Deadline.IsZero() && t.Now().After(t.Deadline) {
			break
		}
		m := &fakeModel{NewInfo(t), seen}
		raw, err := scoreAll(ctx, m, d.scoring(), t.Threads)
		if err != nil {
			return nil, err
		}
		m.info.Train = t.Measure(d, raw)
		m.info.SetThreshold(m.info.Train)
		if v := t.Valid; v != nil {
			if raw, err = scoreAll(ctx, m, v.scoring(), t.Threads); err != nil {
				return nil, err
			}
			m.info.Valid = t.Measure(v, raw)
		}
		m.info.Step = "Number of Steps"
		m.info.History = append(slices.Clone(last.info.History), NewScored(step, t.Category, m.info.Train, m.info.Valid))
		m.info.Identity.Times = append(slices.Clone(last.info.Identity.Times), Stamp{At: t.Now(), Duration: time.Second})
		last = m
		t.Publish(m)
		t.Progress(float64(step+1)/float64(p.Steps), "step")
	}
	return last, nil
}

// fixture is a world of frames with a clock that each look at moves by a second.
type fixture struct {
	frames map[string]*frame.Frame
	now    time.Time
	keys   int
}

func (w *fixture) env() Env {
	return Env{
		Frame: func(key, field string) (*frame.Frame, error) {
			if f := w.frames[key]; f != nil {
				return f, nil
			}
			return nil, errs.NotFoundf(field, "no frame %s", key)
		},
		NewKey:  func(p string) string { w.keys++; return fmt.Sprintf("%s_model_%d", p, w.keys) },
		NewSeed: func() int64 { return 77 },
		Now:     func() time.Time { w.now = w.now.Add(time.Second); return w.now },
	}
}

// prepare resolves parameters given as name, value, name, value ….
func (w *fixture) prepare(kv ...string) (*Run, param.Issues) {
	raw := param.Raw{"training_frame": "train", "response_column": "y", "seed": "1"}
	for i := 0; i < len(kv); i += 2 {
		raw[kv[i]] = kv[i+1]
	}
	return fake.Prepare(raw, w.env())
}

func (w *fixture) train(t *testing.T, kv ...string) Result {
	t.Helper()
	run, issues := w.prepare(kv...)
	require.NoError(t, issues.Err())
	res, err := run.Train(t.Context(), Hooks{})
	require.NoError(t, err)
	return res
}

// world has a frame "train" of n rows: id (its own value in each row), c (levels
// a, b, c), y (numbers), yb (no, yes), ym (three classes), w, o, f (folds 0, 1, 2),
// and "valid", its first rows.
func world(n int) *fixture {
	id, y, w, o, f := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	c, yb, ym := make([]int32, n), make([]int32, n), make([]int32, n)
	for i := range n {
		id[i], y[i], w[i], o[i], f[i] = float64(i)+0.5, float64(i%7), float64(1+i%2), 0.25, float64(i/2%3)
		c[i], yb[i], ym[i] = int32(i%3), int32(i/3%2), int32(i/5%3)
	}
	train := frame.Must(frame.New(
		[]string{"id", "c", "y", "yb", "ym", "w", "o", "f"},
		[]*frame.Column{
			frame.NewFloats(id), frame.NewCodes(c, []string{"a", "b", "c"}), frame.NewReals(y),
			frame.NewCodes(yb, []string{"no", "yes"}), frame.NewCodes(ym, []string{"1", "2", "x"}),
			frame.NewReals(w), frame.NewReals(o), frame.NewReals(f),
		}))
	return &fixture{
		frames: map[string]*frame.Frame{"train": train, "valid": train.Slice(0, n/2)},
		now:    time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
}

func column(t *testing.T, f *frame.Frame, name string) []float64 {
	t.Helper()
	c := f.Lookup(name)
	require.NotNil(t, c, "%s of %v", name, f.Names())
	return c.Floats(0, c.Len(), nil)
}
