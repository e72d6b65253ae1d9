package xgboost

import (
	"fmt"
	"math"

	"github.com/geyser-ml/geyser/engine/design"
	"github.com/geyser-ml/geyser/engine/dist"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/tree"
	"github.com/geyser-ml/geyser/kernels"
)

// trained is either kind of model.
type trained interface {
	model.Model
	learnt() *core
}

// core is what models of trees and linear models share.
type core struct {
	info   *model.Info
	saved  []byte // what the library has learnt, in its own format
	sparse bool   // the matrix that it has learnt from
	rounds int
	start  []float64 // scores before the first round, by class; 0 where rows have an offset
	link   link
	family dist.Family
}

// Info returns what every model has.
func (c *core) Info() *model.Info { return c.info }

func (c *core) learnt() *core { return c }

// Family returns the distribution of the response.
func (c *core) Family() dist.Family { return c.family }

// stored is the payload of a model file.
type stored struct {
	Sparse bool
	Saved  []byte
	Family string
	Power  float64 // of tweedie
}

// Payload returns the library's own bytes, which are deterministic, and what they
// leave open.
func (c *core) Payload() ([]byte, error) {
	s := stored{Sparse: c.sparse, Saved: c.saved, Family: c.family.Name()}
	if x, ok := c.family.(dist.Tweedie); ok {
		s.Power = x.Power
	}
	return model.Marshal(s)
}

// begin fills score columns with what stands before the first round.
func (c *core) begin(scores [][]float64, offset *frame.Column, lo, hi int) {
	for k, s := range scores {
		for i := range s {
			s[i] = c.start[k]
		}
		if offset != nil {
			for i, o := range offset.Floats(lo, hi, nil) {
				s[i] += o
			}
		}
	}
}

// link says how scores become predictions.
type link uint8

const (
	identity link = iota
	logistic      // the score of class 1 alone
	softmax
	exponential
)

// linkOf returns the link of an objective.
func linkOf(objective string) link {
	switch objective {
	case "binary:logistic":
		return logistic
	case "multi:softprob":
		return softmax
	case "reg:squarederror":
		return identity
	}
	return exponential
}

// scores returns the columns of dst that hold scores before respond.
func (l link) scores(dst [][]float64) [][]float64 {
	if l == logistic {
		return dst[1:]
	}
	return dst
}

// respond turns scores into predictions, in place.
func (l link) respond(dst [][]float64) {
	switch l {
	case logistic:
		for i, f := range dst[1] {
			p := 1 / (1 + math.Exp(-f))
			dst[0][i], dst[1][i] = 1-p, p
		}
	case exponential:
		for i, f := range dst[0] {
			dst[0][i] = math.Exp(f)
		}
	case softmax:
		for i := range dst[0] {
			top := math.Inf(-1)
			for _, s := range dst {
				top = math.Max(top, s[i])
			}
			sum := 0.0
			for _, s := range dst {
				s[i] = math.Exp(s[i] - top)
				sum += s[i]
			}
			for _, s := range dst {
				s[i] /= sum
			}
		}
	}
}

// Model is a trained model of trees.
type Model struct {
	*core
	forest *tree.Forest
}

// Score predicts rows [lo, hi).
func (m *Model) Score(in *model.Scoring, lo, hi int, dst [][]float64) error {
	scores := m.link.scores(dst)
	m.begin(scores, in.Offset, lo, hi)
	err := m.forest.Score(kernels.Scorer(), in.Columns, lo, hi, 0, scores)
	m.link.respond(dst)
	return err
}

// Forest returns the trees, over the predictors; their players are the features of
// the design matrix.
func (m *Model) Forest() *tree.Forest { return m.forest }

// Margin returns the scores before the first tree; leaf values count as they are.
func (m *Model) Margin() (base []float64, scale float64) { return m.start, 1 }

// Linear is a trained linear model.
type Linear struct {
	*core
	layout  *design.Layout
	weights []float32 // of feature j and class k at j*classes+k, biases last; empty before the first round
}

// Score predicts rows [lo, hi).
func (m *Linear) Score(in *model.Scoring, lo, hi int, dst [][]float64) error {
	scores := m.link.scores(dst)
	m.begin(scores, in.Offset, lo, hi)
	m.add(in.Columns, lo, hi, scores)
	m.link.respond(dst)
	return nil
}

// add adds the bias and, by predictor, value times weight. Missing numbers add
// nothing.
func (m *Linear) add(cols []*frame.Column, lo, hi int, scores [][]float64) {
	if len(m.weights) == 0 {
		return
	}
	k := len(scores)
	for c, s := range scores {
		bias := float64(m.weights[len(m.layout.Names)*k+c])
		for i := range s {
			s[i] += bias
		}
	}
	var codes []int32
	var values []float64
	for p, col := range cols {
		if m.layout.Levels(p) >= 0 {
			codes = col.Codes(lo, hi, codes)
			for c, s := range scores {
				for i, code := range codes[:hi-lo] {
					s[i] += float64(m.weights[m.layout.At(p, code)*k+c])
				}
			}
			continue
		}
		values = col.Floats(lo, hi, values)
		j, _ := m.layout.Range(p)
		for c, s := range scores {
			w := float64(m.weights[j*k+c])
			for i, v := range values[:hi-lo] {
				if !math.IsNaN(v) {
					s[i] += w * float64(design.Single(v))
				}
			}
		}
	}
}

// load reads back what Payload wrote. It believes nothing.
func load(info *model.Info, payload []byte) (model.Model, error) {
	var s stored
	if err := model.Unmarshal(payload, &s); err != nil {
		return nil, err
	}
	b, err := parseBooster(s.Saved, 0)
	if err != nil {
		return nil, err
	}
	n := info.Predictors
	layout := design.NewLayout(info.Names[:n], info.Kinds[:n], info.Domains[:n])
	if b.features != len(layout.Names) {
		return nil, fmt.Errorf("the model has %d features, its columns make %d", b.features, len(layout.Names))
	}
	l, classes := linkOf(b.objective), len(info.Classes())
	if fits := map[link]bool{logistic: classes == 2, softmax: classes == b.groups && classes > 2, identity: classes == 0, exponential: classes == 0}; !fits[l] || l != softmax && b.groups != 1 {
		return nil, fmt.Errorf("a model of objective %s and %d scores for %d classes", b.objective, b.groups, classes)
	}
	family, err := dist.Resolve(s.Family, dist.Options{Classes: classes, TweediePower: s.Power})
	if err != nil {
		return nil, err
	}
	c := &core{info: info, saved: s.Saved, sparse: s.Sparse, start: b.startOf(info.Offset != ""), link: l, family: family}
	if b.kind == "gblinear" {
		c.rounds = lastStep(info)
		return &Linear{core: c, layout: layout, weights: b.weights}, nil
	}
	c.rounds = len(b.trees) / b.groups
	p := newPlanter(layout, s.Sparse)
	for i := range b.trees {
		if err := p.add(&b.trees[i]); err != nil {
			return nil, err
		}
	}
	m := &Model{core: c, forest: p.forest}
	return m, m.forest.Check(info.Kinds[:n], b.groups)
}

// startOf returns the scores before the first round. An offset takes the place of
// the library's own.
func (b *booster) startOf(offset bool) []float64 {
	if offset {
		return make([]float64, b.groups)
	}
	return b.margin
}

// lastStep returns the last step of a history.
func lastStep(info *model.Info) int {
	if n := len(info.History); n > 0 {
		return info.History[n-1].Step
	}
	return 0
}
