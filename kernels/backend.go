// Package kernels holds the hot loops: quantising columns, growing trees by
// histograms, scoring. Each operation is one contract with up to three tiers
// behind it: "go" (always there), "native" (C with SIMD) and "cuda:N". A tier
// embeds the one below it and overrides what it does better, so that method
// promotion is the fallback. The same test body, with a naive twin of each
// operation, runs on every tier that is present; integer results are equal to
// the bit on all of them.
//
// Kernels know slices, bins and numbers. They know no frame, no column name, no
// parameter struct and no HTTP.
package kernels

import (
	"errors"
	"fmt"
	"strings"
)

// ErrUnavailable is returned by Open for a tier that this build or machine does
// not have.
var ErrUnavailable = errors.New("kernel tier not available")

// Backend is one tier. Its methods are safe for concurrent use; the objects it
// makes belong to one job each.
type Backend interface {
	// Name returns the tier as Open takes it, such as "go".
	Name() string

	// Quantize cuts columns into bins. All columns have the same length.
	Quantize(cols []Column, opt BinOptions) (Bins, error)

	// QuantizeLike cuts columns into the bins of like, column by column: for
	// validation rows. A category code beyond like's levels becomes missing.
	QuantizeLike(like Bins, cols []Column) (Bins, error)

	// Gradients writes the first and second derivative of the loss at the current
	// scores into g and h: one buffer a class, of one value a row.
	Gradients(loss Loss, in GradientInput, g, h []*Buffer[float32]) error

	// Dense computes a layer of a network: a product of matrices, a bias and an
	// activation. DenseInput has the shapes.
	Dense(in DenseInput) error

	// NewGrower makes the stateful grower of one training job over bins.
	NewGrower(bins Bins, cfg GrowerConfig) (Grower, error)

	// Predict adds the leaf values of trees [from, to) to out for rows [lo, hi)
	// of cols: out[class][row-lo]. Trees are added in order, in float64.
	Predict(f *Forest, cols []Column, lo, hi, from, to int, out [][]float64) error

	// Close gives back what the tier holds.
	Close() error
}

// Open returns the tier of that name: "auto" (the best that is present), "cpu" (the best
// of the processor), "go", "native", "native:avx2" … "cuda" or "cuda:0" … . A tier that is not there gives an
// error that wraps ErrUnavailable and says what is missing; Tiers says it for "auto".
func Open(name string, threads int) (Backend, error) {
	tier, level, _ := strings.Cut(name, ":")
	switch tier {
	case "", "auto":
		if b, err := openCUDA("", threads); err == nil {
			return b, nil
		}
		return openCPU(threads), nil
	case Processor:
		return openCPU(threads), nil
	case "native":
		return openNative(level, threads)
	case "go":
		return newGo(threads), nil
	case "cuda":
		return openCUDA(level, threads)
	}
	return nil, fmt.Errorf("backend %q: %w: tiers are auto, cpu, go, native and cuda", name, ErrUnavailable)
}

// openCPU returns the best tier of the processor.
func openCPU(threads int) Backend {
	if b, err := openNative("", threads); err == nil {
		return b
	}
	return newGo(threads)
}
