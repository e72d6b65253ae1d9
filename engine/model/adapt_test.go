package model

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/metrics"
)

// trained is a model of the predictors x (numbers) and c (levels a, b, 7), the
// weights w, the offset o and the response y (no, yes).
func trained() Model {
	return &fakeModel{info: &Info{
		Category: Binomial, Threshold: 0.5, Predictors: 2,
		Names:   []string{"x", "c", "w", "o", "y"},
		Kinds:   []frame.Kind{frame.Real, frame.Enum, frame.Int, frame.Real, frame.Enum},
		Domains: [][]string{nil, {"a", "b", "7"}, nil, nil, {"no", "yes"}},
		Weights: "w", Offset: "o", Response: "y",
	}, seen: map[float64]bool{1: true}}
}

// table makes a frame of columns by name.
func columns(kv ...any) *frame.Frame {
	var names []string
	var cols []*frame.Column
	for i := 0; i < len(kv); i += 2 {
		names = append(names, kv[i].(string))
		cols = append(cols, kv[i+1].(*frame.Column))
	}
	return frame.Must(frame.New(names, cols))
}

func TestAdapt(t *testing.T) {
	nums := frame.NewReals([]float64{1, 7, 2.5})
	text := frame.NewStrings([]string{"a", "b", "7"}, nil)
	ids := frame.NewUUIDs(make([][16]byte, 3), nil)
	offset := frame.NewReals([]float64{0, 0, 0})
	for _, c := range []struct {
		name  string
		f     *frame.Frame
		codes []int32 // of c
		warn  []string
		err   string
	}{
		{"same levels", columns("x", nums, "c", frame.NewCodes([]int32{2, -1, 0}, []string{"a", "b", "7"}), "o", offset), []int32{2, -1, 0}, nil, ""},
		{"other order, other place", columns("o", offset, "c", frame.NewCodes([]int32{0, 1, 2}, []string{"7", "b", "a"}), "x", nums), []int32{2, 1, 0}, nil, ""},
		{"unseen level", columns("x", nums, "c", frame.NewCodes([]int32{0, 1, 2}, []string{"b", "z", "a"}), "o", offset), []int32{1, -1, 0}, []string{"column 'c' has levels not trained on: [\"z\"]"}, ""},
		{"numbers as levels", columns("x", nums, "c", nums, "o", offset), []int32{-1, 2, -1}, []string{"levels not trained on: [\"1\", \"2.5\"]"}, ""},
		{"all missing", columns("x", nums, "c", frame.NewBad(3), "o", offset), []int32{-1, -1, -1}, nil, ""},
		{"no such column", columns("x", nums, "o", offset), []int32{-1, -1, -1}, []string{"missing column 'c'"}, ""},
		{"Err nothing in common", columns("z", nums, "o", offset), nil, nil, "no columns in common"},
		{"Err no offset", columns("x", nums), nil, nil, "missing offset column 'o'"},
		{"Err offset of text", columns("x", nums, "o", text), nil, nil, "offset column 'o' of type string"},
		{"Err numbers became levels", columns("x", frame.NewCodes([]int32{0, 0, 0}, []string{"a"}), "o", offset), nil, nil, "categorical column 'x' which is real-valued"},
		{"Err numbers became text", columns("x", text, "o", offset), nil, nil, "column 'x' of type string which is numeric"},
		{"text as levels", columns("x", nums, "c", frame.NewStrings([]string{"7", "zz", "a"}, nil), "o", offset), []int32{2, -1, 0}, []string{"levels not trained on: [\"zz\"]"}, ""},
		{"Err levels became UUIDs", columns("x", nums, "c", ids, "o", offset), nil, nil, "column 'c' of type uuid which is categorical"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, warnings, err := Adapt(trained(), c.f)
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				require.Equal(t, errs.Invalid, errs.KindOf(err))
				require.Equal(t, "frame", errs.FieldOf(err))
				return
			}
			require.NoError(t, err)
			require.Len(t, warnings, len(c.warn), "%v", warnings)
			for i, w := range c.warn {
				require.Contains(t, warnings[i], w)
			}
			require.Equal(t, 3, s.Rows)
			require.Len(t, s.Columns, 2)
			require.NotNil(t, s.Offset)
			for i, want := range c.codes {
				got := s.Columns[1]
				require.Equal(t, want < 0, got.Missing(i), "row %d", i)
				if want >= 0 {
					require.EqualValues(t, want, got.Code(i), "row %d", i)
				}
			}
		})
	}
}

func TestAdapt_ManyUnseenLevels(t *testing.T) {
	var domain []string
	codes := make([]int32, 30)
	for i := range codes {
		codes[i] = int32(i)
		domain = append(domain, fmt.Sprintf("level%02d", i))
	}
	_, warnings, err := Adapt(trained(), columns("c", frame.NewCodes(codes, domain), "o", frame.NewConst(0, 30)))
	require.NoError(t, err)
	require.Len(t, warnings, 2)
	require.Contains(t, warnings[1], "\"level19\", … (10 more)]")
	require.NotContains(t, warnings[1], "level20")
}

func TestAdapt_NumbersForText(t *testing.T) {
	m := trained()
	m.Info().Domains[1] = []string{"a", "b", "c"}
	for _, c := range []struct {
		name string
		col  *frame.Column
		err  bool
	}{
		{"Err numbers", frame.NewReals([]float64{1, 2}), true},
		{"Err times", frame.NewInts(frame.Time, []int64{1, 2}, nil), true},
		{"missing numbers", frame.NewReals([]float64{math.NaN(), math.NaN()}), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _, err := Adapt(m, columns("x", frame.NewReals([]float64{1, 2}), "c", c.col, "o", frame.NewConst(0, 2)))
			if c.err {
				require.ErrorContains(t, err, "non-categorical column 'c' which is categorical in the training data")
				return
			}
			require.NoError(t, err)
			require.True(t, s.Columns[1].Missing(0) && s.Columns[1].Missing(1))
		})
	}
}

func TestPerformance(t *testing.T) {
	x, o := frame.NewReals([]float64{1, 2, 1, 2}), frame.NewConst(0, 4)
	y := frame.NewCodes([]int32{1, 0, 0, -1}, []string{"no", "yes"})
	opt := metrics.Options{GainsLiftBins: -1}
	ctx := t.Context()

	m, preds, _, err := Performance(ctx, trained(), columns("x", x, "o", o), opt)
	require.NoError(t, err)
	require.Nil(t, m, "no response")
	require.Equal(t, []string{"predict", "no", "yes"}, preds.Names())

	m, _, warnings, err := Performance(ctx, trained(), columns("x", x, "o", o, "y", y), opt)
	require.NoError(t, err)
	require.EqualValues(t, 3, m.Rows)
	require.InDelta(t, 1.0/3, m.MSE, 1e-15)
	require.Contains(t, strings.Join(warnings, "\n"), "missing weights column 'w': every row counts once")

	m, _, _, err = Performance(ctx, trained(), columns("x", x, "o", o, "y", y, "w", frame.NewReals([]float64{1, 1, 2, 9})), opt)
	require.NoError(t, err)
	require.InDelta(t, 0.5, m.MSE, 1e-15)
	require.EqualValues(t, 4, m.Weight)

	// Labels that training has not seen do not count.
	m, _, warnings, err = Performance(ctx, trained(), columns("x", x, "o", o, "y", frame.NewCodes([]int32{0, 1, 2, 0}, []string{"no", "other", "yes"})), opt)
	require.NoError(t, err)
	require.EqualValues(t, 3, m.Rows)
	require.Contains(t, strings.Join(warnings, "\n"), "column 'y' has levels not trained on: [\"other\"]")

	// Without any label there is nothing to measure.
	m, preds, _, err = Performance(ctx, trained(), columns("x", x, "o", o, "y", frame.NewBad(4)), opt)
	require.NoError(t, err)
	require.Nil(t, m)
	require.Equal(t, 4, preds.NumRows())
	none := frame.NewReals(nil)
	m, preds, _, err = Performance(ctx, trained(), columns("x", none, "o", none, "y", frame.NewCodes(nil, []string{"no", "yes"})), opt)
	require.NoError(t, err)
	require.Nil(t, m)
	require.Equal(t, 0, preds.NumRows())

	m, _, _, err = Performance(ctx, trained(), columns("x", x, "o", o, "y", frame.NewStrings([]string{"yes", "no", "no", "no"}, nil)), opt)
	require.NoError(t, err)
	require.EqualValues(t, 4, m.Rows, "text is as good as categories")

	text := frame.NewStrings([]string{"a", "b", "c", "d"}, nil)
	_, _, _, err = Performance(ctx, trained(), columns("x", x, "o", o, "y", text), opt)
	require.ErrorContains(t, err, "categorical response column 'y' with no levels in common with the model")
	require.Equal(t, errs.Invalid, errs.KindOf(err))
	_, _, _, err = Performance(ctx, trained(), columns("x", x, "o", o, "y", x), opt)
	require.ErrorContains(t, err, "non-categorical column 'y' which is categorical in the training data")
	_, _, _, err = Performance(ctx, trained(), columns("x", x, "o", o, "y", y, "w", text), opt)
	require.ErrorContains(t, err, "weights column 'w' of type string")
}
