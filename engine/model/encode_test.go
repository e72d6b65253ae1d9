package model

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/design"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/param"
)

const others = `["y","ym","yb","w","o","f"]`

// Names of encoded columns are those of H2O; the model knows both sides.
func TestEncode(t *testing.T) {
	for _, c := range []struct {
		scheme string
		names  []string
		hidden bool // H2O tells nothing of it
	}{
		{"AUTO", []string{"id", "c"}, true},
		{"Enum", []string{"id", "c"}, true},
		{"OneHotExplicit", []string{"id", "c.a", "c.b", "c.c", "c.missing(NA)"}, false},
		{"Binary", []string{"id", "c:0", "c:1"}, false},
		{"Eigen", []string{"id", "c.Eigen"}, false},
		{"LabelEncoder", []string{"id", "c"}, false},
		{"SortByResponse", []string{"id", "c"}, true},
		{"EnumLimited", []string{"id", "c"}, false},
	} {
		t.Run(c.scheme, func(t *testing.T) {
			w := world(60)
			m := w.train(t, "ignored_columns", `["yb","ym","f"]`, "weights_column", "w", "offset_column", "o", "categorical_encoding", c.scheme, "validation_frame", "valid").Model
			info := m.Info()
			require.Equal(t, append(c.names, "w", "o", "y"), info.Names)
			require.Equal(t, len(c.names), info.Predictors)
			if c.hidden {
				require.Nil(t, info.Original())
			} else {
				require.Equal(t, []string{"id", "c", "w", "o", "y"}, info.Original())
			}
			// A frame in another order, with a level that training has not seen.
			f := frame.Must(frame.New([]string{"more", "c", "o", "id"}, []*frame.Column{
				frame.NewConst(1, 4), frame.NewCodes([]int32{1, 2, 0, -1}, []string{"zz", "b", "a"}), frame.NewConst(0, 4), frame.NewReals([]float64{0.5, 1.5, 99, 2.5}),
			}))
			in, warnings, err := Adapt(m, f)
			require.NoError(t, err)
			require.Equal(t, []string{"Test/Validation dataset column 'c' has levels not trained on: [\"zz\"]"}, warnings)
			require.Len(t, in.Columns, info.Predictors)
			for i, col := range in.Columns {
				require.Equal(t, info.Kinds[i] == frame.Enum, col.Kind() == frame.Enum, info.Names[i])
				require.Equal(t, info.Domains[i], col.Domain(), info.Names[i])
			}
			missing := func(i int) string { // how row i has column c, as text
				var out []string
				for _, col := range in.Columns[1:] {
					if col.Missing(i) {
						out = append(out, "NA")
					} else {
						out = append(out, col.Text(i))
					}
				}
				return strings.Join(out, " ")
			}
			require.Equal(t, missing(3), missing(2), "unseen is as missing")
			require.NotEqual(t, missing(0), missing(1))
			got, _ := predicted(t, m, f)
			require.Equal(t, []float64{1, 1, 0, 1}, column(t, got, "predict"))
			again, _ := predicted(t, reread(t, m), f)
			require.Equal(t, column(t, got, "predict"), column(t, again, "predict"))

			_, warnings, err = Adapt(m, f.Without(1))
			require.NoError(t, err)
			require.Equal(t, []string{"Test/Validation dataset is missing column 'c': substituting in a column of NaN"}, warnings)
			_, _, err = Adapt(m, frame.Must(frame.New([]string{"c.a"}, []*frame.Column{frame.NewConst(1, 3)})))
			require.ErrorContains(t, err, "no columns in common")
		})
	}
}

func TestEncode_Refused(t *testing.T) {
	w := world(30)
	w.memory = 149 // id and four columns of c
	for scheme, want := range map[string][]string{
		"Binary":         nil,
		"OneHotExplicit": {"ERRR categorical_encoding: OneHotExplicit makes 5 columns of 30 rows, at least 150 bytes, and a training may take 149; choose Enum, Binary or EnumLimited"},
	} {
		_, issues := w.prepare("ignored_columns", `["yb","ym","w","o","f"]`, "categorical_encoding", scheme)
		require.Equal(t, want, told(issues))
	}
	w.memory = 0
	_, issues := w.prepare("ignored_columns", `["o"]`, "categorical_encoding", "OneHotInternal")
	require.Equal(t, []string{"ERRR categorical_encoding: Cannot use OneHotInternal categorical encoding for tree methods."}, told(issues))
	s := fakeSpec
	s.Encodes = []string{"OneHotInternal", "Binary"}
	itself := Define(s)
	for _, scheme := range s.Encodes {
		run, issues := w.prepareOf(itself, "ignored_columns", `["o"]`, "categorical_encoding", scheme)
		require.Empty(t, issues)
		require.Nil(t, run.Task.Train.encoding)
		require.Contains(t, run.Task.Train.Names, "c")
	}
	_, issues = oddity.Prepare(param.Raw{"training_frame": "train", "ignored_columns": `["o"]`, "categorical_encoding": "SortByResponse"}, w.env())
	require.Equal(t, []string{"ERRR categorical_encoding: Categorical encoding scheme cannot be SortByResponse - no response column available."}, told(issues))
}

// An algorithm that orders its predictors otherwise gets the columns of its names
// everywhere: in folds, calibration and scoring.
func TestEncode_Order(t *testing.T) {
	w := world(60)
	w.frames["cal"] = w.frames["train"]
	for _, scheme := range []string{"AUTO", "EnumLimited", "SortByResponse", "LabelEncoder"} {
		t.Run(scheme, func(t *testing.T) {
			kv := []string{
				"response_column", "yb", "ignored_columns", `["y","ym","w","o","f","c"]`, "categorical_encoding", scheme, "nfolds", "3",
				"calibrate_model", "true", "calibration_frame", "cal", "ramp", "60",
			}
			w.frames["train"] = withColumn(t, w.frames["cal"], "z", w.frames["cal"].Lookup("c"))
			w.frames["cal"] = w.frames["train"].Without(0)
			w.frames["cal"] = withColumn(t, w.frames["cal"], "id", w.frames["train"].Lookup("id"))
			res := w.trainOf(t, turned, kv...)
			info := res.Model.Info()
			require.Equal(t, []string{"z", "id"}, info.Names[:2])
			in, _, err := Adapt(res.Model, w.frames["cal"])
			require.NoError(t, err)
			require.Equal(t, w.frames["train"].Lookup("id"), in.Columns[1])
			for _, m := range res.Folds {
				require.Equal(t, info.Names, m.Info().Names)
				require.Equal(t, info.Kinds, m.Info().Kinds)
			}
			require.NoError(t, info.check())
			w = world(60)
			w.frames["cal"] = w.frames["train"]
		})
	}
}

func withColumn(t *testing.T, f *frame.Frame, name string, c *frame.Column) *frame.Frame {
	t.Helper()
	out, err := f.With(name, c)
	require.NoError(t, err)
	return out
}

// What is learnt of the response is learnt from the rows of the fold's model alone.
func TestEncode_Folds(t *testing.T) {
	w := world(60)
	res := w.train(t, "ignored_columns", `["yb","ym","w","o","f"]`, "categorical_encoding", "SortByResponse", "nfolds", "3", "fold_assignment", "Modulo")
	train := w.frames["train"]
	orders := map[string]bool{}
	for k, m := range res.Folds {
		var rest []int
		for i := range 60 {
			if i%3 != k {
				rest = append(rest, i)
			}
		}
		part := train.Gather(rest)
		want, err := design.Fit("SortByResponse", []string{"id", "c"}, []*frame.Column{part.Lookup("id"), part.Lookup("c")}, part.Lookup("y"), nil)
		require.NoError(t, err)
		require.Equal(t, want, m.Info().Encoding)
		require.Equal(t, want.Columns[1].Level, m.Info().Domains[1])
		orders[strings.Join(want.Columns[1].Level, "")] = true
	}
	require.Greater(t, len(orders), 1, "folds differ, or the test says nothing")
	for _, scheme := range []string{"OneHotExplicit", "Binary", "Eigen", "LabelEncoder", "EnumLimited"} {
		res := world(60).train(t, "ignored_columns", `["yb","ym"]`, "weights_column", "w", "offset_column", "o", "fold_column", "f", "categorical_encoding", scheme)
		require.EqualValues(t, 60, res.Model.Info().CrossValid.Rows, scheme)
		for _, m := range res.Folds {
			require.Equal(t, res.Model.Info().Names, m.Info().Names, scheme)
		}
	}
}

func TestEncode_Damaged(t *testing.T) {
	for scheme, damage := range map[string]func(*Info){
		"Binary":         func(i *Info) { i.Encoding.Columns[1].Names[0] = "other" },
		"OneHotExplicit": func(i *Info) { i.Encoding.Columns = nil },
		"LabelEncoder":   func(i *Info) { i.Kinds[1], i.Domains[1] = frame.Enum, []string{"a", "b", "c"} },
		"EnumLimited":    func(i *Info) { i.Domains[1] = []string{"a", "b"} },
		"SortByResponse": func(i *Info) { i.Encoding.Columns[1].Codes[0] = 7 },
		"Eigen":          func(i *Info) { i.Encoding.Columns[0].Names[0] = "c.Eigen" },
	} {
		info := world(30).train(t, "categorical_encoding", scheme, "ignored_columns", `["yb","ym","w","o","f"]`).Model.Info()
		require.NoError(t, info.check(), scheme)
		damage(info)
		require.Error(t, info.check(), scheme)
	}
}
