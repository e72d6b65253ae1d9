package model

import "github.com/geyser-ml/geyser/engine/param"

// The blocks below are embedded by the Params of algorithms, in the order in
// which the wire lists them. Define finds them by type.

// Keys names the model and what it is trained on.
type Keys struct {
	ModelID  param.ModelKey `param:"model_id" level:"critical" help:"Key of the model; made up when it is left out."`
	Training param.FrameKey `param:"training_frame" level:"critical" help:"Key of the frame to train on."`
}

// Validating gives the frame to measure on.
type Validating struct {
	Validation param.FrameKey `param:"validation_frame" level:"critical" grid:"true" help:"Key of a frame to measure on while training; also what early stopping looks at."`
}

// Frames is Keys and Validating, where the wire lists them together.
type Frames struct {
	Keys
	Validating
}

// CrossValidation says how many folds there are and what is kept of them.
type CrossValidation struct {
	NFolds          int  `param:"nfolds" default:"0" in:"[0,inf)" level:"critical" help:"Number of cross-validation folds; 0 for none, otherwise at least 2."`
	KeepModels      bool `param:"keep_cross_validation_models" default:"true" level:"expert" help:"Keep the models of the folds."`
	KeepPredictions bool `param:"keep_cross_validation_predictions" default:"false" level:"expert" help:"Keep the holdout predictions of the folds."`
	KeepFolds       bool `param:"keep_cross_validation_fold_assignment" default:"false" level:"expert" help:"Keep the frame of fold numbers."`
}

// Folding says which row is in which fold.
type Folding struct {
	FoldAssignment string           `param:"fold_assignment" default:"AUTO" values:"AUTO,Random,Modulo,Stratified" level:"secondary" grid:"true" help:"How rows are given to folds when there is no fold column; AUTO is Random."`
	FoldColumn     param.ColumnName `param:"fold_column" of:"training_frame" excludes:"response_column,weights_column,ignored_columns,offset_column" level:"secondary" grid:"true" help:"Column whose distinct values are the folds."`
}

// Columns gives the special columns of a supervised training.
type Columns struct {
	Response    param.ColumnName   `param:"response_column" of:"training_frame,validation_frame" excludes:"weights_column,ignored_columns,offset_column,fold_column" level:"critical" grid:"true" help:"Column to predict."`
	Ignored     []param.ColumnName `param:"ignored_columns" of:"training_frame,validation_frame" excludes:"response_column,weights_column,offset_column,fold_column" level:"critical" help:"Columns that are no predictors."`
	IgnoreConst bool               `param:"ignore_const_cols" default:"true" level:"critical" help:"Leave out predictors that have one value only."`
	Offset      param.ColumnName   `param:"offset_column" of:"training_frame,validation_frame" excludes:"response_column,weights_column,ignored_columns,fold_column" level:"secondary" grid:"true" help:"Column added to the prediction on the scale of the link."`
	Weights     param.ColumnName   `param:"weights_column" of:"training_frame,validation_frame" excludes:"response_column,ignored_columns,offset_column,fold_column" level:"secondary" grid:"true" help:"Column of row weights, at least 0: a weight of 2 counts as the row twice, a weight of 0 leaves it out."`
}

// Predictors gives the columns of a training without a response. Its parameters are
// those of Columns; what an algorithm lists as exclusive of ignored_columns it says
// by Schema.Retell.
type Predictors struct {
	Ignored     []param.ColumnName `param:"ignored_columns" of:"training_frame,validation_frame" level:"critical" help:"Columns that are no predictors."`
	IgnoreConst bool               `param:"ignore_const_cols" default:"true" level:"critical" help:"Leave out predictors that have one value only."`
}

// Labelling gives the column of the validation frame by which a training without a
// response is judged: two classes, the second of which are the anomalies.
type Labelling struct {
	ValidResponse param.ColumnName `param:"validation_response_column" of:"validation_frame" excludes:"ignored_columns" level:"secondary" help:"Column of the validation frame with two classes, ordinary and anomalous; the training frame need not have it."`
}

// Balancing resamples classes and limits what is shown of them.
type Balancing struct {
	BalanceClasses   bool      `param:"balance_classes" default:"false" level:"secondary" grid:"true" help:"Sample the classes so that they are about equally frequent."`
	SamplingFactors  []float64 `param:"class_sampling_factors" type:"float[]" level:"expert" grid:"true" help:"Sampling rate of each class, in the order of the response's levels; needs balance_classes."`
	MaxAfterBalance  float64   `param:"max_after_balance_size" type:"float" default:"5.0" level:"expert" grid:"true" help:"Most that balancing may multiply the number of rows by."`
	MaxConfusionSize int       `param:"max_confusion_matrix_size" default:"20" level:"secondary" help:"Largest number of classes for which logs show a confusion matrix."`
}

// Stopping ends a training early.
type Stopping struct {
	Rounds    int     `param:"stopping_rounds" default:"0" in:"[0,inf)" level:"secondary" grid:"true" help:"Stop when the moving average of the stopping metric has not improved for this many scorings; 0 for never."`
	Metric    string  `param:"stopping_metric" default:"AUTO" values:"AUTO,deviance,logloss,MSE,RMSE,MAE,RMSLE,AUC,AUCPR,lift_top_group,misclassification,mean_per_class_error,anomaly_score,AUUC,ATE,ATT,ATC,qini,custom,custom_increasing" level:"secondary" grid:"true" help:"Metric of early stopping; AUTO is logloss for classes and deviance for numbers."`
	Tolerance float64 `param:"stopping_tolerance" default:"0.001" in:"[0,inf]" level:"secondary" grid:"true" help:"Least relative improvement that counts."`
}

// Runtime limits the time of a training.
type Runtime struct {
	MaxSeconds float64 `param:"max_runtime_secs" default:"0.0" in:"[0,inf)" level:"secondary" grid:"true" help:"Most seconds that training may take; 0 for no limit. The model of that moment is kept."`
}

// Seeding is the source of all random draws.
type Seeding struct {
	Seed int64 `param:"seed" default:"-1" level:"critical" grid:"true" help:"Seed of every random draw; -1 draws one."`
}

// Encoding says what categories are turned into before an algorithm sees them. AUTO
// and Enum leave them alone; an algorithm that needs something else for AUTO says so
// in its Resolve, and does it itself.
type Encoding struct {
	CategoricalEncoding string `param:"categorical_encoding" default:"AUTO" values:"AUTO,Enum,OneHotInternal,OneHotExplicit,Binary,Eigen,LabelEncoder,SortByResponse,EnumLimited" level:"secondary" grid:"true" help:"How categories become predictors; AUTO is what suits the algorithm."`
}

// Calibrating corrects the probabilities of two classes after training.
type Calibrating struct {
	CalibrateModel    bool           `param:"calibrate_model" default:"false" level:"expert" help:"Calibrate the class probabilities on calibration_frame."`
	CalibrationFrame  param.FrameKey `param:"calibration_frame" level:"expert" help:"Frame to calibrate on."`
	CalibrationMethod string         `param:"calibration_method" default:"AUTO" values:"AUTO,PlattScaling,IsotonicRegression" level:"expert" help:"How to calibrate; AUTO is PlattScaling."`
}

// Continuing goes on with the training of a finished model.
type Continuing struct {
	Checkpoint param.ModelKey `param:"checkpoint" level:"secondary" help:"Model whose training is to be continued."`
}

// Exporting saves finished models.
type Exporting struct {
	ExportCheckpointsDir string `param:"export_checkpoints_dir" level:"secondary" help:"Folder to save finished models in."`
}
