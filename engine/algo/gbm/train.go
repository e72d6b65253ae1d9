package gbm

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"time"

	"github.com/geyser-ml/geyser/engine/dist"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/tree"
	"github.com/geyser-ml/geyser/kernels"
	"github.com/geyser-ml/geyser/kernels/par"
)

// Purposes of random draws.
const (
	drawRows = kernels.FreePurpose + iota
	drawColumns
	drawHistogram
)

// train is Friedman 2001, algorithm 1, with the step of each loss in dist.
func train(ctx context.Context, t *model.Task, p Params) (model.Model, error) {
	b, err := newBooster(t, &p)
	if err != nil {
		return nil, err
	}
	defer b.close()
	stop := model.NewStopper(p.Stopping)
	every := interval(&p, t)
	if err := b.measure(0); err != nil {
		return nil, err
	}
	t.Publish(b.snapshot())
	rate := p.LearnRate
	for step := 1; step <= p.NTrees; step++ {
		if err := b.boost(ctx, step-1, rate); err != nil {
			return nil, err
		}
		rate *= p.LearnRateAnnealing
		late := !t.Deadline.IsZero() && !t.Now().Before(t.Deadline)
		if step%every == 0 || step == p.NTrees || late {
			if err := b.measure(step); err != nil {
				return nil, err
			}
			if b.valid != nil {
				late = stop.Stop(b.onValid) || late
			} else {
				late = stop.Stop(b.onTrain) || late
			}
			t.Publish(b.snapshot())
		}
		t.Progress(float64(step)/float64(p.NTrees), fmt.Sprintf("Built %d trees.", step))
		if late {
			break
		}
	}
	return b.snapshot(), nil
}

// The scores of a growing model are measured about so often: until measuredRows
// rows have been looked at, but often enough to see where training leads.
const (
	measuredRows = 1_000_000
	fewest       = 5  // measurements
	perRound     = 10 // measurements for each stopping round
)

// interval returns the number of steps between two measurements.
// Why: H2O measures by the clock, which no two runs share.
func interval(p *Params, t *model.Task) int {
	switch {
	case p.EachIteration:
		return 1
	case p.TreeInterval > 0:
		return p.TreeInterval
	}
	rows := t.Train.Rows
	if t.Valid != nil {
		rows += t.Valid.Rows
	}
	times := max(fewest, perRound*p.Stopping.Rounds, measuredRows/max(rows, 1))
	return (p.NTrees + times - 1) / times
}

// booster is the state of one training.
type booster struct {
	t       *model.Task
	p       *Params
	family  dist.Family
	loss    kernels.Loss
	backend kernels.Backend
	bins    []kernels.Bins   // one for each histogram rule in use
	growers []kernels.Grower // one for each of bins
	in      kernels.GradientInput
	g, h    []*kernels.Buffer[float32] // derivatives by class
	counts  []uint8                    // 1 for rows that have a response and a weight; nil for all
	forest  *tree.Forest
	init    float64
	valid   [][]float64 // scores of the validation rows by class
	scored  int         // trees already in valid
	raw     [2][][]float64
	started time.Time
	onTrain *metrics.Metrics // of the last measurement
	onValid *metrics.Metrics
	history []model.Scored
	times   []model.Stamp
}

// newBooster quantises the data and sets the first scores.
func newBooster(t *model.Task, p *Params) (_ *booster, err error) {
	d := t.Train
	b := &booster{t: t, p: p, forest: &tree.Forest{}, started: t.Now()}
	if b.family, err = dist.Resolve(p.Distribution, len(d.Domain)); err != nil {
		return nil, err
	}
	loss, ok := b.family.Kernel()
	if !ok {
		return nil, fmt.Errorf("distribution %s has no kernel", b.family.Name())
	}
	b.loss = loss
	if b.backend, err = kernels.Open(t.Backend, t.Threads); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	cols := tree.Columns(d.Columns)
	for _, opt := range histograms(p) {
		bins, err := b.backend.Quantize(cols, opt)
		if err != nil {
			return nil, err
		}
		b.bins = append(b.bins, bins)
	}
	runtime.KeepAlive(d)
	b.load(d)
	for i := range b.bins {
		g, err := b.backend.NewGrower(b.bins[i], b.config())
		if err != nil {
			return nil, err
		}
		b.growers = append(b.growers, g)
	}
	if v := t.Valid; v != nil {
		b.valid = b.start(v)
	}
	return b, nil
}

// config returns what all trees share.
func (b *booster) config() kernels.GrowerConfig {
	return kernels.GrowerConfig{
		Seed: b.t.Seed, MinRows: b.p.MinRows, MinGain: b.p.MinSplitImprovement,
		MaxDepth: b.maxDepth(), Weights: b.in.W, Bounded: b.family.Bounded(),
	}
}

// maxDepth returns the depth limit; 0 stands for none.
func (b *booster) maxDepth() int {
	if b.p.MaxDepth == 0 {
		return math.MaxInt32
	}
	return b.p.MaxDepth
}

// histograms returns the rules for bins that the histogram type uses.
func histograms(p *Params) []kernels.BinOptions {
	quantile := kernels.BinOptions{Histogram: kernels.Quantile, Bins: p.NBins, CatBins: p.NBinsCats}
	uniform := kernels.BinOptions{Histogram: kernels.Uniform, Bins: p.NBinsTopLevel, CatBins: p.NBinsCats}
	switch p.HistogramType {
	case "QuantilesGlobal":
		return []kernels.BinOptions{quantile}
	case "UniformAdaptive", "UniformRobust":
		return []kernels.BinOptions{uniform}
	case "Random", "RoundRobin":
		return []kernels.BinOptions{quantile, uniform}
	}
	quantile.Bins = max(p.NBins, 254)
	return []kernels.BinOptions{quantile}
}

// load brings response, weights and first scores into buffers.
func (b *booster) load(d *model.Data) {
	y := d.Response.Floats(0, d.Rows, nil)
	var w, o []float64
	if d.Weights != nil {
		w = d.Weights.Floats(0, d.Rows, nil)
		b.in.W = kernels.NewBuffer(narrow(w))
	}
	if d.Offset != nil {
		o = d.Offset.Floats(0, d.Rows, nil)
	}
	b.init = b.family.Init(y, w, o)
	b.in.Y = kernels.NewBuffer(narrow(y))
	for _, s := range b.start(d) {
		b.in.Scores = append(b.in.Scores, kernels.NewBuffer(s))
		b.g = append(b.g, kernels.MakeBuffer[float32](d.Rows))
		b.h = append(b.h, kernels.MakeBuffer[float32](d.Rows))
	}
	for i := range y {
		if math.IsNaN(y[i]) || w != nil && w[i] == 0 {
			if b.counts == nil {
				b.counts = make([]uint8, d.Rows)
				for j := range i {
					b.counts[j] = 1
				}
			}
		} else if b.counts != nil {
			b.counts[i] = 1
		}
	}
}

// start returns the scores before the first tree, by class.
func (b *booster) start(d *model.Data) [][]float64 {
	k := 1
	if len(d.Domain) > 2 {
		k = len(d.Domain)
	}
	scores := make([][]float64, k)
	for c := range scores {
		s := make([]float64, d.Rows)
		for i := range s {
			s[i] = b.init
		}
		if d.Offset != nil {
			for i, o := range d.Offset.Floats(0, d.Rows, nil) {
				s[i] += o
			}
		}
		scores[c] = s
	}
	return scores
}

func narrow(v []float64) []float32 {
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x)
	}
	return out
}

// boost adds the trees of one step, one a class, all from the same scores.
func (b *booster) boost(ctx context.Context, step int, rate float64) error {
	k := len(b.in.Scores)
	if err := b.backend.Gradients(b.loss, b.in, b.g, b.h); err != nil {
		return err
	}
	which := b.histogram(step)
	for c := range k {
		if err := ctx.Err(); err != nil {
			return err
		}
		id := uint64(step*k + c)
		in := kernels.TreeInput{
			Tree: id, G: b.g[c], H: b.h[c], InSample: b.sample(id), Features: b.columns(id),
			SplitRate: b.p.ColSampleRate, LevelRate: b.p.ColSampleRateChange,
		}
		value := func(l tree.Leaf) float32 {
			v := rate * b.family.Leaf(l.Sum.G, l.Sum.H, k)
			return float32(max(-b.p.MaxAbsLeafnodePred, min(b.p.MaxAbsLeafnodePred, v)))
		}
		tr, err := tree.Grow(b.growers[which], in, tree.Growth{MaxDepth: b.maxDepth(), Value: value, Scores: b.in.Scores[c]})
		if err != nil {
			return err
		}
		b.forest.Add(tr, b.bins[which], c)
	}
	return nil
}

// histogram returns which bins the trees of a step use.
func (b *booster) histogram(step int) int {
	switch b.p.HistogramType {
	case "RoundRobin":
		return step % 2
	case "Random":
		return int(kernels.Draw(b.t.Seed, uint64(step), drawHistogram, 0) & 1)
	}
	return 0
}

// sample draws the rows of a tree; nil stands for all.
func (b *booster) sample(id uint64) *kernels.Buffer[uint8] {
	d, perClass := b.t.Train, b.p.SampleRatePerClass
	if b.p.SampleRate == 1 && len(perClass) == 0 {
		if b.counts == nil {
			return nil
		}
		return kernels.NewBuffer(b.counts)
	}
	in := make([]uint8, d.Rows)
	y := b.in.Y.Host()
	par.For(b.t.Threads, d.Rows, par.Rows, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			if b.counts != nil && b.counts[i] == 0 {
				continue
			}
			rate := b.p.SampleRate
			if len(perClass) > 0 {
				rate = perClass[int(y[i])]
			}
			if unit(kernels.Draw(b.t.Seed, id, drawRows, uint64(i))) < rate {
				in[i] = 1
			}
		}
	})
	return kernels.NewBuffer(in)
}

// unit maps 64 random bits to [0, 1).
func unit(u uint64) float64 { return float64(u>>11) / (1 << 53) }

// columns draws the columns of a tree, at least one; nil stands for all.
func (b *booster) columns(id uint64) []int32 {
	n := len(b.t.Train.Columns)
	k := max(1, int(math.Round(b.p.ColSampleRatePerTree*float64(n))))
	if k >= n {
		return nil
	}
	// Selection sampling (Knuth, TAOCP 2, 3.4.2, algorithm S): ascending, exactly k.
	out := make([]int32, 0, k)
	for i := range n {
		u := unit(kernels.Draw(b.t.Seed, id, drawColumns, uint64(i)))
		if u*float64(n-i) < float64(k-len(out)) {
			out = append(out, int32(i))
		}
	}
	return out
}

// measure adds an entry to the scoring history.
func (b *booster) measure(step int) error {
	scores := make([][]float64, len(b.in.Scores))
	for c, s := range b.in.Scores {
		scores[c] = s.Host()
	}
	b.onTrain = b.t.Measure(b.t.Train, b.respond(0, scores))
	if v := b.t.Valid; v != nil {
		err := par.ForErr(context.Background(), b.t.Threads, v.Rows, 16384, func(_, lo, hi int) error {
			out := make([][]float64, len(b.valid))
			for c := range out {
				out[c] = b.valid[c][lo:hi]
			}
			return b.backend.Predict(&b.forest.Forest, tree.Columns(v.Columns), lo, hi, b.scored, b.forest.Trees(), out)
		})
		runtime.KeepAlive(v)
		if err != nil {
			return err
		}
		b.scored = b.forest.Trees()
		b.onValid = b.t.Measure(v, b.respond(1, b.valid))
		b.onValid.Description = "Validation metrics"
	}
	now := b.t.Now()
	b.history = append(b.history, model.NewScored(step, b.t.Category, b.onTrain, b.onValid))
	b.times = append(b.times, model.Stamp{At: now, Duration: now.Sub(b.started)})
	return nil
}

// respond copies scores into reused columns and turns them into predictions.
func (b *booster) respond(which int, scores [][]float64) [][]float64 {
	width := len(scores)
	first := 0
	if b.t.Category == model.Binomial {
		width, first = 2, 1
	}
	if b.raw[which] == nil {
		for range width {
			b.raw[which] = append(b.raw[which], make([]float64, len(scores[0])))
		}
	}
	raw := b.raw[which]
	par.For(b.t.Threads, len(scores[0]), par.Rows, func(_, lo, hi int) {
		part := make([][]float64, width)
		for c := range part {
			part[c] = raw[c][lo:hi]
		}
		for c := range scores {
			copy(part[first+c], scores[c][lo:hi])
		}
		respond(b.t.Category, part)
	})
	return raw
}

// snapshot returns the model as it is now.
func (b *booster) snapshot() *Model {
	info := model.NewInfo(b.t)
	info.Step, info.History = "Number of Trees", b.history[:len(b.history):len(b.history)]
	info.Identity.Times = b.times[:len(b.times):len(b.times)]
	info.Numbers = map[string]float64{"init_f": b.init}
	info.Summary = b.forest.Summary()
	info.Train, info.Valid = b.onTrain, b.onValid
	info.SetThreshold(info.Train)
	info.SetThreshold(info.Valid)
	m := &Model{info: info, forest: b.forest.Snapshot(), init: b.init, backend: kernels.CPU()}
	info.Importance = model.ImportanceTable(m.Importances())
	return m
}

// close gives back what the kernels hold.
func (b *booster) close() {
	for _, g := range b.growers {
		g.Close()
	}
	for _, x := range b.bins {
		x.Close()
	}
	if b.backend != nil {
		b.backend.Close() //nolint:errcheck // memory goes either way
	}
}
