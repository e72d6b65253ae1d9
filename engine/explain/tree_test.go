package explain

import (
	"encoding/json"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/tree"
)

// recorded is a tree as H2O 3.46.0.12 shows it, out of GET /3/Tree.
type recorded struct {
	Name         string
	Numbered     bool  // its nodes have the numbers that ours would have
	Left         []int `json:"left_children"`
	Right        []int `json:"right_children"`
	Thresholds   []any
	Features     []*string
	NAs          []*string
	Descriptions []string
	Levels       [][]int
	Predictions  []float32
	Path         string    `json:"tree_decision_path"`
	Paths        []*string `json:"decision_paths"`
}

var recordedNames = []string{"x1", "x2", "x3", "x4", "c1", "c2"}

// model rebuilds the tree. What H2O does not tell, the weight of nodes, is 1.
func (r *recorded) model(t *testing.T) *forest {
	place := map[int]int{0: 0}
	next := 1
	for at := range r.Left {
		if r.Left[at] >= 0 {
			place[r.Left[at]], place[r.Right[at]] = next, next+1
			next += 2
		}
	}
	var build func(at int) *split
	build = func(at int) *split {
		if r.Left[at] < 0 {
			return leaf(r.Predictions[at], 1)
		}
		l, rt := place[r.Left[at]], place[r.Right[at]]
		s := &split{missingLeft: r.NAs[at] != nil && *r.NAs[at] == "LEFT", left: build(l), right: build(rt)}
		for j, name := range recordedNames {
			if name == *r.Features[at] {
				s.feature = j
			}
		}
		if v, ok := r.Thresholds[at].(float64); ok {
			s.threshold = math.Nextafter(float64(float32(v)), math.Inf(-1))
		} else {
			s.set = append([]int{}, r.Levels[l]...)
		}
		return s
	}
	m := &forest{base: []float64{0}, scale: 1, trees: &tree.Forest{}, info: &model.Info{
		Algo: "toy", Category: model.Regression, Response: "y", Predictors: 6, Names: append(recordedNames, "y"),
		Kinds:   []frame.Kind{frame.Real, frame.Real, frame.Real, frame.Int, frame.Enum, frame.Enum, frame.Real},
		Domains: [][]string{nil, nil, nil, nil, {"a", "b", "c", "d"}, {"high", "low", "mid"}, nil},
	}}
	plant(m.trees, 0, build(0))
	return m
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func TestTreeOf_Recorded(t *testing.T) {
	b, err := os.ReadFile("testdata/trees.json")
	require.NoError(t, err)
	var all []recorded
	require.NoError(t, json.Unmarshal(b, &all))
	require.Len(t, all, 5)
	predicted := regexp.MustCompile(`Prediction: \S+\.$`) // of splits: H2O's come from training
	for _, r := range all {
		t.Run(r.Name, func(t *testing.T) {
			got, err := TreeOf(r.model(t), 0, "", "AUTO")
			require.NoError(t, err)
			require.Equal(t, r.Path, got.DecisionPath)
			require.Equal(t, r.Levels, got.Levels)
			for at := range r.Left {
				require.Equal(t, text(r.Features[at]), got.Features[at])
				require.Equal(t, text(r.NAs[at]), got.NAs[at], "node %d", at)
				require.Equal(t, r.Left[at] < 0, got.Left[at] < 0)
				if v, ok := r.Thresholds[at].(float64); ok {
					require.Equal(t, float32(v), float32(got.Thresholds[at]))
				} else {
					require.True(t, math.IsNaN(got.Thresholds[at]))
				}
				if r.Left[at] < 0 {
					require.Equal(t, r.Predictions[at], float32(got.Predictions[at]))
				}
				if at > 0 {
					require.Equal(t, text(r.Paths[at]), got.DecisionPaths[at])
				}
				if r.Numbered {
					require.Equal(t, predicted.ReplaceAllString(r.Descriptions[at], ""), predicted.ReplaceAllString(got.Descriptions[at], ""))
				}
			}
			require.Zero(t, got.Predictions[0])
			if r.Numbered {
				require.Equal(t, r.Left, got.Left)
				require.Equal(t, r.Right, got.Right)
			}
		})
	}
}

func TestTreeOf(t *testing.T) {
	m := grove(model.Multinomial)
	got, err := TreeOf(m, 1, "so", "FALSE")
	require.NoError(t, err)
	require.Equal(t, []int{1, 11, 12, -1, 13, -1, 15, -1, -1, -1, -1}, got.Left)
	require.Equal(t, "so", got.Class)
	require.Empty(t, got.DecisionPath)
	require.Nil(t, got.DecisionPaths)
	require.Contains(t, got.Predictions, 2.5) // 1 + step + class/2
	got, err = TreeOf(grove(model.Binomial), 0, "", "TRUE")
	require.NoError(t, err)
	require.Equal(t, "no", got.Class)
	require.True(t, strings.HasPrefix(got.DecisionPath, "If ( x >= 0.1 ) {"), got.DecisionPath)
	lone := grove(model.Regression)
	lone.trees = &tree.Forest{}
	plant(lone.trees, 0, leaf(7, 3))
	got, err = TreeOf(lone, 0, "", "AUTO")
	require.NoError(t, err)
	require.Equal(t, []int{-1}, got.Left)
	require.Equal(t, []float64{7}, got.Predictions)
	require.Equal(t, "Predicted value: 7.0\n", got.DecisionPath)
}

// A feature of a design matrix shows as a number that is 0 or 1.
func TestTreeOf_Players(t *testing.T) {
	m := grove(model.Regression)
	m.trees.Players = []string{"c.blue", "x", "y"}
	for _, j := range m.trees.Feature {
		m.trees.Player = append(m.trees.Player, []int32{0, 1, 2, 0}[j+1])
	}
	got, err := TreeOf(m, 0, "", "TRUE")
	require.NoError(t, err)
	require.Equal(t, []string{"x", "c.blue", "y"}, got.Features[:3])
	require.Equal(t, 1.0, got.Thresholds[1])
	require.Equal(t, []int{1, 3, 5, -1, 7, -1, 9, -1, -1, -1, -1}, got.Left)
	require.Contains(t, got.DecisionPath, "If ( c.blue >= 1.0 ) {")
	require.Nil(t, got.Levels[3])
}

func TestTreeOf_Refused(t *testing.T) {
	for _, tc := range []struct {
		name         string
		m            model.Model
		number       int
		class, rules string
		msg          string
	}{
		{"ErrNoTrees", plain{grove(model.Regression)}, 0, "", "AUTO", "Given model is not tree-based."},
		{"ErrRules", grove(model.Regression), 0, "", "xx", `plain_language_rules must be AUTO, TRUE or FALSE; it is "xx"`},
		{"ErrNegative", grove(model.Regression), -1, "", "AUTO", "Invalid tree number: -1. Tree number must be >= 0."},
		{"ErrBeyond", grove(model.Multinomial), 2, "so", "AUTO", "Invalid tree index: 2. Tree index must be in range [0, 1]."},
		{"ErrRegression", grove(model.Regression), 0, "yes", "AUTO", "There are no tree classes for Regression."},
		{"ErrAnomaly", grove(model.Anomaly), 0, "yes", "AUTO", "There are no tree classes for AnomalyDetection."},
		{"ErrClassFirst", grove(model.Regression), 9, "yes", "AUTO", "There are no tree classes for Regression."},
		{"ErrBinomial", grove(model.Binomial), 0, "yes", "AUTO", "For binomial, only one tree class has been built per each iteration: no"},
		{"ErrClass", grove(model.Multinomial), 0, "zz", "AUTO", "There is no such tree class. Given categorical level does not exist in response column: zz"},
		{"ErrNoClass", grove(model.Multinomial), 0, "", "AUTO", "There is no such tree class. Given categorical level does not exist in response column: "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := TreeOf(tc.m, tc.number, tc.class, tc.rules)
			require.EqualError(t, err, tc.msg)
			require.Equal(t, errs.Invalid, errs.KindOf(err))
		})
	}
}
