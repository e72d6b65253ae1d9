package algo_test

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/model/trial"
	"github.com/geyser-ml/geyser/engine/param"
)

// responses names the column of toy frames that an algorithm of a category
// predicts.
var responses = map[model.Category]string{model.Regression: "y", model.Binomial: "yb", model.Multinomial: "ym"}

// others lists the responses of other categories, each with a comma before it.
func others(c model.Category) string {
	out := ""
	for _, k := range slices.Sorted(maps.Keys(responses)) {
		if k != c {
			out += "," + responses[k]
		}
	}
	return out
}

// toy makes a frame of n rows: columns of every kind, with gaps, a constant and one
// without any value, and the responses at its end.
func toy(seed uint64, n int) *frame.Frame {
	rng := rand.New(rand.NewPCG(seed, 5))
	real, whole, gaps, when := make([]float64, n), make([]float64, n), make([]float64, n), make([]int64, n)
	level, many, y, w := make([]int32, n), make([]int32, n), make([]float64, n), make([]float64, n)
	yb, ym, text := make([]int32, n), make([]int32, n), make([]string, n)
	var names []string
	for i := range 400 {
		names = append(names, fmt.Sprintf("level %03d", i))
	}
	for i := range n {
		real[i], whole[i], gaps[i] = math.Round(8*rng.NormFloat64())/8, float64(rng.IntN(50)-25), rng.Float64()
		when[i] = 1_700_000_000_000 + int64(rng.IntN(100))*86_400_000
		level[i], many[i] = int32(rng.IntN(4)), int32(rng.IntN(400))
		w[i], text[i] = float64(rng.IntN(3)), fmt.Sprint("row ", i)
		eta := real[i] + whole[i]/25 + float64(level[i]) - 1.5 + float64(many[i]%5)/4
		y[i] = math.Round(64*(eta+0.2*rng.NormFloat64())) / 64
		yb[i] = int32(min(1, max(0, math.Round(eta/2+0.5+0.3*rng.NormFloat64()))))
		ym[i] = int32(min(3, max(0, math.Round(eta/2+1.5+0.3*rng.NormFloat64()))))
		if rng.IntN(8) == 0 {
			gaps[i], level[i] = math.NaN(), -1
		}
	}
	return frame.Must(frame.New(
		[]string{"real", "whole", "gaps", "when", "level", "many", "text", "constant", "empty", "unlabelled", "w", "y", "yb", "ym"},
		[]*frame.Column{
			frame.NewFloats(real), frame.NewReals(whole), frame.NewFloats(gaps), frame.NewInts(frame.Time, when, nil),
			frame.NewCodes(level, []string{"a", "b", "c", "d"}), frame.NewCodes(many, names), frame.NewStrings(text, nil),
			frame.NewConst(7, n), frame.NewBad(n), frame.NewCodes(none(n), []string{"x"}),
			frame.NewReals(w), frame.NewFloats(y), frame.NewCodes(yb, []string{"no", "yes"}), frame.NewCodes(ym, []string{"0", "1", "2", "three"}),
		}))
}

func none(n int) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = -1
	}
	return out
}

// subject is an algorithm that is asked to predict one category from toy frames.
type subject struct {
	*model.Algo
	category model.Category
	frames   map[string]*frame.Frame
}

// each runs a test for every algorithm and category.
func each(t *testing.T, test func(t *testing.T, s subject)) {
	for _, a := range all {
		for _, c := range a.Categories {
			t.Run(a.Name+"/"+string(c), func(t *testing.T) {
				if a.Supervised {
					require.Contains(t, responses, c, "toy frames have no response of this category")
				}
				s := subject{a, c, map[string]*frame.Frame{"train": toy(1, 500), "test": toy(2, 200)}}
				if why := s.unavailable(); why != "" {
					t.Skip(why)
				}
				test(t, s)
			})
		}
	}
}

// unavailable tells what a training lacks on this machine, "" for nothing.
func (s subject) unavailable() string {
	_, issues := s.prepare()
	for _, i := range issues {
		if errs.KindOf(i.Err) == errs.Unavailable {
			return i.Message
		}
	}
	return ""
}

// has reports whether the algorithm knows a parameter.
func (s subject) has(name string) bool {
	for _, p := range s.Metadata() {
		if p.Name == name {
			return true
		}
	}
	return false
}

// validated are settings that measure on the frame "test", none for an algorithm that
// cannot.
func (s subject) validated() []string {
	switch {
	case !s.has("validation_frame"):
		return nil
	case s.has("validation_response_column"):
		return []string{"validation_frame", "test", "validation_response_column", "yb"}
	}
	return []string{"validation_frame", "test"}
}

// quick are settings that keep the tests short, for algorithms that know them.
var quick = map[string]string{"ntrees": "5", "sample_size": "100", "max_depth": "4", "epochs": "1", "max_iterations": "5"}

func (s subject) prepare(kv ...string) (*model.Run, param.Issues) { return s.prepareOn("", kv...) }

// prepareOn is prepare with a tier that is asked for.
func (s subject) prepareOn(backend string, kv ...string) (*model.Run, param.Issues) {
	raw := param.Raw{"training_frame": "train", "seed": "1"}
	raw["ignored_columns"] = "[w" + others(s.category) + "]"
	if s.Supervised {
		raw["response_column"] = responses[s.category]
	}
	for name, v := range quick {
		if s.has(name) {
			raw[name] = v
		}
	}
	env := trial.Env(s.frames, nil)
	env.Backend = backend
	return trial.Prepare(s.Algo, env, raw, kv...)
}

func (s subject) train(t testing.TB, kv ...string) model.Model {
	t.Helper()
	run, issues := s.prepare(kv...)
	return trial.Train(t, run, issues)
}

// predict returns the predictions, column by column.
func predict(t testing.TB, m model.Model, f *frame.Frame) ([][]float64, []string) {
	t.Helper()
	p, warnings, err := model.Predict(t.Context(), m, f, 0)
	require.NoError(t, err)
	var out [][]float64
	for i := range p.NumCols() {
		v := p.Column(i).Floats(0, p.NumRows(), nil)
		for r, x := range v {
			require.False(t, math.IsNaN(x) || math.IsInf(x, 0), "prediction of row %d is %v", r, x)
		}
		out = append(out, v)
	}
	return out, warnings
}

func bytesOf(t testing.TB, m model.Model) string {
	t.Helper()
	b, err := model.PayloadBytes(m)
	require.NoError(t, err)
	return string(b)
}
