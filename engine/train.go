package engine

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/geyser-ml/geyser/engine/catalog"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/job"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/param"
)

// Training is what came of a request to train. Job is nil when the issues are
// fatal, or when only a check was asked for.
type Training struct {
	Algo   *model.Algo
	Job    *job.Job
	Issues param.Issues
	Params []param.Info
	Dest   string // key of the model
}

// Validate checks the parameters of a training without starting it. client is as
// for Train.
func (e *Engine) Validate(name string, raw param.Raw, client string) (Training, error) {
	t, _, release, err := e.prepare(name, raw, client)
	release()
	return t, err
}

// Train checks parameters and starts the training job. Fatal issues are not an
// error: they are in the result. Without a training frame the job exists and
// fails. client ("python", "R", "") goes into the key of a model that has none.
func (e *Engine) Train(name string, raw param.Raw, client string) (Training, error) {
	t, run, release, err := e.prepare(name, raw, client)
	if err != nil || t.Issues.Fatal() {
		release()
		return t, err
	}
	t.Job, err = e.start(job.Spec{
		Description: t.Algo.ID, Dest: run.Key, DestKind: kindModel, Owner: client, Memory: run.Memory, Release: release,
	}, run.FrameKeys(), "model_id", func(ctx context.Context, j *job.Job) error { return e.train(ctx, j, run) })
	return t, err
}

// prepare resolves a request. release lets go of the frames.
func (e *Engine) prepare(name string, raw param.Raw, client string) (Training, *model.Run, func(), error) {
	var pins []func()
	release := func() {
		for _, p := range pins {
			p()
		}
	}
	a, ok := e.Algo(name)
	if !ok {
		return Training{}, nil, release, errs.NotFoundf("algo", "algorithm %q is not in this release", name)
	}
	env := model.Env{
		Frame: func(key, field string) (*frame.Frame, error) {
			f, unpin, err := e.Frame(key, field)
			pins = append(pins, unpin)
			return f, err
		},
		Model:   func(key string) (model.Model, error) { return e.Model(key, "checkpoint") },
		NewKey:  func(prefix string) string { return e.newModelKey(prefix, client) },
		NewSeed: newSeed, Now: e.cfg.Now, Backend: e.cfg.Backend, Threads: e.cfg.Threads,
		Memory: e.cfg.Memory / 2,
	}
	run, issues := a.Prepare(raw, env)
	if run.ExportDir != "" {
		if _, err := e.allowed(run.ExportDir, e.cfg.ExportRoots, exportField); err != nil {
			issues = append(issues, param.Issue{Severity: param.Error, Field: exportField, Message: err.Error(), Err: err})
		}
	}
	return Training{Algo: a, Issues: issues, Params: run.Params, Dest: run.Key}, run, release, nil
}

// exportField is the parameter that names Run.ExportDir.
const exportField = "export_checkpoints_dir"

// NewModelKey makes a key for a model of an algorithm, as POST model_id does.
func (e *Engine) NewModelKey(prefix, client string) string { return e.newModelKey(prefix, client) }

// newModelKey makes a model's key: prefix, client, start of the server, number.
// H2O: ModelBuilder.defaultKey.
func (e *Engine) newModelKey(prefix, client string) string {
	if client != "" {
		client += "_"
	}
	return fmt.Sprintf("%s_model_%s%d_%d", prefix, client, e.started.UnixMilli(), e.counter.Add(1))
}

// train is the job of a training: it shows snapshots while it runs, and publishes
// the model, its folds and their frames at the end. A model that was cancelled,
// or ran out of time, stays as its last snapshot.
func (e *Engine) train(ctx context.Context, j *job.Job, run *model.Run) error {
	if run.Task.Train == nil {
		return errs.Invalidf("training_frame", "Illegal argument(s) for %s model: %s.  Details: ERRR on field: _train: Missing training frame", j.Description(), run.Key)
	}
	owner := j.Key()
	_, replaced := e.catalog.Entry(run.Key)
	shown := false // as a snapshot that is not kept yet
	defer func() {
		if shown {
			e.catalog.Withdraw(owner, run.Key) //nolint:errcheck // the lock is held
		}
	}()
	res, err := run.Train(ctx, model.Hooks{
		Progress: j.SetProgress,
		Publish: func(m model.Model) {
			if replaced {
				return // the model of that key stays until the new one is whole
			}
			if e.catalog.Publish(owner, catalog.Entry{Key: run.Key, Kind: kindModel, Value: m, Created: e.cfg.Now()}) == nil {
				shown = true
			}
		},
		Warn: func(msg string) {
			j.Warn(msg)
			e.cfg.Log.Warn(msg, "model", run.Key)
		},
		Save: func(m model.Model, dir, name string) error {
			m, err := e.settled(m)
			if err != nil {
				return err
			}
			m.Info().Identity.Key = name
			return e.saveTo(dir, name, m)
		},
	})
	if err != nil {
		if res.Model == nil || !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		m, serr := e.settled(res.Model)
		if serr == nil {
			serr = e.publishModel(owner, m)
		}
		if serr != nil {
			return serr
		}
		shown = false
		return err
	}
	for _, f := range res.Frames {
		if _, err := e.publishFrame("", f.Key, f.Frame, false); err != nil {
			return err
		}
	}
	for _, m := range res.Folds {
		if err := e.publishModel("", m); err != nil {
			return err
		}
	}
	for _, w := range res.Model.Info().Warnings {
		j.Warn(w)
	}
	if err := e.publishModel(owner, res.Model); err != nil {
		return err
	}
	shown = false
	e.keepTraining(res.Model)
	if run.ExportDir == "" {
		return nil
	}
	for _, m := range append(res.Folds, res.Model) {
		if err := e.saveTo(run.ExportDir, filepath.Base(m.Info().Identity.Key), m); err != nil {
			return err
		}
	}
	return nil
}

// saveTo writes a model file of a training below an export root.
func (e *Engine) saveTo(dir, name string, m model.Model) error {
	real, err := e.target(filepath.Join(dir, name), exportField, true)
	if err == nil {
		_, err = writeModel(real, m)
	}
	return err
}

// settled returns the last snapshot of a training as a model that has ended. It
// is a copy: the snapshot itself may be read right now.
func (e *Engine) settled(snapshot model.Model) (model.Model, error) {
	m, err := e.copied(snapshot)
	if err == nil {
		id := &m.Info().Identity
		id.Running, id.Ended = false, e.cfg.Now()
	}
	return m, err
}
