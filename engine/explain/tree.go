package explain

import (
	"fmt"
	"strings"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/number"
	"github.com/geyser-ml/geyser/engine/tree"
)

// Tree is one tree as people look at it: slices by node, level by level, the root
// first.
type Tree struct {
	Number       int
	Class        string // the class that the tree is about; "" for numbers
	Root         int    // number of the root
	Left, Right  []int  // numbers of the children, -1 for none
	Thresholds   []float64
	Features     []string // "" at leaves
	NAs          []string // LEFT, RIGHT, or "" where no missing value comes
	Descriptions []string
	Levels       [][]int // codes that lead to a node whose parent splits categories; nil for others
	Predictions  []float64
	// DecisionPath is the whole tree in words, DecisionPaths the way to each leaf; they
	// are empty where nobody wants them.
	DecisionPath  string
	DecisionPaths []string
}

// wordyNodes is the size below which trees are put into words unasked.
const wordyNodes = 256

// TreeOf returns a tree by its number, counted from 0, and its class, which only
// models with a tree for each class need. rules says whether it is put into words:
// TRUE, FALSE, or AUTO, which does so with fewer than 256 nodes.
// H2O: hex.tree.TreeHandler.
func TreeOf(m model.Model, number int, class, rules string) (*Tree, error) {
	t, ok := m.(model.Forested)
	if !ok {
		return nil, errs.Invalidf("model", "Given model is not tree-based.")
	}
	if rules != "AUTO" && rules != "TRUE" && rules != "FALSE" {
		return nil, errs.Invalidf("plain_language_rules", "plain_language_rules must be AUTO, TRUE or FALSE; it is %q", rules)
	}
	if number < 0 {
		return nil, errs.Invalidf("tree_number", "Invalid tree number: %d. Tree number must be >= 0.", number)
	}
	info, forest := m.Info(), t.Forest()
	k, class, err := treeClass(info, classesOf(forest), strings.TrimSpace(class))
	if err != nil {
		return nil, err
	}
	if steps := forest.Trees() / classesOf(forest); number >= steps {
		return nil, errs.Invalidf("tree_number", "Invalid tree index: %d. Tree index must be in range [0, %d].", number, steps-1)
	}
	levels := make([]int, info.Predictors)
	for j := range levels {
		levels[j] = len(info.Domains[j])
	}
	w := words{info, forest, forest.View(number*classesOf(forest)+k, levels)}
	out := w.tree()
	out.Number, out.Class = number, class
	if rules == "TRUE" || rules == "AUTO" && len(w.nodes) < wordyNodes {
		var b strings.Builder
		w.block(&b, 0, "")
		out.DecisionPath, out.DecisionPaths = b.String(), w.paths()
	}
	return out, nil
}

// treeClass returns the place of a class among the trees of a step, and its name.
func treeClass(info *model.Info, trees int, class string) (int, string, error) {
	classes := info.Classes()
	if classes == nil {
		if class != "" {
			return 0, "", errs.Invalidf("tree_class", "There are no tree classes for %s.", info.Category)
		}
		return 0, "", nil
	}
	if trees == 1 { // two classes share one tree
		if class != "" && class != classes[0] {
			return 0, "", errs.Invalidf("tree_class", "For binomial, only one tree class has been built per each iteration: %s", classes[0])
		}
		return 0, classes[0], nil
	}
	for k, c := range classes {
		if c == class {
			return k, c, nil
		}
	}
	return 0, "", errs.Invalidf("tree_class", "There is no such tree class. Given categorical level does not exist in response column: %s", class)
}

// words puts a tree into words.
type words struct {
	info   *model.Info
	forest *tree.Forest
	nodes  []tree.ViewNode
}

func (w *words) tree() *Tree {
	out := &Tree{Root: w.nodes[0].ID}
	for at := range w.nodes {
		n := &w.nodes[at]
		out.Left, out.Right = append(out.Left, n.Left), append(out.Right, n.Right)
		out.Thresholds = append(out.Thresholds, w.threshold(n))
		out.Features = append(out.Features, w.feature(n))
		out.NAs = append(out.NAs, [...]string{"", "LEFT", "RIGHT"}[n.Missing])
		out.Descriptions = append(out.Descriptions, w.describe(at))
		levels := n.Levels
		if n.Parent >= 0 && w.numeric(&w.nodes[n.Parent]) {
			levels = nil
		}
		out.Levels = append(out.Levels, levels)
		value := n.Value
		if at == 0 && n.Feature >= 0 {
			value = 0 // H2O: of a root that splits
		}
		out.Predictions = append(out.Predictions, value)
	}
	return out
}

// feature returns the name of what a split looks at, "" for a leaf.
func (w *words) feature(n *tree.ViewNode) string {
	switch {
	case n.Player >= 0:
		return w.forest.Players[n.Player]
	case n.Feature >= 0:
		return w.info.Names[n.Feature]
	}
	return ""
}

// numeric reports whether a split shows as one of numbers: one level of a
// design matrix is 0 or 1.
func (w *words) numeric(n *tree.ViewNode) bool {
	return n.Feature >= 0 && (n.Player >= 0 || w.info.Kinds[n.Feature] != frame.Enum)
}

// threshold returns the value from which on numbers go right, NaN for others.
func (w *words) threshold(n *tree.ViewNode) float64 {
	if w.numeric(n) && w.info.Kinds[n.Feature] == frame.Enum {
		return 1
	}
	return float64(n.Threshold)
}

// describe says what a node does and how it is reached.
func (w *words) describe(at int) string {
	n := &w.nodes[at]
	var b strings.Builder
	b.WriteString("*** WARNING: This property is deprecated! *** ")
	if at == 0 {
		fmt.Fprintf(&b, "Root node has id %d and splits on column '%s'. ", n.ID, w.feature(n))
	} else {
		fmt.Fprintf(&b, "Node has id %d and is a terminal node. ", n.ID) // H2O: of all nodes
	}
	switch {
	case w.numeric(n):
		t := shown(w.threshold(n))
		fmt.Fprintf(&b, "Split threshold is  < %s to the left node (%d),  >= %s to the right node (%d).", t, n.Left, t, n.Right)
	case n.Feature >= 0:
		left, right := &w.nodes[n.Child], &w.nodes[n.Child+1]
		fmt.Fprintf(&b, " Left child node (%d) inherits categorical levels: %s. Right child node (%d) inherits categorical levels: %s. ",
			n.Left, strings.Join(w.levels(left), ","), n.Right, strings.Join(w.levels(right), ","))
	}
	if n.Parent < 0 {
		return b.String()
	}
	if p := &w.nodes[n.Parent]; w.numeric(p) {
		fmt.Fprintf(&b, " Parent node split threshold is %s. Prediction: %s.", shown(w.threshold(p)), shown(n.Value))
	} else if names := w.levels(n); len(names) == 0 {
		fmt.Fprintf(&b, " Parent node split on column [%s]. No categoricals levels inherited from parent.", w.feature(p))
	} else {
		fmt.Fprintf(&b, " Parent node split on column [%s]. Inherited categorical levels from parent split: %s", w.feature(p), strings.Join(names, ","))
	}
	return b.String()
}

// levels names the levels that lead to a node.
func (w *words) levels(n *tree.ViewNode) []string {
	var out []string
	for _, c := range n.Levels {
		out = append(out, w.info.Domains[w.nodes[n.Parent].Feature][c])
	}
	return out
}

// condition says when a row goes to a child of a split of numbers.
func (w *words) condition(p *tree.ViewNode, left bool) string {
	name, op, side := w.feature(p), ">=", tree.GoRight
	if left {
		op, side = "<", tree.GoLeft
	}
	text := fmt.Sprintf("%s %s %s", name, op, shown(w.threshold(p)))
	if p.Missing == side {
		text += " or " + name + " is NaN"
	}
	return text
}

// block writes the subtree of a node as nested conditions, the right child first.
func (w *words) block(b *strings.Builder, at int, indent string) {
	n := &w.nodes[at]
	if n.Feature < 0 {
		fmt.Fprintf(b, "Predicted value: %s\n%s", shown(n.Value), indent)
		return
	}
	left, right := n.Child, n.Child+1
	in := func(child int) string {
		return fmt.Sprintf("%s is in [ %s ]", w.feature(n), strings.Join(w.levels(&w.nodes[child]), " "))
	}
	first, second := w.condition(n, false)+" ", "else"
	if !w.numeric(n) {
		first, second = in(right), "else if ( "+in(left)+")"
	}
	fmt.Fprintf(b, "If ( %s) {\n%s\n%s\t", first, indent, indent)
	w.block(b, right, indent+"\t")
	fmt.Fprintf(b, "\n%s} %s {\n%s\n%s\t", indent, second, indent, indent)
	w.block(b, left, indent+"\t")
	fmt.Fprintf(b, "\n%s}", indent)
}

// paths returns the way to each leaf; "" for splits but the root, which has its own
// prediction.
func (w *words) paths() []string {
	out := make([]string, len(w.nodes))
	way := make([]string, len(w.nodes))
	for at := range w.nodes {
		n := &w.nodes[at]
		if n.Parent < 0 {
			out[at] = "Predicted value: " + shown(n.Value)
			continue
		}
		p := &w.nodes[n.Parent]
		step := "If ( " + w.condition(p, n.IsLeft) + " ) -> "
		if !w.numeric(p) {
			step = fmt.Sprintf("If (%s is in [%s ]) -> ", w.feature(p), strings.Join(w.levels(n), " "))
		}
		if way[at] = way[n.Parent] + step; n.Feature < 0 {
			out[at] = way[at] + "Prediction: " + shown(n.Value)
		}
	}
	return out
}

// shown writes a number as H2O does here: with the digits of 32 bits.
func shown(x float64) string { return number.Single(float32(x)) }
