package tree

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/kernels"
)

// levelwise hides the subtree path of a tier.
type levelwise struct{ kernels.Grower }

func (levelwise) Grow([]kernels.Node) ([]kernels.Subtree, error) { return nil, kernels.ErrUnavailable }

// problem is data to grow trees on: two numbers, one with gaps, and a categorical.
type problem struct {
	cols    []*frame.Column
	kinds   []frame.Kind
	g, h    []float32
	bins    kernels.Bins
	backend kernels.Backend
}

func newProblem(t *testing.T, n int) *problem {
	t.Helper()
	rng := rand.New(rand.NewPCG(3, uint64(n)))
	x, gaps := make([]float64, n), make([]float64, n)
	codes := make([]int32, n)
	p := &problem{g: make([]float32, n), h: make([]float32, n), kinds: []frame.Kind{frame.Real, frame.Real, frame.Enum}}
	for i := range n {
		x[i], gaps[i], codes[i] = float64(rng.IntN(12))/4, float64(rng.IntN(5))/2, int32(rng.IntN(7))
		y := x[i] + float64(codes[i]*3%7)
		if rng.IntN(6) == 0 {
			gaps[i], y = math.NaN(), y+2
		}
		if rng.IntN(9) == 0 {
			codes[i] = -1
		}
		p.g[i], p.h[i] = float32(y-3), 1 // quarters, which fixed point holds exactly
	}
	p.cols = []*frame.Column{frame.NewFloats(x), frame.NewFloats(gaps), frame.NewCodes(codes, []string{"a", "b", "c", "d", "e", "f", "g"})}
	var err error
	p.backend, err = kernels.Open("go", 2)
	require.NoError(t, err)
	p.bins, err = p.backend.Quantize(Columns(p.cols), kernels.BinOptions{})
	require.NoError(t, err)
	return p
}

func (p *problem) grower(t *testing.T, depth int) kernels.Grower {
	t.Helper()
	g, err := p.backend.NewGrower(p.bins, kernels.GrowerConfig{Seed: 1, MinRows: 2, MaxDepth: depth})
	require.NoError(t, err)
	return g
}

func newton(l Leaf) float32 { return float32(-l.Sum.G / l.Sum.H) }

// grow returns a tree and the scores that it gave.
func (p *problem) grow(t *testing.T, g kernels.Grower, depth int) (*Tree, []float64) {
	t.Helper()
	scores := kernels.MakeBuffer[float64](len(p.g))
	tr, err := Grow(g, kernels.TreeInput{G: kernels.NewBuffer(p.g), H: kernels.NewBuffer(p.h)}, Growth{MaxDepth: depth, Value: newton, Scores: scores})
	require.NoError(t, err)
	return tr, scores.Host()
}

// naive finds the best split of rows by trying every threshold, every prefix of the
// levels by mean derivative and both sides for missing values, and returns the
// value of each row after growing to the depth.
func (p *problem) naive(rows []int, depth int, out []float64) {
	type part struct{ left, right []int }
	sum := func(rows []int) (s float64) {
		for _, r := range rows {
			s += float64(p.g[r])
		}
		return s
	}
	score := func(rows []int) float64 { s := sum(rows); return s * s / float64(len(rows)) }
	best, gain := part{}, 1e-9
	try := func(missing []int, groups [][]int) {
		for _, with := range []bool{true, false} {
			for k := range len(groups) + 1 {
				var c part
				for i, g := range groups {
					if i < k {
						c.left = append(c.left, g...)
					} else {
						c.right = append(c.right, g...)
					}
				}
				if with {
					c.left = append(c.left, missing...)
				} else {
					c.right = append(c.right, missing...)
				}
				if len(c.left) < 2 || len(c.right) < 2 {
					continue
				}
				if v := score(c.left) + score(c.right) - score(rows); v > gain {
					best, gain = c, v
				}
			}
		}
	}
	for j, col := range p.cols {
		by := map[float64][]int{}
		var missing []int
		for _, r := range rows {
			if v := col.Float(r); math.IsNaN(v) {
				missing = append(missing, r)
			} else {
				by[v] = append(by[v], r)
			}
		}
		var groups [][]int
		for _, g := range by {
			groups = append(groups, g)
		}
		slices.SortFunc(groups, func(a, b []int) int {
			va, vb := col.Float(a[0]), col.Float(b[0])
			if p.kinds[j] == frame.Enum {
				va, vb = sum(a)/float64(len(a)), sum(b)/float64(len(b))
			}
			if va < vb {
				return -1
			}
			return 1
		})
		try(missing, groups)
	}
	if depth == 0 || len(rows) < 4 || best.left == nil {
		for _, r := range rows {
			out[r] = -sum(rows) / float64(len(rows))
		}
		return
	}
	p.naive(best.left, depth-1, out)
	p.naive(best.right, depth-1, out)
}

func TestGrow_NaiveTwin(t *testing.T) {
	for _, depth := range []int{0, 1, 2, 4} {
		p := newProblem(t, 300)
		rows, want := make([]int, 300), make([]float64, 300)
		for i := range rows {
			rows[i] = i
		}
		p.naive(rows, depth, want)
		_, got := p.grow(t, p.grower(t, depth), depth)
		loss := func(v []float64) (s float64) {
			for i := range v {
				s += float64(p.g[i])*v[i] + v[i]*v[i]/2
			}
			return s
		}
		if depth > 2 { // equal gains may be broken either way
			require.InEpsilon(t, loss(want), loss(got), 1e-3, "depth %d", depth)
			continue
		}
		require.InDeltaSlice(t, want, got, 1e-6, "depth %d", depth)
	}
}

// Levels, subtrees and both together grow the same tree.
func TestGrow_LevelsEqualSubtrees(t *testing.T) {
	for _, n := range []int{1, 50, 3000, 24576, 140000} {
		p := newProblem(t, n)
		var a, b Forest
		ta, sa := p.grow(t, p.grower(t, 6), 6)
		tb, sb := p.grow(t, levelwise{p.grower(t, 6)}, 6)
		require.Equal(t, sa, sb, "%d rows", n)
		a.Add(ta, p.bins, 0)
		b.Add(tb, p.bins, 0)
		require.Equal(t, a, b, "%d rows", n)
		require.Equal(t, ta.Leaves(), tb.Leaves())
		require.NoError(t, a.Check(p.kinds, 1))
	}
}

// Scoring the training rows gives the scores of training, to the bit.
func TestForest_PredictsTrainingScores(t *testing.T) {
	p := newProblem(t, 5000)
	g := p.grower(t, 5)
	var f Forest
	scores := kernels.MakeBuffer[float64](5000)
	for k := range 3 {
		in := kernels.TreeInput{Tree: uint64(k), G: kernels.NewBuffer(p.g), H: kernels.NewBuffer(p.h)}
		if k > 0 {
			in.InSample, in.Features = kernels.MakeBuffer[uint8](5000), []int32{0, 2}
			for i := range 5000 {
				in.InSample.HostWrite()[i] = uint8(i % (k + 1) / k)
			}
		}
		tr, err := Grow(g, in, Growth{MaxDepth: 5, Value: newton, Scores: scores})
		require.NoError(t, err)
		f.Add(tr, p.bins, 0)
	}
	got := make([]float64, 5000)
	require.NoError(t, p.backend.Predict(&f.Forest, Columns(p.cols), 0, 5000, 0, 3, [][]float64{got}))
	require.Equal(t, scores.Host(), got)
	require.Positive(t, f.Importance(3)[2])
	var root float64
	for _, r := range f.Roots {
		root += float64(f.Cover[r])
	}
	require.Equal(t, 5000+2500+1666.0, root)
}

// A column that splits by nothing but missing or not has the threshold +Inf.
func TestForest_SplitsByMissingAlone(t *testing.T) {
	n := 40
	p := &problem{g: make([]float32, n), h: make([]float32, n), kinds: []frame.Kind{frame.Real}}
	x := make([]float64, n)
	for i := range n {
		x[i], p.g[i], p.h[i] = 5, 1, 1
		if i%4 == 0 {
			x[i], p.g[i] = math.NaN(), -1
		}
	}
	p.cols = []*frame.Column{frame.NewFloats(x)}
	p.backend = kernels.CPU()
	var err error
	p.bins, err = p.backend.Quantize(Columns(p.cols), kernels.BinOptions{})
	require.NoError(t, err)
	tr, scores := p.grow(t, p.grower(t, 3), 3)
	require.Equal(t, 2, tr.Leaves())
	require.Equal(t, []float64{1, -1, -1, -1}, scores[:4])
	var f Forest
	f.Add(tr, p.bins, 0)
	require.Equal(t, math.Inf(1), f.Threshold[0])
	got := make([]float64, 2)
	other := frame.NewFloats([]float64{1e300, math.NaN()})
	require.NoError(t, p.backend.Predict(&f.Forest, Columns([]*frame.Column{other}), 0, 2, 0, 1, [][]float64{got}))
	require.Equal(t, []float64{-1, 1}, got)
}

func TestColumns(t *testing.T) {
	got := Columns([]*frame.Column{
		frame.NewFloats([]float32{1}), frame.NewReals([]float64{300}), frame.NewBad(1),
		frame.NewCodes([]int32{0}, []string{"a", "b"}), frame.NewInts(frame.Time, []int64{5}, nil),
	})
	require.Equal(t, []kernels.Column{
		{Values: []float32{1}}, {Values: []int16{300}}, {}, {Values: []int8{0}, Levels: 2}, {Values: []int64{5}},
	}, got)
}
