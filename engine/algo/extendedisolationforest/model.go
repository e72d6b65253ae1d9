package extendedisolationforest

import (
	"fmt"
	"math"

	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/table"
)

// Model is a trained extended isolation forest.
type Model struct {
	info   *model.Info
	forest *forest
	sample int // rows that each tree was grown on
}

var _ model.Labelled = (*Model)(nil)

// Info returns what every model has.
func (m *Model) Info() *model.Info { return m.info }

// PredictionNames returns the columns of a prediction: the score and the mean length
// of path.
func (m *Model) PredictionNames() []string { return []string{"anomaly_score", "mean_length"} }

// Domains says that both are numbers.
func (m *Model) Domains() [][]string { return make([][]string, 2) }

// Score predicts rows [lo, hi).
func (m *Model) Score(in *model.Scoring, lo, hi int, dst [][]float64) error {
	score, length := dst[0], dst[1]
	clear(length)
	walk(m.forest, in.Columns, lo, hi, 0, len(m.forest.Roots), length)
	for i, l := range length {
		length[i] = l / float64(max(1, len(m.forest.Roots)))
		score[i] = scoreOf(length[i], m.sample)
	}
	return nil
}

// scoreOf is 2^(−E(h)/c(m)) for a mean length of path over trees of m rows.
func scoreOf(length float64, m int) float64 { return math.Exp2(-length / averageSearch(m)) }

// summary returns H2O's model summary: one row about all trees.
func (m *Model) summary(p *Params) *table.Table {
	t := table.New("Model Summary", "")
	t.Add("", table.String, "", "")
	t.Add("Number of Trees", table.Int, "", int64(p.NTrees))
	t.Add("Size of Subsample", table.Int, "", int64(p.SampleSize))
	t.Add("Extension Level", table.Int, "", int64(p.ExtensionLevel))
	t.Add("Seed", table.Long, "", p.Seed)
	t.Add("Number of trained trees", table.Long, "", int64(len(m.forest.Roots)))
	for _, c := range []struct {
		name string
		of   func(s shape) int64
	}{
		{"Depth", func(s shape) int64 { return s.Depth }},
		{"Leaves", func(s shape) int64 { return s.Leaves }},
		{"Isolated Point", func(s shape) int64 { return s.Isolated }},
		{"Not Isolated Point", func(s shape) int64 { return s.Shared }},
		{"Zero Splits", func(s shape) int64 { return s.Empty }},
	} {
		lo, hi, sum := int64(math.MaxInt64), int64(0), 0.0
		for _, s := range m.forest.Shapes {
			v := c.of(s)
			lo, hi, sum = min(lo, v), max(hi, v), sum+float64(v)
		}
		t.Add("Min. "+c.name, table.Long, "", lo).Add("Max. "+c.name, table.Long, "", hi)
		t.Add("Mean "+c.name, table.Float, "%d", sum/float64(len(m.forest.Shapes)))
	}
	return t
}

// saved is the payload of a model file.
type saved struct {
	Forest *forest
	Sample int
}

// Payload encodes the trees and the size of their samples.
func (m *Model) Payload() ([]byte, error) { return model.Marshal(saved{m.forest, m.sample}) }

// load reads back a payload and checks it against the columns.
func load(info *model.Info, payload []byte) (model.Model, error) {
	var s saved
	if err := model.Unmarshal(payload, &s); err != nil {
		return nil, err
	}
	if s.Forest == nil || s.Sample < 2 {
		return nil, fmt.Errorf("no trees, or trees of %d rows", s.Sample)
	}
	if err := s.Forest.check(info.Predictors); err != nil {
		return nil, err
	}
	return &Model{info: info, forest: s.Forest, sample: s.Sample}, nil
}
