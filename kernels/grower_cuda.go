//go:build cuda

package kernels

import (
	"fmt"
	"math"
)

// cudaGrower decides on the host and keeps rows and sums on a device: deviceStage.
type cudaGrower struct{ *goGrower }

// NewGrower makes the grower of one training job over bins of this device.
func (b *cudaBackend) NewGrower(bins Bins, cfg GrowerConfig) (Grower, error) {
	own, ok := bins.(*cudaBins)
	if !ok || own.job.device != b.job.device {
		return nil, fmt.Errorf("bins of type %T: want those that tier %q made", bins, b.Name())
	}
	g, err := newGo(1).newGrower(own.goBins, cfg)
	if err != nil {
		return nil, err
	}
	if n := g.layout.bins(); n > math.MaxInt32 {
		return nil, fmt.Errorf("%s: %w: a histogram of %d bins, at most %d are possible", b.Name(), ErrDeviceMemory, n, math.MaxInt32)
	}
	g.slots.size, g.sparse = 0, true // sums are the stage's
	g.stage = &deviceStage{job: b.job, g: g, bins: own}
	return cudaGrower{g}, nil
}

// Grow is not the device's way: one launch does a whole level.
func (cudaGrower) Grow([]Node) ([]Subtree, error) {
	return nil, fmt.Errorf("subtrees in cache: %w", ErrUnavailable)
}
