//go:build cgo && amd64

package native

// #cgo CFLAGS: -std=c17 -O3 -Wall -Wextra -Wno-psabi
// #cgo LDFLAGS: -lm
// // Why c17: as ISO C, nothing becomes a fused multiply-add that is not written as one.
// #include "native.h"
// #cgo noescape geyser_part
// #cgo nocallback geyser_part
// #cgo noescape geyser_sum
// #cgo nocallback geyser_sum
// #cgo noescape geyser_subtract
// #cgo nocallback geyser_subtract
// #cgo noescape geyser_search
// #cgo nocallback geyser_search
// #cgo noescape geyser_grow
// #cgo nocallback geyser_grow
// #cgo noescape geyser_add
// #cgo nocallback geyser_add
// #cgo noescape geyser_measure
// #cgo nocallback geyser_measure
// #cgo noescape geyser_fill
// #cgo nocallback geyser_fill
// #cgo noescape geyser_squares
// #cgo nocallback geyser_squares
// #cgo noescape geyser_gaussian
// #cgo nocallback geyser_gaussian
// #cgo noescape geyser_bernoulli
// #cgo nocallback geyser_bernoulli
// #cgo noescape geyser_largest
// #cgo nocallback geyser_largest
// #cgo noescape geyser_exponents
// #cgo nocallback geyser_exponents
// #cgo noescape geyser_softmax
// #cgo nocallback geyser_softmax
// #cgo noescape geyser_places16
// #cgo nocallback geyser_places16
// #cgo noescape geyser_places32
// #cgo nocallback geyser_places32
// #cgo noescape geyser_walk
// #cgo nocallback geyser_walk
// #cgo noescape geyser_walk_short
// #cgo nocallback geyser_walk_short
// #cgo noescape geyser_walk_numbers
// #cgo nocallback geyser_walk_numbers
// #cgo noescape geyser_dense_pack
// #cgo nocallback geyser_dense_pack
// #cgo noescape geyser_dense
// #cgo nocallback geyser_dense
// #cgo noescape geyser_activate
// #cgo nocallback geyser_activate
//
// static int64_t geyser_part(const native_loops *l, const uint8_t *narrow, const uint16_t *wide, const uint8_t *table,
//     const uint64_t *a, const uint64_t *b, int64_t n, uint64_t *out_a, uint64_t *out_b, int64_t left, int64_t right, int32_t back) {
//   return l->part(narrow, wide, table, a, b, n, out_a, out_b, left, right, back);
// }
// static void geyser_sum(const native_loops *l, const native_format *f, const native_word *words, const native_feature *feats,
//     const uint64_t *data, int64_t stride, const uint64_t *a, const uint64_t *b, int64_t n, int64_t from, int64_t to,
//     int64_t *cells, native_tally *hist) {
//   l->sum(f, words, feats, data, stride, a, b, n, from, to, cells, hist);
// }
// static void geyser_subtract(const native_loops *l, native_tally *large, const native_tally *small, int64_t n) {
//   l->subtract(large, small, n);
// }
// static void geyser_search(const native_loops *l, const native_search *s, const native_feature *feats, const int32_t *picked,
//     int64_t count, const native_tally *hist, int64_t room, int64_t *scratch, native_best *best, uint16_t *won) {
//   l->search(s, feats, picked, count, hist, room, scratch, best, won);
// }
// static int64_t geyser_grow(const native_loops *l, native_subtree *t, const native_word *words, const native_feature *feats,
//     const int32_t *candidates, const uint64_t *data, uint64_t *a, uint64_t *b, int64_t *scratch, native_node *nodes,
//     uint64_t *sets, int64_t sets_room) {
//   return l->grow(t, words, feats, candidates, data, a, b, scratch, nodes, sets, sets_room);
// }
// static void geyser_add(const native_loops *l, double *scores, const uint64_t *rows, int64_t n, double value) {
//   l->add(scores, rows, n, value);
// }
// static void geyser_measure(const native_loops *l, const float *g, const float *h, const float *weight, const uint8_t *sample,
//     int64_t lo, int64_t hi, native_spread *out) {
//   l->measure(g, h, weight, sample, lo, hi, out);
// }
// static int64_t geyser_fill(const native_loops *l, const native_format *f, double unit_w, uint32_t key, const float *g,
//     const float *h, const float *weight, const uint8_t *sample, int64_t lo, int64_t hi, uint64_t *a, uint64_t *b, native_tally *sum) {
//   return l->fill(f, unit_w, key, g, h, weight, sample, lo, hi, a, b, sum);
// }
// static void geyser_squares(const native_loops *l, const native_format *f, const uint64_t *a, const uint64_t *b, int64_t n,
//     uint64_t *halves) {
//   l->squares(f, a, b, n, halves);
// }
// static void geyser_gaussian(const native_loops *l, const double *f, const float *y, const float *w, float *g, float *h, int64_t n) {
//   l->gaussian(f, y, w, g, h, n);
// }
// static void geyser_bernoulli(const native_loops *l, const double *f, const float *y, const float *w, float *g, float *h, int64_t n) {
//   l->bernoulli(f, y, w, g, h, n);
// }
// static void geyser_largest(const native_loops *l, const double *f, double *top, int64_t n) { l->largest(f, top, n); }
// static void geyser_exponents(const native_loops *l, const double *f, const double *top, double *e, double *sum, int64_t n) {
//   l->exponents(f, top, e, sum, n);
// }
// static void geyser_softmax(const native_loops *l, const double *e, const double *sum, const float *y, const float *w, float *g,
//     float *h, float class, int64_t n) {
//   l->softmax(e, sum, y, w, g, h, class, n);
// }
// static void geyser_places16(const native_loops *l, const uint64_t *cuts, int64_t size, const double *x, uint16_t *out, int64_t n,
//     uint16_t base, uint16_t none) {
//   l->places16(cuts, size, x, out, n, base, none);
// }
// static void geyser_places32(const native_loops *l, const uint64_t *cuts, int64_t size, const double *x, uint32_t *out, int64_t n,
//     uint32_t base, uint32_t none) {
//   l->places32(cuts, size, x, out, n, base, none);
// }
// static void geyser_walk(const native_loops *l, const native_step *steps, const uint64_t *bits, const float *value,
//     const native_tree *trees, int64_t count, const uint32_t *ranks, double *sums, int64_t n) {
//   l->walk(steps, bits, value, trees, count, ranks, sums, n);
// }
// static void geyser_walk_short(const native_loops *l, const uint64_t *steps, const uint64_t *bits, const float *value,
//     const native_tree *trees, int64_t count, const uint32_t *ranks, int64_t columns, uint16_t *room, double *sums, int64_t n) {
//   l->walk_short(steps, bits, value, trees, count, ranks, columns, room, sums, n);
// }
// static void geyser_walk_numbers(const native_loops *l, const uint64_t *steps, const float *value, const native_tree *trees,
//     int64_t count, const uint32_t *ranks, int64_t columns, uint32_t none, uint16_t *room, double *sums, int64_t n) {
//   l->walk_numbers(steps, value, trees, count, ranks, columns, none, room, sums, n);
// }
// static void geyser_dense_pack(const native_loops *l, const float *b, int64_t across, int64_t along, int64_t cols, int64_t depth,
//     float *out) {
//   l->dense_pack(b, across, along, cols, depth, out);
// }
// static void geyser_dense(const native_loops *l, const float *a, int64_t across, int64_t along, int64_t rows, const float *b,
//     int64_t cols, int64_t depth, float *room, float *c, int64_t stride) {
//   l->dense(a, across, along, rows, b, cols, depth, room, c, stride);
// }
// static void geyser_activate(const native_loops *l, int64_t activation, float *v, int64_t n) {
//   l->activate(activation, v, n);
// }
import "C"

import "unsafe"

// Level is an instruction set.
type Level int

// Levels, each with all of the one before it.
const (
	Generic Level = C.NATIVE_GENERIC // any x86-64
	AVX2    Level = C.NATIVE_AVX2    // AVX2, FMA, BMI1, BMI2, POPCNT
	AVX512  Level = C.NATIVE_AVX512  // AVX-512 F, DQ, BW, VL
)

// Has says whether this processor has a level.
func Has(l Level) bool { return C.native_has(C.int(l)) != 0 }

// Loops are the loops of one level.
type Loops struct{ table *C.native_loops }

// At returns the loops of a level that this processor has.
func At(l Level) Loops { return Loops{C.native_at(C.int(l))} }

// Modes of a Format: what rows and cells hold.
const (
	Narrow = C.NATIVE_NARROW
	SameH  = C.NATIVE_SAME_H
	H      = C.NATIVE_H
	HW     = C.NATIVE_H_W
)

// Tally is an exact sum over rows.
type Tally struct{ G, H, W, N int64 }

// Format says what rows and cells hold, and the value of a unit of both derivatives.
type Format struct {
	Mode, SameH int64
	G, H        float64
}

// Lanes returns the 64-bit words of a cell.
func (f *Format) Lanes() int {
	switch f.Mode {
	case H:
		return 2
	case HW:
		return 4
	}
	return 1
}

// Feature says where the bins of a column are: in a row, in a histogram, in cells.
type Feature struct {
	Word, Shift, Wide int32
	Bins, Levels      int32
	First, Cell       int32
}

// Word names the columns in one word of a row, and the first of their cells.
type Word struct {
	Wide, Count, Cell int32
	Feature           [8]int32
}

// Search is what a search has to know of its job and its node.
type Search struct {
	Format Format
	Lambda float64
	MinW   int64
	MinH   int64
	Total  Tally
	// UnitW is the value of one unit of weight, Phi the variance of the tree's
	// derivatives or 0, Squares the sum of g²/w of the node's rows. With Weigh = 1 a
	// subtree sums squares itself, and Squares is the value of one unit.
	UnitW, Phi, Squares float64
	Weigh               int64
}

// NoiseShare is the share below which levels are pooled.
const NoiseShare = C.NATIVE_NOISE_SHARE

// Best is the best split that was found; Feature is negative when there is none. At
// is the last bin that goes left or, of so many levels in order, how many do.
type Best struct {
	Score                            float64
	Feature, At, MissingLeft, Levels int32
	Left                             Tally
}

// Subtree is a node whose subtree is to be grown.
type Subtree struct {
	Search                Search
	MinGain, MinGainShare float64
	DrawKey, Path         uint64
	Rate, LevelRate       float64
	MaxDepth, Depth, Rows int64
	Stride, Words         int32
	Features, Candidates  int32
	Cells, Levels         int64
	Sums, Tallies         int64
	Room                  int64
}

// Node is a node of a grown subtree. At is the last bin that goes left; Set the place
// of its set, or negative.
type Node struct {
	Sum, LeftSum             Tally
	Gain                     float64
	Lo, Rows                 int64
	Left                     int32
	Feature, At, MissingLeft int32
	Set                      int64
}

// Spread is what derivatives span.
type Spread struct {
	Rows             int64
	MaxG, MaxH, MinH float64
	Bad              int64
}

// The structs above are those of native.h.
var (
	_ = [1]struct{}{}[unsafe.Sizeof(Tally{})-C.sizeof_native_tally]
	_ = [1]struct{}{}[unsafe.Sizeof(Format{})-C.sizeof_native_format]
	_ = [1]struct{}{}[unsafe.Sizeof(Feature{})-C.sizeof_native_feature]
	_ = [1]struct{}{}[unsafe.Sizeof(Word{})-C.sizeof_native_word]
	_ = [1]struct{}{}[unsafe.Sizeof(Search{})-C.sizeof_native_search]
	_ = [1]struct{}{}[unsafe.Sizeof(Best{})-C.sizeof_native_best]
	_ = [1]struct{}{}[unsafe.Sizeof(Subtree{})-C.sizeof_native_subtree]
	_ = [1]struct{}{}[unsafe.Sizeof(Node{})-C.sizeof_native_node]
	_ = [1]struct{}{}[unsafe.Sizeof(Spread{})-C.sizeof_native_spread]
)

// p returns the start of a slice as C sees it, nil for an empty one.
func p[C, T any](x []T) *C { return (*C)(unsafe.Pointer(unsafe.SliceData(x))) }

// at returns a struct as C sees it.
func at[C, T any](x *T) *C { return (*C)(unsafe.Pointer(x)) }

// SearchScratch returns the words of scratch for columns of up to room bins.
func SearchScratch(room int) int { return 13 * (room + 8) }

// GrowScratch returns the words of scratch that Grow needs.
func GrowScratch(t *Subtree) int {
	lanes := int64(t.Search.Format.Lanes())
	bytes := 8*(t.Levels*t.Cells*lanes+t.Rows*int64(t.Stride)+t.Rows*lanes) + 32*t.Sums*t.Tallies + 4*t.Rows + t.Room + 5*int64(t.Features) + 128
	return int(bytes+7)/8 + SearchScratch(int(t.Room))
}

// Sum adds the bins of rows a, b (b is nil where the format has one lane) to the
// columns of words [from, to), at most 8, of a histogram. cells are zero before and
// after.
func (l Loops) Sum(f *Format, words []Word, feats []Feature, data []uint64, stride int, a, b []uint64, from, to int, cells []int64, hist []Tally) {
	C.geyser_sum(l.table, at[C.native_format](f), p[C.native_word](words), p[C.native_feature](feats), p[C.uint64_t](data), C.int64_t(stride),
		p[C.uint64_t](a), p[C.uint64_t](b), C.int64_t(len(a)), C.int64_t(from), C.int64_t(to), p[C.int64_t](cells), p[C.native_tally](hist))
}

// Subtract leaves in large what small has not.
func (l Loops) Subtract(large, small []Tally) {
	C.geyser_subtract(l.table, p[C.native_tally](large), p[C.native_tally](small), C.int64_t(len(large)))
}

// Search looks for a split of a node among the picked columns by its histogram, one
// that is better than best.Score. The levels of a column that wins are put in order
// into won. room is the number of bins of the widest column.
func (l Loops) Search(s *Search, feats []Feature, picked []int32, hist []Tally, room int, scratch []int64, best *Best, won []uint16) {
	C.geyser_search(l.table, at[C.native_search](s), p[C.native_feature](feats), p[C.int32_t](picked), C.int64_t(len(picked)),
		p[C.native_tally](hist), C.int64_t(room), p[C.int64_t](scratch), at[C.native_best](best), p[C.uint16_t](won))
}

// Part writes the rows of a and b (or nil) whose bin has a 1 in the table to out from
// place left on, the others from place right on; or, from the last row on, to the
// places before these. It returns the number of left ones. One of narrow and wide
// holds the bins.
func (l Loops) Part(narrow []uint8, wide []uint16, table []uint8, a, b, outA, outB []uint64, left, right int, back bool) int {
	var down C.int32_t
	if back {
		down = 1
	}
	return int(C.geyser_part(l.table, p[C.uint8_t](narrow), p[C.uint16_t](wide), p[C.uint8_t](table), p[C.uint64_t](a), p[C.uint64_t](b),
		C.int64_t(len(a)), p[C.uint64_t](outA), p[C.uint64_t](outB), C.int64_t(left), C.int64_t(right), down))
}

// CellRows is the number of rows that cells can sum, GrowRows the most that Grow takes.
const (
	CellRows = 8192
	GrowRows = 65536
)

// Grow grows the subtree of a node of rows a and b (or nil), at most GrowRows, and leaves
// them in the order of leaves. It returns the number of nodes, or 0 when sets is too
// short; nothing has changed then but t.
func (l Loops) Grow(t *Subtree, words []Word, feats []Feature, candidates []int32, data, a, b []uint64, scratch []int64, nodes []Node, sets []uint64) int {
	return int(C.geyser_grow(l.table, at[C.native_subtree](t), p[C.native_word](words), p[C.native_feature](feats), p[C.int32_t](candidates),
		p[C.uint64_t](data), p[C.uint64_t](a), p[C.uint64_t](b), p[C.int64_t](scratch), p[C.native_node](nodes), p[C.uint64_t](sets), C.int64_t(len(sets))))
}

// Add adds value to the scores of rows.
func (l Loops) Add(scores []float64, rows []uint64, value float64) {
	C.geyser_add(l.table, p[C.double](scores), p[C.uint64_t](rows), C.int64_t(len(rows)), C.double(value))
}

// Measure looks at the derivatives of rows [lo, hi); weight and sample may be nil.
func (l Loops) Measure(g, h, weight []float32, sample []uint8, lo, hi int) (s Spread) {
	C.geyser_measure(l.table, p[C.float](g), p[C.float](h), p[C.float](weight), p[C.uint8_t](sample), C.int64_t(lo), C.int64_t(hi), at[C.native_spread](&s))
	return s
}

// Fill writes the rows [lo, hi) of the sample to a and b (or nil), and returns their
// sum; bad when a derivative is out of its bounds.
func (l Loops) Fill(f *Format, unitW float64, key uint32, g, h, weight []float32, sample []uint8, lo, hi int, a, b []uint64) (sum Tally, bad bool) {
	ok := C.geyser_fill(l.table, at[C.native_format](f), C.double(unitW), C.uint32_t(key), p[C.float](g), p[C.float](h), p[C.float](weight),
		p[C.uint8_t](sample), C.int64_t(lo), C.int64_t(hi), p[C.uint64_t](a), p[C.uint64_t](b), at[C.native_tally](&sum))
	return sum, ok == 0
}

// Squares sums g²/w of rows, in units and rounded down: the high and the low halves of
// the numbers.
func (l Loops) Squares(f *Format, a, b []uint64) (high, low uint64) {
	var halves [2]uint64
	C.geyser_squares(l.table, at[C.native_format](f), p[C.uint64_t](a), p[C.uint64_t](b), C.int64_t(len(a)), p[C.uint64_t](halves[:]))
	return halves[0], halves[1]
}

// Gaussian writes the derivatives of that loss; w may be nil.
func (l Loops) Gaussian(f []float64, y, w, g, h []float32) {
	C.geyser_gaussian(l.table, p[C.double](f), p[C.float](y), p[C.float](w), p[C.float](g), p[C.float](h), C.int64_t(len(y)))
}

// Bernoulli writes the derivatives of that loss; w may be nil.
func (l Loops) Bernoulli(f []float64, y, w, g, h []float32) {
	C.geyser_bernoulli(l.table, p[C.double](f), p[C.float](y), p[C.float](w), p[C.float](g), p[C.float](h), C.int64_t(len(y)))
}

// Largest keeps the larger of top and f.
func (l Loops) Largest(f, top []float64) {
	C.geyser_largest(l.table, p[C.double](f), p[C.double](top), C.int64_t(len(f)))
}

// Exponents writes e = exp(f - top) and adds it to sum.
func (l Loops) Exponents(f, top, e, sum []float64) {
	C.geyser_exponents(l.table, p[C.double](f), p[C.double](top), p[C.double](e), p[C.double](sum), C.int64_t(len(f)))
}

// Softmax writes the derivatives for one class whose exponentials are e, of that sum
// over classes; w may be nil.
func (l Loops) Softmax(e, sum []float64, y, w, g, h []float32, class float32) {
	C.geyser_softmax(l.table, p[C.double](e), p[C.double](sum), p[C.float](y), p[C.float](w), p[C.float](g), p[C.float](h), C.float(class), C.int64_t(len(y)))
}

// Step is a split of a tree made ready for scoring: bit Off + rank says whether to go
// right of Next. At is where the ranks of its column are.
type Step struct {
	Off      uint64
	At, Next uint32
}

// Tree says where a tree starts, to which class it adds, and how deep it is.
type Tree struct {
	Root         uint32
	Class, Depth int32
}

var (
	_ = [1]struct{}{}[unsafe.Sizeof(Step{})-C.sizeof_native_step]
	_ = [1]struct{}{}[unsafe.Sizeof(Tree{})-C.sizeof_native_tree]
)

// Places16 writes for each value the number of cuts (integers in the order of floats, a
// power of two of them) below it, plus base, or none for NaN.
func (l Loops) Places16(cuts []uint64, x []float64, out []uint16, base, none uint16) {
	C.geyser_places16(l.table, p[C.uint64_t](cuts), C.int64_t(len(cuts)), p[C.double](x), p[C.uint16_t](out), C.int64_t(len(x)), C.uint16_t(base), C.uint16_t(none))
}

// Places32 is Places16 for numbers of twice the size.
func (l Loops) Places32(cuts []uint64, x []float64, out []uint32, base, none uint32) {
	C.geyser_places32(l.table, p[C.uint64_t](cuts), C.int64_t(len(cuts)), p[C.double](x), p[C.uint32_t](out), C.int64_t(len(x)), C.uint32_t(base), C.uint32_t(none))
}

// Walk adds the leaf values of trees to the sums of n rows, at most 256: row r of
// class k is sums[256k+r]. There are 256 ranks a column.
func (l Loops) Walk(steps []Step, bits []uint64, value []float32, trees []Tree, ranks []uint32, sums []float64, n int) {
	C.geyser_walk(l.table, p[C.native_step](steps), p[C.uint64_t](bits), p[C.float](value), p[C.native_tree](trees), C.int64_t(len(trees)),
		p[C.uint32_t](ranks), p[C.double](sums), C.int64_t(n))
}

// WalkShort is Walk with steps of one word, off:32 | next:16 | column:16, next counted
// from the root of a tree. room is scratch of the length of ranks.
func (l Loops) WalkShort(steps, bits []uint64, value []float32, trees []Tree, ranks []uint32, columns int, room []uint16, sums []float64, n int) {
	C.geyser_walk_short(l.table, p[C.uint64_t](steps), p[C.uint64_t](bits), p[C.float](value), p[C.native_tree](trees), C.int64_t(len(trees)),
		p[C.uint32_t](ranks), C.int64_t(columns), p[C.uint16_t](room), p[C.double](sums), C.int64_t(n))
}

// WalkNumbers is Walk where all splits are of numbers, with steps of one word: 65535 less
// the greatest rank that goes left:16 | next, counted from the root of a tree:16 | whether
// missing values go left:16 | where the ranks of the column begin:16. A leaf leads to
// itself by rank 0 of column 0. Missing values have rank none; other ranks are less than
// 32767. room is scratch of the length of ranks.
func (l Loops) WalkNumbers(steps []uint64, value []float32, trees []Tree, ranks []uint32, columns int, none uint32, room []uint16, sums []float64, n int) {
	C.geyser_walk_numbers(l.table, p[C.uint64_t](steps), p[C.float](value), p[C.native_tree](trees), C.int64_t(len(trees)),
		p[C.uint32_t](ranks), C.int64_t(columns), C.uint32_t(none), p[C.uint16_t](room), p[C.double](sums), C.int64_t(n))
}

// DenseCols is the number of columns in a strip of DensePack.
const DenseCols = C.NATIVE_DENSE_COLS

// DensePack lays out columns [0, cols) and rows [0, depth) of b for Dense: out has
// depth*DenseCols values for each strip of DenseCols columns, the last one filled up.
// across leads to the next column in b, along to the next row.
func (l Loops) DensePack(b []float32, across, along, cols, depth int, out []float32) {
	C.geyser_dense_pack(l.table, p[C.float](b), C.int64_t(across), C.int64_t(along), C.int64_t(cols), C.int64_t(depth), p[C.float](out))
}

// DenseRoom returns the values of scratch that Dense needs.
func DenseRoom(rows, depth int) int { return (rows + 5) * depth }

// Dense adds a product to rows of c that are stride apart: of rows x depth values of a,
// where across leads to the next row and along to the next column, and of cols columns
// that DensePack has laid out.
func (l Loops) Dense(a []float32, across, along, rows int, b []float32, cols, depth int, room, c []float32, stride int) {
	C.geyser_dense(l.table, p[C.float](a), C.int64_t(across), C.int64_t(along), C.int64_t(rows), p[C.float](b), C.int64_t(cols), C.int64_t(depth),
		p[C.float](room), p[C.float](c), C.int64_t(stride))
}

// Activations of Activate.
const (
	Identity  = C.NATIVE_IDENTITY
	Rectifier = C.NATIVE_RECTIFIER
	Tanh      = C.NATIVE_TANH
	Sigmoid   = C.NATIVE_SIGMOID
)

// Activate replaces values by their activations.
func (l Loops) Activate(activation int, v []float32) {
	C.geyser_activate(l.table, C.int64_t(activation), p[C.float](v), C.int64_t(len(v)))
}
