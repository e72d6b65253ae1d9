package h2o

import (
	"time"

	"github.com/geyser-ml/geyser/engine"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/param"
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
	OutputPerRef bool      `json:"output_per_reference" help:"Not available."`
	ModelMetrics []any     `json:"model_metrics" type:"ModelMetrics[]" schema:"ModelMetricsBaseV3" help:"The measurements."`
}

// scoreIn is a model, a frame, and what to make of them. Beyond plain
// predictions nothing is available yet, but all must be understood.
type scoreIn struct {
	Model          param.ModelKey `param:"model" direction:"in" help:"Key of the model."`
	Frame          param.FrameKey `param:"frame" direction:"in" help:"Key of the frame."`
	Predictions    param.FrameKey `param:"predictions_frame" direction:"in" help:"Key of the predictions; made up when it is left out."`
	AUCType        string         `param:"auc_type" values:"AUTO,NONE,MACRO_OVR,WEIGHTED_OVR,MACRO_OVO,WEIGHTED_OVO" direction:"in" help:"How the areas of several classes are averaged."`
	AUUCType       string         `param:"auuc_type" direction:"in" help:"Accepted and not used."`
	AUUCBins       int            `param:"auuc_nbins" direction:"in" help:"Accepted and not used."`
	CustomAUUC     []float64      `param:"custom_auuc_thresholds" direction:"in" help:"Accepted and not used."`
	CustomMetric   string         `param:"custom_metric_func" direction:"in" help:"Not available."`
	Deviances      bool           `param:"deviances" direction:"in" help:"Not available."`
	DeviancesFrame param.FrameKey `param:"deviances_frame" direction:"in" help:"Accepted and not used."`
	Reconstruct    bool           `param:"reconstruction_error" direction:"in" help:"Not available."`
	ReconstructBy  bool           `param:"reconstruction_error_per_feature" direction:"in" help:"Not available."`
	ReconTrain     bool           `param:"reconstruct_train" direction:"in" help:"Not available."`
	DeepLayer      int            `param:"deep_features_hidden_layer" default:"-1" direction:"in" help:"Not available."`
	DeepLayerName  string         `param:"deep_features_hidden_layer_name" direction:"in" help:"Not available."`
	Archetypes     bool           `param:"project_archetypes" direction:"in" help:"Not available."`
	Reverse        bool           `param:"reverse_transform" direction:"in" help:"Not available."`
	Leaves         bool           `param:"leaf_node_assignment" direction:"in" help:"Not available."`
	LeafType       string         `param:"leaf_node_assignment_type" values:"Path,Node_ID" direction:"in" help:"Accepted and not used."`
	Staged         bool           `param:"predict_staged_proba" direction:"in" help:"Not available."`
	Contributions  bool           `param:"predict_contributions" direction:"in" help:"Not available."`
	ContribFormat  string         `param:"predict_contributions_output_format" values:"Original,Compact" direction:"in" help:"Accepted and not used."`
	TopN           int            `param:"top_n" direction:"in" help:"Accepted and not used."`
	BottomN        int            `param:"bottom_n" direction:"in" help:"Accepted and not used."`
	CompareAbs     bool           `param:"compare_abs" direction:"in" help:"Accepted and not used."`
	Background     param.FrameKey `param:"background_frame" direction:"in" help:"Accepted and not used."`
	OutputSpace    bool           `param:"output_space" direction:"in" help:"Accepted and not used."`
	OutputPerRef   bool           `param:"output_per_reference" direction:"in" help:"Accepted and not used."`
	RowToTree      bool           `param:"row_to_tree_assignment" direction:"in" help:"Not available."`
	Frequencies    bool           `param:"feature_frequencies" direction:"in" help:"Not available."`
	Exemplar       int            `param:"exemplar_index" default:"-1" direction:"in" help:"Not available."`
}

// unavailable reports what is asked for beyond predictions.
func (in scoreIn) unavailable() error {
	for _, x := range []struct {
		asked       bool
		field, what string
	}{
		{in.CustomMetric != "", "custom_metric_func", "custom metrics"},
		{in.Deviances, "deviances", "deviances"},
		{in.Reconstruct || in.ReconstructBy || in.ReconTrain, "reconstruction_error", "reconstruction"},
		{in.DeepLayer >= 0 || in.DeepLayerName != "", "deep_features_hidden_layer", "deep features"},
		{in.Archetypes || in.Reverse, "project_archetypes", "archetypes"},
		{in.Leaves, "leaf_node_assignment", "leaf node assignment"},
		{in.Staged, "predict_staged_proba", "staged probabilities"},
		{in.Contributions, "predict_contributions", "contributions"},
		{in.RowToTree, "row_to_tree_assignment", "row to tree assignment"},
		{in.Frequencies, "feature_frequencies", "feature frequencies"},
		{in.Exemplar >= 0, "exemplar_index", "exemplars"},
	} {
		if x.asked {
			return laterIn(x.field, x.what)
		}
	}
	return nil
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
