package h2o

import (
	"context"

	"github.com/geyser-ml/geyser/api"
	"github.com/geyser-ml/geyser/engine"
	"github.com/geyser-ml/geyser/engine/errs"
)

// scored starts the answer about a model and a frame.
func scored(in scoreIn) ModelMetricsListSchemaV3 {
	return ModelMetricsListSchemaV3{
		Model: modelKey(string(in.Model)), Frame: frameKey(string(in.Frame)), OutputPerRef: in.OutputPerRef, ModelMetrics: []any{},
	}
}

// predict answers POST /3/Predictions/models/{model}/frames/{frame}.
func (f *facade) predict(_ *api.Request, in scoreIn) (ModelMetricsListSchemaV3, error) {
	q, err := in.question()
	if err != nil {
		return ModelMetricsListSchemaV3{}, err
	}
	p, err := f.e.Predict(context.Background(), q)
	if err != nil {
		return ModelMetricsListSchemaV3{}, err
	}
	out := scored(in)
	out.Predictions = frameKey(p.Key)
	if p.Measured != nil {
		shown := f.frameV3(engine.FrameInfo{Key: p.Key, Frame: p.Frame, Bytes: p.Frame.SizeBytes()}, view{frameWindow{0, -1, 0, -1, -1}, false, false})
		out.ModelMetrics = append(out.ModelMetrics, measurementV3(p.Measured, &shown))
	}
	return out, nil
}

// predictLater answers POST /4/Predictions/models/{model}/frames/{frame}.
func (f *facade) predictLater(_ *api.Request, in scoreIn) (JobV3, error) {
	q, err := in.question()
	if err != nil {
		return JobV3{}, err
	}
	return f.jobOrError(f.e.PredictJob(q))
}

// measure answers POST /3/ModelMetrics/models/{model}/frames/{frame}.
func (f *facade) measure(_ *api.Request, in scoreIn) (ModelMetricsListSchemaV3, error) {
	q, err := in.question()
	if err == nil && q.Want != engine.Predictions {
		err = errs.Invalidf("model", "metrics are made of predictions alone; ask /3/Predictions for anything else")
	}
	if err != nil {
		return ModelMetricsListSchemaV3{}, err
	}
	m, err := f.e.Measure(context.Background(), q.Model, q.Frame, q.AUC)
	if err != nil {
		return ModelMetricsListSchemaV3{}, err
	}
	out := scored(in)
	if m != nil {
		out.ModelMetrics = append(out.ModelMetrics, measurementV3(m, nil))
	}
	return out, nil
}

// measurements answers the requests for kept measurements.
func (f *facade) measurements(_ *api.Request, in scoreIn) (ModelMetricsListSchemaV3, error) {
	return listed(in, f.e.Measured(string(in.Model), string(in.Frame))), nil
}

// deleteMeasurements answers the requests to drop kept measurements.
func (f *facade) deleteMeasurements(_ *api.Request, in scoreIn) (ModelMetricsListSchemaV3, error) {
	return listed(in, f.e.RemoveMeasured(string(in.Model), string(in.Frame))), nil
}

// listed answers with measurements.
func listed(in scoreIn, ms []*engine.Measured) ModelMetricsListSchemaV3 {
	out := scored(in)
	for _, m := range ms {
		out.ModelMetrics = append(out.ModelMetrics, measurementV3(m, nil))
	}
	return out
}

// makeMetrics answers POST /3/ModelMetrics/predictions_frame/…/actuals_frame/….
func (f *facade) makeMetrics(_ *api.Request, in makeIn) (ModelMetricsMakerSchemaV3, error) {
	if in.Treatment != "" {
		return ModelMetricsMakerSchemaV3{}, later("metrics of uplift models")
	}
	if in.Predictions == "" || in.Actuals == "" {
		return ModelMetricsMakerSchemaV3{}, errs.Invalidf("predictions_frame", "both predictions_frame and actuals_frame must be given")
	}
	m, err := f.e.MakeMetrics(in.Predictions, in.Actuals, engine.MakeOptions{
		Domain: in.Domain, Distribution: in.Distribution, Weights: in.Weights, AUC: in.AUCType,
	})
	if err != nil {
		return ModelMetricsMakerSchemaV3{}, err
	}
	return ModelMetricsMakerSchemaV3{makeIn: in, ModelMetrics: measurementV3(m, nil)}, nil
}
