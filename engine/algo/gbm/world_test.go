package gbm_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/algo/gbm"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/model/trial"
	"github.com/geyser-ml/geyser/engine/param"
)

// world is frames by key. Models that were given a key are found by it.
type world map[string]*frame.Frame

// models are those that tests have trained under a key of their own.
var models sync.Map

// newWorld has the frames of trial.
func newWorld(n int) world { return trial.Frames(n) }

// ignored are the columns of newWorld that are no predictors.
var ignored = `["w","y","yb","ym"]`

func (w world) env() model.Env {
	return trial.Env(w, func(key string) model.Model {
		m, _ := models.Load(key)
		found, _ := m.(model.Model)
		return found
	})
}

func (w world) prepare(kv ...string) (*model.Run, param.Issues) {
	return trial.Prepare(gbm.Algo, w.env(), param.Raw{"training_frame": "train", "response_column": "y", "ignored_columns": ignored, "seed": "1", "ntrees": "10", "max_depth": "3", "min_rows": "5"}, kv...)
}

func (w world) train(t testing.TB, kv ...string) *gbm.Model {
	t.Helper()
	run, issues := w.prepare(kv...)
	m := trial.Train(t, run, issues)
	models.Store(run.Key, m)
	return m.(*gbm.Model)
}

// on measures a model on a frame.
func (w world) on(t testing.TB, m model.Model, key string) *metrics.Metrics {
	t.Helper()
	got, _, _, err := model.Performance(t.Context(), m, w[key], metrics.Options{GainsLiftBins: -1})
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
