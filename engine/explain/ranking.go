package explain

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/kernels/par"
)

// ranking shows the largest and the smallest contributions of each row, each as a
// pair of columns, name and value, and the bias last. Equal ones come in the order of
// the predictors. Where both kinds together are all there are, what the largest leave
// comes in falling order, too.
// H2O: hex.genmodel.algos.tree.ContributionComposer.
func ranking(names []string, phi [][]float64, opt Contribution, threads int) *frame.Frame {
	n, rows := len(names), len(phi[0])
	count := func(k, most int) int {
		if k < 0 || k > most {
			return most
		}
		return k
	}
	top := count(opt.Top, n)
	bottom := count(opt.Bottom, n-top)
	shown := top + bottom
	codes, values := make([][]int32, shown), make([][]float64, shown)
	for k := range shown {
		codes[k], values[k] = make([]int32, rows), make([]float64, rows)
	}
	par.For(threads, rows, chunkRows, func(_, lo, hi int) {
		order := make([]int32, n)
		for r := lo; r < hi; r++ {
			size := func(k int32) float64 {
				if opt.Abs {
					return math.Abs(phi[k][r])
				}
				return phi[k][r]
			}
			for k := range order {
				order[k] = int32(k)
			}
			if top > 0 {
				slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(size(b), size(a)) })
			}
			rest := order[top:]
			if top == 0 || shown < n {
				slices.SortStableFunc(rest, func(a, b int32) int { return cmp.Or(cmp.Compare(size(a), size(b)), cmp.Compare(a, b)) })
			}
			for k := range shown {
				codes[k][r], values[k][r] = order[k], phi[order[k]][r]
			}
		}
	})
	var titles []string
	var cols []*frame.Column
	for k := range shown {
		what, i := "top", k+1
		if k >= top {
			what, i = "bottom", k+1-top
		}
		titles = append(titles, what+"_feature_"+strconv.Itoa(i), what+"_value_"+strconv.Itoa(i))
		cols = append(cols, frame.NewCodes(codes[k], names), frame.NewReals(values[k]))
	}
	return newFrame(append(titles, "BiasTerm"), append(cols, frame.NewReals(phi[n])))
}
