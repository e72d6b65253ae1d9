package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/explain"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/job"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/model"
)

// Want is what is asked of a model about each row of a frame.
type Want uint8

// What can be asked. All but Predictions are answered by models of trees only.
const (
	Predictions   Want = iota
	Leaves             // the leaf that the row falls into, by tree
	Stages             // the prediction after each step
	Contributions      // the share of each predictor in the prediction
	Frequencies        // how often each predictor is looked at on the way to the leaves
	TreeRows           // whether the tree was grown on the row
)

// Question asks a model about a frame.
type Question struct {
	Model, Frame string // keys
	Dest         string // key of the answer; "" makes one up
	Want         Want
	AUC          string // how the AUC of several classes is averaged; "" for AUTO
	NodeIDs      bool   // Leaves by number, not by the way to them
	// Contribution says how Contributions are shown; its frame of references is found
	// under the key Background, "" for none.
	Contribution explain.Contribution
	Background   string
}

// Prediction is the answer to a Question. Measured is nil when the frame has no
// response, or something else than predictions was wanted.
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

// Predict answers at once and keeps answer and metrics.
func (e *Engine) Predict(ctx context.Context, q Question) (Prediction, error) {
	a, release, err := e.ask(q, "predictions")
	if err != nil {
		return Prediction{}, err
	}
	defer release()
	if err := e.vacant(a.Dest, kindFrame, "predictions_frame"); err != nil {
		return Prediction{}, err
	}
	if err := e.room("frame", a.bytes); err != nil {
		return Prediction{}, err
	}
	return e.answer(ctx, "", a, true)
}

// PredictJob starts the job that answers. It keeps no metrics.
func (e *Engine) PredictJob(q Question) (*job.Job, error) {
	a, release, err := e.ask(q, "transformation")
	if err != nil {
		return nil, err
	}
	return e.start(job.Spec{
		Description: "transformation", Dest: a.Dest, DestKind: kindFrame, Memory: a.bytes, Release: release,
	}, []string{q.Model, q.Frame, q.Background}, "predictions_frame", func(ctx context.Context, j *job.Job) error {
		p, err := e.answer(ctx, j.Key(), a, false)
		for _, w := range p.Warnings {
			j.Warn(w)
		}
		return err
	})
}

// autoName makes a key for what a model says about a frame.
// H2O: ModelMetricsHandler.predict.
func autoName(prefix, modelKey, frameKey string) string {
	return fmt.Sprintf("%s_%s_%s_on_%s", prefix, newID(2), modelKey, frameKey)
}

// asked is a Question with the objects that it names.
type asked struct {
	Question
	model model.Model
	frame *frame.Frame
	bytes int64 // memory that the answer takes, about
}

// prefixes begin the keys that are made up for answers.
var prefixes = map[Want]string{
	Leaves: "leaf_node_assignment", Stages: "staged_proba_", Contributions: "contributions_",
	Frequencies: "feature_frequencies", TreeRows: "row_to_tree_assignment_",
}

// ask finds what a question names; prefix begins the key of predictions. release
// lets go of the frames.
func (e *Engine) ask(q Question, prefix string) (a asked, release func(), err error) {
	if a.model, err = e.Model(q.Model, "model"); err != nil {
		return a, nil, err
	}
	f, unpin, err := e.Frame(q.Frame, "frame")
	if err != nil {
		return a, nil, err
	}
	release = unpin
	if q.Background != "" {
		b, unpinB, err := e.Frame(q.Background, "background_frame")
		if err != nil {
			unpin()
			return a, nil, err
		}
		q.Contribution.Background = b
		release = func() { unpin(); unpinB() }
	}
	if p, ok := prefixes[q.Want]; ok {
		prefix = p
	}
	if q.Dest == "" {
		q.Dest = autoName(prefix, q.Model, q.Frame)
	}
	a.Question, a.frame = q, f
	a.bytes = 8 * int64(f.NumRows()) * int64(a.width())
	return a, release, nil
}

// width is about how many columns the answer has, times the rows of it that one
// row makes.
func (a *asked) width() int {
	switch a.Want {
	case Leaves, Stages, TreeRows:
		if t, ok := a.model.(model.Forested); ok {
			return t.Forest().Trees()
		}
	case Contributions:
		width := a.model.Info().Predictors + 1
		if b := a.Contribution.Background; b != nil && a.Contribution.PerReference {
			width *= max(b.NumRows(), 1)
		}
		return width
	case Frequencies:
		return a.model.Info().Predictors
	}
	return max(4, len(a.model.Info().Classes())+1)
}

// answer answers a question and publishes the answer; predictions are measured
// when that is wanted, too.
func (e *Engine) answer(ctx context.Context, owner string, a asked, measure bool) (Prediction, error) {
	p := Prediction{Key: a.Dest}
	m, f, threads := a.model, a.frame, e.cfg.Threads
	var got *metrics.Metrics
	var err error
	switch a.Want {
	case Leaves:
		p.Frame, p.Warnings, err = explain.Leaves(ctx, m, f, a.NodeIDs, threads)
	case Stages:
		p.Frame, p.Warnings, err = explain.Stages(ctx, m, f, threads)
	case Contributions:
		p.Frame, p.Warnings, err = explain.Contributions(ctx, m, f, a.Contribution, threads)
	case Frequencies:
		p.Frame, p.Warnings, err = explain.Frequencies(ctx, m, f, threads)
	case TreeRows:
		p.Frame, p.Warnings, err = explain.TreeRows(ctx, m, f)
	default:
		if !measure {
			p.Frame, p.Warnings, err = model.Predict(ctx, m, f, threads)
			break
		}
		got, p.Frame, p.Warnings, err = model.Performance(ctx, m, f, metrics.Options{AUC: metrics.AUCType(a.AUC), GainsLiftBins: -1, Threads: threads})
	}
	if err != nil {
		return p, err
	}
	if p.Frame, err = e.publishFrame(owner, a.Dest, p.Frame, false); err != nil {
		return p, err
	}
	if got != nil {
		p.Measured = e.keep(m, a.Question.Frame, f, got, a.Dest)
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
