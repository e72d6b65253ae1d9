package h2o

import (
	"github.com/geyser-ml/geyser/engine"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/explain"
	"github.com/geyser-ml/geyser/engine/param"
)

// scoreIn is a model, a frame, and what is asked of the model about it.
type scoreIn struct {
	Model          param.ModelKey `param:"model" direction:"in" help:"Key of the model."`
	Frame          param.FrameKey `param:"frame" direction:"in" help:"Key of the frame."`
	Predictions    param.FrameKey `param:"predictions_frame" direction:"in" help:"Key of the predictions; made up when it is left out."`
	AUCType        string         `param:"auc_type" values:"AUTO,NONE,MACRO_OVR,WEIGHTED_OVR,MACRO_OVO,WEIGHTED_OVO" direction:"in" help:"How the areas of several classes are averaged."`
	AUUCType       string         `param:"auuc_type" direction:"in" help:"Accepted and not used: it is about uplift models."`
	AUUCBins       int            `param:"auuc_nbins" direction:"in" help:"Accepted and not used: it is about uplift models."`
	CustomAUUC     []float64      `param:"custom_auuc_thresholds" direction:"in" help:"Accepted and not used: it is about uplift models."`
	CustomMetric   string         `param:"custom_metric_func" direction:"in" help:"Not available."`
	Deviances      bool           `param:"deviances" direction:"in" help:"Only models of GLM answer it."`
	DeviancesFrame param.FrameKey `param:"deviances_frame" direction:"in" help:"Only models of GLM answer it."`
	Reconstruct    bool           `param:"reconstruction_error" direction:"in" help:"Only autoencoders answer it."`
	ReconstructBy  bool           `param:"reconstruction_error_per_feature" direction:"in" help:"Only autoencoders answer it."`
	ReconTrain     bool           `param:"reconstruct_train" direction:"in" help:"Only models of GLRM answer it."`
	DeepLayer      int            `param:"deep_features_hidden_layer" default:"-1" direction:"in" help:"Only models of DeepLearning answer it."`
	DeepLayerName  string         `param:"deep_features_hidden_layer_name" direction:"in" help:"Only models of DeepLearning answer it."`
	Archetypes     bool           `param:"project_archetypes" direction:"in" help:"Only models of GLRM answer it."`
	Reverse        bool           `param:"reverse_transform" direction:"in" help:"Only models of GLRM answer it."`
	Leaves         bool           `param:"leaf_node_assignment" direction:"in" help:"Tell the leaf that each row falls into, by tree."`
	LeafType       string         `param:"leaf_node_assignment_type" values:"Path,Node_ID" direction:"in" help:"Tell leaves by the way to them, or by number; Path when it is left out."`
	Staged         bool           `param:"predict_staged_proba" direction:"in" help:"Predict after each step of the training."`
	Contributions  bool           `param:"predict_contributions" direction:"in" help:"Tell the share of each predictor in the prediction (SHAP)."`
	ContribFormat  string         `param:"predict_contributions_output_format" values:"Original,Compact" direction:"in" help:"One column for each feature that was trained on, or for each column of the frame."`
	TopN           int            `param:"top_n" direction:"in" help:"Show so many of the largest contributions; -1 for all, 0 for the plain columns."`
	BottomN        int            `param:"bottom_n" direction:"in" help:"Show so many of the smallest contributions; -1 for all."`
	CompareAbs     bool           `param:"compare_abs" direction:"in" help:"Compare contributions by their size."`
	Background     param.FrameKey `param:"background_frame" direction:"in" help:"Frame whose rows contributions are relative to."`
	OutputSpace    bool           `param:"output_space" direction:"in" help:"Scale contributions to predictions, not to their link."`
	OutputPerRef   bool           `param:"output_per_reference" direction:"in" help:"One row for each pair of a row and one of the background frame."`
	RowToTree      bool           `param:"row_to_tree_assignment" direction:"in" help:"Tell which trees were grown on each row of the training frame."`
	Frequencies    bool           `param:"feature_frequencies" direction:"in" help:"Count the splits on each predictor on the way of each row."`
	Exemplar       int            `param:"exemplar_index" default:"-1" direction:"in" help:"Only models of Aggregator answer it."`
}

// question reads what is asked. One thing can be asked at a time, and what belongs
// to another one is refused.
func (in *scoreIn) question() (engine.Question, error) {
	q := engine.Question{
		Model: string(in.Model), Frame: string(in.Frame), Dest: string(in.Predictions), AUC: in.AUCType,
		NodeIDs: in.LeafType == "Node_ID", Background: string(in.Background),
		Contribution: explain.Contribution{
			Compact: in.ContribFormat == "Compact", Top: in.TopN, Bottom: in.BottomN, Abs: in.CompareAbs,
			OutputSpace: in.OutputSpace, PerReference: in.OutputPerRef,
		},
	}
	if err := in.foreign(); err != nil {
		return q, err
	}
	asked := ""
	for _, x := range []struct {
		set   bool
		field string
		want  engine.Want
	}{
		{in.Leaves, "leaf_node_assignment", engine.Leaves},
		{in.Staged, "predict_staged_proba", engine.Stages},
		{in.Contributions, "predict_contributions", engine.Contributions},
		{in.Frequencies, "feature_frequencies", engine.Frequencies},
		{in.RowToTree, "row_to_tree_assignment", engine.TreeRows},
	} {
		switch {
		case !x.set:
		case asked != "":
			return q, errs.Invalidf(x.field, "%s and %s are both set; ask for one of them", asked, x.field)
		default:
			asked, q.Want = x.field, x.want
		}
	}
	for _, x := range []struct {
		set           bool
		field, needed string
	}{
		{in.LeafType != "", "leaf_node_assignment_type", "leaf_node_assignment"},
		{in.ContribFormat != "", "predict_contributions_output_format", "predict_contributions"},
		{in.TopN != 0, "top_n", "predict_contributions"},
		{in.BottomN != 0, "bottom_n", "predict_contributions"},
		{in.CompareAbs, "compare_abs", "predict_contributions"},
		{in.Background != "", "background_frame", "predict_contributions"},
		{in.OutputSpace, "output_space", "predict_contributions"},
		{in.OutputPerRef, "output_per_reference", "predict_contributions"},
	} {
		if x.set && x.needed != asked {
			return q, errs.Invalidf(x.field, "%s is set without %s, which it belongs to", x.field, x.needed)
		}
	}
	return q, nil
}

// foreign reports what only models can answer that this release does not have.
func (in *scoreIn) foreign() error {
	for _, x := range []struct {
		asked      bool
		field, who string
	}{
		{in.Deviances || in.DeviancesFrame != "", "deviances", "models of GLM"},
		{in.Reconstruct || in.ReconstructBy, "reconstruction_error", "autoencoders of DeepLearning"},
		{in.ReconTrain, "reconstruct_train", "models of GLRM"},
		{in.DeepLayer >= 0 || in.DeepLayerName != "", "deep_features_hidden_layer", "models of DeepLearning"},
		{in.Archetypes, "project_archetypes", "models of GLRM"},
		{in.Reverse, "reverse_transform", "models of GLRM"},
		{in.Exemplar >= 0, "exemplar_index", "models of Aggregator"},
	} {
		if x.asked {
			return errs.Unavailablef(x.field, "%s: only %s answer it, which this release does not have; leave it out", x.field, x.who)
		}
	}
	if in.CustomMetric != "" {
		return errs.Unavailablef("custom_metric_func", "custom_metric_func: this server runs no code of its clients; leave it out")
	}
	return nil
}
