package model

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
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
// probability of the last one. With a ramp it predicts the value over the ramp.

type fakeParams struct {
	Frames
	CrossValidation
	Folding
	Columns
	Balancing
	Stopping
	Runtime
	Seeding
	Continuing
	Encoding
	Calibrating
	Exporting
	Steps int     `param:"steps" default:"1" in:"[1,100]" help:"Snapshots to publish."`
	Ramp  float64 `param:"ramp" default:"0" help:"Value that is predicted as 1."`
	Depth int     `param:"depth" default:"5" help:"Cannot be changed later."`
}

type fakeModel struct {
	info *Info
	seen map[float64]bool
	rows []float64 // first predictors trained on, in order
	ramp float64
}

type fakePayload struct {
	Rows []float64
	Ramp float64
}

func (m *fakeModel) Info() *Info { return m.info }

func (m *fakeModel) Payload() ([]byte, error) {
	return Marshal(fakePayload{m.rows, m.ramp})
}

func (m *fakeModel) Score(in *Scoring, lo, hi int, dst [][]float64) error {
	x := in.Columns[0].Floats(lo, hi, nil)
	for i := range x {
		for k := range dst {
			dst[k][i] = 0
		}
		v := 0.0
		if m.ramp > 0 {
			v = min(1, x[i]/m.ramp)
		} else if m.seen[x[i]] {
			v = 1
		}
		if len(dst) > 1 {
			dst[0][i] = 1 - v
		}
		dst[len(dst)-1][i] = v
	}
	return nil
}

var (
	fake = Define(fakeSpec)
	// turned is the fake with its predictors the other way round.
	turned = Define(func() Spec[fakeParams] {
		s := fakeSpec
		s.Resolve = func(_ *fakeParams, t *Task) {
			for _, d := range []*Data{t.Train, t.Valid} {
				if d != nil {
					slices.Reverse(d.Columns)
					d.Names = slices.Clone(d.Names)
					slices.Reverse(d.Names)
				}
			}
		}
		return s
	}())
)

var fakeSpec = Spec[fakeParams]{
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
	Fixed:   []string{"depth", "balance_classes"},
	Load: func(info *Info, payload []byte) (Model, error) {
		var s fakePayload
		if err := Unmarshal(payload, &s); err != nil {
			return nil, err
		}
		return newFake(info, s.Rows, s.Ramp), nil
	},
}

func newFake(info *Info, rows []float64, ramp float64) *fakeModel {
	m := &fakeModel{info, map[float64]bool{}, rows, ramp}
	for _, v := range rows {
		m.seen[v] = true
	}
	return m
}

// scored returns what Score gives for all rows.
func scored(m Model, s *Scoring) ([][]float64, error) {
	raw := make([][]float64, width(m))
	for k := range raw {
		raw[k] = make([]float64, s.Rows)
	}
	return raw, m.Score(s, 0, s.Rows, raw)
}

func trainFake(ctx context.Context, t *Task, p fakeParams) (Model, error) {
	d := t.Train
	rows := d.Columns[0].Floats(0, d.Rows, nil)
	if c := t.Continue; c != nil {
		rows = slices.Concat(c.(*fakeModel).rows, rows)
	}
	last := newFake(NewInfo(t), rows, p.Ramp)
	for step := range p.Steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if step > 0 && !t.Deadline.IsZero() && t.Now().After(t.Deadline) {
			break
		}
		m := newFake(NewInfo(t), rows, p.Ramp)
		raw, err := scored(m, d.scoring())
		if err != nil {
			return nil, err
		}
		m.info.Train = t.Measure(d, raw)
		m.info.SetThreshold(m.info.Train)
		if v := t.Valid; v != nil {
			if raw, err = scored(m, v.scoring()); err != nil {
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
	frames  map[string]*frame.Frame
	models  map[string]Model
	memory  int64
	threads int

	mu   sync.Mutex
	now  time.Time
	keys int
}

func (w *fixture) env() Env {
	return Env{
		Frame: func(key, field string) (*frame.Frame, error) {
			if f := w.frames[key]; f != nil {
				return f, nil
			}
			return nil, errs.NotFoundf(field, "no frame %s", key)
		},
		NewKey: func(p string) string { w.keys++; return fmt.Sprintf("%s_model_%d", p, w.keys) },
		Model: func(key string) (Model, error) {
			if m := w.models[key]; m != nil {
				return m, nil
			}
			return nil, errs.NotFoundf("checkpoint", "no model %s", key)
		},
		NewSeed: func() int64 { return 77 },
		Now: func() time.Time {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.now = w.now.Add(time.Second)
			return w.now
		},
		Memory: w.memory, Threads: w.threads,
	}
}

// prepare resolves parameters given as name, value, name, value ….
func (w *fixture) prepare(kv ...string) (*Run, param.Issues) {
	return w.prepareOf(fake, kv...)
}

func (w *fixture) prepareOf(a *Algo, kv ...string) (*Run, param.Issues) {
	raw := param.Raw{"training_frame": "train", "response_column": "y", "seed": "1"}
	for i := 0; i < len(kv); i += 2 {
		raw[kv[i]] = kv[i+1]
	}
	return a.Prepare(raw, w.env())
}

func (w *fixture) train(t *testing.T, kv ...string) Result {
	t.Helper()
	return w.trainOf(t, fake, kv...)
}

func (w *fixture) trainOf(t *testing.T, a *Algo, kv ...string) Result {
	t.Helper()
	run, issues := w.prepareOf(a, kv...)
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

// reread writes a model to a file and reads it back.
func reread(t *testing.T, m Model) Model {
	t.Helper()
	out, err := Read(bytes.NewReader(file(t, m)), find)
	require.NoError(t, err)
	return out
}

// predicted returns the frame of predictions and the warnings.
func predicted(t *testing.T, m Model, f *frame.Frame) (*frame.Frame, []string) {
	t.Helper()
	out, warnings, err := Predict(t.Context(), m, f, 1)
	require.NoError(t, err)
	return out, warnings
}

// told returns the issues as "severity field: message".
func told(is param.Issues) (out []string) {
	for _, i := range is {
		out = append(out, fmt.Sprintf("%s %s: %s", i.Severity, i.Field, i.Message))
	}
	return out
}
