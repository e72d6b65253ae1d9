package xgboost

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/design"
	"github.com/geyser-ml/geyser/engine/frame"
)

// The bound is exact: it is narrowed to less than t, and the next number is not.
func TestBelow(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	list := []float32{0, float32(math.Copysign(0, -1)), 1, -1, 0.5, 1.5, math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, math.MaxFloat32, 0x1p-126, -0x1p-126, 16777217}
	for range 20_000 {
		if v := math.Float32frombits(rng.Uint32()); v == v && !math.IsInf(float64(v), 0) && v != -math.MaxFloat32 {
			list = append(list, v)
		}
	}
	for _, v := range list {
		b := below(v)
		if !(design.Single(b) < v) || design.Single(math.Nextafter(b, math.Inf(1))) < v {
			t.Fatalf("below(%v) = %v", v, b)
		}
	}
	require.Equal(t, math.Inf(1), below(float32(math.Inf(1))))
	require.Equal(t, math.Inf(-1), below(-math.MaxFloat32))
	require.Equal(t, math.Inf(-1), below(float32(math.Inf(-1))))
	require.Equal(t, math.Inf(-1), below(float32(math.NaN())))
}

// plantable turns a booster over four features, two of which are a category of one
// level, into a checked forest.
func plantable(b *booster) error {
	kinds, domains := []frame.Kind{frame.Enum, frame.Real, frame.Real}, [][]string{{"a"}, nil, nil}
	l := design.NewLayout([]string{"c", "x", "y"}, kinds, domains)
	if b.features != len(l.Names) || b.kind == "gblinear" {
		return nil
	}
	for _, sparse := range []bool{false, true} {
		p := newPlanter(l, sparse)
		for i := range b.trees {
			if err := p.add(&b.trees[i]); err != nil {
				return err
			}
		}
		if err := p.forest.Check(kinds, b.groups); err != nil {
			return err
		}
	}
	return nil
}

func TestPlanter_Saved(t *testing.T) {
	for name, raw := range saved(t) {
		b, err := parseBooster(raw, 0)
		require.NoError(t, err, name)
		require.NoError(t, plantable(b), name)
	}
}

// stump is one split: rows with x < condition of a feature go left.
func stump(feature int32, condition float32, missingLeft byte) *rawTree {
	return &rawTree{
		scale: 0.5, left: []int32{1, -1, -1}, right: []int32{2, -1, -1}, feature: []int32{feature, 0, 0},
		condition: []float32{condition, 10, 20}, missingLeft: []byte{missingLeft, 0, 0}, gain: []float32{3, 0, 0}, cover: []float32{9, 5, 4},
	}
}

// One split on each feature of a category with levels a and b, and a missing one,
// in every form: who goes left.
func TestPlanter_Category(t *testing.T) {
	l := design.NewLayout([]string{"c"}, []frame.Kind{frame.Enum}, [][]string{{"a", "b"}})
	for _, c := range []struct {
		feature     int32
		condition   float32
		missingLeft byte
		sparse      bool
		left        string // of a, b and - for missing
	}{
		{0, 0.5, 0, false, "b-"}, {0, 0.5, 1, false, "b-"}, {1, 1, 0, false, "a-"}, {2, 0.5, 0, false, "ab"}, {0, 2, 0, false, "ab-"}, {0, -1, 0, false, ""},
		{0, 0.5, 1, true, "b-"}, {0, 0.5, 0, true, ""}, {0, 2, 0, true, "a"}, {2, 2, 0, true, "-"}, {2, 0.5, 1, true, "ab"}, {1, 2, 1, true, "ab-"},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			p := newPlanter(l, c.sparse)
			require.NoError(t, p.add(stump(c.feature, c.condition, c.missingLeft)))
			require.NoError(t, p.forest.Check([]frame.Kind{frame.Enum}, 1))
			f, left := p.forest, ""
			for code, name := range []string{"a", "b"} {
				if f.Sets[f.SetAt[0]]>>code&1 == 1 {
					left += name
				}
			}
			if f.MissingLeft[0] == 1 {
				left += "-"
			}
			require.Equal(t, c.left, left)
			require.Equal(t, []int32{c.feature, -1, -1}, f.Player)
			require.Equal(t, []string{"c.a", "c.b", "c.missing(NA)"}, f.Players)
			require.Equal(t, []float32{0, 5, 10}, f.Value)
			require.Equal(t, []float32{3, 0, 0}, f.Gain)
			require.Equal(t, []float32{9, 5, 4}, f.Cover)
		})
	}
}

// Equal splits share their set.
func TestPlanter_SharedSets(t *testing.T) {
	var levels []string
	for i := range 300 {
		levels = append(levels, fmt.Sprint(i))
	}
	p := newPlanter(design.NewLayout([]string{"c"}, []frame.Kind{frame.Enum}, [][]string{levels}), false)
	for range 3 {
		require.NoError(t, p.add(stump(7, 0.5, 0)))
	}
	require.Len(t, p.forest.Sets, 5)
	require.NoError(t, p.add(stump(8, 0.5, 0)))
	require.Len(t, p.forest.Sets, 10)
}

// A file must not ask for tables without bounds.
func TestPlanter_Limit(t *testing.T) {
	levels := make([]string, 1<<16)
	p := newPlanter(design.NewLayout([]string{"c"}, []frame.Kind{frame.Enum}, [][]string{levels}), false)
	p.forest.Sets = make([]uint64, mostSets-1, mostSets+2048)
	require.ErrorContains(t, p.add(stump(7, 0.5, 0)), "splits by category")
}
