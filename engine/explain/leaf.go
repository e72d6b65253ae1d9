package explain

import (
	"context"
	"fmt"
	"slices"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/tree"
	"github.com/geyser-ml/geyser/kernels/par"
)

// Leaves returns the leaf that each row comes to, a column a tree: its number, or
// else the way to it as a category, an L or R for each step.
func Leaves(ctx context.Context, m model.Model, f *frame.Frame, ids bool, threads int) (*frame.Frame, []string, error) {
	t, err := forested(m, "leaf node assignment")
	if err != nil {
		return nil, nil, err
	}
	s, warnings, err := model.Adapt(m, f)
	if err != nil {
		return nil, nil, err
	}
	forest := t.Forest()
	nodes := make([][]int32, forest.Trees())
	for k := range nodes {
		nodes[k] = make([]int32, s.Rows)
	}
	err = par.ForErr(ctx, threads, s.Rows, chunkRows, func(_, lo, hi int) error {
		forest.Reach(s.Columns, lo, hi, par.Part(nodes, lo, hi))
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	cols := make([]*frame.Column, len(nodes))
	err = par.ForErr(ctx, threads, len(nodes), 1, func(k, _, _ int) error {
		if cols[k] = pathColumn(forest, k, nodes[k]); ids {
			number, _ := forest.Numbers(k)
			cols[k] = frame.NewReals(mapped(nodes[k], func(i int32) float64 { return float64(number[i]) }))
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return newFrame(treeNames(m.Info(), forest), cols), warnings, nil
}

// pathColumn returns the ways to leaves as a category whose levels are those that
// occur, sorted.
func pathColumn(f *tree.Forest, k int, nodes []int32) *frame.Column {
	paths := f.Paths(k)
	seen := map[int32]bool{}
	for _, i := range nodes {
		seen[i] = true
	}
	var levels []string
	for i := range seen {
		levels = append(levels, paths[i])
	}
	slices.Sort(levels)
	code := map[int32]int32{}
	for i := range seen {
		c, _ := slices.BinarySearch(levels, paths[i])
		code[i] = int32(c)
	}
	return frame.NewCodes(mapped(nodes, func(i int32) int32 { return code[i] }), levels)
}

func mapped[T any](nodes []int32, f func(int32) T) []T {
	out := make([]T, len(nodes))
	for r, i := range nodes {
		out[r] = f(i)
	}
	return out
}

// treeNames names a column for each tree: T1, or with classes T1.C1.
// H2O: XGBoost's always have a class.
func treeNames(info *model.Info, f *tree.Forest) []string {
	classes := classesOf(f)
	out := make([]string, f.Trees())
	for k := range out {
		out[k] = fmt.Sprintf("T%d", k/classes+1)
		if f.Players != nil || info.Category == model.Binomial || info.Category == model.Multinomial {
			out[k] += fmt.Sprintf(".C%d", f.Class[k]+1)
		}
	}
	return out
}

// Frequencies returns how often each row meets a split of each predictor on its
// ways through all trees.
func Frequencies(ctx context.Context, m model.Model, f *frame.Frame, threads int) (*frame.Frame, []string, error) {
	t, err := forested(m, "feature frequencies")
	if err != nil {
		return nil, nil, err
	}
	s, warnings, err := model.Adapt(m, f)
	if err != nil {
		return nil, nil, err
	}
	counts := make([][]int64, len(s.Columns))
	for j := range counts {
		counts[j] = make([]int64, s.Rows)
	}
	err = par.ForErr(ctx, threads, s.Rows, chunkRows, func(_, lo, hi int) error {
		t.Forest().Frequencies(s.Columns, lo, hi, par.Part(counts, lo, hi))
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	cols := make([]*frame.Column, len(counts))
	for j, c := range counts {
		cols[j] = frame.NewInts(frame.Int, c, nil)
	}
	info := m.Info()
	return newFrame(append([]string(nil), info.Names[:info.Predictors]...), cols), warnings, nil
}

// Stages returns the prediction after each step: of numbers themselves, of two
// classes the probability of the first, of more classes that of each.
func Stages(ctx context.Context, m model.Model, f *frame.Frame, threads int) (*frame.Frame, []string, error) {
	t, ok := m.(model.Staged)
	if !ok {
		return nil, nil, errs.Invalidf("predict_staged_proba", "Model type %s doesn't support Staged Predictions.", kind(m))
	}
	s, warnings, err := model.Adapt(m, f)
	if err != nil {
		return nil, nil, err
	}
	info, forest := m.Info(), t.Forest()
	base, scale := t.Margin()
	width := max(1, len(info.Classes()))
	out := make([][]float64, forest.Trees())
	for k := range out {
		out[k] = make([]float64, s.Rows)
	}
	err = par.ForErr(ctx, threads, s.Rows, chunkRows, func(_, lo, hi int) error {
		n := hi - lo
		scores, dst, nodes := slices2[float64](len(base), n), slices2[float64](width, n), slices2[int32](forest.Trees(), n)
		forest.Reach(s.Columns, lo, hi, nodes)
		for c := range scores {
			for r := range scores[c] {
				scores[c][r] = base[c]
			}
			if s.Offset != nil {
				for r, o := range s.Offset.Floats(lo, hi, nil) {
					scores[c][r] += o
				}
			}
		}
		for k, i := range nodes {
			score := scores[forest.Class[k]]
			for r, leaf := range i {
				score[r] += scale * float64(forest.Value[leaf])
			}
			if (k+1)%len(base) > 0 {
				continue
			}
			t.Respond(scores, dst)
			info.Correct(dst)
			for c := range len(base) {
				copy(out[k+1-len(base)+c][lo:hi], dst[c])
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	cols := make([]*frame.Column, len(out))
	for k := range out {
		cols[k] = frame.NewFloats(out[k])
	}
	return newFrame(treeNames(info, forest), cols), warnings, nil
}

// slices2 makes n slices of length m.
func slices2[T any](n, m int) [][]T {
	out := make([][]T, n)
	for k := range out {
		out[k] = make([]T, m)
	}
	return out
}

// TreeRows returns which rows of the training data each step of a model was grown
// on: 1 for those in the sample, 0 for others. The frame must be the training frame:
// which rows are drawn depends on their places, and on the response where classes
// are sampled on their own.
func TreeRows(ctx context.Context, m model.Model, f *frame.Frame) (*frame.Frame, []string, error) {
	t, ok := m.(model.Sampler)
	if !ok {
		return nil, nil, errs.Invalidf("row_to_tree_assignment", "Model type %s doesn't support calculating row to tree assignment.", kind(m))
	}
	var codes []int32
	info, forest := m.Info(), t.Forest()
	if y := f.Lookup(info.Response); y != nil && y.Kind() == frame.Enum {
		of := map[string]int32{}
		for c, level := range info.Classes() {
			of[level] = int32(c)
		}
		codes = y.Codes(0, y.Len(), nil)
		for r, c := range codes {
			if c >= 0 {
				if k, ok := of[y.Domain()[c]]; ok {
					codes[r] = k
				} else {
					codes[r] = -1
				}
			}
		}
	}
	ids := make([]float64, f.NumRows())
	for r := range ids {
		ids[r] = float64(r)
	}
	names, cols := []string{"row_id"}, []*frame.Column{frame.NewReals(ids)}
	for step := range forest.Trees() / classesOf(forest) {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		in := make([]int32, f.NumRows())
		for r, b := range t.Sampled(step, f.NumRows(), codes) {
			in[r] = int32(b)
		}
		names, cols = append(names, fmt.Sprintf("tree_%d", step+1)), append(cols, frame.NewCodes(in, []string{"0", "1"}))
	}
	return newFrame(names, cols), nil, nil
}
