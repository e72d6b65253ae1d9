//go:build cgo && amd64

package kernels

import (
	"fmt"

	"github.com/geyser-ml/geyser/cgo/native"
	"github.com/geyser-ml/geyser/kernels/par"
)

// nativeLevels are the instruction sets by name, best first, and what they need.
var nativeLevels = []struct {
	name, needs string
	level       native.Level
}{
	{"avx2", "AVX2, FMA, BMI and POPCNT", native.AVX2},
	{"avx512", "AVX-512 F, DQ, BW and VL", native.AVX512},
	{"generic", "any x86-64", native.Generic},
}

// nativeBackend is the go tier with the hot loops in C.
type nativeBackend struct {
	*goBackend
	name string
	c    native.Loops
}

// openNative returns the tier with the named instruction set, the best for "".
//
// Why avx512 is taken by name alone: its loops are those of avx2 with wider
// registers, and nobody has shown that they are faster.
func openNative(level string, threads int) (Backend, error) {
	for _, l := range nativeLevels {
		switch {
		case level == l.name && !native.Has(l.level):
			return nil, fmt.Errorf("backend %q: %w: this processor lacks %s", "native:"+level, ErrUnavailable, l.needs)
		case level == l.name, level == "" && l.level != native.AVX512 && native.Has(l.level):
			return newNative(l.name, l.level, threads), nil
		}
	}
	return nil, fmt.Errorf("backend %q: %w: instruction sets are avx2, avx512 and generic", "native:"+level, ErrUnavailable)
}

func newNative(name string, level native.Level, threads int) *nativeBackend {
	c := native.At(level)
	return &nativeBackend{goBackend: &goBackend{threads: par.Threads(threads), loops: nativeLoops{c: c}}, name: "native:" + name, c: c}
}

// nativeTier describes the tier.
func nativeTier() TierInfo {
	detail := "C kernels; instruction sets:"
	for _, l := range nativeLevels {
		if native.Has(l.level) {
			detail += " " + l.name
		}
	}
	b, err := openNative("", 1)
	if err != nil {
		return TierInfo{"native", false, err.Error()}
	}
	return TierInfo{"native", true, detail + "; in use: " + b.(*nativeBackend).name[len("native:"):]}
}

// Name returns "native:" and the instruction set.
func (b *nativeBackend) Name() string { return b.name }

// Gradients is that of the go tier; gaussian, bernoulli and multinomial are in C.
func (b *nativeBackend) Gradients(loss Loss, in GradientInput, g, h []*Buffer[float32]) error {
	if loss > Multinomial {
		return b.goBackend.Gradients(loss, in, g, h)
	}
	if err := in.check(loss, g, h); err != nil {
		return err
	}
	x := in.host(g, h)
	par.For(b.threads, len(x.y), 8192, func(_, lo, hi int) {
		switch loss {
		case Gaussian:
			b.c.Gaussian(x.scores[0][lo:hi], x.y[lo:hi], x.weights(lo, hi), x.g[0][lo:hi], x.h[0][lo:hi])
		case Bernoulli:
			b.c.Bernoulli(x.scores[0][lo:hi], x.y[lo:hi], x.weights(lo, hi), x.g[0][lo:hi], x.h[0][lo:hi])
		default:
			b.multinomial(x, lo, hi)
		}
	})
	return nil
}

// multinomial is gradientChunk.multinomial for rows [lo, hi).
func (b *nativeBackend) multinomial(x *gradientHost, lo, hi int) {
	const block = 512
	var top, sum [block]float64
	share := make([]float64, len(x.scores)*block) // e^(f - top), by class
	for ; lo < hi; lo += block {
		end := min(lo+block, hi)
		n := end - lo
		copy(top[:], x.scores[0][lo:end])
		for _, f := range x.scores[1:] {
			b.c.Largest(f[lo:end], top[:n])
		}
		clear(sum[:])
		w := x.weights(lo, end)
		for k, f := range x.scores {
			b.c.Exponents(f[lo:end], top[:n], share[k*block:][:n], sum[:n])
		}
		for k := range x.scores {
			b.c.Softmax(share[k*block:][:n], sum[:n], x.y[lo:end], w, x.g[k][lo:end], x.h[k][lo:end], float32(k))
		}
	}
}
