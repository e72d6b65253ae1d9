package gbm

import (
	"slices"

	"github.com/geyser-ml/geyser/engine/tree"
)

// resume takes over the trees and the history of a model, and brings the scores to
// where its training has left them.
func (b *booster) resume(from *Model) error {
	b.forest, b.done = from.forest.Snapshot(), from.steps()
	b.samples = slices.Clone(from.samples)
	info := from.Info()
	b.timeline.Resume(info)
	b.onTrain, b.onValid = info.Train, nil
	forest := b.forest
	if b.p.PredNoiseBandwidth > 0 {
		forest = b.disturbed()
	}
	scores := make([][]float64, len(b.in.Scores))
	for c, s := range b.in.Scores {
		scores[c] = s.HostWrite()
	}
	return forest.ScoreAll(b.backend, b.t.Threads, b.t.Train.Columns, 0, scores)
}

// disturbed returns the forest with the leaves that training has used under noise.
func (b *booster) disturbed() *tree.Forest {
	f := b.forest.Snapshot()
	f.Value = slices.Clone(f.Value)
	var walk func(id uint64, i int32, path uint64)
	walk = func(id uint64, i int32, path uint64) {
		if f.Left[i] < 0 {
			f.Value[i] = b.noise(id, path, f.Value[i])
			return
		}
		walk(id, f.Left[i], 2*path)
		walk(id, f.Right[i], 2*path+1)
	}
	for k, root := range f.Roots {
		walk(uint64(k), root, 1)
	}
	return f
}
