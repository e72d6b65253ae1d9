package drf

import (
	"fmt"
	"math"

	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/tree"
	"github.com/geyser-ml/geyser/kernels"
)

// Model is a trained random forest.
type Model struct {
	info    *model.Info
	forest  *tree.Forest
	width   int // trees a step
	samples []sample
}

// sample says how the rows of steps were drawn. There is more than one where
// training was continued in another way.
type sample struct {
	From int // the first step that it holds for
	tree.Sampling
}

// Info returns what every model has.
func (m *Model) Info() *model.Info { return m.info }

// steps returns the number of steps: trees of each class.
func (m *Model) steps() int { return m.forest.Trees() / m.width }

// Forest returns the trees. Those of two classes speak of the second one, unless
// there is one for each.
func (m *Model) Forest() *tree.Forest { return m.forest }

// Margin says that the score of a class is the mean of its trees.
func (m *Model) Margin() (base []float64, scale float64) {
	return make([]float64, m.width), 1 / float64(max(1, m.steps()))
}

// Sampled draws again the rows that the trees of a step were grown on; rows
// without a response or a weight were left out of it besides.
func (m *Model) Sampled(step, rows int, codes []int32) []uint8 {
	s := m.samples[0]
	for _, later := range m.samples[1:] {
		if later.From <= step {
			s = later
		}
	}
	return s.Rows(uint64(step), rows, 0, func(i int) int { return int(codes[i]) })
}

// Score predicts rows [lo, hi).
func (m *Model) Score(in *model.Scoring, lo, hi int, dst [][]float64) error {
	sums := dst[len(dst)-m.width:]
	for _, s := range sums {
		clear(s)
	}
	err := m.forest.Score(kernels.Scorer(), in.Columns, lo, hi, 0, sums)
	if err != nil {
		return err
	}
	respond(m.info.Category, sums, func(int) float64 { return float64(m.steps()) }, dst)
	return nil
}

// respond turns the sums of trees into predictions; trees says how many of a class
// were summed in a row. Rows that no tree speaks of become NaN. dst may share its
// last columns with sums.
func respond(c model.Category, sums [][]float64, trees func(row int) float64, dst [][]float64) {
	for i := range dst[0] {
		n := trees(i)
		switch {
		case n == 0:
			for _, d := range dst {
				d[i] = math.NaN()
			}
		case c == model.Regression:
			dst[0][i] = sums[0][i] / n
		case len(sums) == 1:
			p := sums[0][i] / n
			dst[0][i], dst[1][i] = 1-p, p
		default:
			all := 0.0
			for _, s := range sums {
				all += s[i]
			}
			for k, s := range sums {
				if all > 0 {
					dst[k][i] = s[i] / all
				} else {
					dst[k][i] = 1 / float64(len(sums)) // every tree says that it is none of its class
				}
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
	Width   int
	Samples []sample
	Forest  *tree.Forest
}

// Payload returns the trees as deterministic bytes.
func (m *Model) Payload() ([]byte, error) {
	return model.Marshal(stored{m.width, m.samples, m.forest})
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
	classes := len(info.Classes())
	if s.Width != max(1, classes) && (s.Width != 1 || classes != 2) {
		return nil, fmt.Errorf("%d trees a step for %d classes", s.Width, classes)
	}
	if len(s.Samples) == 0 {
		return nil, fmt.Errorf("no sampling of rows")
	}
	for _, x := range s.Samples {
		if n := len(x.PerClass); n != 0 && n != classes {
			return nil, fmt.Errorf("sampling rates of %d classes for %d", n, classes)
		}
	}
	if err := s.Forest.Check(info.Kinds[:info.Predictors], s.Width); err != nil {
		return nil, err
	}
	if s.Forest.Trees() == 0 {
		return nil, fmt.Errorf("no trees")
	}
	return &Model{info: info, forest: s.Forest, width: s.Width, samples: s.Samples}, nil
}
