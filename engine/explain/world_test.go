package explain

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/tree"
	"github.com/geyser-ml/geyser/kernels"
)

// forest is a model of trees whose predictions are numbers, or by a logistic link
// classes.
type forest struct {
	info  *model.Info
	trees *tree.Forest
	base  []float64
	scale float64
}

func (m *forest) Info() *model.Info            { return m.info }
func (m *forest) Payload() ([]byte, error)     { return nil, nil }
func (m *forest) Forest() *tree.Forest         { return m.trees }
func (m *forest) Margin() ([]float64, float64) { return m.base, m.scale }

func (m *forest) Score(in *model.Scoring, lo, hi int, dst [][]float64) error {
	scores := slices2[float64](len(m.base), hi-lo)
	if err := kernels.CPU().Predict(&m.trees.Forest, tree.Columns(in.Columns), lo, hi, 0, m.trees.Trees(), scores); err != nil {
		return err
	}
	for c, s := range scores {
		for r := range s {
			s[r] = m.base[c] + m.scale*s[r]
		}
	}
	m.Respond(scores, dst)
	return nil
}

func (m *forest) Respond(scores, dst [][]float64) {
	for r := range dst[0] {
		switch m.info.Category {
		case model.Regression:
			dst[0][r] = scores[0][r]
		case model.Binomial:
			p := 1 / (1 + math.Exp(-scores[0][r]))
			dst[0][r], dst[1][r] = 1-p, p
		default:
			sum := 0.0
			for c := range dst {
				dst[c][r] = math.Exp(scores[c][r])
				sum += dst[c][r]
			}
			for c := range dst {
				dst[c][r] /= sum
			}
		}
	}
}

func (m *forest) Sampled(step, rows int, codes []int32) []uint8 {
	out := make([]uint8, rows)
	for r := range out {
		out[r] = uint8((r + step) % 2)
		if codes != nil && codes[r] == 1 {
			out[r] = 1
		}
	}
	return out
}

// plain is a model that is not made of trees.
type plain struct{ model.Model }

// split is a node of a tree written down; a nil left is a leaf.
type split struct {
	feature     int
	threshold   float64
	set         []int // codes that go left
	missingLeft bool
	left, right *split
	value       float32
	cover       float32
}

func leaf(v, cover float32) *split { return &split{value: v, cover: cover} }

// plant appends a tree.
func plant(f *tree.Forest, class int, s *split) {
	f.Roots, f.Class = append(f.Roots, int32(len(f.Feature))), append(f.Class, int32(class))
	var add func(s *split) int32
	add = func(s *split) int32 {
		at := f.AddLeaf(s.value, s.cover)
		if s.left == nil {
			return at
		}
		f.Feature[at], f.Threshold[at], f.Gain[at] = int32(s.feature), s.threshold, 1
		if s.missingLeft {
			f.MissingLeft[at] = 1
		}
		if s.set != nil {
			f.SetAt[at], f.SetLen[at] = int32(len(f.Sets)), 4
			bits := uint64(0)
			for _, c := range s.set {
				bits |= 1 << c
			}
			f.Sets = append(f.Sets, bits)
		}
		l := add(s.left)
		r := add(s.right)
		f.Left[at], f.Right[at] = l, r
		f.Cover[at] = f.Cover[l] + f.Cover[r]
		return at
	}
	add(s)
}

// below makes a split of a number: up to the threshold to the left.
func below(feature int, threshold float64, left, right *split) *split {
	return &split{feature: feature, threshold: threshold, left: left, right: right}
}

var colours = []string{"blue", "green", "red"}

// grove makes a model of two trees a class over x, y (numbers) and c (three levels).
func grove(category model.Category) *forest {
	m := &forest{base: []float64{0.25}, scale: 0.5, trees: &tree.Forest{}, info: &model.Info{
		Algo: "toy", Title: "Toy Forest", Category: category, Response: "late", Predictors: 3, Threshold: 0.5,
		Names: []string{"x", "y", "c", "late"}, Kinds: []frame.Kind{frame.Real, frame.Real, frame.Enum, frame.Enum},
		Domains: [][]string{nil, nil, colours, {"no", "yes"}},
	}}
	m.info.Identity.Key = "toy"
	classes := 1
	switch category {
	case model.Regression:
		m.info.Kinds[3], m.info.Domains[3] = frame.Real, nil
	case model.Multinomial:
		m.info.Domains[3], m.base, classes = []string{"no", "so", "yes"}, []float64{0.1, 0.2, 0.3}, 3
	}
	for step := range 2 {
		for class := range classes {
			v := float32(step) + float32(class)/2
			plant(m.trees, class, &split{feature: 0, threshold: 0.1, missingLeft: step == 0,
				left: &split{feature: 2, set: []int{0, 2}, missingLeft: true,
					left: leaf(1+v, 10), right: below(1, -0.5, leaf(-2, 4), leaf(2-v, 6))},
				right: below(1, 0.25, leaf(-1, 7), below(0, 0.75, leaf(3, 2), leaf(v-4, 3)))})
		}
	}
	return m
}

// meadow makes a frame for groves, with gaps; levels stand in another order than in
// the model, and one is not the model's.
func meadow(rows int) *frame.Frame {
	rng := rand.New(rand.NewPCG(8, 8))
	x, y, c, late, w := make([]float64, rows), make([]float64, rows), make([]int32, rows), make([]int32, rows), make([]float64, rows)
	for r := range rows {
		x[r], y[r], c[r] = math.Round(8*rng.NormFloat64())/8, math.Round(8*rng.NormFloat64())/8, int32(rng.IntN(5)-1)
		if rng.IntN(7) == 0 {
			x[r] = math.NaN()
		}
		late[r], w[r] = int32(rng.IntN(2)), float64(rng.IntN(3))
	}
	return frame.Must(frame.New([]string{"y", "w", "c", "x", "late"}, []*frame.Column{
		frame.NewFloats(y), frame.NewReals(w), frame.NewCodes(c, []string{"red", "violet", "blue", "green"}), frame.NewFloats(x), frame.NewCodes(late, []string{"no", "yes"}),
	}))
}

// numbers returns a column as numbers.
func numbers(t testing.TB, f *frame.Frame, name string) []float64 {
	t.Helper()
	c := f.Lookup(name)
	require.NotNil(t, c, "%s of %v", name, f.Names())
	return c.Floats(0, c.Len(), nil)
}

// margins returns the scores of a model before the link.
func margins(t testing.TB, m *forest, f *frame.Frame) []float64 {
	t.Helper()
	s, _, err := model.Adapt(m, f)
	require.NoError(t, err)
	sum := slices2[float64](1, s.Rows)
	require.NoError(t, kernels.CPU().Predict(&m.trees.Forest, tree.Columns(s.Columns), 0, s.Rows, 0, m.trees.Trees(), sum))
	for r := range sum[0] {
		sum[0][r] = m.base[0] + m.scale*sum[0][r]
	}
	return sum[0]
}
