package h2o

import (
	"time"

	"github.com/geyser-ml/geyser/engine"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/table"
)

// ModelMetricsBaseV3 is what every measurement of a model on a frame has.
type ModelMetricsBaseV3 struct {
	object
	Model         *keyV3   `json:"model" type:"Key<Model>" schema:"ModelKeyV3" help:"The model."`
	ModelChecksum int64    `json:"model_checksum" help:"Hash of the model."`
	Frame         *keyV3   `json:"frame" type:"Key<Frame>" schema:"FrameKeyV3" help:"The frame."`
	FrameChecksum int64    `json:"frame_checksum" help:"Hash of the frame."`
	Description   string   `json:"description,null" help:"What was measured."`
	Category      string   `json:"model_category" type:"enum" help:"What is predicted."`
	Time          int64    `json:"scoring_time" help:"When, in milliseconds since 1970."`
	Predictions   *FrameV3 `json:"predictions" help:"The predictions."`
	MSE           float64  `json:"MSE" help:"Mean squared error."`
	RMSE          float64  `json:"RMSE" help:"Its square root."`
	Rows          int64    `json:"nobs" help:"Number of rows that counted."`
	CustomName    string   `json:"custom_metric_name,null" help:"Not available."`
	CustomValue   float64  `json:"custom_metric_value" help:"Not available."`
}

// ModelMetricsRegressionV3 is what only numbers have.
type ModelMetricsRegressionV3 struct {
	ModelMetricsBaseV3 `meta:"ModelMetricsRegression"`
	R2                 float64 `json:"r2" help:"Share of the variance that is explained."`
	Deviance           float64 `json:"mean_residual_deviance" help:"Mean deviance of the distribution."`
	MAE                float64 `json:"mae" help:"Mean absolute error."`
	RMSLE              float64 `json:"rmsle" help:"Root of the mean squared error of the logarithms."`
	Loglikelihood      float64 `json:"loglikelihood" help:"Logarithm of the likelihood."`
	AIC                float64 `json:"AIC" help:"Akaike's criterion."`
}

// ModelMetricsBinomialV3 is what only two classes have.
type ModelMetricsBinomialV3 struct {
	ModelMetricsBaseV3 `meta:"ModelMetricsBinomial"`
	R2                 float64            `json:"r2" help:"Share of the variance that is explained."`
	LogLoss            float64            `json:"logloss" help:"Mean negative logarithm of the probability of the actual class."`
	Loglikelihood      float64            `json:"loglikelihood" help:"Logarithm of the likelihood."`
	AIC                float64            `json:"AIC" help:"Akaike's criterion."`
	AUC                float64            `json:"AUC" help:"Area under the ROC curve."`
	PRAUC              float64            `json:"pr_auc" help:"Area under the precision-recall curve."`
	Gini               float64            `json:"Gini" help:"Twice the area under the ROC curve, less one."`
	MeanError          float64            `json:"mean_per_class_error" help:"Mean of the errors of the classes."`
	Domain             []string           `json:"domain" help:"The classes."`
	Confusion          *ConfusionMatrixV3 `json:"cm" help:"Actual against predicted classes, at the threshold of the largest F1."`
	Thresholds         *table.Table       `json:"thresholds_and_metric_scores" help:"All criteria at each threshold."`
	Max                *table.Table       `json:"max_criteria_and_metric_scores" help:"Best threshold of each criterion."`
	GainsLift          *table.Table       `json:"gains_lift_table" help:"Gains and lift by group of scores."`
}

// ModelMetricsMultinomialV3 is what only several classes have.
type ModelMetricsMultinomialV3 struct {
	ModelMetricsBaseV3 `meta:"ModelMetricsMultinomial"`
	R2                 float64            `json:"r2" help:"Share of the variance that is explained."`
	HitRatios          *table.Table       `json:"hit_ratio_table" help:"Share of rows whose class is among the most probable."`
	Confusion          *ConfusionMatrixV3 `json:"cm" help:"Actual against predicted classes."`
	LogLoss            float64            `json:"logloss" help:"Mean negative logarithm of the probability of the actual class."`
	Loglikelihood      float64            `json:"loglikelihood" help:"Logarithm of the likelihood."`
	AIC                float64            `json:"AIC" help:"Akaike's criterion."`
	MeanError          float64            `json:"mean_per_class_error" help:"Mean of the errors of the classes."`
	AUC                float64            `json:"AUC" help:"Area under the ROC curve, averaged as asked for."`
	PRAUC              float64            `json:"pr_auc" help:"Area under the precision-recall curve, averaged as asked for."`
	AUCTable           *table.Table       `json:"multinomial_auc_table" help:"The areas by class and pair."`
	PRTable            *table.Table       `json:"multinomial_aucpr_table" help:"The areas by class and pair."`
}

// ModelMetricsAnomalyV3 is what only anomaly scores have.
type ModelMetricsAnomalyV3 struct {
	ModelMetricsBaseV3 `meta:"ModelMetricsAnomaly"`
	MeanScore          float64 `json:"mean_score" help:"Mean length of the paths through the trees."`
	MeanNormalized     float64 `json:"mean_normalized_score" help:"Mean anomaly score."`
}

// ConfusionMatrixV3 is a confusion matrix.
type ConfusionMatrixV3 struct {
	object `meta:"ConfusionMatrix"`
	Table  *table.Table `json:"table" help:"Rows are actual classes, columns predicted ones."`
}

// measured is a measurement with what it was made of.
type measured struct {
	model, frame       string
	modelSum, frameSum int64
	at                 time.Time
	category           model.Category
	m                  *metrics.Metrics
	predictions        *FrameV3
}

// measurementV3 puts a kept measurement on the wire; predictions may be nil.
func measurementV3(x *engine.Measured, predictions *FrameV3) any {
	return metricsV3(measured{x.Model, x.Frame, x.ModelChecksum, x.FrameChecksum, x.At, x.Category, x.Metrics, predictions})
}

// metricsV3 puts a measurement on the wire; nil without metrics.
func metricsV3(x measured) any {
	m := x.m
	if m == nil {
		return nil
	}
	base := ModelMetricsBaseV3{
		Model: modelKey(x.model), ModelChecksum: x.modelSum, Frame: frameKey(x.frame), FrameChecksum: x.frameSum,
		Description: m.Description, Category: string(x.category), Time: x.at.UnixMilli(), Predictions: x.predictions,
		MSE: m.MSE, RMSE: m.RMSE, Rows: m.Rows,
	}
	switch {
	case m.Binomial != nil:
		b := m.Binomial
		return ModelMetricsBinomialV3{
			ModelMetricsBaseV3: base, R2: m.R2, LogLoss: b.LogLoss, Loglikelihood: m.Loglikelihood, AIC: m.AIC, AUC: b.AUC, PRAUC: b.PRAUC, Gini: b.Gini,
			MeanError: b.MeanPerClassError, Domain: b.Domain, Confusion: confusion(m),
			Thresholds: m.ThresholdTable(), Max: m.MaxTable(), GainsLift: b.GainsLift,
		}
	case m.Multinomial != nil:
		k := m.Multinomial
		return ModelMetricsMultinomialV3{
			ModelMetricsBaseV3: base, R2: m.R2, HitRatios: m.HitRatioTable(), Confusion: confusion(m), LogLoss: k.LogLoss,
			Loglikelihood: m.Loglikelihood, AIC: m.AIC, MeanError: k.MeanPerClassError, AUC: k.AUC, PRAUC: k.PRAUC,
			AUCTable: k.AUCTable, PRTable: k.PRTable,
		}
	case m.Anomaly != nil:
		return ModelMetricsAnomalyV3{ModelMetricsBaseV3: base, MeanScore: m.Anomaly.MeanScore, MeanNormalized: m.Anomaly.MeanNormalizedScore}
	}
	r := m.Regression
	return ModelMetricsRegressionV3{
		ModelMetricsBaseV3: base, R2: m.R2, Deviance: r.MeanResidualDeviance, MAE: r.MAE, RMSLE: r.RMSLE,
		Loglikelihood: m.Loglikelihood, AIC: m.AIC,
	}
}

// confusion puts a confusion matrix on the wire; nil when there is none.
func confusion(m *metrics.Metrics) *ConfusionMatrixV3 {
	if t := m.ConfusionTable(); t != nil {
		return &ConfusionMatrixV3{Table: t}
	}
	return nil
}

// ModelMetricsListSchemaV3 lists measurements.
type ModelMetricsListSchemaV3 struct {
	request      `meta:"ModelMetricsList"`
	Model        *keyV3    `json:"model" type:"Key<Model>" schema:"ModelKeyV3" help:"Key of the model."`
	Frame        *keyV3    `json:"frame" type:"Key<Frame>" schema:"FrameKeyV3" help:"Key of the frame."`
	Predictions  *keyV3    `json:"predictions_frame" type:"Key<Frame>" schema:"FrameKeyV3" help:"Key of the predictions."`
	Deviances    *keyV3    `json:"deviances_frame" type:"Key<Frame>" schema:"FrameKeyV3" help:"Not available."`
	CustomAUUC   []float64 `json:"custom_auuc_thresholds" help:"Not available."`
	OutputPerRef bool      `json:"output_per_reference" help:"Whether contributions were asked for by row of the background frame."`
	ModelMetrics []any     `json:"model_metrics" type:"ModelMetrics[]" schema:"ModelMetricsBaseV3" help:"The measurements."`
}

// ModelMetricsMakerSchemaV3 is a measurement of two frames.
type ModelMetricsMakerSchemaV3 struct {
	object `meta:"ModelMetricsMaker"`
	makeIn
	ModelMetrics any `json:"model_metrics" type:"ModelMetrics" schema:"ModelMetricsBaseV3" help:"The measurement."`
}

// makeIn is what to compare.
type makeIn struct {
	Predictions  string    `param:"predictions_frame" help:"Key of the predictions."`
	Actuals      string    `param:"actuals_frame" help:"Key of the actual values."`
	Weights      string    `param:"weights_frame" help:"Key of a frame with one column of weights."`
	Treatment    string    `param:"treatment_frame" help:"Not available."`
	Domain       []string  `param:"domain" help:"Classes in order; empty for numbers."`
	Distribution string    `param:"distribution" default:"AUTO" values:"AUTO,bernoulli,quasibinomial,modified_huber,multinomial,ordinal,gaussian,poisson,gamma,tweedie,huber,laplace,quantile,fractionalbinomial,negativebinomial,custom" help:"Distribution whose deviance is measured."`
	AUCType      string    `param:"auc_type" default:"AUTO" values:"AUTO,NONE,MACRO_OVR,WEIGHTED_OVR,MACRO_OVO,WEIGHTED_OVO" help:"How the areas of several classes are averaged."`
	AUUCType     string    `param:"auuc_type" help:"Not available."`
	AUUCBins     int       `param:"auuc_nbins" default:"-1" help:"Not available."`
	CustomAUUC   []float64 `param:"custom_auuc_thresholds" help:"Not available."`
}
