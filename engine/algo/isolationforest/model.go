package isolationforest

import (
	"fmt"
	"math"

	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/table"
	"github.com/geyser-ml/geyser/engine/tree"
	"github.com/geyser-ml/geyser/kernels"
)

// Model is a trained isolation forest. The values of its leaves are lengths of path.
type Model struct {
	info     *model.Info
	forest   *tree.Forest
	span     span
	labels   []string // of ordinary rows and of anomalies; nil without a threshold
	sampling tree.Sampling
}

var (
	_ model.Labelled = (*Model)(nil)
	_ model.Sampler  = (*Model)(nil)
)

// Info returns what every model has.
func (m *Model) Info() *model.Info { return m.info }

// Forest returns the trees.
func (m *Model) Forest() *tree.Forest { return m.forest }

// Margin returns the mean length of path as what the trees add up to.
func (m *Model) Margin() (base []float64, scale float64) {
	return []float64{0}, 1 / float64(max(1, m.forest.Trees()))
}

// Sampled says which rows a tree was grown on.
func (m *Model) Sampled(step, rows int, _ []int32) []uint8 {
	return m.sampling.Rows(uint64(step), rows, 0, nil)
}

// PredictionNames returns the columns of a prediction: the score and the mean length
// of path, and before them the class where there is a threshold.
func (m *Model) PredictionNames() []string {
	if m.labels == nil {
		return []string{"predict", "mean_length"}
	}
	return []string{"predict", "score", "mean_length"}
}

// Domains returns the labels of the classes, nil for the numbers.
func (m *Model) Domains() [][]string {
	if m.labels == nil {
		return make([][]string, 2)
	}
	return [][]string{m.labels, nil, nil}
}

// Score predicts rows [lo, hi).
func (m *Model) Score(in *model.Scoring, lo, hi int, dst [][]float64) error {
	scores, length := dst[len(dst)-2], dst[len(dst)-1]
	clear(length)
	err := m.forest.Score(kernels.Scorer(), in.Columns, lo, hi, 0, [][]float64{length})
	if err != nil {
		return err
	}
	trees := float64(max(1, m.forest.Trees()))
	for i, l := range length {
		scores[i], length[i] = m.span.score(l), l/trees
	}
	if m.labels != nil {
		for i, s := range scores {
			dst[0][i] = 0
			if s >= m.info.Threshold {
				dst[0][i] = 1
			}
		}
	}
	return nil
}

// tablesOf returns how often, how unevenly and how deep each predictor is split: a
// column that isolates has many splits that are uneven and high up.
// H2O: the ratio of a split is the difference of its sides' rows over their sum, and
// the root is at depth 1.
func tablesOf(f *tree.Forest, names []string) map[string]*table.Table {
	count, ratio, depth := make([]int64, len(names)), make([]float64, len(names)), make([]int64, len(names))
	at := make([]int64, len(f.Feature)) // depths; children stand behind their parents
	for i, j := range f.Feature {
		if f.Left[i] < 0 {
			continue
		}
		l, r := f.Left[i], f.Right[i]
		at[l], at[r] = at[i]+1, at[i]+1
		count[j]++
		depth[j] += at[i] + 1
		a, z := float64(f.Cover[l]), float64(f.Cover[r])
		ratio[j] += math.Abs(a-z) / (a + z)
	}
	t := table.New("Variable Splits", "")
	t.Add("Variable", table.String, "").Add("Count", table.Int, "%10d").
		Add("Aggregated Split Ratios", table.Double, "%5f").Add("Aggregated Split Depths", table.Long, "%10d")
	for j, name := range names {
		t.Append(name, count[j], ratio[j], depth[j])
	}
	return map[string]*table.Table{"variable_splits": t}
}

// saved is the payload of a model file.
type saved struct {
	Forest   *tree.Forest
	Span     span
	Labels   []string
	Sampling tree.Sampling
}

// Payload encodes the trees and what scores are made of.
func (m *Model) Payload() ([]byte, error) {
	return model.Marshal(saved{m.forest, m.span, m.labels, m.sampling})
}

// load reads back a payload and checks it against the columns.
func load(info *model.Info, payload []byte) (model.Model, error) {
	s := saved{Forest: &tree.Forest{}}
	if err := model.Unmarshal(payload, &s); err != nil {
		return nil, err
	}
	if s.Forest == nil {
		return nil, fmt.Errorf("no trees")
	}
	if err := s.Forest.Check(info.Kinds[:info.Predictors], 1); err != nil {
		return nil, err
	}
	if len(s.Labels) != 0 && len(s.Labels) != 2 {
		return nil, fmt.Errorf("%d labels", len(s.Labels))
	}
	if len(s.Labels) == 0 {
		s.Labels = nil
	}
	return &Model{info: info, forest: s.Forest, span: s.Span, labels: s.Labels, sampling: s.Sampling}, nil
}
