package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/job"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/model"
)

// Prediction is a scored frame. Measured is nil when the frame has no response.
type Prediction struct {
	Key      string
	Frame    *frame.Frame
	Measured *Measured
	Warnings []string
}

// Measured is how a model did on a frame.
type Measured struct {
	Model, Frame  string
	ModelChecksum int64
	FrameChecksum int64
	At            time.Time
	Category      model.Category
	Metrics       *metrics.Metrics
	Predictions   string // key of the predictions, "" when they were not kept
}

// Predict scores a frame at once and keeps predictions and metrics; dest "" makes
// a key up.
func (e *Engine) Predict(ctx context.Context, modelKey, frameKey, dest string) (Prediction, error) {
	if dest == "" {
		dest = autoName("predictions", modelKey, frameKey)
	}
	return e.predict(ctx, "", modelKey, frameKey, dest, true)
}

// PredictJob starts the job that scores a frame; dest "" makes a key up.
func (e *Engine) PredictJob(modelKey, frameKey, dest string) (*job.Job, error) {
	if dest == "" {
		dest = autoName("transformation", modelKey, frameKey)
	}
	if _, err := e.Model(modelKey, "model"); err != nil {
		return nil, err
	}
	f, unpin, err := e.Frame(frameKey, "frame")
	if err != nil {
		return nil, err
	}
	key := newJobKey()
	unlock, err := e.catalog.Lock(key, slices.Compact(slices.Sorted(slices.Values([]string{modelKey, frameKey}))), []string{dest})
	if err != nil {
		unpin()
		return nil, inUse(err, "predictions_frame")
	}
	release := func() { unlock(); unpin() }
	j, err := e.jobs.Start(job.Spec{
		Key: key, Description: "transformation", Dest: dest, DestKind: kindFrame,
		Memory: int64(f.NumRows()) * 32, Release: release,
		Run: func(ctx context.Context, j *job.Job) error {
			p, err := e.predict(ctx, key, modelKey, frameKey, dest, false)
			for _, w := range p.Warnings {
				j.Warn(w)
			}
			return err
		},
	})
	if err != nil {
		release()
	}
	return j, err
}

// autoName makes a key for predictions.
// H2O: ModelMetricsHandler.predict.
func autoName(prefix, modelKey, frameKey string) string {
	return fmt.Sprintf("%s_%s_%s_on_%s", prefix, newID(2), modelKey, frameKey)
}

// predict scores, publishes and, when wanted, measures.
func (e *Engine) predict(ctx context.Context, owner, modelKey, frameKey, dest string, measure bool) (Prediction, error) {
	p := Prediction{Key: dest}
	m, err := e.Model(modelKey, "model")
	if err != nil {
		return p, err
	}
	f, unpin, err := e.Frame(frameKey, "frame")
	if err != nil {
		return p, err
	}
	defer unpin()
	var got *metrics.Metrics
	if measure {
		got, p.Frame, p.Warnings, err = model.Performance(ctx, m, f, metrics.Options{AUC: metrics.AUCAuto, GainsLiftBins: -1, Threads: e.cfg.Threads})
	} else {
		p.Frame, p.Warnings, err = model.Predict(ctx, m, f, e.cfg.Threads)
	}
	if err != nil {
		return p, err
	}
	if p.Frame, err = e.publishFrame(owner, dest, p.Frame, false); err != nil {
		return p, err
	}
	if got != nil {
		p.Measured = e.keep(m, frameKey, f, got, dest)
	}
	return p, nil
}

// Measure scores a frame, compares with its response and keeps the metrics. The
// result is nil when the frame has no response.
func (e *Engine) Measure(ctx context.Context, modelKey, frameKey string, auc string) (*Measured, error) {
	m, err := e.Model(modelKey, "model")
	if err != nil {
		return nil, err
	}
	f, unpin, err := e.Frame(frameKey, "frame")
	if err != nil {
		return nil, err
	}
	defer unpin()
	got, _, _, err := model.Performance(ctx, m, f, metrics.Options{AUC: metrics.AUCType(auc), GainsLiftBins: -1, Threads: e.cfg.Threads})
	if err != nil || got == nil {
		return nil, err
	}
	return e.keep(m, frameKey, f, got, ""), nil
}

// keptMetrics is how many measurements are kept before the oldest go.
const keptMetrics = 1000

// keep files a measurement of a model on a frame; "" are predictions that were not
// kept.
func (e *Engine) keep(m model.Model, frameKey string, f *frame.Frame, got *metrics.Metrics, preds string) *Measured {
	info := m.Info()
	sum, _ := model.Checksum(m)
	x := &Measured{
		Model: info.Identity.Key, Frame: frameKey, ModelChecksum: sum, FrameChecksum: f.Checksum(),
		At: e.cfg.Now(), Category: info.Category, Metrics: got, Predictions: preds,
	}
	e.file(x)
	return x
}

// keepTraining files what a training has measured.
func (e *Engine) keepTraining(m model.Model) {
	info := m.Info()
	id := info.Identity
	sum, _ := model.Checksum(m)
	for _, x := range []struct {
		frame string
		check int64
		got   *metrics.Metrics
	}{{id.TrainingFrame, id.TrainChecksum, info.Train}, {id.ValidFrame, id.ValidChecksum, info.Valid}} {
		if x.got != nil {
			e.file(&Measured{
				Model: id.Key, Frame: x.frame, ModelChecksum: sum, FrameChecksum: x.check,
				At: id.Ended, Category: info.Category, Metrics: x.got,
			})
		}
	}
}

// file adds a measurement; a newer one of the same model and frame replaces it.
func (e *Engine) file(x *Measured) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.measured = append(slices.DeleteFunc(e.measured, func(o *Measured) bool { return o.Model == x.Model && o.Frame == x.Frame }), x)
	if len(e.measured) > keptMetrics {
		e.measured = e.measured[1:]
	}
}

// Measured lists the kept measurements of a model and a frame, "" standing for
// any: what was asked for, and what trainings of this process have measured.
func (e *Engine) Measured(modelKey, frameKey string) []*Measured {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []*Measured
	for _, x := range e.measured {
		if (modelKey == "" || x.Model == modelKey) && (frameKey == "" || x.Frame == frameKey) {
			out = append(out, x)
		}
	}
	return out
}

// RemoveMeasured removes and returns what Measured lists.
func (e *Engine) RemoveMeasured(modelKey, frameKey string) []*Measured {
	gone := e.Measured(modelKey, frameKey)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.measured = slices.DeleteFunc(e.measured, func(x *Measured) bool { return slices.Contains(gone, x) })
	return gone
}

// MakeOptions says how metrics are made from two frames.
type MakeOptions struct {
	Domain       []string // classes; nil for numbers
	Distribution string   // gaussian for numbers; others by the domain
	Weights      string   // frame of one column of weights, "" for ones
	AUC          string
}

// MakeMetrics compares a frame of predictions with a frame of actual values: one
// column of numbers, one of class-1 probabilities, or one a class.
func (e *Engine) MakeMetrics(predicted, actual string, o MakeOptions) (*Measured, error) {
	p, unpinP, err := e.Frame(predicted, "predictions_frame")
	if err != nil {
		return nil, err
	}
	defer unpinP()
	a, unpinA, err := e.Frame(actual, "actuals_frame")
	if err != nil {
		return nil, err
	}
	defer unpinA()
	if a.NumCols() != 1 {
		return nil, errs.Invalidf("actuals_frame", "actuals_frame must have one column; %s has %d", actual, a.NumCols())
	}
	if p.NumRows() != a.NumRows() {
		return nil, errs.Invalidf("predictions_frame", "%s has %d rows, %s has %d; they must be equal", predicted, p.NumRows(), actual, a.NumRows())
	}
	var w *frame.Column
	if o.Weights != "" {
		f, unpin, err := e.Frame(o.Weights, "weights_frame")
		if err != nil {
			return nil, err
		}
		defer unpin()
		if f.NumCols() != 1 || f.NumRows() != a.NumRows() {
			return nil, errs.Invalidf("weights_frame", "weights_frame must have one column of %d rows", a.NumRows())
		}
		w = f.Column(0)
	}
	got, category, err := model.MeasureFrames(p, a.Column(0), w, o.Domain, o.Distribution, metrics.Options{AUC: metrics.AUCType(o.AUC), GainsLiftBins: -1, Threads: e.cfg.Threads})
	if err != nil {
		return nil, err
	}
	return &Measured{At: e.cfg.Now(), Category: category, Metrics: got}, nil
}
