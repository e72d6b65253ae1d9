package model

import (
	"context"
	"slices"
	"strconv"

	"github.com/geyser-ml/geyser/engine/dist"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/kernels"
	"github.com/geyser-ml/geyser/kernels/par"
)

// scoreRows returns the number of rows that one call of Model.Score gets: as many as the
// tier likes that trees are scored by.
func scoreRows(m Model) int {
	if _, ok := m.(Forested); ok {
		return kernels.ScoreRows(kernels.Scorer())
	}
	return 16384
}

// rawWidth returns the number of raw prediction columns that metrics are made of.
func rawWidth(d *Data) int {
	switch {
	case d.anomaly:
		return 2
	case d.Domain == nil:
		return 1
	}
	return len(d.Domain)
}

// scoring returns data of training or validation as a model scores them.
func (d *Data) scoring() *Scoring {
	return &Scoring{Frame: d.Frame, Columns: d.Columns, Offset: d.Offset, Rows: d.Rows}
}

// Raw returns the raw predictions of all rows, by column: those of Score, with
// probabilities corrected where classes had been balanced.
func Raw(ctx context.Context, m Model, s *Scoring, threads int) ([][]float64, error) {
	raw := make([][]float64, width(m))
	for k := range raw {
		raw[k] = make([]float64, s.Rows)
	}
	err := par.ForErr(ctx, threads, s.Rows, scoreRows(m), func(_, lo, hi int) error {
		dst := par.Part(raw, lo, hi)
		if err := m.Score(s, lo, hi, dst); err != nil {
			return err
		}
		m.Info().Correct(dst)
		return nil
	})
	return raw, err
}

// width returns the number of raw prediction columns of a model.
func width(m Model) int {
	if x, ok := m.(Labelled); ok {
		return len(x.PredictionNames())
	}
	return max(1, len(m.Info().Classes()))
}

// Predict scores a frame and returns H2O's prediction columns: "predict", then
// for classes one column of probabilities each, and one more each of calibrated ones;
// or what a Labelled model calls them.
func Predict(ctx context.Context, m Model, f *frame.Frame, threads int) (*frame.Frame, []string, error) {
	s, warnings, err := Adapt(m, f)
	if err != nil {
		return nil, nil, err
	}
	raw, err := Raw(ctx, m, s, threads)
	if err != nil {
		return nil, nil, err
	}
	return predictions(m, raw), warnings, nil
}

// Performance scores a frame and measures the predictions against its response.
// The metrics are nil when the frame lacks the response column of the model, or any value
// of it; those of an Anomaly model then measure the scores alone. Labels none of which
// training has seen are Invalid.
func Performance(ctx context.Context, m Model, f *frame.Frame, opt metrics.Options) (*metrics.Metrics, *frame.Frame, []string, error) {
	s, warnings, err := Adapt(m, f)
	if err != nil {
		return nil, nil, nil, err
	}
	raw, err := Raw(ctx, m, s, opt.Threads)
	if err != nil {
		return nil, nil, nil, err
	}
	if x, ok := m.(Distributed); ok {
		opt.Family = x.Family()
	}
	info := m.Info()
	preds := predictions(m, raw)
	a := adapter{f: f, what: "Test/Validation"}
	d := &Data{Rows: f.NumRows(), Frame: f, anomaly: info.Category == Anomaly}
	actual := f.Lookup(info.Response)
	if info.Response == "" || actual == nil || bad(actual) {
		if info.Category != Anomaly {
			return nil, preds, warnings, nil
		}
		return d.measure(raw, opt), preds, warnings, nil
	}
	d.Domain = info.domain()
	if d.Response, err = a.response(info.Response, frame.Real, d.Domain); err != nil {
		return nil, nil, nil, err
	}
	if bad(d.Response) {
		return nil, nil, nil, errs.Invalidf("frame", "%s dataset has a categorical response column '%s' with no levels in common with the model", a.what, info.Response)
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
	return metrics.Options{Family: t.Family, AUC: t.AUC, GainsLiftBins: t.GainsLiftBins, Threads: t.Threads}
}

// measure compares raw predictions with the response; without one they are anomaly
// scores. nil columns, which nothing looks at, stay nil.
func (d *Data) measure(raw [][]float64, opt metrics.Options) *metrics.Metrics {
	read := func(lo, hi int) [][]float64 { return par.Part(raw, lo, hi) }
	return d.measureBy(func() func(lo, hi int) [][]float64 { return read }, opt)
}

// measureBy is measure for predictions that come a chunk at a time, from readers as
// those of metrics.Source.
func (d *Data) measureBy(raw func() func(lo, hi int) [][]float64, opt metrics.Options) *metrics.Metrics {
	if d.Response == nil {
		all := raw()(0, d.Rows)
		return metrics.Detect(all[len(all)-2], all[len(all)-1], nil, opt)
	}
	if d.anomaly {
		opt.GainsLiftBins = 0 // H2O: labelled anomalies have no such table
	}
	return metrics.Measure(d.Domain, d.Rows, func() metrics.Reader {
		read := raw()
		var y, w []float64
		return func(lo, hi int) ([]float64, [][]float64, []float64) {
			if d.Weights != nil {
				w = d.Weights.Floats(lo, hi, w)
			}
			part := read(lo, hi)
			if d.anomaly {
				part = [][]float64{nil, probabilities(part[len(part)-2])}
			}
			y = d.Response.Floats(lo, hi, y)
			return y, part, w
		}
	}, opt)
}

// probabilities takes anomaly scores for probabilities: those beyond what training has
// seen are 0 or 1.
// H2O: MetricBuilderAnomalySupervised.
func probabilities(score []float64) []float64 {
	out := make([]float64, len(score))
	for i, s := range score {
		out[i] = max(0, min(1, s))
	}
	return out
}

// Measure compares raw predictions, as Model.Score gives them, with the response of
// training or validation data. Those of anomaly models end in a column of normalised
// scores and one of lengths of path.
func (t *Task) Measure(d *Data, raw [][]float64) *metrics.Metrics {
	if b := t.Train.balance; b != nil {
		fair := make([][]float64, len(raw))
		for k := range raw {
			fair[k] = slices.Clone(raw[k])
		}
		correct(b.prior, b.sampled, fair)
		raw = fair
	}
	return d.measure(raw, t.metricsOptions())
}

// MeasureBy is Measure for predictions that are made a chunk at a time: predict
// fills dst, whatever that holds, laid out as that of Model.Score, for rows [lo, hi); for anomaly models dst
// has the last two columns alone. Its calls run at the same time.
func (t *Task) MeasureBy(d *Data, predict func(lo, hi int, dst [][]float64)) *metrics.Metrics {
	return d.measureBy(func() func(lo, hi int) [][]float64 {
		dst := make([][]float64, rawWidth(d))
		return func(lo, hi int) [][]float64 {
			for k := range dst {
				dst[k] = slices.Grow(dst[k][:0], hi-lo)[:hi-lo]
			}
			predict(lo, hi, dst)
			if b := t.Train.balance; b != nil {
				correct(b.prior, b.sampled, dst)
			}
			return dst
		}
	}, t.metricsOptions())
}

// Classes returns the classes that are predicted, nil for numbers and anomalies.
func (i *Info) Classes() []string {
	if i.Category != Binomial && i.Category != Multinomial {
		return nil
	}
	return i.domain()
}

// domain returns the levels of the response, nil for numbers.
func (i *Info) domain() []string {
	if i.Response == "" {
		return nil
	}
	return i.Domains[len(i.Domains)-1]
}

// labelled turns raw predictions into the frame that a client sees.
func labelled(m Model, raw [][]float64) *frame.Frame {
	info := m.Info()
	classes := info.Classes()
	names, cols := []string{"predict"}, []*frame.Column(nil)
	if x, ok := m.(Labelled); ok {
		names = slices.Clone(x.PredictionNames())
		for k, domain := range x.Domains() {
			if domain == nil {
				cols = append(cols, frame.NewFloats(raw[k]))
				continue
			}
			codes := make([]int32, len(raw[k]))
			for i, v := range raw[k] {
				if codes[i] = -1; v >= 0 && v < float64(len(domain)) {
					codes[i] = int32(v)
				}
			}
			cols = append(cols, frame.NewCodes(codes, domain))
		}
		return frame.Must(frame.New(unique(names), cols))
	}
	if classes != nil {
		codes := make([]int32, len(raw[0]))
		par.For(0, len(codes), par.Rows, func(_, lo, hi int) {
			for i := lo; i < hi; i++ {
				codes[i] = label(info, raw, i)
			}
		})
		names, cols = append(names, ClassNames(classes)...), append(cols, frame.NewCodes(codes, classes))
	}
	for _, p := range raw {
		cols = append(cols, frame.NewFloats(p))
	}
	return frame.Must(frame.New(unique(names), cols))
}

// predictions is labelled with calibrated probabilities behind, where the model has
// them.
func predictions(m Model, raw [][]float64) *frame.Frame {
	f, c := labelled(m, raw), m.Info().Calibration
	if c == nil {
		return f
	}
	no, yes := make([]float64, len(raw[1])), make([]float64, len(raw[1]))
	par.For(0, len(yes), par.Rows, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			yes[i] = c.Apply(raw[1][i])
			no[i] = 1 - yes[i]
		}
	})
	names, cols := f.Names(), []*frame.Column{frame.NewFloats(no), frame.NewFloats(yes)}
	for k, n := range ClassNames(m.Info().Classes()) {
		names = append(names, "cal_"+n)
		f = frame.Must(f.With(unique(names)[len(names)-1], cols[k]))
	}
	return f
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
		f, err := dist.Resolve(distribution, dist.Defaults(0))
		if err != nil {
			return nil, "", err
		}
		opt.Family = f
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
