package gbm

import (
	"context"
	"math"

	"github.com/geyser-ml/geyser/engine/dist"
	"github.com/geyser-ml/geyser/engine/tree"
	"github.com/geyser-ml/geyser/kernels"
)

// drawNoise is the purpose of drawing noise; those before belong to package tree.
const drawNoise = kernels.FreePurpose + 3

// boost adds the trees of one step, one a class, all from the same scores.
func (b *booster) boost(ctx context.Context, rate float64) error {
	k := len(b.in.Scores)
	b.fit()
	loss, param := b.family.Kernel()
	b.in.Param = param
	which := tree.Histogram(b.p.HistogramType, b.t.Seed, b.done)
	b.g[0], b.h[0] = b.growers[which].Derivatives() // the first tree to be grown reads them
	if err := b.backend.Gradients(loss, b.in, b.g, b.h); err != nil {
		return err
	}
	sample := b.sample(uint64(b.done))
	for c := range k {
		if err := ctx.Err(); err != nil {
			return err
		}
		id := uint64(b.done*k + c)
		in := kernels.TreeInput{
			Tree: id, G: b.g[c], H: b.h[c], InSample: sample,
			Features:  tree.Features(b.t.Seed, id, len(b.t.Train.Columns), b.p.ColSampleRatePerTree),
			SplitRate: b.p.ColSampleRate, LevelRate: b.p.ColSampleRateChange,
		}
		if err := b.grow(in, which, c, rate); err != nil {
			return err
		}
	}
	b.done++
	return nil
}

// grow grows one tree and adds it to the scores of class c.
func (b *booster) grow(in kernels.TreeInput, which, c int, rate float64) error {
	how := tree.Growth{
		MaxDepth: tree.Depth(b.p.MaxDepth), Scores: b.in.Scores[c],
		Value: func(l tree.Leaf) float32 { return b.leaf(l, rate) },
	}
	if _, ok := b.family.(dist.Ranked); ok {
		how.Monotone = b.sign
	}
	if b.p.PredNoiseBandwidth > 0 {
		how.Scored = func(l tree.Leaf, value float32) float32 { return b.noise(in.Tree, l.Path, value) }
	}
	tr, err := tree.Grow(b.growers[which], in, how)
	if err != nil {
		return err
	}
	b.forest.Add(tr, b.bins[which], c)
	return nil
}

// leaf returns the value of a leaf.
func (b *booster) leaf(l tree.Leaf, rate float64) float32 {
	var v float64
	ranked, ok := b.family.(dist.Ranked)
	switch {
	case ok:
		b.collect(l.Rows())
		v = ranked.LeafOf(b.residual, b.weight)
	case b.sign != nil && l.Sum.H > 0:
		// The leaf of each family that takes constraints grows with −G/H and depends on
		// nothing else.
		v = b.family.Leaf(-l.Cut(-l.Sum.G/l.Sum.H), 1, len(b.in.Scores))
	default:
		v = b.family.Leaf(l.Sum.G, l.Sum.H, len(b.in.Scores))
	}
	v = max(-b.p.MaxAbsLeafnodePred, min(b.p.MaxAbsLeafnodePred, rate*v))
	if b.link && b.t.Train.Domain == nil && b.sign == nil {
		v = b.restrain(v, l.Rows())
	}
	return float32(v)
}

// collect gathers the residuals and weights of some rows.
func (b *booster) collect(rows []uint32) {
	y, f := b.in.Y.Host(), b.in.Scores[0].Host()
	b.residual, b.weight = b.residual[:0], b.weight[:0]
	for _, i := range rows {
		b.residual = append(b.residual, float64(y[i])-f[i])
	}
	if b.in.W == nil {
		b.weight = nil
		return
	}
	w := b.in.W.Host()
	for _, i := range rows {
		b.weight = append(b.weight, float64(w[i]))
	}
}

// restrain cuts the value of a leaf of a log link so that it drives no row's score
// further than 19 from where all began.
//
// H2O: GBM.truncatePreds, around 0; a response of large numbers begins elsewhere.
func (b *booster) restrain(v float64, rows []uint32) float64 {
	const most = 19
	f := b.in.Scores[0].Host()
	low, high := math.Inf(1), math.Inf(-1)
	for _, i := range rows {
		low, high = min(low, f[i]), max(high, f[i])
	}
	switch {
	case v > 0 && high+v > b.init+most:
		return max(0, b.init+most-high)
	case v < 0 && low+v < b.init-most:
		return min(0, b.init-most-low)
	}
	return v
}

// fit brings a family whose parameter comes from the errors up to date.
func (b *booster) fit() {
	fitted, ok := b.family.(dist.Fitted)
	if !ok {
		return
	}
	y, f := b.in.Y.Host(), b.in.Scores[0].Host()
	errors, weights := make([]float64, 0, len(y)), []float64(nil)
	for i := range y {
		if b.counts != nil && b.counts[i] == 0 {
			continue
		}
		errors = append(errors, math.Abs(float64(y[i])-f[i]))
		if b.in.W != nil {
			weights = append(weights, float64(b.in.W.Host()[i]))
		}
	}
	b.family = fitted.Fit(errors, weights)
}

// sample draws the rows of a step, until the next one; nil stands for all.
func (b *booster) sample(step uint64) *kernels.Buffer[uint8] {
	s := b.sampling()
	y := b.in.Y.Host()
	if s.Whole() {
		if b.counts != nil && b.rows == nil {
			b.rows = kernels.NewBuffer(b.counts)
		}
		return b.rows
	}
	if b.rows == nil {
		b.rows = kernels.MakeBuffer[uint8](len(y))
	}
	in := b.rows.HostWrite()
	s.Draw(step, in, b.t.Threads, func(i int) int {
		if y[i] != y[i] {
			return -1
		}
		return int(y[i])
	})
	for i, c := range b.counts {
		in[i] &= c
	}
	return b.rows
}

// noise multiplies the value of a leaf by a normal draw around 1, which all its rows
// share; leaves are known by their path.
// H2O: AddTreeContributions.
func (b *booster) noise(id, path uint64, value float32) float32 {
	return float32(float64(value) * (1 + b.p.PredNoiseBandwidth*normal(b.t.Seed, id, path)))
}

// normal returns a draw from the standard normal distribution.
// Ref: Box and Muller 1958.
func normal(seed, id, path uint64) float64 {
	u := 1 - unit(kernels.Draw(seed, id, drawNoise, 2*path))
	return math.Sqrt(-2*math.Log(u)) * math.Cos(2*math.Pi*unit(kernels.Draw(seed, id, drawNoise, 2*path+1)))
}

// unit maps 64 random bits to [0, 1).
func unit(u uint64) float64 { return float64(u>>11) / (1 << 53) }
