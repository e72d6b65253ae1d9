package model

import (
	"context"
	"strconv"

	"github.com/geyser-ml/geyser/engine/dist"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/kernels/par"
)

// scoreRows is the number of rows that one call of Model.Score gets.
const scoreRows = 16384

// rawWidth returns the number of raw prediction columns.
func rawWidth(d *Data) int {
	if d.Domain == nil {
		return 1
	}
	return len(d.Domain)
}

// scoring returns data of training or validation as a model scores them.
func (d *Data) scoring() *Scoring {
	return &Scoring{Frame: d.Frame, Columns: d.Columns, Offset: d.Offset, Rows: d.Rows}
}

// scoreAll returns the raw predictions of all rows, by column.
func scoreAll(ctx context.Context, m Model, s *Scoring, threads int) ([][]float64, error) {
	width := 1
	if k := len(m.Info().Classes()); k > 0 {
		width = k
	}
	raw := make([][]float64, width)
	for k := range raw {
		raw[k] = make([]float64, s.Rows)
	}
	err := par.ForErr(ctx, threads, s.Rows, scoreRows, func(_, lo, hi int) error {
		dst := make([][]float64, width)
		for k := range dst {
			dst[k] = raw[k][lo:hi]
		}
		return m.Score(s, lo, hi, dst)
	})
	return raw, err
}

// Predict scores a frame and returns H2O's prediction columns: "predict", then
// for classes one column of probabilities each.
func Predict(ctx context.Context, m Model, f *frame.Frame, threads int) (*frame.Frame, []string, error) {
	s, warnings, err := Adapt(m, f)
	if err != nil {
		return nil, nil, err
	}
	raw, err := scoreAll(ctx, m, s, threads)
	if err != nil {
		return nil, nil, err
	}
	return labelled(m.Info(), raw), warnings, nil
}

// Performance scores a frame and measures the predictions against its response.
// The metrics are nil when the frame has no response column.
func Performance(ctx context.Context, m Model, f *frame.Frame, opt metrics.Options) (*metrics.Metrics, *frame.Frame, []string, error) {
	s, warnings, err := Adapt(m, f)
	if err != nil {
		return nil, nil, nil, err
	}
	raw, err := scoreAll(ctx, m, s, opt.Threads)
	if err != nil {
		return nil, nil, nil, err
	}
	info := m.Info()
	preds := labelled(info, raw)
	if info.Response == "" || f.Lookup(info.Response) == nil {
		return nil, preds, warnings, nil
	}
	a := adapter{f: f, what: "Test/Validation"}
	d := &Data{Rows: f.NumRows(), Domain: info.Classes(), Frame: f}
	if d.Response, err = a.response(info.Response, frame.Real, d.Domain); err != nil {
		return nil, nil, nil, err
	}
	if info.Weights != "" {
		if d.Weights = f.Lookup(info.Weights); d.Weights == nil {
			a.warn("%s dataset is missing weights column '%s': every row counts once", a.what, info.Weights)
		} else if !d.Weights.Kind().Numeric() {
			return nil, nil, nil, errs.Invalidf("frame", "%s dataset has weights column '%s' of type %s; it must be numeric", a.what, info.Weights, d.Weights.Kind())
		}
	}
	return d.measure(raw, opt), preds, append(warnings, a.warnings...), nil
}

// metricsOptions returns how the metrics of this training are made.
func (t *Task) metricsOptions() metrics.Options {
	return metrics.Options{AUC: t.AUC, GainsLiftBins: t.GainsLiftBins, Threads: t.Threads}
}

// measure compares raw predictions with the response.
func (d *Data) measure(raw [][]float64, opt metrics.Options) *metrics.Metrics {
	y := d.Response.Floats(0, d.Rows, nil)
	var w []float64
	if d.Weights != nil {
		w = d.Weights.Floats(0, d.Rows, nil)
	}
	switch {
	case d.Domain == nil:
		return metrics.Regress(y, raw[0], w, opt)
	case len(d.Domain) == 2:
		return metrics.Binary(d.Domain, y, raw[1], w, opt)
	}
	return metrics.Multi(d.Domain, y, raw, w, opt)
}

// Measure compares raw predictions (one column, or one a class) with the
// response of training or validation data.
func (t *Task) Measure(d *Data, raw [][]float64) *metrics.Metrics {
	return d.measure(raw, t.metricsOptions())
}

// Classes returns the response's classes, nil for regression.
func (i *Info) Classes() []string {
	if i.Response == "" || i.Category == Regression {
		return nil
	}
	return i.Domains[len(i.Domains)-1]
}

// labelled turns raw predictions into the frame that a client sees.
func labelled(info *Info, raw [][]float64) *frame.Frame {
	classes := info.Classes()
	if classes == nil {
		return frame.Must(frame.New([]string{"predict"}, []*frame.Column{frame.NewFloats(raw[0])}))
	}
	codes := make([]int32, len(raw[0]))
	par.For(0, len(codes), par.Rows, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			codes[i] = label(info, raw, i)
		}
	})
	names := append([]string{"predict"}, ClassNames(classes)...)
	cols := []*frame.Column{frame.NewCodes(codes, classes)}
	for _, p := range raw {
		cols = append(cols, frame.NewFloats(p))
	}
	return frame.Must(frame.New(unique(names), cols))
}

// label returns the predicted class of row i: by the threshold for two classes,
// else the most probable, the first of equals.
func label(info *Info, raw [][]float64, i int) int32 {
	if len(raw) == 2 {
		if raw[1][i] >= info.Threshold {
			return 1
		}
		return 0
	}
	best := 0
	for k := range raw {
		if raw[k][i] > raw[best][i] {
			best = k
		}
	}
	return int32(best)
}

// ClassNames returns the column names of class probabilities: the labels, with a
// "p" before those that are whole numbers.
// H2O: ModelUtils / Model.makeScoringNames.
func ClassNames(classes []string) []string {
	out := make([]string, len(classes))
	for i, c := range classes {
		out[i] = c
		if _, err := strconv.ParseInt(c, 10, 32); err == nil {
			out[i] = "p" + c
		}
	}
	return out
}

// unique numbers names that stand twice, as a class called "predict" makes.
func unique(names []string) []string {
	seen := make(map[string]bool, len(names))
	for i, n := range names {
		for k := 0; seen[names[i]]; k++ {
			names[i] = n + strconv.Itoa(k)
		}
		seen[names[i]] = true
	}
	return names
}

// MeasureFrames compares predictions with actual values, without a model. One
// column of predictions are numbers or, with a domain, probabilities of class 1;
// with more classes there is one column each.
// H2O: water.rapids / ModelMetricsHandler.make.
func MeasureFrames(pred *frame.Frame, actual, weights *frame.Column, domain []string, distribution string, opt metrics.Options) (*metrics.Metrics, Category, error) {
	if domain == nil && actual.Kind() == frame.Enum {
		domain = actual.Domain()
	}
	width := 1
	if len(domain) > 2 {
		width = len(domain)
	}
	if pred.NumCols() != width {
		return nil, "", errs.Invalidf("predictions_frame", "predictions_frame must have %d column(s) for %d classes; it has %d", width, len(domain), pred.NumCols())
	}
	d := &Data{Rows: pred.NumRows(), Domain: domain, Weights: weights, Response: actual}
	raw := make([][]float64, width)
	for k := range raw {
		c := pred.Column(k)
		if !c.Kind().Numeric() {
			return nil, "", errs.Invalidf("predictions_frame", "column %q of the predictions must be numeric, it is of type %s", pred.Name(k), c.Kind())
		}
		raw[k] = c.Floats(0, d.Rows, nil)
	}
	if domain == nil {
		if !actual.Kind().Numeric() {
			return nil, "", errs.Invalidf("actuals_frame", "the actual values must be numeric, they are of type %s", actual.Kind())
		}
		f, err := dist.Resolve(distribution, 0)
		if err != nil {
			return nil, "", err
		}
		opt.Deviance = f.Deviance
		return d.measure(raw, opt), Regression, nil
	}
	f := frame.Must(frame.New([]string{"actual"}, []*frame.Column{actual}))
	a := adapter{f: f, what: "Actuals"}
	var err error
	if d.Response, err = a.response("actual", frame.Enum, domain); err != nil {
		return nil, "", err
	}
	if len(domain) == 2 {
		return d.measure([][]float64{nil, raw[0]}, opt), Binomial, nil
	}
	return d.measure(raw, opt), Multinomial, nil
}
