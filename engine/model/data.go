package model

import (
	"strings"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/param"
)

// resolveData looks up the frames, splits their columns by role and encodes them.
// unsupervised is the category of an algorithm without a response, else "".
func (r *Run) resolveData(b blocks, algo string, unsupervised Category, itself []string) param.Issues {
	var f param.Issues
	if b.keys.Training == "" {
		return nil // H2O: the job fails, not the request (ModelBuilder.trainModel)
	}
	train := r.lookup(&f, b.keys.Training, "training_frame")
	valid := r.lookup(&f, b.validating.Validation, "validation_frame")
	if f.Fatal() {
		return f
	}
	t := r.Task
	t.Train = &Data{Key: string(b.keys.Training), Frame: train, Rows: train.NumRows(), Checksum: train.Checksum()}
	t.Train.resolveTrain(&f, b, unsupervised == "")
	checkFolds(&f, b.cv.NFolds, t.Train, b.folding)
	checkBalancing(&f, b.balancing, t.Train)
	if f.Fatal() {
		return f
	}
	if t.Category = unsupervised; unsupervised == "" {
		t.Category = categoryOf(t.Train)
	}
	t.Train.anomaly = t.Category == Anomaly
	r.checkpoint(&f, algo, b)
	if valid != nil {
		t.Valid = &Data{Key: string(b.validating.Validation), Frame: valid, Rows: valid.NumRows(), Checksum: valid.Checksum(), anomaly: t.Train.anomaly}
		t.Valid.resolveValid(&f, t.Train, b, "validation")
	}
	if b.labelled {
		r.resolveLabels(&f, b)
	}
	r.resolveCalibration(&f, b)
	if !f.Fatal() {
		r.encode(&f, b.encoding.CategoricalEncoding, itself)
	}
	return f
}

func (r *Run) lookup(f *param.Issues, key param.FrameKey, field string) *frame.Frame {
	if key == "" {
		return nil
	}
	fr, err := r.env.Frame(string(key), field)
	if err != nil {
		cause := param.BadValue
		if errs.KindOf(err) == errs.NotFound {
			cause = param.NoObject
		}
		*f = append(*f, param.Issue{Severity: param.Error, Field: field, Message: err.Error(), Cause: cause, Err: err})
	}
	return fr
}

// categoryOf decides by the response alone what is to be predicted.
func categoryOf(d *Data) Category {
	switch {
	case d.Response == nil:
		return ""
	case d.Domain == nil:
		return Regression
	case len(d.Domain) == 2:
		return Binomial
	}
	return Multinomial
}

// resolveTrain picks the columns of a training frame.
func (d *Data) resolveTrain(f *param.Issues, b blocks, supervised bool) {
	c := b.columns
	special := map[string]string{} // role by name
	pick := func(name param.ColumnName, field, what string) *frame.Column {
		if name == "" {
			return nil
		}
		if other := special[string(name)]; other != "" {
			f.Fail(field, "%s column must be different from the %s column; both are '%s'", what, strings.ToLower(other), name)
		}
		special[string(name)] = what
		col := d.Frame.Lookup(string(name))
		if col == nil {
			f.Fail(field, "%s column '%s' not found in the training frame", what, name)
		}
		return col
	}
	d.Weights = pick(c.Weights, "weights_column", "Weights")
	d.Offset = pick(c.Offset, "offset_column", "Offset")
	d.Fold = pick(b.folding.FoldColumn, "fold_column", "Fold")
	if y := b.labelling.ValidResponse; y != "" {
		special[string(y)] = "Response" // no predictor, where the training frame has it
	}
	if supervised {
		if c.Response == "" {
			f.Fail("response_column", "Response column parameter not set.")
			return
		}
		d.Response = pick(c.Response, "response_column", "Response")
	}
	d.checkSpecial(f, "training")
	if d.Response != nil {
		d.checkResponse(f)
	}
	for _, name := range c.Ignored {
		special[string(name)] = "Ignored"
	}
	d.choosePredictors(f, special, c.IgnoreConst)
}

// checkSpecial checks weights and offset, of the training or the validation frame.
func (d *Data) checkSpecial(f *param.Issues, what string) {
	if w := d.Weights; w != nil {
		switch s := w.Stats(); {
		case !w.Kind().Numeric() || w.Kind() == frame.Time:
			f.Fail("weights_column", "the weights column of the %s frame must be numeric, it is of type %s", what, w.Kind())
		case s.Missing > 0:
			f.Fail("weights_column", "Weights cannot have missing values.")
		case w.Len() > 0 && s.Min < 0:
			f.Fail("weights_column", "Weights must be >= 0; the least of the %s frame is %g", what, s.Min)
		case w.Len() > 0 && s.Max == 0:
			f.Fail("weights_column", "every weight of the %s frame is 0; at least one must be larger", what)
		case s.PosInf > 0 || s.Max > largest:
			f.Fail("weights_column", "Weights must be finite, at most %g; the largest of the %s frame is %g.", largest, what, s.Max)
		}
	}
	if o := d.Offset; o != nil {
		switch s := o.Stats(); {
		case !o.Kind().Numeric() || o.Kind() == frame.Time:
			f.Fail("offset_column", "the offset column of the %s frame must be numeric, it is of type %s", what, o.Kind())
		case s.Missing > 0:
			f.Fail("offset_column", "Offset column cannot have missing values.")
		case s.PosInf+s.NegInf > 0 || max(-s.Min, s.Max) > largest:
			f.Fail("offset_column", "Offset column must be finite, and at most %g in size.", largest)
		}
	}
}

// checkResponse checks the training response and sets the classes.
func (d *Data) checkResponse(f *param.Issues) {
	y := d.Response
	switch y.Kind() {
	case frame.String:
		f.Fail("response_column", "Use numerical, categorical or time variable. Currently used String")
		return
	case frame.UUID:
		f.Fail("response_column", "Use numerical, categorical or time variable. Currently used UUID")
		return
	case frame.Enum:
		d.Domain = y.Domain()
	}
	if s := y.Stats(); bad(y) {
		f.Fail("response_column", "every value of the response is missing")
	} else if s.PosInf+s.NegInf > 0 {
		f.Fail("response_column", "the response holds infinite values; they must be finite or missing")
	} else if max(-s.Min, s.Max) > largest {
		f.Fail("response_column", "the response holds values of a size beyond %g (from %g to %g); scale it down", largest, s.Min, s.Max)
	}
}

// warnOfTwoNumbers tells that a response of 0 and 1 is trained on as numbers: classes
// may have been meant.
// H2O: ModelBuilder.init.
func (d *Data) warnOfTwoNumbers(f *param.Issues) {
	if d == nil || d.Response == nil || d.Domain != nil {
		return
	}
	if s := d.Response.Stats(); s.Whole && s.Min == 0 && s.Max == 1 {
		f.Warn("response", "We have detected that your response column has only 2 unique values (0/1). If you wish to train a binary model instead of a regression model, convert your target column to categorical before training.")
	}
}

// largest bounds the size of a response, an offset or a weight. Why: squares and
// sums of derivatives, some of them of 32 bits, stay finite below it.
const largest = 1e18

// choosePredictors takes the columns that are neither special nor useless.
func (d *Data) choosePredictors(f *param.Issues, special map[string]string, dropConst bool) {
	var dropped, text []string
	for i := range d.Frame.NumCols() {
		name, col := d.Frame.Name(i), d.Frame.Column(i)
		if special[name] != "" {
			continue
		}
		switch {
		case col.Kind() == frame.String || col.Kind() == frame.UUID:
			text = append(text, name)
		case bad(col), dropConst && constant(col):
			dropped = append(dropped, name)
		default:
			d.Names = append(d.Names, name)
			d.Columns = append(d.Columns, col)
		}
	}
	if len(dropped) > 0 {
		f.Warn("train", "Dropping bad and constant columns: [%s]", strings.Join(dropped, ", "))
	}
	if len(text) > 0 {
		f.Warn("train", "Dropping text columns, which cannot be predictors: [%s]", strings.Join(text, ", "))
	}
	if len(d.Names) == 0 {
		f.Fail("train", "Training data must have at least 2 features (incl. response).")
	}
}

// bad reports whether every value of a column is missing.
func bad(c *frame.Column) bool { return c.Stats().Missing == int64(c.Len()) }

// constant reports whether a column of numbers or categories has one value and
// none missing.
func constant(c *frame.Column) bool {
	s := c.Stats()
	return s.Missing+s.PosInf+s.NegInf == 0 && c.Len() > 0 && s.Mins[0] == s.Maxs[0]
}

// checkFolds checks the number of folds against the data, and that an assignment that
// was asked for has folds to give.
func checkFolds(f *param.Issues, n int, d *Data, folding *Folding) {
	byColumn := folding.FoldColumn != ""
	if a := folding.FoldAssignment; a != "" && a != "AUTO" {
		if byColumn {
			f.Fail("fold_assignment", "Fold assignment is not allowed in conjunction with a fold column.")
		} else if n == 0 {
			f.Fail("fold_assignment", "Fold assignment is only allowed for cross-validation.")
		}
	}
	switch {
	case n == 1:
		f.Fail("nfolds", "nfolds must be either 0 or >1.")
	case n > 1 && byColumn:
		f.Fail("fold_column", "nfolds cannot be specified at the same time as fold_column; leave nfolds at 0.")
	case n > d.Rows:
		f.Fail("nfolds", "nfolds cannot be larger than the number of rows (%d).", d.Rows)
	case byColumn && d.Fold != nil:
		if len(foldLevels(d.Fold)) < 2 {
			f.Fail("fold_column", "the fold column must have at least two distinct values")
		} else if d.Fold.Stats().Missing > 0 {
			f.Fail("fold_column", "the fold column cannot have missing values")
		}
	case n > 1 && folding.FoldAssignment == "Stratified" && d.Domain == nil:
		f.Fail("fold_assignment", "Stratified needs a categorical response; choose AUTO, Random or Modulo.")
	}
}

// resolveValid picks the columns of a validation or calibration frame, as what says,
// and brings them into the levels of the training frame. It need not have weights.
// H2O: Model.adaptTestForTrain.
func (d *Data) resolveValid(f *param.Issues, train *Data, b blocks, what string) {
	c, field := b.columns, what+"_frame"
	d.Names, d.Domain = train.Names, train.Domain
	a := adapter{f: d.Frame, what: "Validation"}
	if what != "validation" {
		a.what = "Test/Validation"
	}
	d.Columns = make([]*frame.Column, len(train.Names))
	for i, name := range train.Names {
		col, err := a.column(name, train.Columns[i].Kind(), train.Columns[i].Domain())
		if err != nil {
			f.Fail(field, "%s", err.Error())
			return
		}
		d.Columns[i] = col
	}
	special := func(name param.ColumnName, field, role string) *frame.Column {
		if name == "" {
			return nil
		}
		col := d.Frame.Lookup(string(name))
		if col == nil {
			f.Fail(field, "%s column '%s' not found in the %s frame", role, name, what)
		}
		return col
	}
	d.Offset = special(c.Offset, "offset_column", "Offset")
	if d.Weights = d.Frame.Lookup(string(c.Weights)); d.Weights == nil && c.Weights != "" {
		a.warn("%s dataset is missing weights column '%s': every row counts once", a.what, c.Weights)
	}
	d.checkSpecial(f, what)
	if c.Response != "" && d.Frame.Lookup(string(c.Response)) == nil {
		if what == "validation" {
			special(c.Response, "response_column", "Response")
		} else {
			f.Fail(field, "%s dataset is missing response column '%s'", a.what, c.Response)
		}
	} else if c.Response != "" {
		var err error
		if d.Response, err = a.response(string(c.Response), train.Response.Kind(), train.Domain); err != nil {
			f.Fail("response_column", "%s", err.Error())
		} else if bad(d.Response) {
			f.Fail(field, "no row of the %s frame has a response that was trained on", what)
		}
	}
	for _, w := range a.warnings {
		f.Warn(field, "%s", w)
	}
}

// resolveLabels finds the labels of the validation frame of an anomaly model.
// H2O: IsolationForest.init.
func (r *Run) resolveLabels(f *param.Issues, b blocks) {
	d, name := r.Task.Valid, string(b.labelling.ValidResponse)
	switch {
	case d == nil && name != "":
		f.Warn("validation_response_column", "validation_response_column is not used without validation_frame.")
	case d == nil:
	case name == "":
		f.Fail("response_column", "Response column needs to be defined when using a validation frame.")
	case d.Frame.Lookup(name) == nil:
		f.Fail("response_column", "Validation frame is missing response column `%s`.", name)
	case len(d.Frame.Lookup(name).Domain()) != 2:
		f.Fail("response_column", "The response column of the validation frame needs to have a binary categorical domain (not anomaly/anomaly).")
	default:
		d.Response = d.Frame.Lookup(name)
		d.Domain = d.Response.Domain()
		r.Task.Roles.Response = name
	}
	if m := b.stopping.Metric; b.stopping.Rounds > 0 && m != "AUTO" && m != "anomaly_score" && d == nil {
		f.Fail("stopping_metric", "stopping_metric %s needs a validation frame with labels; choose AUTO or anomaly_score", m)
	}
}

// resolveCalibration checks the block of a training and finds its frame.
// H2O: CalibrationHelper.initCalibration.
func (r *Run) resolveCalibration(f *param.Issues, b blocks) {
	c := b.calibrating
	if !c.CalibrateModel {
		if c.CalibrationFrame != "" {
			f.Warn("calibration_frame", "Calibration frame was specified but calibration was not requested.")
		}
		return
	}
	if r.Task.Category != Binomial {
		f.Fail("calibrate_model", "Model calibration is only currently supported for binomial models.")
	}
	if c.CalibrationFrame == "" {
		f.Fail("calibrate_model", "Calibration frame was not specified.")
	}
	fr := r.lookup(f, c.CalibrationFrame, "calibration_frame")
	if fr == nil || r.Task.Category != Binomial {
		return
	}
	d := &Data{Key: string(c.CalibrationFrame), Frame: fr, Rows: fr.NumRows(), Checksum: fr.Checksum()}
	d.resolveValid(f, r.Task.Train, b, "calibration")
	if y := d.Response; y != nil && !bad(y) && y.Stats().Mins[0] == y.Stats().Maxs[0] {
		f.Fail("calibration_frame", "the calibration frame needs rows of both classes; its response has one")
	}
	r.calibration = d
}

// TotalWeight returns the summed weight of the rows that have a response.
func (d *Data) TotalWeight() float64 {
	if d.Weights == nil {
		return float64(d.Rows) - float64(d.Response.Stats().Missing)
	}
	sum := 0.0
	for i := range d.Rows {
		if !d.Response.Missing(i) {
			sum += d.Weights.Float(i)
		}
	}
	return sum
}
