package tree

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/param"
)

func TestChecks(t *testing.T) {
	size := func(trees, depth int) func(*param.Issues) {
		return func(f *param.Issues) { CheckSize(f, trees, depth) }
	}
	least := func(v float64) func(*param.Issues) { return func(f *param.Issues) { CheckMinRows(f, v) } }
	rows := func(v, weight float64) func(*param.Issues) {
		return func(f *param.Issues) { CheckRows(f, v, weight) }
	}
	more := func(trees, built int) func(*param.Issues) {
		return func(f *param.Issues) { CheckMore(f, trees, built) }
	}
	for _, c := range []struct {
		name  string
		check func(*param.Issues)
		field string // "" for no issue
		text  string
	}{
		{"least size", size(1, 0), "", ""},
		{"greatest size", size(100000, 1000), "", ""},
		{"Err no trees", size(0, 5), "ntrees", "Requested ntrees must be between 1 and 100000"},
		{"Err too many trees", size(100001, 5), "ntrees", "Requested ntrees must be between 1 and 100000"},
		{"Err depth", size(1, -1), "max_depth", "_max_depth must be >= 0."},
		{"a little", least(1e-300), "", ""},
		{"Err nothing", least(0), "min_rows", "_min_rows must be > 0."},
		{"Err missing", least(math.NaN()), "min_rows", "_min_rows must be > 0."},
		{"Err infinite", least(math.Inf(1)), "min_rows", "_min_rows must be > 0."},
		{"enough", rows(5, 10), "", ""},
		{"Err too few", rows(5, 9.5), "min_rows", "The dataset size is too small to split for min_rows=5.0: must have at least 10.0 (weighted) rows, but have only 9.5."},
		{"said already", rows(-1, 0), "", ""},
		{"more", more(11, 10), "", ""},
		{"Err as many", more(10, 10), "ntrees", "If checkpoint is specified then requested ntrees must be higher than 11"},
	} {
		var f param.Issues
		c.check(&f)
		if c.field == "" {
			require.Empty(t, f, c.name)
			continue
		}
		require.Len(t, f, 1, c.name)
		require.Equal(t, []string{c.field, c.text}, []string{f[0].Field, f[0].Message}, c.name)
	}
}

func TestDepth(t *testing.T) {
	require.Equal(t, []int{math.MaxInt32, 1, 20}, []int{Depth(0), Depth(1), Depth(20)})
}
