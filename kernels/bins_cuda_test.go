//go:build cuda

package kernels

import (
	"slices"
	"testing"
)

// What kernels are told of the columns.
func TestDeviceFeatures(t *testing.T) {
	var feats []feature
	for _, bins := range []int{2, 257, 256, 3, 60000, 4, 5} {
		feats = append(feats, feature{bins: bins, levels: bins % 2})
	}
	got, narrow, wide := deviceFeatures(feats)
	want := []deviceFeature{
		{bins: 2, first: 0}, {kind: 1, bins: 257, levels: 1, first: 2, rank: -1}, {shift: 8, bins: 256, first: 259, rank: 1},
		{shift: 16, bins: 3, levels: 1, first: 515, rank: 2}, {kind: 1, index: 1, bins: 60000, first: 518, rank: -1},
		{shift: 24, bins: 4, first: 60518, rank: 3}, {index: 1, bins: 5, levels: 1, first: 60522, rank: 4},
	}
	if narrow != 5 || wide != 2 || !slices.Equal(got, want) {
		t.Errorf("%+v, %d narrow, %d wide", got, narrow, wide)
	}
}
