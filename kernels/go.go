package kernels

import "github.com/geyser-ml/geyser/kernels/par"

// goBackend is the tier in plain Go: always present, and the reference that the
// others must equal.
type goBackend struct {
	threads int
	loops   loops
}

// newGo returns the tier; threads that are not positive mean all processors.
func newGo(threads int) *goBackend {
	return &goBackend{threads: par.Threads(threads), loops: goLoops{}}
}

// Name returns "go".
func (*goBackend) Name() string { return "go" }

// Close does nothing: the tier holds no memory of its own.
func (*goBackend) Close() error { return nil }
