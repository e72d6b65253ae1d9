package xgboost

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// booster is what a trained model of the library says: trees over the features of
// a design matrix, or the weights of a linear model.
type booster struct {
	kind      string // gbtree, dart, gblinear
	objective string
	groups    int // scores: 1, or one a class
	features  int // of the design matrix
	// margin is what the scores start from, by group.
	margin  []float64
	trees   []rawTree
	weights []float32 // gblinear: of feature j and group k at j*groups+k, biases last; empty before the first round
}

// rawTree is one tree as the library numbers its nodes: 0 is the root, children
// stand behind their parents, left < 0 makes a leaf. Nodes that pruning has cut off
// keep their places, where no walk comes.
type rawTree struct {
	group       int
	scale       float32 // of its leaves: the weight that dart has left it
	left, right []int32
	feature     []int32
	condition   []float32 // x < condition goes left; of a leaf its value
	missingLeft []byte
	gain, cover []float32
}

// parseBooster reads a model in UBJSON and checks all that its readers take for
// granted. The first known trees are passed over: they stay empty.
func parseBooster(b []byte, known int) (*booster, error) {
	v, err := readUBJSON(b)
	if err != nil {
		return nil, err
	}
	n := node{v, "model", &err}
	learner := n.key("learner")
	params, gb := learner.key("learner_model_param"), learner.key("gradient_booster")
	out := &booster{
		objective: learner.key("objective").key("name").text(), kind: gb.key("name").text(),
		groups: max(1, params.key("num_class").count()), features: params.key("num_feature").count(),
	}
	switch out.kind {
	case "gbtree":
		out.readTrees(gb.key("model"), known)
	case "dart":
		out.readTrees(gb.key("gbtree").key("model"), known)
		drop := gb.key("weight_drop")
		weights := drop.floats()
		if len(weights) != len(out.trees) {
			drop.fail("%d weights of %d trees", len(weights), len(out.trees))
			break
		}
		for i, w := range weights {
			out.trees[i].scale = w
		}
	case "gblinear":
		if m := gb.key("model"); m.has("weights") {
			out.weights = m.key("weights").floats()
		}
		if w := len(out.weights); w != 0 && w != (out.features+1)*out.groups {
			n.fail("%d weights of %d features and %d groups", w, out.features, out.groups)
		}
	default:
		n.fail("a booster of kind %q", out.kind)
	}
	out.readMargin(params.key("base_score"))
	return out, err
}

// readTrees reads the trees of a model from the first unknown one on.
func (b *booster) readTrees(model node, known int) {
	list, info := model.key("trees").items(), model.key("tree_info").ints()
	if len(info) != len(list) || len(list)%b.groups != 0 {
		model.fail("%d trees, %d groups of trees, %d scores", len(list), len(info), b.groups)
		return
	}
	b.trees = make([]rawTree, len(list))
	for i := min(known, len(list)); i < len(list); i++ {
		if info[i] < 0 || int(info[i]) >= b.groups {
			list[i].fail("group %d of %d", info[i], b.groups)
			return
		}
		b.trees[i] = readTree(list[i], b.features)
		b.trees[i].group = int(info[i])
	}
}

// readTree reads one tree over so many features.
func readTree(n node, features int) rawTree {
	t := rawTree{
		scale: 1, left: n.key("left_children").ints(), right: n.key("right_children").ints(), feature: n.key("split_indices").ints(),
		condition: n.key("split_conditions").floats(), missingLeft: n.key("default_left").flags(),
		gain: n.key("loss_changes").floats(), cover: n.key("sum_hessian").floats(),
	}
	size := len(t.left)
	if size == 0 {
		n.fail("no nodes")
		return t
	}
	for _, l := range []int{len(t.right), len(t.feature), len(t.condition), len(t.missingLeft), len(t.gain), len(t.cover)} {
		if l != size {
			n.fail("arrays of %d and %d nodes", size, l)
			return t
		}
	}
	if n.has("split_type") {
		for _, typ := range n.key("split_type").flags() {
			if typ != 0 {
				n.fail("a split by the library's own categories")
			}
		}
	}
	for i := range size {
		if t.left[i] < 0 {
			continue
		}
		inside := func(c int32) bool { return int(c) > i && int(c) < size }
		if !inside(t.left[i]) || !inside(t.right[i]) || t.feature[i] < 0 || int(t.feature[i]) >= features {
			n.fail("node %d: children %d and %d of %d, feature %d of %d", i, t.left[i], t.right[i], size, t.feature[i], features)
			return t
		}
	}
	return t
}

// readMargin turns the base score, which stands on the scale of the response, into
// scores before the link. Newer libraries write one a group, "[5E-1,5E-1]".
func (b *booster) readMargin(n node) {
	b.margin = make([]float64, b.groups)
	fields := strings.Split(strings.Trim(n.text(), "[]"), ",")
	if len(fields) != 1 && len(fields) != b.groups {
		n.fail("%d values of %d groups", len(fields), b.groups)
		return
	}
	for k := range b.margin {
		v, err := strconv.ParseFloat(strings.TrimSpace(fields[min(k, len(fields)-1)]), 64)
		if err == nil {
			v, err = margin(b.objective, v)
		}
		if err != nil {
			n.fail("%v", err)
		}
		b.margin[k] = v
	}
}

// margin applies the link of an objective to a value on the scale of the response.
func margin(objective string, v float64) (float64, error) {
	switch objective {
	case "reg:squarederror", "multi:softprob":
	case "binary:logistic":
		v = -math.Log(1/v - 1)
	case "count:poisson", "reg:gamma", "reg:tweedie":
		v = math.Log(v)
	default:
		return 0, fmt.Errorf("objective %q", objective)
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("it has no finite score")
	}
	return v, nil
}
