package model

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/frame"
)

var before = []string{"model_id", "ck", "ignored_columns", `["yb","ym","w","o","f"]`}

// continued is a world with a finished model "ck".
func continued(t *testing.T, kv ...string) *fixture {
	w := world(30)
	w.models = map[string]Model{"ck": w.train(t, append(slices.Clone(before), kv...)...).Model}
	return w
}

func TestContinue(t *testing.T) {
	for _, scheme := range []string{"AUTO", "Binary", "SortByResponse", "EnumLimited"} {
		t.Run(scheme, func(t *testing.T) {
			w := continued(t, "categorical_encoding", scheme)
			first := w.models["ck"].Info()
			// Other rows, columns in another order, one more of them.
			f := w.frames["train"]
			y := f.Column(2).Floats(0, 30, nil)
			for i := range y {
				y[i] = -y[i] // turns the order of levels by response
			}
			w.frames["train"] = frame.Must(frame.New([]string{"c", "more", "y", "id"}, []*frame.Column{f.Column(1), f.Column(0), frame.NewReals(y), f.Column(0)})).Slice(3, 30)
			run, issues := w.prepare("ignored_columns", "[]", "checkpoint", "ck", "categorical_encoding", scheme, "steps", "3")
			require.Empty(t, issues)
			require.Same(t, w.models["ck"], run.Task.Continue)
			require.Equal(t, first.Names[:first.Predictors], run.Task.Train.Names)
			res, err := run.Train(t.Context(), Hooks{})
			require.NoError(t, err)
			m := res.Model.(*fakeModel)
			require.Len(t, m.rows, 30+27)
			require.Equal(t, first.Names, m.Info().Names)
			require.Equal(t, first.Domains, m.Info().Domains)
			require.Equal(t, first.Encoding, m.Info().Encoding, "that of the first training")
		})
	}
}

func TestContinue_Refused(t *testing.T) {
	const columns = "ERRR checkpoint: The columns of the training data must be the same as for the checkpointed model"
	const levels = "ERRR checkpoint: Categorical factor levels of the training data must be the same as for the checkpointed model"
	w := continued(t)
	f := w.frames["train"]
	w.frames["levels"] = f.Replace(1, f.Column(1).WithDomain([]string{"a", "b", "d"}))
	w.frames["kind"] = f.Replace(1, f.Column(0))
	running := *w.models["ck"].Info()
	running.Identity.Running = true
	w.models["running"] = newFake(&running, nil, 0)
	elsewhere := *w.models["ck"].Info()
	elsewhere.Algo = "odd"
	w.models["other"] = newFake(&elsewhere, nil, 0)
	damaged := *w.models["ck"].Info()
	damaged.Input = []byte{1}
	w.models["damaged"] = newFake(&damaged, nil, 0)
	classes := continued(t, "response_column", "ym", "ignored_columns", `["y","yb","w","o","f"]`).models["ck"]
	w.models["classes"] = classes
	w.frames["classes"] = f.Replace(4, f.Column(4).WithDomain([]string{"1", "2", "y"}))
	for _, c := range []struct {
		name string
		want []string
		kv   []string
	}{
		{"absent", []string{"ERRR checkpoint: no model nope"}, []string{"checkpoint", "nope"}},
		{"other algorithm", []string{"ERRR checkpoint: checkpoint other is of algorithm odd; only a model of fake can be continued"}, []string{"checkpoint", "other"}},
		{"running", []string{"ERRR checkpoint: checkpoint running is still being trained; wait for its job to end"}, []string{"checkpoint", "running"}},
		{"fewer columns", []string{columns}, []string{"ignored_columns", `["c","yb","ym","w","o","f"]`}},
		{"other response", []string{columns}, []string{"response_column", "yb", "ignored_columns", `["y","ym","w","o","f"]`}},
		{"weights", []string{columns}, []string{"weights_column", "w", "ignored_columns", `["yb","ym","o","f"]`}},
		{"offset", []string{columns}, []string{"offset_column", "o", "ignored_columns", `["yb","ym","w","f"]`}},
		{"levels", []string{levels}, []string{"training_frame", "levels"}},
		{"kind", []string{levels}, []string{"training_frame", "kind"}},
		{"classes", []string{levels}, []string{"training_frame", "classes", "checkpoint", "classes", "response_column", "ym", "ignored_columns", `["y","yb","w","o","f"]`}},
		{"encoding", []string{levels}, []string{"categorical_encoding", "Binary"}},
		{"fixed", []string{"ERRR depth: Field _depth cannot be modified if checkpoint is specified!"}, []string{"depth", "6", "steps", "9"}},
		{"folds", []string{"ERRR checkpoint: a checkpoint cannot be continued with cross-validation, since its trees know all rows; leave nfolds at 0 and fold_column unset"}, []string{"nfolds", "3"}},
		{"fold column", []string{"ERRR checkpoint: a checkpoint cannot be continued with cross-validation, since its trees know all rows; leave nfolds at 0 and fold_column unset"}, []string{"fold_column", "f", "ignored_columns", `["yb","ym","w","o"]`}},
		{"damaged", []string{"ERRR checkpoint: cannot read the parameters of the checkpoint: cbor: cannot unmarshal positive integer into Go value of type model.fakeParams"}, []string{"checkpoint", "damaged"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			kv := append([]string{"ignored_columns", `["yb","ym","w","o","f"]`, "checkpoint", "ck"}, c.kv...)
			_, issues := w.prepare(kv...)
			require.Equal(t, c.want, told(issues))
		})
	}
	// What is not fixed may change, and AUTO and Enum are the same.
	_, issues := w.prepare("ignored_columns", `["yb","ym","w","o","f"]`, "checkpoint", "ck", "categorical_encoding", "Enum", "seed", "9", "ramp", "4")
	require.Empty(t, issues)
}

// Encoded by another scheme of the same kind is another encoding.
func TestContinue_Scheme(t *testing.T) {
	w := continued(t, "categorical_encoding", "Binary")
	for _, scheme := range []string{"AUTO", "LabelEncoder"} {
		_, issues := w.prepare("ignored_columns", `["yb","ym","w","o","f"]`, "checkpoint", "ck", "categorical_encoding", scheme)
		require.Equal(t, []string{"ERRR checkpoint: Categorical factor levels of the training data must be the same as for the checkpointed model"}, told(issues))
	}
}
