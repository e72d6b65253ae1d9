package isolationforest

import (
	"math"
	"slices"
	"sort"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/tree"
	"github.com/geyser-ml/geyser/kernels"
)

// mostBins bounds the values of a column that a tree tells apart: all of a sample
// of usual size, and quantiles of a larger one.
const mostBins = 4096

// grower grows trees on samples of the rows.
type grower struct {
	p       *Params
	d       *model.Data
	seed    uint64
	backend kernels.Backend
	rows    tree.Sampling
	cut     []bool // columns of numbers

	in    []uint8 // of each row, whether it is in the sample of a tree
	drawn []int   // rows that are
}

func newGrower(t *model.Task, p *Params, backend kernels.Backend) *grower {
	g := &grower{p: p, d: t.Train, seed: t.Seed, backend: backend, rows: tree.Sampling{Seed: t.Seed, Rate: p.SampleRate}}
	for _, c := range t.Train.Columns {
		g.cut = append(g.cut, c.Kind() != frame.Enum)
	}
	return g
}

// sample draws the rows of a tree, ascending, until the next one.
func (g *grower) sample(id, threads int) []int {
	if g.in == nil {
		g.in = make([]uint8, g.d.Rows)
	}
	g.rows.Draw(uint64(id), g.in, threads, nil)
	g.drawn = g.drawn[:0]
	for i, in := range g.in {
		if in == 1 {
			g.drawn = append(g.drawn, i)
		}
	}
	return g.drawn
}

// grow grows tree id on the given rows and adds it to the forest. It calls leaf with
// the length of path of each leaf and the places of its rows among the given ones.
func (g *grower) grow(id int, rows []int, forest *tree.Forest, leaf func(length float32, places []uint32)) error {
	features := tree.Features(g.seed, uint64(id), len(g.d.Columns), g.p.ColSampleRatePerTree)
	cols := make([]*frame.Column, len(g.d.Columns))
	for j, c := range g.d.Columns {
		if _, in := slices.BinarySearch(features, int32(j)); in || features == nil {
			cols[j] = c.Gather(rows)
		} else {
			cols[j] = frame.NewBad(len(rows))
		}
	}
	data := tree.Columns(cols)
	for j, c := range g.d.Columns {
		data[j].Levels = len(c.Domain())
	}
	bins, err := g.backend.Quantize(data, kernels.BinOptions{Bins: mostBins, CatBins: mostBins})
	if err != nil {
		return err
	}
	defer bins.Close()
	values := make([][]float64, len(cols)) // distinct values, ascending
	places := make([][]float64, len(cols)) // one a bin
	for j, c := range cols {
		if g.cut[j] {
			values[j] = distinct(c)
			places[j] = binPlaces(values[j], bins.Cuts(j))
		}
	}
	kg, err := g.backend.NewGrower(bins, kernels.GrowerConfig{
		Seed: g.seed, MinRows: g.p.MinRows, MaxDepth: tree.Depth(g.p.MaxDepth), Random: true, Values: places,
	})
	if err != nil {
		return err
	}
	defer kg.Close()
	width := len(cols)
	if features != nil {
		width = len(features)
	}
	zero := kernels.MakeBuffer[float32](len(rows))
	defer zero.Close()
	in := kernels.TreeInput{
		Tree: uint64(id), G: zero, H: zero, Features: features,
		SplitRate: float64(g.p.tries(len(cols))) / float64(width), LevelRate: g.p.ColSampleRateChange,
	}
	value := func(l tree.Leaf) float32 {
		length := float32(max(0, l.Depth-1)) // H2O: of the split above it
		leaf(length, l.Rows())
		return length
	}
	t, err := tree.Grow(kg, in, tree.Growth{MaxDepth: tree.Depth(g.p.MaxDepth), Value: value})
	if err != nil {
		return err
	}
	first := len(forest.Feature)
	forest.Add(t, bins, 0)
	g.redraw(forest, first, id, values)
	return nil
}

// redraw moves the thresholds of the nodes from first on to a point drawn evenly
// between the values of the sample that they part. The place of a split was drawn
// by the way between the values, so that this makes the threshold an even draw
// between the least and the greatest value of the node.
func (g *grower) redraw(f *tree.Forest, first, id int, values [][]float64) {
	for i := first; i < len(f.Feature); i++ {
		if f.Left[i] < 0 || f.SetAt[i] >= 0 {
			continue
		}
		v := values[f.Feature[i]]
		k := sort.Search(len(v), func(k int) bool { return v[k] > f.Threshold[i] })
		if k == 0 || k == len(v) {
			continue // an infinite value lies beyond
		}
		u := float64(kernels.Draw(g.seed, uint64(id), drawPoint, uint64(i-first))>>11) / (1 << 53)
		if at := float64(v[k-1]*(1-u)) + float64(v[k]*u); at >= v[k-1] && at < v[k] {
			f.Threshold[i] = at
		}
	}
}

// distinct returns the finite values of a column, each once, ascending.
func distinct(c *frame.Column) []float64 {
	v := c.Floats(0, c.Len(), nil)
	v = slices.DeleteFunc(v, func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) })
	slices.Sort(v)
	return slices.Compact(v)
}

// binPlaces returns where the bins with these cuts lie: each at its least value, the
// last one at its greatest.
func binPlaces(values, cuts []float64) []float64 {
	out := make([]float64, len(cuts)+1)
	if len(values) == 0 {
		return out
	}
	for b := range out {
		k := 0
		if b > 0 {
			k = sort.Search(len(values), func(k int) bool { return values[k] > cuts[b-1] })
		}
		out[b] = values[min(k, len(values)-1)]
	}
	out[len(out)-1] = values[len(values)-1]
	return out
}
