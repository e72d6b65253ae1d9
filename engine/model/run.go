package model

import (
	"context"
	"time"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/param"
	"github.com/geyser-ml/geyser/kernels/par"
)

// Env is what a training may ask of its surroundings.
type Env struct {
	Frame   func(key, field string) (*frame.Frame, error)
	Model   func(key string) (Model, error)
	NewKey  func(prefix string) string
	NewSeed func() int64
	Now     func() time.Time
	Backend string
	Threads int
	// Memory is how many bytes a training may plan on: as many folds are trained at the
	// same time as fit. 0 is for one at a time.
	Memory int64
}

// model looks a model up.
func (e Env) model(key string) (Model, error) {
	if e.Model == nil {
		return nil, errs.NotFoundf("checkpoint", "Object '%s' not found for argument: checkpoint", key)
	}
	return e.Model(key)
}

// Run is a training whose parameters have been checked.
type Run struct {
	Name   string
	Key    string
	Params []param.Info // input and actual values
	Task   *Task
	Memory int64 // estimate beyond the frames, in bytes
	// ExportDir is the folder that finished models are to be saved in, "" for none.
	ExportDir string

	env         Env
	blocks      blocks // of the parameters that training uses
	calibration *Data  // nil for none
	abreast     int    // folds that are trained at the same time
	fit         func(ctx context.Context, t *Task, as role) (Model, error)
}

// role says which training of a Run one is: that of a fold, or the main one with
// the models of its folds, nil without cross-validation.
type role struct {
	fold  bool
	folds []Model
}

// Hooks are told what happens while a Run trains.
type Hooks struct {
	Progress func(share float64, msg string)
	Publish  func(Model) // snapshot of the main model
	// Warn is told what the caller should know of how the training went.
	Warn func(msg string)
	// Save writes a model file of that name below dir; it is Task.Save of the main model.
	Save func(m Model, dir, name string) error
}

// Result is what a Run made. Frames holds cross-validation frames by key.
type Result struct {
	Model  Model
	Folds  []Model // those to keep
	Frames []NamedFrame
}

// NamedFrame is a frame and the key it is to be published under.
type NamedFrame struct {
	Key   string
	Frame *frame.Frame
}

// FrameKeys returns the keys of the frames that the training reads.
func (r *Run) FrameKeys() []string {
	var keys []string
	for _, d := range []*Data{r.Task.Train, r.Task.Valid, r.calibration} {
		if d != nil && d.Key != "" {
			keys = append(keys, d.Key)
		}
	}
	return keys
}

// plan sets how many folds are trained at the same time, and the memory of the run,
// from the estimate for one training.
func (r *Run) plan(one int64) {
	d := r.Task.Train
	if b := balanceOf(r.blocks.balancing, d); b != nil {
		one = int64(float64(one+d.Frame.SizeBytes()) * max(1, b.expected/float64(d.Rows)))
	}
	r.abreast = 1
	n := r.foldCount()
	if n > 0 {
		one += d.encodedBytes() // a fold's own
	}
	if n > 1 && !r.Task.InTurn && r.env.Memory > 0 && one > 0 {
		r.abreast = int(max(1, min(int64(n), int64(par.Threads(r.env.Threads)), r.env.Memory/one)))
	}
	r.Memory = one*int64(r.abreast) + d.encodedBytes()
}

// newTask makes the task without its data.
func newTask(key string, b blocks, env Env) *Task {
	t := &Task{
		Key: key, Threads: env.Threads, Backend: env.Backend, Now: env.Now, Lookup: env.Model,
		Progress: func(float64, string) {}, Publish: func(Model) {}, Warn: func(string) {}, Save: func(Model, string, string) error { return nil },
	}
	c := b.columns
	t.Roles = Roles{Response: string(c.Response), Weights: string(c.Weights), Offset: string(c.Offset), Fold: string(b.folding.FoldColumn)}
	t.Seed = uint64(b.seeding.Seed)
	return t
}

// Train runs the training: the folds of cross-validation, when asked for, then
// the main model. The time that max_runtime_secs allows starts now and is shared
// by all of them. A training that ctx cancels returns ctx.Err(), and the last
// snapshot as Result.Model where there is one. One whose device fails is done once
// more on the processor.
func (r *Run) Train(ctx context.Context, h Hooks) (Result, error) {
	if h.Progress == nil {
		h.Progress = func(float64, string) {}
	}
	if h.Publish == nil {
		h.Publish = func(Model) {}
	}
	if h.Warn == nil {
		h.Warn = func(string) {}
	}
	return r.perhapsTwice(ctx, h, r.env.Now())
}

// train is one attempt at the training.
func (r *Run) train(ctx context.Context, h Hooks, t Task, started time.Time) (Result, error) {
	if h.Save != nil {
		t.Save = func(m Model, dir, name string) error {
			r.identify(m, started, false)
			return h.Save(m, dir, name)
		}
	}
	folds, err := r.crossValidate(ctx, t, h.Progress)
	if err != nil {
		return Result{}, err
	}
	var res Result
	t.Publish = func(m Model) {
		res.Model = m
		r.identify(m, started, true)
		h.Publish(m)
	}
	t.Progress = h.Progress
	as := role{}
	if folds != nil {
		as.folds = folds.models
		done := float64(len(as.folds)) / float64(len(as.folds)+1)
		t.Progress = func(share float64, msg string) { h.Progress(done+share*(1-done), msg) }
	}
	if b := balanceOf(r.blocks.balancing, t.Train); b != nil {
		t.Train = b.balanced(t.Train, t.Seed)
	}
	m, err := r.fit(ctx, &t, as)
	if err != nil {
		return res, err
	}
	if d := r.calibration; d != nil {
		if m.Info().Calibration, err = calibrate(ctx, m, r.blocks.calibrating.CalibrationMethod, d, t.Threads); err != nil {
			return res, err
		}
	}
	r.identify(m, started, false)
	if folds != nil {
		r.attachFolds(m, folds, &res)
	}
	res.Model = m
	return res, nil
}

// deadline returns when a training that starts now has to end; zero for never.
func (r *Run) deadline(now time.Time) time.Time {
	const century = 100 * 365 * 24 * 3600 // seconds; more would overflow a Duration
	if r.blocks.runtime.MaxSeconds <= 0 || r.blocks.runtime.MaxSeconds > century {
		return time.Time{}
	}
	return now.Add(time.Duration(r.blocks.runtime.MaxSeconds * float64(time.Second)))
}

// identify fills what does not belong to the payload.
func (r *Run) identify(m Model, started time.Time, running bool) {
	info := m.Info()
	id := &info.Identity
	id.Key, id.Started, id.Running = r.Key, started, running
	if !running {
		id.Ended = r.env.Now()
		if sum, err := Checksum(m); err == nil {
			info.checksum = sum
		}
	}
	if d := r.Task.Train; d != nil {
		id.TrainingFrame, id.TrainChecksum = d.Key, d.Checksum
	}
	if d := r.Task.Valid; d != nil {
		id.ValidFrame, id.ValidChecksum = d.Key, d.Checksum
	}
}
