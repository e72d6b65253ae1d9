package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// training is data and settings of a few trees.
type training struct {
	name    string
	loss    Loss
	classes int
	cols    []Column
	opt     BinOptions
	cfg     GrowerConfig
	y       []float32
	sample  bool
	split   float64 // TreeInput.SplitRate
	level   float64
	feats   []int32
	steps   int // trees of each class; 0 for 3
}

// trained is all that a training shows.
type trained struct {
	trees  []Subtree
	scores [][]float64
	rows   [][]uint32
}

// awkward makes columns of all kinds: missing values, one value, all missing, more
// levels and more bins than a byte holds, levels that share bins.
func awkward(r *rand.Rand, n int) []Column {
	wide, few, codes, many := make([]float64, n), make([]int8, n), make([]int16, n), make([]int32, n)
	for i := range n {
		wide[i], few[i] = r.NormFloat64(), int8(r.IntN(3))
		codes[i], many[i] = int16(r.Float64()*r.Float64()*700)-1, int32(r.IntN(40))
		switch r.IntN(12) {
		case 0:
			wide[i] = math.NaN()
		case 1:
			few[i], many[i] = math.MinInt8, -1
		case 2:
			wide[i] = math.Inf(1 - 2*r.IntN(2))
		}
	}
	return append(mixedCols(r, n, 0.05), Column{Values: wide}, Column{Values: few}, Column{Values: codes, Levels: 700},
		Column{Values: many, Levels: 60}, Column{}, Column{Values: make([]int8, n)})
}

func trainings() (out []training) {
	r := rand.New(rand.NewPCG(71, 73))
	add := func(name string, n int, loss Loss, change func(*training)) {
		c := training{
			name: fmt.Sprintf("%s, rows=%d", name, n), loss: loss, classes: 1, cols: awkward(r, n),
			cfg: GrowerConfig{Seed: 5, MinRows: 1, MaxDepth: 9, MinGain: 1e-6, Bounded: loss != Gaussian}, y: make([]float32, n),
		}
		if loss == Multinomial {
			c.classes = 3
		}
		x := c.cols[4].Values.([]float64)
		for i := range c.y {
			c.y[i] = float32(r.IntN(max(2, c.classes)))
			if x[i] > 0.5 && r.IntN(4) > 0 {
				c.y[i] = 1
			}
			if loss == Gaussian {
				c.y[i] += float32(r.NormFloat64())
			}
		}
		if change != nil {
			change(&c)
		}
		out = append(out, c)
	}
	for _, n := range []int{1, 2, 7, 33, 1025, 8191, 8193} {
		add("plain", n, []Loss{Gaussian, Bernoulli, Multinomial}[n%3], nil)
	}
	weigh := func(c *training) {
		w := make([]float32, len(c.y))
		for i := range w {
			w[i] = float32(r.IntN(5)) / 3
		}
		c.cfg.Weights = NewBuffer(w)
	}
	sampled := func(c *training) { c.sample, c.split, c.level = true, 0.6, 0.9 }
	wide := func(c *training) { c.opt.Bins = 3000 }
	add("weights", 3000, Bernoulli, weigh)
	add("weights, sample", 9001, Gaussian, func(c *training) { weigh(c); sampled(c); wide(c) })
	add("two bytes", 9500, Bernoulli, wide)
	add("deep", 1200, Gaussian, func(c *training) { c.cfg.MaxDepth = 60; c.cfg.Lambda = 0.5 })
	add("some columns", 2500, Multinomial, func(c *training) { sampled(c); c.feats = []int32{0, 3, 4, 6, 7} })
	add("least h", 6000, Multinomial, func(c *training) { c.cfg.MinRows, c.cfg.MinH = 8, 1 })
	add("least h, narrow", 66000, Bernoulli, func(c *training) { c.cfg.MinRows, c.cfg.MinH = 20, 3 })
	add("narrow", 70000, Bernoulli, nil)
	add("narrow, sample", 90001, Multinomial, func(c *training) { sampled(c); wide(c) })
	add("little room", 70001, Bernoulli, func(c *training) { c.cfg.MaxBytes = 1 })
	return out
}

// short is the training as far as one goes whose device may be an emulated one: fewer
// trees, and those less deep.
func (c training) short() training {
	if len(c.y) > 1000 {
		c.steps, c.cfg.MaxDepth = 1, min(c.cfg.MaxDepth, 6)
	}
	return c
}

// run trains; every second tree is grown level by level. A lean training takes the
// grower's buffers where it can, and lets it rest between trees.
func (c *training) run(t *testing.T, b Backend, lean bool) (out trained) {
	bins, err := b.Quantize(c.cols, c.opt)
	check(t, err)
	defer bins.Close()
	g, err := b.NewGrower(bins, c.cfg)
	check(t, err)
	defer g.Close()
	n := len(c.y)
	in := GradientInput{Y: NewBuffer(c.y), W: c.cfg.Weights}
	var G, H []*Buffer[float32]
	for range c.classes {
		in.Scores = append(in.Scores, MakeBuffer[float64](n))
		if lean && G == nil {
			G, H = append(G, nil), append(H, nil)
			continue
		}
		G, H = append(G, MakeBuffer[float32](n)), append(H, MakeBuffer[float32](n))
	}
	steps := c.steps
	if steps == 0 {
		steps = 3
	}
	for tree := range steps * c.classes {
		k := tree % c.classes
		if k == 0 {
			if lean {
				G[0], H[0] = g.Derivatives()
			}
			check(t, b.Gradients(c.loss, in, G, H))
		}
		ti := TreeInput{Tree: uint64(tree), G: G[k], H: H[k], SplitRate: c.split, LevelRate: c.level, Features: c.feats}
		if c.sample {
			s := make([]uint8, n)
			for i := range s {
				s[i] = uint8(Draw(1, uint64(tree), FreePurpose, uint64(i)) & 1)
			}
			ti.InSample = NewBuffer(s)
		}
		root, err := g.Begin(ti)
		check(t, err)
		grow := growWhole
		if tree%2 == 1 {
			grow = growLevels
		}
		sub := grow(t, g, root)
		var values []LeafValue
		for i, s := range sub.Splits {
			if s.Feature < 0 {
				sum := sub.Nodes[i].Sum
				values = append(values, LeafValue{s.Node, float32(-0.3 * sum.G / (sum.H + 1))})
				out.rows = append(out.rows, g.Rows(s.Node))
			}
		}
		check(t, g.Leaves(values, in.Scores[k], AllRows))
		for i := range sub.Nodes { // handles are the grower's own business
			sub.Nodes[i].ID, sub.Splits[i].Node = int32(i), int32(i)
		}
		out.trees = append(out.trees, sub)
		if lean {
			g.Rest()
		}
	}
	for k, s := range in.Scores {
		out.scores = append(out.scores, slices.Clone(s.Host()))
		s.Close()
		G[k].Close()
		H[k].Close()
	}
	return out
}

// TestTiers_TrainTheSame: the same nodes, rows and scores, to the bit, on every tier and
// at any number of threads.
func TestTiers_TrainTheSame(t *testing.T) {
	for _, c := range trainings() {
		t.Run(c.name, func(t *testing.T) {
			whole, before := c.run(t, newGo(1), false), Mapped()
			for _, threads := range []int{1, 2, 5} {
				for _, b := range everyTier(t, threads) {
					c, want := c, whole
					if strings.HasPrefix(b.Name(), "cuda") {
						if threads > 1 {
							continue // they are those of the processor
						}
						c = c.short()
						want = c.run(t, newGo(1), false)
					}
					if got := c.run(t, b, true); !reflect.DeepEqual(got, want) {
						t.Errorf("%s with %d threads differs from the reference", b.Name(), threads)
					}
					if kept := Mapped() - before; kept != 0 {
						t.Errorf("%s with %d threads keeps %d bytes", b.Name(), threads, kept)
					}
				}
			}
		})
	}
}
