package drf_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/algo/drf"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/model/trial"
	"github.com/geyser-ml/geyser/engine/param"
)

// world is frames by key, and models that trainings may look up.
type world struct {
	frames map[string]*frame.Frame
	models map[string]model.Model
}

// newWorld has the frames of trial.
func newWorld(n int) *world { return &world{frames: trial.Frames(n)} }

// ignored are the columns of newWorld that are no predictors.
var ignored = `["w","y","yb","ym"]`

func (w *world) env() model.Env {
	return trial.Env(w.frames, func(key string) model.Model { return w.models[key] })
}

func (w *world) prepare(kv ...string) (*model.Run, param.Issues) {
	return trial.Prepare(drf.Algo, w.env(), param.Raw{"training_frame": "train", "response_column": "y", "ignored_columns": ignored, "seed": "1", "ntrees": "10", "max_depth": "6"}, kv...)
}

func (w *world) train(t testing.TB, kv ...string) *drf.Model {
	t.Helper()
	run, issues := w.prepare(kv...)
	return trial.Train(t, run, issues).(*drf.Model)
}

// on measures a model on a frame.
func (w *world) on(t testing.TB, m model.Model, key string) *metrics.Metrics {
	t.Helper()
	got, _, _, err := model.Performance(t.Context(), m, w.frames[key], metrics.Options{GainsLiftBins: -1})
	require.NoError(t, err)
	return got
}

// payload is the part of a model file that equal trainings share.
func payload(t testing.TB, m model.Model) string {
	t.Helper()
	b, err := m.Payload()
	require.NoError(t, err)
	return string(b)
}

// trees returns the number of trees of a model, all classes together.
func trees(m model.Model) int {
	return int(m.Info().Summary.Column("Number of Internal Trees").Cells[0].(int64))
}
