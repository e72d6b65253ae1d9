package gbm

import (
	"fmt"
	"math"
	"runtime"

	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/tree"
	"github.com/geyser-ml/geyser/kernels"
)

// Model is a trained boosting model.
type Model struct {
	info    *model.Info
	forest  *tree.Forest
	init    float64 // score before the first tree
	backend kernels.Backend
}

// Info returns what every model has.
func (m *Model) Info() *model.Info { return m.info }

// classes returns the number of score columns: 1 for numbers and two classes.
func (m *Model) classes() int {
	if m.info.Category == model.Multinomial {
		return len(m.info.Classes())
	}
	return 1
}

// steps returns the number of boosting steps.
func (m *Model) steps() int { return m.forest.Trees() / m.classes() }

// Score predicts rows [lo, hi).
func (m *Model) Score(in *model.Scoring, lo, hi int, dst [][]float64) error {
	scores := dst
	if m.info.Category == model.Binomial {
		scores = dst[1:]
	}
	for _, s := range scores {
		for i := range s {
			s[i] = m.init
		}
		if in.Offset != nil {
			for i, o := range in.Offset.Floats(lo, hi, nil) {
				s[i] += o
			}
		}
	}
	err := m.backend.Predict(&m.forest.Forest, tree.Columns(in.Columns), lo, hi, 0, m.forest.Trees(), scores)
	runtime.KeepAlive(in)
	if err != nil {
		return err
	}
	respond(m.info.Category, dst)
	return nil
}

// respond turns scores into predictions, in place. Binomial scores stand in the
// column of class 1.
func respond(c model.Category, dst [][]float64) {
	switch c {
	case model.Binomial:
		for i, f := range dst[1] {
			p := 1 / (1 + math.Exp(-f))
			dst[0][i], dst[1][i] = 1-p, p
		}
	case model.Multinomial:
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

// Importances returns the predictors by the gain of their splits, descending.
func (m *Model) Importances() ([]string, []float64) {
	return tree.Rank(m.info.Names[:m.info.Predictors], m.forest.Importance(m.info.Predictors))
}

// stored is the payload of a model file.
type stored struct {
	Init   float64
	Forest *tree.Forest
}

// Payload returns the trees as deterministic bytes.
func (m *Model) Payload() ([]byte, error) {
	return model.Marshal(stored{m.init, m.forest})
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
	m := &Model{info: info, forest: s.Forest, init: s.Init, backend: kernels.CPU()}
	if err := s.Forest.Check(info.Kinds[:info.Predictors], m.classes()); err != nil {
		return nil, err
	}
	return m, nil
}
