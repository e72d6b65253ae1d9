package model

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/param"
)

// odd adds columns to the frame "train" that most checks are about.
func odd() *fixture {
	w := world(30)
	f := w.frames["train"]
	n := f.NumRows()
	fill := func(v float64) []float64 {
		out := make([]float64, n)
		for i := range out {
			out[i] = v
		}
		return out
	}
	part := func(first float64) *frame.Column {
		v := fill(1)
		v[0] = first
		return frame.NewFloats(v)
	}
	text := make([]string, n)
	for _, c := range []struct {
		name string
		col  *frame.Column
	}{
		{"const", frame.NewReals(fill(3))}, {"zero", frame.NewReals(fill(0))}, {"bad", frame.NewBad(n)},
		{"none", frame.NewCodes(make([]int32, n), []string{"only"})},
		{"nolevel", frame.NewCodes(negative(n), []string{"a", "b"})},
		{"text", frame.NewStrings(text, nil)}, {"negative", part(-1)}, {"gap", part(math.NaN())},
		{"inf", part(math.Inf(1))}, {"sparse", part(math.NaN())},
	} {
		f = frame.Must(f.With(c.name, c.col))
	}
	w.frames["train"] = f
	return w
}

func negative(n int) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = -1
	}
	return out
}

func TestPrepare_Issues(t *testing.T) {
	for _, c := range []struct {
		name, field, text string
		severity          param.Severity
		kv                []string
	}{
		{"Err unknown parameter", "nosuch", "Unknown parameter: nosuch", param.Error, []string{"nosuch", "1"}},
		{"Err text for a number", "steps", "cannot convert \"many\"", param.Error, []string{"steps", "many"}},
		{"Err out of range", "steps", "must lie in", param.Error, []string{"steps", "1000"}},
		{"Err no frame", "training_frame", "no frame gone", param.Error, []string{"training_frame", "gone"}},
		{"Err no validation frame", "validation_frame", "no frame gone", param.Error, []string{"validation_frame", "gone"}},
		{"Err no response given", "response_column", "Response column parameter not set.", param.Error, []string{"response_column", ""}},
		{"Err no such response", "response_column", "Response column 'q' not found in the training frame", param.Error, []string{"response_column", "q"}},
		{"Err response of text", "response_column", "Currently used String", param.Error, []string{"response_column", "text"}},
		{"Err response without values", "response_column", "every value of the response is missing", param.Error, []string{"response_column", "bad"}},
		{"Err response without labels", "response_column", "every value of the response is missing", param.Error, []string{"response_column", "nolevel"}},
		{"Err infinite response", "response_column", "infinite", param.Error, []string{"response_column", "inf"}},
		{"Err no such weights", "weights_column", "Weights column 'q' not found in the training frame", param.Error, []string{"weights_column", "q"}},
		{"Err weights of text", "weights_column", "must be numeric", param.Error, []string{"weights_column", "text"}},
		{"Err negative weights", "weights_column", "Weights must be >= 0", param.Error, []string{"weights_column", "negative"}},
		{"Err missing weights", "weights_column", "Weights cannot have missing values.", param.Error, []string{"weights_column", "gap"}},
		{"Err infinite weights", "weights_column", "Weights must be finite", param.Error, []string{"weights_column", "inf"}},
		{"Err no weight at all", "weights_column", "at least one must be larger", param.Error, []string{"weights_column", "zero"}},
		{"Err missing offset", "offset_column", "Offset column cannot have missing values.", param.Error, []string{"offset_column", "gap"}},
		{"Err infinite offset", "offset_column", "Offset column must be finite", param.Error, []string{"offset_column", "inf"}},
		{"Err categorical offset", "offset_column", "must be numeric", param.Error, []string{"offset_column", "c"}},
		{"Err no such fold column", "fold_column", "Fold column 'q' not found", param.Error, []string{"fold_column", "q"}},
		{"Err one fold", "fold_column", "at least two distinct values", param.Error, []string{"fold_column", "const"}},
		{"Err missing folds", "fold_column", "cannot have missing values", param.Error, []string{"fold_column", "gap2"}},
		{"Err two roles", "offset_column", "Offset column must be different from the weights column; both are 'w'", param.Error, []string{"offset_column", "w", "weights_column", "w"}},
		{"Err response as fold", "response_column", "Response column must be different from the fold column", param.Error, []string{"fold_column", "y"}},
		{"Err nfolds 1", "nfolds", "nfolds must be either 0 or >1.", param.Error, []string{"nfolds", "1"}},
		{"Err too many folds", "nfolds", "nfolds cannot be larger than the number of rows (30).", param.Error, []string{"nfolds", "31"}},
		{"Err folds twice", "fold_column", "nfolds cannot be specified at the same time as fold_column", param.Error, []string{"nfolds", "2", "fold_column", "f"}},
		{"Err stratified numbers", "fold_assignment", "Stratified needs a categorical response", param.Error, []string{"nfolds", "2", "fold_assignment", "Stratified"}},
		{"Err folds of no validation", "fold_assignment", "Fold assignment is only allowed for cross-validation.", param.Error, []string{"fold_assignment", "Modulo"}},
		{"Err folds given twice", "fold_assignment", "Fold assignment is not allowed in conjunction with a fold column.", param.Error, []string{"fold_assignment", "Random", "fold_column", "f"}},
		{"numbers for classes", "response", "your response column has only 2 unique values (0/1)", param.Warn, []string{"response_column", "flag"}},
		{"Err no predictor", "train", "Training data must have at least 2 features (incl. response).", param.Error, []string{"ignored_columns", `["id","c","yb","ym","w","o","f","negative","gap","inf","sparse","gap2","flag"]`}},
		{"constants go", "train", "Dropping bad and constant columns: [o, const, zero, bad, none, nolevel]", param.Warn, nil},
		{"text goes", "train", "Dropping text columns, which cannot be predictors: [text]", param.Warn, nil},
		{"Err tolerance", "stopping_tolerance", "Stopping tolerance must be < 1.", param.Error, []string{"stopping_tolerance", "Infinity"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := odd()
			gap := make([]float64, 30)
			for i := range gap {
				gap[i] = float64(i % 3)
			}
			gap[7] = math.NaN()
			flag := make([]float64, 30)
			flag[3], flag[4] = 1, math.NaN()
			w.frames["train"] = frame.Must(frame.Must(w.frames["train"].With("gap2", frame.NewFloats(gap))).With("flag", frame.NewFloats(flag)))
			_, issues := w.prepare(c.kv...)
			requireIssue(t, issues, c.severity, c.field, c.text)
			require.Equal(t, c.severity == param.Error, issues.Fatal())
		})
	}
}

func TestPrepare_NumbersTooLarge(t *testing.T) {
	w := odd()
	huge := make([]float64, 30)
	huge[3] = -1e300
	stamps := make([]int64, 30)
	f := frame.Must(w.frames["train"].With("huge", frame.NewFloats(huge)))
	huge = make([]float64, 30)
	huge[3] = 1e300
	f = frame.Must(f.With("heavy", frame.NewFloats(huge)))
	w.frames["train"] = frame.Must(f.With("when", frame.NewInts(frame.Time, stamps, nil)))
	for _, c := range []struct{ field, column, text string }{
		{"response_column", "huge", "from -1e+300"},
		{"offset_column", "huge", "at most 1e+18"},
		{"weights_column", "heavy", "the largest of the training frame is 1e+300"},
		{"weights_column", "when", "it is of type time"},
		{"offset_column", "when", "it is of type time"},
	} {
		t.Run(c.field+" "+c.column, func(t *testing.T) {
			_, issues := w.prepare(c.field, c.column)
			requireIssue(t, issues, param.Error, c.field, c.text)
		})
	}
}

// requireIssue wants exactly one issue of that severity, field and text.
func requireIssue(t *testing.T, issues param.Issues, severity param.Severity, field, text string) {
	t.Helper()
	found := 0
	for _, i := range issues {
		if i.Field == field && i.Severity == severity && strings.Contains(i.Message, text) {
			found++
		}
	}
	require.Equal(t, 1, found, "%+v", issues)
}

func TestPrepare_AllProblemsAtOnce(t *testing.T) {
	_, issues := world(30).prepare("steps", "0", "nfolds", "1", "stopping_tolerance", "2")
	var fields []string
	for _, i := range issues {
		if i.Severity == param.Error {
			fields = append(fields, i.Field)
		}
	}
	require.ElementsMatch(t, []string{"steps", "nfolds", "stopping_tolerance"}, fields)
}

func TestPrepare_KeepConstants(t *testing.T) {
	run, issues := odd().prepare("ignore_const_cols", "false", "ignored_columns", `["nosuch","id"]`)
	require.NoError(t, issues.Err())
	require.Equal(t, []string{"c", "yb", "ym", "w", "o", "f", "const", "zero", "none", "negative", "gap", "inf", "sparse"}, run.Task.Train.Names)
}

func TestPrepare_Categories(t *testing.T) {
	for response, want := range map[string]Category{"y": Regression, "yb": Binomial, "ym": Multinomial} {
		run, issues := world(30).prepare("response_column", response)
		require.NoError(t, issues.Err())
		require.Equal(t, want, run.Task.Category)
	}
}

func TestPrepare_Validation(t *testing.T) {
	for _, c := range []struct {
		name, field, text string
		severity          param.Severity
		change            func(*frame.Frame) *frame.Frame
		kv                []string
	}{
		{"Err no response", "response_column", "Response column 'y' not found in the validation frame", param.Error, without("y"), nil},
		{"Err no offset", "offset_column", "Offset column 'o' not found in the validation frame", param.Error, without("o"), []string{"offset_column", "o"}},
		{"Err predictor of another type", "validation_frame", "categorical column 'id'", param.Error, with("id", frame.NewCodes(make([]int32, 15), []string{"a"})), nil},
		{"Err response of another type", "response_column", "categorical column 'y'", param.Error, with("y", frame.NewCodes(make([]int32, 15), []string{"a"})), nil},
		{"Err no known label", "validation_frame", "no row of the validation frame has a response that was trained on", param.Error, with("yb", frame.NewCodes(make([]int32, 15), []string{"maybe"})), []string{"response_column", "yb"}},
		{"Err negative weights", "weights_column", "the least of the validation frame is -1", param.Error, with("w", frame.NewConst(-1, 15)), []string{"weights_column", "w"}},
		{"no predictor", "validation_frame", "missing column 'c'", param.Warn, without("c"), nil},
		{"no weights", "validation_frame", "Validation dataset is missing weights column 'w': every row counts once", param.Warn, without("w"), []string{"weights_column", "w"}},
		{"unseen level", "validation_frame", "levels not trained on: [\"z\"]", param.Warn, with("c", frame.NewCodes(make([]int32, 15), []string{"z"})), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := world(30)
			w.frames["valid"] = c.change(w.frames["valid"])
			_, issues := w.prepare(append([]string{"validation_frame", "valid"}, c.kv...)...)
			requireIssue(t, issues, c.severity, c.field, c.text)
			require.Equal(t, c.severity == param.Error, issues.Fatal())
		})
	}
	res := world(30).train(t, "validation_frame", "valid")
	require.EqualValues(t, 15, res.Model.Info().Valid.Rows)
	require.Equal(t, "valid", res.Model.Info().Identity.ValidFrame)

	w := world(30)
	w.frames["valid"] = without("w")(w.frames["valid"])
	res = w.train(t, "validation_frame", "valid", "weights_column", "w")
	require.EqualValues(t, 15, res.Model.Info().Valid.Weight)
}

func without(name string) func(*frame.Frame) *frame.Frame {
	return func(f *frame.Frame) *frame.Frame { return f.Without(f.Index(name)) }
}

func with(name string, c *frame.Column) func(*frame.Frame) *frame.Frame {
	return func(f *frame.Frame) *frame.Frame { return f.Replace(f.Index(name), c) }
}

func TestData_TotalWeight(t *testing.T) {
	y := frame.NewFloats([]float64{1, math.NaN(), 3, 4})
	w := frame.NewFloats([]float64{0.5, 8, 0, 2})
	for _, c := range []struct {
		name string
		d    Data
		want float64
	}{
		{"no weights", Data{Rows: 4, Response: y}, 3},
		{"weights", Data{Rows: 4, Response: y, Weights: w}, 2.5},
	} {
		require.Equal(t, c.want, c.d.TotalWeight(), c.name)
	}
}
