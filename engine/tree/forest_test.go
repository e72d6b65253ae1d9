package tree

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/kernels"
)

// small is a forest of two trees: one of depth 2 with three leaves, one leaf.
//
//	0: x0 <= 1 ── 1: c in {a} ── 2, 3
//	           └─ 4                      5
func small() *Forest {
	return &Forest{
		Forest: kernels.Forest{
			Roots: []int32{0, 5}, Class: []int32{0, 1},
			Feature: []int32{0, 1, -1, -1, -1, -1}, Threshold: []float64{1, 0, 0, 0, 0, 0},
			Left: []int32{1, 2, -1, -1, -1, -1}, Right: []int32{4, 3, -1, -1, -1, -1},
			MissingLeft: make([]uint8, 6), SetAt: []int32{-1, 0, -1, -1, -1, -1}, SetLen: []int32{0, 2, 0, 0, 0, 0},
			Sets: []uint64{1}, Value: []float32{0, 0, 1, 2, 3, 4},
		},
		Gain: []float32{8, 2, 0, 0, 0, 0}, Cover: []float32{9, 6, 4, 2, 3, 9},
	}
}

var smallKinds = []frame.Kind{frame.Int, frame.Enum}

func TestForest_Summary(t *testing.T) {
	row := func(f *Forest) []any {
		var out []any
		for _, c := range f.Summary().Columns[1:] {
			out = append(out, c.Cells[0])
		}
		return out
	}
	f := small()
	s := f.Summary()
	require.Equal(t, "Model Summary", s.Name)
	var titles []string
	for _, c := range s.Columns {
		titles = append(titles, c.Title)
	}
	require.Equal(t, []string{
		"", "Number of Trees", "Number of Internal Trees", "Model Size in Bytes", "Min. Depth", "Max. Depth", "Mean Depth",
		"Min. Leaves", "Max. Leaves", "Mean Leaves",
	}, titles)
	require.Equal(t, []any{int64(1), int64(2), f.SizeBytes(), int64(0), int64(2), 1.0, int64(1), int64(3), 2.0}, row(f))
	require.Equal(t, []any{int64(0), int64(0), int64(0), int64(0), int64(0), 0.0, int64(0), int64(0), 0.0}, row(&Forest{}))
}

func TestForest_Importance(t *testing.T) {
	require.Equal(t, []float64{8, 2, 0}, small().Importance(3))
}

func TestForest_Snapshot(t *testing.T) {
	p := newProblem(t, 100)
	var f Forest
	tr, _ := p.grow(t, p.grower(t, 2), 2)
	f.Add(tr, p.bins, 0)
	s := f.Snapshot()
	nodes := len(s.Feature)
	f.Add(tr, p.bins, 0)
	require.Equal(t, 1, s.Trees())
	require.Equal(t, 2, f.Trees())
	require.Len(t, s.Feature, nodes)
	require.NoError(t, s.Check(p.kinds, 1))
}

// Room is made once, when a tenth of the trees is there, and given back where the rest is small.
func TestForest_Reserve(t *testing.T) {
	p := newProblem(t, 100)
	g := p.grower(t, 4)
	var f, want Forest
	add := func(depth, trees int) {
		for range trees {
			tr, _ := p.grow(t, g, depth)
			f.Add(tr, p.bins, 0)
			want.Add(tr, p.bins, 0)
			f.Reserve(40)
		}
	}
	add(4, 3)
	require.Less(t, cap(f.Feature), 8*len(f.Feature), "too few to tell")
	add(4, 1)
	room, sets := cap(f.Feature), cap(f.Sets)
	require.GreaterOrEqual(t, room, 10*len(f.Feature))
	require.GreaterOrEqual(t, sets, 10*len(f.Sets))
	s := f.Snapshot()
	add(4, 26)
	require.Equal(t, room, cap(f.Feature))
	require.Equal(t, sets, cap(f.Sets))
	require.Same(t, &s.Feature[0], &f.Feature[0])
	require.Equal(t, want, f)

	f, want = Forest{}, Forest{}
	add(4, 4)
	add(0, 36)
	require.Less(t, cap(f.Feature), 3*len(f.Feature))
	require.Equal(t, want, f)
}

func TestForest_Check(t *testing.T) {
	require.NoError(t, small().Check(smallKinds, 2))
	for name, change := range map[string]func(*Forest){
		"values":      func(f *Forest) { f.Value = f.Value[1:] },
		"gains":       func(f *Forest) { f.Gain = append(f.Gain, 1) },
		"classes":     func(f *Forest) { f.Class = f.Class[1:] },
		"class":       func(f *Forest) { f.Class[1] = 2 },
		"half a step": func(f *Forest) { f.Roots, f.Class = f.Roots[:1], f.Class[:1] },
		"root":        func(f *Forest) { f.Roots[1] = 6 },
		"root below":  func(f *Forest) { f.Roots[1] = -1 },
		"circle":      func(f *Forest) { f.Left[1] = 1 },
		"back":        func(f *Forest) { f.Right[1] = 0 },
		"outside":     func(f *Forest) { f.Right[0] = 6 },
		"half a node": func(f *Forest) { f.Right[0] = -1 },
		"column":      func(f *Forest) { f.Feature[0] = 2 },
		"no column":   func(f *Forest) { f.Feature[0] = -1 },
		"set":         func(f *Forest) { f.SetAt[1] = 1 },
		"long set":    func(f *Forest) { f.SetLen[1] = 65 },
		"short set":   func(f *Forest) { f.SetLen[1] = -1 },
		"number":      func(f *Forest) { f.SetAt[0] = 0 },
		"category":    func(f *Forest) { f.SetAt[1] = -1 },
		"players":     func(f *Forest) { f.Player = make([]int32, len(f.Feature)) },
		"no players":  func(f *Forest) { f.Players = []string{"a"} },
		"player":      func(f *Forest) { f.Players, f.Player = []string{"a"}, []int32{1, 0, 0, 0, 0, 0}[:len(f.Feature)] },
	} {
		t.Run(name, func(t *testing.T) {
			f := small()
			change(f)
			require.Error(t, f.Check(smallKinds, 2))
		})
	}
}

func TestRank(t *testing.T) {
	names, values := Rank([]string{"a", "b", "c", "d"}, []float64{1, 3, 1, 9})
	require.Equal(t, []string{"d", "b", "a", "c"}, names)
	require.Equal(t, []float64{9, 3, 1, 1}, values)
	names, _ = Rank(nil, nil)
	require.Empty(t, names)
}
