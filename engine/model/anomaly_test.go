package model

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/param"
)

// oddity is an algorithm without a response: the score of a row is its first predictor
// as a share of the largest in training, its length of path ten times the rest to 1.

type oddParams struct {
	Keys
	Predictors
	Encoding
	Stopping
	Seeding
	Validating
	Labelling
	Steps int  `param:"steps" default:"2" in:"[1,100]" help:"Steps."`
	Flag  bool `param:"flag" default:"false" help:"Predict labels, too."`
}

type oddModel struct {
	info *Info
	Top  float64
	Flag bool
}

func (m *oddModel) Info() *Info              { return m.info }
func (m *oddModel) Payload() ([]byte, error) { return Marshal(m) }

func (m *oddModel) PredictionNames() []string {
	if m.Flag {
		return []string{"predict", "score", "mean_length"}
	}
	return []string{"predict", "mean_length"}
}

func (m *oddModel) Domains() [][]string {
	if m.Flag {
		return [][]string{{"0", "1"}, nil, nil}
	}
	return [][]string{nil, nil}
}

func (m *oddModel) Score(in *Scoring, lo, hi int, dst [][]float64) error {
	for i, v := range in.Columns[0].Floats(lo, hi, nil) {
		score := v / m.Top
		n := len(dst)
		dst[n-2][i], dst[n-1][i] = score, 10*(1-score)
		if m.Flag {
			dst[0][i] = 0
			if score >= m.info.Threshold {
				dst[0][i] = 1
			}
		}
	}
	return nil
}

var oddity = Define(Spec[oddParams]{
	Name: "odd", Title: "Odd", ID: "Odd", Version: 3,
	Categories: []Category{Anomaly}, Schema: param.Of[oddParams](),
	Check:  func(p *oddParams, t *Task) param.Issues { return p.Stopping.Check(t.Category, metrics.AUCNone) },
	Memory: func(*oddParams, *Task) int64 { return 1 },
	Train: func(_ context.Context, t *Task, p oddParams) (Model, error) {
		m := &oddModel{NewInfo(t), t.Train.Columns[0].Stats().Max, p.Flag}
		m.info.Step = "Number of Trees"
		raw, err := scored(m, t.Train.scoring())
		if err != nil {
			return nil, err
		}
		m.info.Train = t.Measure(t.Train, raw)
		if v := t.Valid; v != nil {
			m.info.Valid = t.MeasureBy(v, func(lo, hi int, dst [][]float64) {
				in := v.scoring()
				plain := &oddModel{m.info, m.Top, false}
				plain.Score(in, lo, hi, dst) //nolint:errcheck // never fails
			})
			m.info.SetThreshold(m.info.Valid)
		}
		for step := range p.Steps {
			m.info.History = append(m.info.History, NewScored(step, t.Category, m.info.Train, m.info.Valid))
		}
		return m, nil
	},
	Load: func(info *Info, payload []byte) (Model, error) {
		m := &oddModel{info: info}
		return m, Unmarshal(payload, m)
	},
})

func prepareOdd(w *fixture, kv ...string) (*Run, param.Issues) {
	raw := param.Raw{"training_frame": "train", "seed": "1", "ignored_columns": others}
	for i := 0; i < len(kv); i += 2 {
		raw[kv[i]] = kv[i+1]
	}
	return oddity.Prepare(raw, w.env())
}

func trainOdd(t *testing.T, w *fixture, kv ...string) *oddModel {
	t.Helper()
	run, issues := prepareOdd(w, kv...)
	require.NoError(t, issues.Err())
	res, err := run.Train(t.Context(), Hooks{})
	require.NoError(t, err)
	return res.Model.(*oddModel)
}

func TestAnomaly(t *testing.T) {
	w := world(20) // id is 0.5 … 19.5
	m := trainOdd(t, w)
	info := m.Info()
	require.Equal(t, Anomaly, info.Category)
	require.Equal(t, []string{"id", "c"}, info.Names)
	require.Equal(t, "", info.Response)
	require.Equal(t, -1.0, info.Threshold, "H2O: no row is called an anomaly")
	require.EqualValues(t, 20, info.Train.Rows)
	require.InDelta(t, 10/19.5, info.Train.Anomaly.MeanNormalizedScore, 1e-12)
	require.InDelta(t, 10-100/19.5, info.Train.Anomaly.MeanScore, 1e-12)
	require.Nil(t, info.Valid)
	table := info.HistoryTable()
	var titles []string
	for _, c := range table.Columns {
		titles = append(titles, c.Title)
	}
	require.Equal(t, []string{"", "Timestamp", "Duration", "Number of Trees", "Mean Tree Path Length", "Mean Anomaly Score"}, titles)
	require.Equal(t, info.Train.Anomaly.MeanScore, table.Column("Mean Tree Path Length").Cells[1])
	require.Equal(t, info.Train.Anomaly.MeanNormalizedScore, table.Column("Mean Anomaly Score").Cells[1])

	got, _ := predicted(t, m, w.frames["train"])
	require.Equal(t, []string{"predict", "mean_length"}, got.Names())
	require.Equal(t, 1.0, column(t, got, "predict")[19])
	measured, preds, _, err := Performance(t.Context(), m, w.frames["train"], metrics.Options{})
	require.NoError(t, err)
	require.Equal(t, info.Train.Anomaly, measured.Anomaly)
	require.Equal(t, got.Names(), preds.Names())

	var b []byte
	b, err = PayloadBytes(m)
	require.NoError(t, err)
	again, err := PayloadBytes(trainOdd(t, world(20)))
	require.NoError(t, err)
	require.Equal(t, b, again)
	require.NoError(t, info.check())
}

// Labels of the validation frame are two classes that the scores are measured by.
func TestAnomaly_Labels(t *testing.T) {
	w := world(20)
	label := make([]int32, 20)
	for i := 15; i < 20; i++ {
		label[i] = 1
	}
	w.frames["valid"] = withColumn(t, w.frames["train"], "bad", frame.NewCodes(label, []string{"no", "yes"}))
	m := trainOdd(t, w, "validation_frame", "valid", "validation_response_column", "bad", "flag", "true")
	info := m.Info()
	require.Equal(t, []string{"id", "c", "bad"}, info.Names)
	require.Equal(t, []string{"no", "yes"}, info.Domains[2])
	require.Nil(t, info.Classes())
	require.NotNil(t, info.Train.Anomaly)
	require.Equal(t, 1.0, info.Valid.Binomial.AUC)
	require.InDelta(t, 15.5/19.5, info.Threshold, 1e-12)
	require.Len(t, info.HistoryTable().Columns, 6+6)
	require.Equal(t, 1.0, info.HistoryTable().Column("Validation AUC").Cells[0])
	require.NoError(t, info.check())

	got, _ := predicted(t, m, w.frames["train"])
	require.Equal(t, []string{"predict", "score", "mean_length"}, got.Names())
	require.Equal(t, []string{"0", "1"}, got.Column(0).Domain())
	for i, l := range label {
		require.EqualValues(t, l, got.Column(0).Code(i), "row %d", i)
	}
	measured, _, _, err := Performance(t.Context(), m, w.frames["valid"], metrics.Options{})
	require.NoError(t, err)
	require.Equal(t, 1.0, measured.Binomial.AUC)
	measured, _, _, err = Performance(t.Context(), m, w.frames["train"], metrics.Options{})
	require.NoError(t, err)
	require.NotNil(t, measured.Anomaly, "without labels")

	// The training frame may have them, but they are no predictor.
	w.frames["train"] = w.frames["valid"]
	require.Equal(t, info.Names, trainOdd(t, w, "validation_frame", "valid", "validation_response_column", "bad").Info().Names)
}

func TestAnomaly_Refused(t *testing.T) {
	const response = "ERRR response_column: "
	for _, c := range []struct {
		name string
		want []string
		kv   []string
	}{
		{"frame alone", []string{response + "Response column needs to be defined when using a validation frame."}, []string{"validation_frame", "valid"}},
		{"no such column", []string{response + "Validation frame is missing response column `nope`."}, []string{"validation_frame", "valid", "validation_response_column", "nope"}},
		{"numbers", []string{response + "The response column of the validation frame needs to have a binary categorical domain (not anomaly/anomaly)."}, []string{"validation_frame", "valid", "validation_response_column", "y"}},
		{"three classes", []string{response + "The response column of the validation frame needs to have a binary categorical domain (not anomaly/anomaly)."}, []string{"validation_frame", "valid", "validation_response_column", "ym"}},
		{"column alone", []string{"WARN validation_response_column: validation_response_column is not used without validation_frame."}, []string{"validation_response_column", "yb"}},
		{"metric of labels", []string{"ERRR stopping_metric: stopping_metric AUC needs a validation frame with labels; choose AUTO or anomaly_score"}, []string{"stopping_rounds", "2", "stopping_metric", "AUC"}},
		{"metric of numbers", []string{
			"ERRR stopping_metric: stopping_metric MAE needs a validation frame with labels; choose AUTO or anomaly_score",
			"ERRR stopping_metric: stopping_metric MAE does not apply to this training (AnomalyDetection); choose AUTO, or one that it reports",
		}, []string{"stopping_rounds", "2", "stopping_metric", "MAE"}},
		{"labels and their metric", nil, []string{"validation_frame", "valid", "validation_response_column", "yb", "stopping_rounds", "2", "stopping_metric", "AUC"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, issues := prepareOdd(world(30), c.kv...)
			require.Equal(t, c.want, told(issues))
		})
	}
	run, issues := prepareOdd(world(30), "stopping_rounds", "2")
	require.Empty(t, issues)
	for _, p := range run.Params {
		if p.Name == "stopping_metric" {
			require.Equal(t, "anomaly_score", p.Actual)
		}
	}
}

// An anomaly score is to settle: neither falling nor rising on stops a training.
func TestStopper_Anomaly(t *testing.T) {
	stops := func(values ...float64) bool {
		s, last := NewStopper(Stopping{Rounds: 2, Metric: "anomaly_score", Tolerance: 0.01}), false
		for _, v := range values {
			last = s.Stop(metrics.Detect([]float64{v}, []float64{1}, nil, metrics.Options{}))
		}
		return last
	}
	require.False(t, stops(0.5, 0.5, 0.4, 0.3))
	require.False(t, stops(0.3, 0.3, 0.4, 0.5))
	require.True(t, stops(0.3, 0.3, 0.301, 0.299))
	require.False(t, stops(0.3, 0.3, 0.3), "too few")
}
