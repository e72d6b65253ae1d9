package model

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/kernels/par"
)

// tally is a predicted probability, the weight of the rows of both classes that have
// it, and what H2O-3 3.46.0.12 calibrates it to.
type tally struct{ p, no, yes, want float64 }

// plattGolden are models of gradient boosting with calibrate_model, without and with a
// weights column, calibrated on their training frame.
var plattGolden = map[string][]tally{
	"ones": {
		{0.3129240879911396, 19, 0, 0.008838279641660335},
		{0.32168687318717265, 4, 0, 0.01183084153822467},
		{0.3252648494999968, 3, 0, 0.013323174380976802},
		{0.330642250998265, 18, 0, 0.01592163057217723},
		{0.33420511743510295, 3, 0, 0.01791167500552809},
		{0.33708695260069044, 7, 0, 0.019698277715453676},
		{0.33768926841338526, 1, 0, 0.02009318399461669},
		{0.3505084527150023, 1, 0, 0.030589172162525977},
		{0.35608294678989477, 1, 0, 0.03666407953322645},
		{0.3563550521200336, 12, 2, 0.03698860523398037},
		{0.3718657461102466, 1, 0, 0.06077245486768722},
		{0.3925096081894275, 8, 0, 0.11468153422481868},
		{0.4061337319139684, 0, 1, 0.16999135150396463},
		{0.41203166761094656, 1, 0, 0.1998270952521556},
		{0.42656916063171957, 1, 0, 0.28934563769886423},
		{0.432455216959598, 1, 0, 0.3316680254068191},
		{0.44459329882503773, 5, 5, 0.4273876421899376},
		{0.4524842133667162, 0, 1, 0.49320239522083575},
		{0.46868732802520763, 0, 1, 0.6265920539025813},
		{0.4762553942978476, 1, 5, 0.6839737223742568},
		{0.48011635327973706, 1, 1, 0.7113430148642609},
		{0.4856024184943811, 4, 4, 0.7476994509538557},
		{0.4875042904820173, 2, 5, 0.7595709919993918},
		{0.5135804501839949, 0, 1, 0.8836150377232758},
		{0.517464028251626, 1, 10, 0.8963861461972605},
		{0.5207478095437065, 1, 4, 0.9062016563205552},
		{0.5337257489465165, 0, 1, 0.9372908989086822},
		{0.5417634389720623, 0, 2, 0.951420188345527},
		{0.5446600019075791, 0, 2, 0.9557289033713271},
		{0.5485912392870987, 0, 4, 0.9609967808731603},
		{0.5636404681032173, 0, 4, 0.9761153483399211},
		{0.5760571348912606, 0, 19, 0.9841380779873667},
	},
	"weights": {
		{0.32754838993814855, 11, 0, 0.015813319294644593},
		{0.3300502280639913, 51.5, 0.5, 0.017001517584495047},
		{0.37424691191566994, 8, 0, 0.05974390726280336},
		{0.37783312833558624, 4, 0, 0.06595812447919054},
		{0.409113334539176, 4.5, 2, 0.15064352030769654},
		{0.42112074055666016, 1, 0, 0.20164481193902822},
		{0.42820238401582467, 18, 7.5, 0.23729792351632314},
		{0.47766566102868163, 3, 3.5, 0.5716841135386764},
		{0.4835692539529442, 3, 6.5, 0.6136157737346687},
		{0.5286771699944037, 4, 4.5, 0.8569989463935151},
		{0.5334613277290802, 1, 7.5, 0.8734084795636454},
		{0.5351548635667024, 1, 8, 0.8788194809134944},
		{0.5365736816469593, 0, 2.5, 0.8831981237617752},
		{0.5543688475504657, 0, 8.5, 0.927370911582587},
		{0.5548130793956128, 0.5, 5, 0.9282469191599518},
		{0.5624744613173116, 0, 6.5, 0.941894345113901},
		{0.568072789026658, 1, 8.5, 0.9502849269072589},
		{0.5877603889776059, 0, 19, 0.9715318354989497},
	},
}

func TestPlatt_H2O(t *testing.T) {
	for name, rows := range plattGolden {
		t.Run(name, func(t *testing.T) {
			var e evidence
			for _, r := range rows {
				for y, w := range []float64{r.no, r.yes} {
					if w > 0 {
						e.p, e.y, e.w = append(e.p, r.p), append(e.y, float64(y)), append(e.w, w)
					}
				}
			}
			c := e.platt(1)
			for _, r := range rows {
				require.InDelta(t, r.want, c.Apply(r.p), 1e-8, "%v", r.p)
			}
		})
	}
}

func TestPlatt(t *testing.T) {
	// The gradient vanishes at the fit, also for weights.
	r := rand.New(rand.NewPCG(1, 2))
	n := par.Rows + 11
	e := evidence{make([]float64, n), make([]float64, n), make([]float64, n)}
	for i := range n {
		e.p[i], e.w[i] = r.Float64(), r.Float64()+0.1
		if r.Float64() < sigmoid(3*e.p[i]-2) {
			e.y[i] = 1
		}
	}
	c := e.platt(1)
	require.Equal(t, c, e.platt(4), "threads")
	g0, g1 := 0.0, 0.0
	for i, p := range e.p {
		g0 += e.w[i] * (e.y[i] - c.Apply(p))
		g1 += e.w[i] * (e.y[i] - c.Apply(p)) * p
	}
	require.InDelta(t, 0, g0, 1e-6)
	require.InDelta(t, 0, g1, 1e-6)
	require.InDelta(t, 3, c.Slope, 0.2)

	apart := evidence{[]float64{0.1, 0.2, 0.8, 0.9}, []float64{0, 0, 1, 1}, []float64{1, 1, 1, 1}}
	c = apart.platt(1)
	require.Less(t, c.Apply(0.2), 1e-3)
	require.Greater(t, c.Apply(0.8), 1-1e-3)
	require.False(t, math.IsNaN(c.Slope) || math.IsInf(c.Slope, 0))

	flat := evidence{[]float64{0.3, 0.3, 0.3, 0.3}, []float64{0, 0, 0, 1}, []float64{1, 1, 1, 3}}
	require.InDelta(t, 0.5, flat.platt(1).Apply(0.3), 1e-12)
	require.True(t, math.IsNaN(c.Apply(math.NaN())))
}

// The isotonic mean at a score is the largest, over starts before it, of the least
// mean over ends behind it (Barlow et al. 1972, the max-min formula).
func TestIsotonic_Naive(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		var e evidence
		for range 1 + r.IntN(40) {
			p := float64(r.IntN(15)) / 15
			y := 0.0
			if r.Float64() < p {
				y = 1
			}
			e.p, e.y, e.w = append(e.p, p), append(e.y, y), append(e.w, float64(1+r.IntN(3)))
		}
		scores := slices.Compact(slices.Sorted(slices.Values(e.p)))
		mean := func(a, b int) float64 {
			s, w := 0.0, 0.0
			for i, p := range e.p {
				if p >= scores[a] && p <= scores[b] {
					s, w = s+e.w[i]*e.y[i], w+e.w[i]
				}
			}
			return s / w
		}
		c := e.isotonic()
		require.NoError(t, c.check())
		require.True(t, slices.IsSorted(c.Values))
		for k, p := range scores {
			want := math.Inf(-1)
			for a := 0; a <= k; a++ {
				least := math.Inf(1)
				for b := k; b < len(scores); b++ {
					least = min(least, mean(a, b))
				}
				want = max(want, least)
			}
			require.InDelta(t, want, c.Apply(p), 1e-12)
		}
	}
}

func TestIsotonic_Between(t *testing.T) {
	c := &Calibration{Method: isotonic, Scores: []float64{0.2, 0.4, 0.8}, Values: []float64{0.1, 0.1, 0.9}}
	for p, want := range map[float64]float64{0: 0.1, 0.2: 0.1, 0.3: 0.1, 0.4: 0.1, 0.6: 0.5, 0.8: 0.9, 1: 0.9} {
		require.InDelta(t, want, c.Apply(p), 1e-12, "%v", p)
	}
	require.True(t, math.IsNaN(c.Apply(math.NaN())))
	for _, bad := range []Calibration{
		{}, {Method: isotonic}, {Method: isotonic, Scores: []float64{1}}, {Method: isotonic, Scores: []float64{2, 1}, Values: []float64{0, 1}},
	} {
		require.Error(t, bad.check())
	}
}

// calibration adds to a world of 60 rows the frame "cal", in which id says yes from 40
// on, except for every fifth row.
func calibration() *fixture {
	w := world(60)
	yes := make([]int32, 60)
	for i := range yes {
		if i >= 40 != (i%5 == 0) {
			yes[i] = 1
		}
	}
	f := w.frames["train"]
	w.frames["cal"] = f.Replace(3, frame.NewCodes(yes, []string{"no", "yes"}))
	return w
}

func TestCalibrate(t *testing.T) {
	for _, method := range []string{"AUTO", "PlattScaling", "IsotonicRegression"} {
		t.Run(method, func(t *testing.T) {
			w := calibration()
			kv := []string{
				"response_column", "yb", "ignored_columns", `["y","ym","f"]`, "ramp", "60", "offset_column", "o",
				"calibrate_model", "true", "calibration_frame", "cal", "calibration_method", method,
			}
			run, issues := w.prepare(kv...)
			require.Empty(t, issues)
			require.Equal(t, []string{"train", "cal"}, run.FrameKeys())
			m := w.train(t, append(kv, "nfolds", "3", "keep_cross_validation_predictions", "true")...)
			info := m.Model.Info()
			want := method
			if method == "AUTO" {
				want = "PlattScaling"
			}
			require.Equal(t, [2]any{method, want}, values(info)["calibration_method"])
			got, _ := predicted(t, m.Model, w.frames["cal"])
			require.Equal(t, []string{"predict", "no", "yes", "cal_no", "cal_yes"}, got.Names())
			p, no, yes := column(t, got, "yes"), column(t, got, "cal_no"), column(t, got, "cal_yes")
			sum, seen := 0.0, 0.0
			for i := range p {
				require.InDelta(t, 1, no[i]+yes[i], 1e-15)
				sum += yes[i]
				seen += w.frames["cal"].Lookup("yb").Float(i)
				require.EqualValues(t, p[i] >= info.Threshold, got.Column(0).Code(i) == 1, "the label goes by the plain probability")
			}
			require.InDelta(t, seen, sum, 1e-6, "calibrated means are means of the response")
			again, _ := predicted(t, reread(t, m.Model), w.frames["cal"])
			require.Equal(t, yes, column(t, again, "cal_yes"))
			for _, f := range m.Folds {
				require.Nil(t, f.Info().Calibration, "H2O calibrates the main model alone")
			}
			for _, f := range m.Frames {
				require.NotContains(t, f.Frame.Names(), "cal_yes")
			}
		})
	}
	// Weights count, and missing ones do not hinder.
	w := calibration()
	kv := []string{"response_column", "yb", "ignored_columns", `["y","ym","o","f"]`, "ramp", "60", "weights_column", "w", "calibrate_model", "true", "calibration_frame", "cal"}
	weighted := w.train(t, kv...).Model.Info().Calibration
	w.frames["cal"] = w.frames["cal"].Without(5)
	plain := w.train(t, kv...).Model.Info().Calibration
	require.NotEqual(t, plain, weighted)
	kv = append(kv, "ignored_columns", `["y","ym","w","o","f"]`, "weights_column", "")
	require.Equal(t, plain, w.train(t, kv...).Model.Info().Calibration)
	// Labels that are whole numbers have a p.
	w = calibration()
	f := w.frames["cal"]
	w.frames["cal"] = f.Replace(3, f.Lookup("yb").WithDomain([]string{"0", "1"}))
	w.frames["train"] = w.frames["cal"]
	got, _ := predicted(t, w.train(t, "response_column", "yb", "ignored_columns", `["o"]`, "calibrate_model", "true", "calibration_frame", "cal", "ramp", "60").Model, f.Without(3))
	require.Equal(t, []string{"predict", "p0", "p1", "cal_p0", "cal_p1"}, got.Names())
}

func TestCalibrate_Refused(t *testing.T) {
	w := calibration()
	cal := w.frames["cal"]
	w.frames["no response"] = cal.Without(3)
	w.frames["one class"] = cal.Slice(1, 5)
	w.frames["no x"] = cal.Without(1)
	w.frames["no offset"] = cal.Without(6)
	const binomial = "ERRR calibrate_model: Model calibration is only currently supported for binomial models."
	for _, c := range []struct {
		name string
		want []string
		kv   []string
	}{
		{"no frame", []string{"ERRR calibrate_model: Calibration frame was not specified."}, []string{"calibrate_model", "true"}},
		{"no such frame", []string{"ERRR calibration_frame: no frame nope"}, []string{"calibrate_model", "true", "calibration_frame", "nope"}},
		{"numbers", []string{binomial}, []string{"calibrate_model", "true", "calibration_frame", "cal", "response_column", "y"}},
		{"three classes", []string{binomial, "ERRR calibrate_model: Calibration frame was not specified."}, []string{"calibrate_model", "true", "response_column", "ym"}},
		{"not asked for", []string{"WARN calibration_frame: Calibration frame was specified but calibration was not requested."}, []string{"calibration_frame", "cal"}},
		{"no response", []string{"ERRR calibration_frame: Test/Validation dataset is missing response column 'yb'"}, []string{"calibrate_model", "true", "calibration_frame", "no response"}},
		{"one class", []string{"ERRR calibration_frame: the calibration frame needs rows of both classes; its response has one"}, []string{"calibrate_model", "true", "calibration_frame", "one class"}},
		{"no offset", []string{"ERRR offset_column: Offset column 'o' not found in the calibration frame"}, []string{"calibrate_model", "true", "calibration_frame", "no offset", "offset_column", "o"}},
		{"no predictor", []string{"WARN calibration_frame: Test/Validation dataset is missing column 'c': substituting in a column of NaN"}, []string{"calibrate_model", "true", "calibration_frame", "no x"}},
		{"method alone", nil, []string{"calibration_method", "IsotonicRegression"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			kv := []string{"response_column", "yb", "ignored_columns", `["y","ym","w","o","f"]`}
			if slices.Contains(c.kv, "offset_column") {
				kv[3] = `["y","ym","w","f"]`
			}
			_, issues := w.prepare(append(kv, c.kv...)...)
			require.Equal(t, c.want, told(issues))
		})
	}
}
