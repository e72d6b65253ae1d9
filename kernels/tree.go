package kernels

// Column is one predictor as the quantiser and the scorer see it: raw values
// with the sentinels of missing values (NaN, the width's minimum, -1 for codes).
type Column struct {
	Values any // []int8, []int16, []int32, []int64, []float32 or []float64; nil: all missing
	Levels int // number of levels of a categorical; 0 for numbers
}

// Histogram is the rule that places the cut points of numbers.
type Histogram uint8

// Rules for cut points.
const (
	Quantile Histogram = iota // quantiles of a sample: about as many rows in each bin
	Uniform                   // equal widths between the smallest and the largest value
)

// BinOptions says how to cut columns into bins.
type BinOptions struct {
	Histogram Histogram
	Bins      int // bins of a number, missing not counted, 0 for 254; up to 255 fit a byte
	CatBins   int // most bins of a categorical, 0 for 1024; more levels share bins with their neighbours by code
}

// Bins are quantised columns. Bin 0 is missing; values are in bins 1…NumBins-1.
// Number v is in the first bin b with v <= Cuts[b-1], or in the last. Columns
// of up to 255 bins take one byte a row, others two.
type Bins interface {
	Rows() int
	Features() int
	NumBins(f int) int     // missing included
	Levels(f int) int      // levels of a categorical, 0 for a number
	Cuts(f int) []float64  // upper bounds of all value bins but the last; nil for a categorical
	BinOf(f, code int) int // bin of a category's code
	HasMissing(f int) bool
	SizeBytes() int64
	Close()
}

// Loss names a loss function that has kernels.
type Loss uint8

// Losses of a score f. a is GradientInput.Param.
const (
	Gaussian    Loss = iota // (y - f)²/2
	Bernoulli               // log(1 + e^f) - y f
	Multinomial             // -log softmax_y(f)
	Poisson                 // e^f - y f
	Gamma                   // y e^-f + f
	Tweedie                 // e^((2-a)f)/(2-a) - y e^((1-a)f)/(1-a), 1 < a < 2
	Laplace                 // |y - f|
	Pinball                 // a (y - f) above f, (1-a)(f - y) below: quantile regression
	Huber                   // (y - f)²/2 up to |y - f| = a, then a|y - f| - a²/2
)

// GradientInput is what derivatives are taken of. Y holds the response, for
// Multinomial and Bernoulli the class number; W the weights, nil for ones (rows
// of weight 0 and rows with a missing response have zero derivatives). Scores
// holds one buffer a class, one for other losses.
type GradientInput struct {
	Y      *Buffer[float32]
	W      *Buffer[float32]
	Scores []*Buffer[float64]
	Param  float64 // a of the losses that have one
}

// GrowerConfig fixes what does not change from tree to tree.
type GrowerConfig struct {
	Seed     uint64
	Lambda   float64          // L2 on leaf values
	MinRows  float64          // least weighted rows of a child
	MinH     float64          // least H of a child, but no more than 1/5 and 4 times the tree's mean h for each row of MinRows; 0 for none
	MinGain  float64          // least gain of a split below the root, as a share of the root's gain
	MaxDepth int              // nodes of this depth stay leaves; depth of the root is 0
	Weights  *Buffer[float32] // nil for ones; counts rows in MinRows
	Bounded  bool             // |g| <= 1 and 0 <= h <= 1/4 for every row (before weights): the narrow fixed point may be used
	MaxBytes int64            // histogram budget; a batch of nodes is cut to it; 0 for a default
	// Monotone holds, by feature, 1 where the value of a leaf may only rise with the
	// feature, -1 where it may only fall, 0 elsewhere; nil for no constraint. It holds
	// for leaves whose value -G/(H+Lambda) the caller cuts by Node.Cut, and then scales
	// by a positive number. Categoricals must have 0.
	Monotone []int8
	// Allowed holds sets of features: all features on one path from the root must be
	// in one set. nil for no constraint; a feature in no set is never split. The columns
	// of a node are drawn among those that it may use.
	Allowed [][]int32
	// Random makes isolation trees: no derivatives are looked at. The feature of a node
	// is drawn among those that can be split in it, then a place between its least and
	// greatest value, evenly; with MinRows above 1 between the values that leave as much
	// on both sides. Missing values, which do not count for MinRows, go to the side of
	// larger weight, the left one of equals. Categories lie in the order of their codes.
	// Gain is 0. Draws are keyed by (seed, tree, path).
	Random bool
	// Values says, for Random, where the bins of a feature lie: Values[f][b] is the
	// place of bin b+1, ascending and finite. nil, for all features or for one, stands
	// for the numbers of the bins.
	Values [][]float64
}

// TreeInput starts one tree.
type TreeInput struct {
	Tree     uint64           // number of the tree (and class): keys every random draw of it
	G, H     *Buffer[float32] // derivatives, weights multiplied in
	InSample *Buffer[uint8]   // 1 for rows that the tree is grown on; nil for all; rows of weight 0 never count, rows without a response must be kept out
	Features []int32          // columns the tree may use, ascending; nil for all
	// SplitRate is the share of Features drawn anew for each node; the rate of a
	// node at depth d is SplitRate * LevelRate^d, at least one column; 0 means 1
	// for both. Where none of them can be split, a node of weight 64 looks at all
	// Features. Draws are keyed by (seed, tree, node path).
	SplitRate, LevelRate float64
}

// Sum is what is known of the rows of a node.
type Sum struct {
	G, H float64 // exact integer sums times the tree's scale
	W    float64 // weighted rows
	N    int64   // rows
}

// Node is a node that may still be split: a handle of the grower.
type Node struct {
	ID    int32  // the grower's number; the root is 0
	Path  uint64 // 1 for the root, 2p and 2p+1 below (wrapping): keys the draws
	Depth int
	Sum   Sum
	// Low and High bound the values of the leaves below under GrowerConfig.Monotone;
	// they are infinite where nothing binds.
	Low, High float64
}

// Cut returns the value between the bounds of the node that is nearest to v.
func (n *Node) Cut(v float64) float64 { return max(n.Low, min(n.High, v)) }

// Split is the best split of a node; Feature is -1 when the node stays a leaf.
type Split struct {
	Node        int32
	Feature     int32
	Bin         int      // numbers: bins 1…Bin go left, values up to Threshold(bins, feature, Bin)
	Set         []uint64 // categoricals: bit b set when bin b goes left (bit 0 unused; bins without rows in the node go where missing goes); nil for numbers
	MissingLeft bool     // rows of bin 0; follows the larger weight when the node has none
	Gain        float64
	Left, Right Sum
}

// Children pairs the two nodes that a split made.
type Children struct{ Left, Right Node }

// Subtree is what Grow made of one node: splits and leaves in depth-first,
// left-first order; a Split with Feature -1 is a leaf. Nodes gets their handles
// in the same order.
type Subtree struct {
	Splits []Split
	Nodes  []Node
}

// Which names rows by whether a tree was grown on them.
type Which uint8

// Rows of a tree.
const (
	AllRows     Which = iota
	OutsideRows       // those that are not in the sample
)

// LeafValue is the value of a leaf.
type LeafValue struct {
	Node  int32
	Value float32
}

// Grower grows the trees of one job, one after the other. It is not safe for
// concurrent use. Same bins, config and inputs give the same splits on every
// tier and at any number of threads.
type Grower interface {
	// Derivatives returns buffers for the G and H of the next tree that cost no memory:
	// they are good until Begin returns. What they hold at first is anything.
	Derivatives() (g, h *Buffer[float32])
	// Begin forgets the previous tree and returns the root. It alone reads G and H.
	Begin(in TreeInput) (Node, error)
	// Level returns the best split of each node, in the order given. Histograms
	// of siblings are made by subtraction.
	Level(nodes []Node) ([]Split, error)
	// Apply parts the rows of the split nodes, in order. The splits must be those
	// that Level gave, in any selection.
	Apply(splits []Split) ([]Children, error)
	// Grow finishes the subtrees below nodes and gives the same nodes that Level
	// and Apply would. They are good until its next call. ErrUnavailable where a tier
	// has no such path.
	Grow(nodes []Node) ([]Subtree, error)
	// Leaves adds each leaf's value to the score of those of its rows that which
	// names, in float64.
	Leaves(values []LeafValue, scores *Buffer[float64], which Which) error
	// Rows returns the rows of a node that are in the sample, in row order.
	Rows(node int32) []uint32
	// Rest forgets the tree and gives back what Begin takes anew, for the time that other
	// work needs memory.
	Rest()
	// Close gives all memory back; a grower that is not closed keeps it.
	Close()
}

// Forest is a compact array of trees for scoring. Node i of the arrays is a leaf
// when Left[i] < 0 and then has Value[i]; otherwise Feature[i] says the column,
// and a number v goes left when v <= Threshold[i], a category when its bit in
// Sets[SetAt[i]:] is set (SetAt[i] < 0 for numbers; codes at or beyond
// SetLen[i] are missing). Missing values go left when MissingLeft[i] is 1. Trees
// that have been scored must not change, as tiers keep them in forms of their own;
// more trees may be appended at any time.
type Forest struct {
	Roots       []int32 // first node of each tree
	Class       []int32 // class whose score the tree adds to
	Feature     []int32
	Threshold   []float64
	Left, Right []int32
	MissingLeft []uint8
	SetAt       []int32
	SetLen      []int32
	Sets        []uint64
	Value       []float32
}

// AddLeaf appends a leaf and returns its place. Writing to its places in the arrays
// makes a split of it.
func (f *Forest) AddLeaf(value float32) int32 {
	f.Feature, f.Threshold = append(f.Feature, -1), append(f.Threshold, 0)
	f.Left, f.Right, f.MissingLeft = append(f.Left, -1), append(f.Right, -1), append(f.MissingLeft, 0)
	f.SetAt, f.SetLen, f.Value = append(f.SetAt, -1), append(f.SetLen, 0), append(f.Value, value)
	return int32(len(f.Feature) - 1)
}
