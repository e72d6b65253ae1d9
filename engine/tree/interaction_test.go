package tree

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/geyser-ml/geyser/kernels"
)

// TestThresholds counts the splits of a tree that looks at categories first and at
// a number below.
func TestThresholds(t *testing.T) {
	f := Forest{Forest: kernels.Forest{
		Roots: []int32{0, 0}, Class: []int32{0, 0},
		Feature: []int32{0, -1, 1, -1, -1}, Left: []int32{1, -1, 3, -1, -1}, Right: []int32{2, -1, 4, -1, -1},
		Threshold: []float64{0, 0, 2.5, 0, 0}, SetAt: []int32{0, -1, -1, -1, -1}, SetLen: []int32{3, 0, 0, 0, 0}, Sets: []uint64{1},
		MissingLeft: make([]uint8, 5), Value: make([]float32, 5),
	}}
	values, counts := f.Thresholds(0, -1)
	assert.Equal(t, []int{2}, counts, "one split in each of two trees")
	assert.True(t, math.IsNaN(float64(values[0])), "categories have no value")
	values, counts = f.Thresholds(1, -1)
	assert.InDelta(t, 2.5, values[0], 1e-6)
	assert.Equal(t, []int{2}, counts)
	_, counts = f.Thresholds(1, 1)
	assert.Empty(t, counts, "it lies deeper")

	f.Player, f.Players = []int32{2, -1, 0, -1, -1}, []string{"x", "c.a", "c.b"}
	values, counts = f.Thresholds(2, -1)
	assert.Equal(t, []float32{1}, values, "a feature for one level is 0 or 1")
	assert.Equal(t, []int{2}, counts)
	_, counts = f.Thresholds(1, -1)
	assert.Empty(t, counts)
}
