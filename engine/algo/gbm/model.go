package gbm

import (
	"fmt"
	"math"

	"github.com/geyser-ml/geyser/engine/dist"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/tree"
	"github.com/geyser-ml/geyser/kernels"
)

// Model is a trained boosting model.
type Model struct {
	info    *model.Info
	forest  *tree.Forest
	init    float64 // score before the first tree
	family  dist.Family
	samples []sampling // by first step, ascending
}

var (
	_ model.Importances = (*Model)(nil)
	_ model.Staged      = (*Model)(nil)
	_ model.Sampler     = (*Model)(nil)
	_ model.Distributed = (*Model)(nil)
)

// sampling is how rows were drawn for the steps from From on.
type sampling struct {
	From int
	tree.Sampling
}

// Info returns what every model has.
func (m *Model) Info() *model.Info { return m.info }

// Family returns the distribution of the response.
func (m *Model) Family() dist.Family { return m.family }

// Forest returns the trees.
func (m *Model) Forest() *tree.Forest { return m.forest }

// Margin returns the score before the first tree for each class, and 1.
func (m *Model) Margin() (base []float64, scale float64) {
	base = make([]float64, m.classes())
	for k := range base {
		base[k] = m.init
	}
	return base, 1
}

// Sampled says which rows the trees of a step were grown on. Rows without a response
// or a weight, which it does not see, took no part whatever it says.
func (m *Model) Sampled(step, rows int, codes []int32) []uint8 {
	var s tree.Sampling
	for _, x := range m.samples {
		if x.From <= step {
			s = x.Sampling
		}
	}
	return s.Rows(uint64(step), rows, 0, func(i int) int { return int(codes[i]) })
}

// classes returns the number of scores: 1 for numbers and two classes.
func (m *Model) classes() int { return width(len(m.info.Classes())) }

// steps returns the number of boosting steps.
func (m *Model) steps() int { return m.forest.Trees() / m.classes() }

// Score predicts rows [lo, hi).
func (m *Model) Score(in *model.Scoring, lo, hi int, dst [][]float64) error {
	scores := dst[len(dst)-m.classes():]
	for _, s := range scores {
		clear(s)
		if in.Offset != nil {
			in.Offset.Floats(lo, hi, s)
		}
		for i := range s {
			s[i] += m.init
		}
	}
	err := m.forest.Score(kernels.Scorer(), in.Columns, lo, hi, 0, scores)
	if err != nil {
		return err
	}
	respond(m.family, scores, dst)
	return nil
}

// Respond turns scores into predictions.
func (m *Model) Respond(scores, dst [][]float64) { respond(m.family, scores, dst) }

// respond turns scores, one slice a class, into predictions. The scores may stand in
// the last columns of dst.
func respond(f dist.Family, scores, dst [][]float64) {
	switch {
	case len(scores) > 1:
		softmax(scores, dst)
	case len(dst) == 2:
		for i, s := range scores[0] {
			p := f.LinkInv(s)
			dst[0][i], dst[1][i] = 1-p, p
		}
	default:
		for i, s := range scores[0] {
			dst[0][i] = f.LinkInv(s)
		}
	}
}

// softmax turns scores into shares of one, the largest score subtracted first.
func softmax(scores, dst [][]float64) {
	for i := range dst[0] {
		top := math.Inf(-1)
		for _, s := range scores {
			top = math.Max(top, s[i])
		}
		sum := 0.0
		for k, s := range scores {
			dst[k][i] = math.Exp(s[i] - top)
			sum += dst[k][i]
		}
		for _, d := range dst {
			d[i] /= sum
		}
	}
}

// Importances returns the predictors by the gain of their splits, descending.
func (m *Model) Importances() ([]string, []float64) {
	return tree.Rank(m.info.Names[:m.info.Predictors], m.forest.Importance(m.info.Predictors))
}

// stored is the payload of a model file. A family that is left out, as in files of
// before there was a choice, is that of the response.
type stored struct {
	Init    float64
	Forest  *tree.Forest
	Family  string
	Options dist.Options
	Samples []sampling
}

// Payload returns the trees as deterministic bytes.
func (m *Model) Payload() ([]byte, error) {
	opt := dist.Options{Classes: len(m.info.Classes())}
	switch f := m.family.(type) {
	case dist.Tweedie:
		opt.TweediePower = f.Power
	case dist.Quantile:
		opt.QuantileAlpha = f.Alpha
	case dist.Huber:
		opt.HuberAlpha = f.Alpha
	}
	return model.Marshal(stored{m.init, m.forest, m.family.Name(), opt, m.samples})
}

// load reads back what Payload wrote, and checks that scoring cannot leave the
// arrays.
func load(info *model.Info, payload []byte) (model.Model, error) {
	var s stored
	if err := model.Unmarshal(payload, &s); err != nil {
		return nil, err
	}
	if s.Forest == nil {
		return nil, fmt.Errorf("no trees")
	}
	s.Options.Classes = len(info.Classes())
	family, err := dist.Resolve(s.Family, s.Options)
	if err != nil {
		return nil, err
	}
	m := &Model{info: info, forest: s.Forest, init: s.Init, family: family, samples: s.Samples}
	if err := s.Forest.Check(info.Kinds[:info.Predictors], m.classes()); err != nil {
		return nil, err
	}
	return m, nil
}
