//go:build cuda

package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// typedColumn makes a column of one of all types that columns can have, with missing
// values and the extremes of its type.
func typedColumn(r *rand.Rand, n, kind int) Column {
	floats := func() []float64 {
		odd := []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, math.Copysign(0, -1), math.MaxFloat64, -math.MaxFloat64, 5e-324, math.MaxFloat32, 1e-45}
		v := make([]float64, n)
		for i := range v {
			if v[i] = r.NormFloat64(); r.IntN(8) == 0 {
				v[i] = odd[r.IntN(len(odd))]
			}
		}
		return v
	}
	switch kind {
	case 0:
		return Column{Values: wholes[int8](r, n, math.MinInt8, 1<<8)}
	case 1:
		return Column{Values: wholes[int16](r, n, math.MinInt16, 1<<16)}
	case 2:
		return Column{Values: wholes[int32](r, n, math.MinInt32, 1<<32)}
	case 3:
		return Column{Values: wholes[int64](r, n, math.MinInt64, math.MaxInt64)}
	case 4:
		v := make([]float32, n)
		for i, x := range floats() {
			v[i] = float32(x)
		}
		return Column{Values: v}
	case 5:
		return Column{Values: floats()}
	case 6:
		return Column{Values: wholes[int8](r, n, -1, 8), Levels: 5}
	case 7:
		return Column{Values: wholes[int16](r, n, -1, 900), Levels: 800}
	case 8:
		return Column{Values: wholes[int32](r, n, -2, 70000), Levels: 69000}
	case 9:
		return Column{Values: wholes[int64](r, n, -1, 300), Levels: 255}
	case 10:
		return Column{}
	case 11:
		return Column{Values: wholes[int16](r, n, -1, 257), Levels: 256} // one more than fit into a byte
	case 12: // what is not a code is missing
		odd := []float64{math.NaN(), -0.5, -1, -1.5, 6.5, 7, math.Inf(1), math.Inf(-1), math.Copysign(0, -1)}
		v := make([]float64, n)
		for i := range v {
			if v[i] = float64(r.IntN(7)); r.IntN(3) == 0 {
				v[i] = odd[r.IntN(len(odd))]
			}
		}
		return Column{Values: v, Levels: 7}
	}
	return Column{Values: make([]int16, n)} // one value, none missing
}

// wholes are whole numbers from least up to span above it, least itself often.
func wholes[T int8 | int16 | int32 | int64](r *rand.Rand, n int, least, span int64) []T {
	v := make([]T, n)
	for i := range v {
		switch r.IntN(9) {
		case 0:
			v[i] = T(least)
		case 1:
			v[i] = T(least + span - 1)
		case 2:
			v[i] = T(least + span/2)
		default:
			v[i] = T(least + r.Int64N(span))
		}
	}
	return v
}

// sameBins compares bins of a device with those of the go tier.
func sameBins(t *testing.T, name string, got *cudaBins, want *goBins) {
	t.Helper()
	home, err := got.home()
	check(t, err)
	if got.Rows() != want.rows || got.Features() != len(want.feats) {
		t.Fatalf("%s: %d rows of %d columns", name, got.Rows(), got.Features())
	}
	for f := range want.feats {
		g, w := &home.feats[f], &want.feats[f]
		if g.bins != w.bins || g.levels != w.levels || g.missing != w.missing || !slices.Equal(g.cuts, w.cuts) {
			t.Fatalf("%s, column %d: %d bins, %d levels, missing %v; want %d, %d, %v", name, f, g.bins, g.levels, g.missing, w.bins, w.levels, w.missing)
		}
		if !slices.Equal(g.narrow, w.narrow) || !slices.Equal(g.wide, w.wide) {
			t.Fatalf("%s, column %d: bins differ", name, f)
		}
	}
}

// Bins of a device are those of the go tier: columns of all types, in chunks of any size.
func TestQuantizeDevice(t *testing.T) {
	b := openShared(t)
	before := b.job.device.liveBytes()
	r := rand.New(rand.NewPCG(41, 42))
	for _, n := range []int{0, 1, 31, 32, 33, 1000, 70001} {
		for _, columns := range []int{1, 3, 4, 5, 12, 40} {
			if n > 1000 && columns != 12 {
				continue
			}
			first := r.IntN(14)
			column := func(f int) int { return (first + f) % 14 }
			var train, valid []Column
			for f := range columns {
				train = append(train, typedColumn(r, n, column(f)))
				v := typedColumn(r, n/2+1, column(f))
				if v.Levels > 0 {
					v.Levels += 3
				}
				valid = append(valid, v)
			}
			for i, opt := range []BinOptions{{}, {Histogram: Uniform}, {Bins: 255, CatBins: 255}, {Bins: 3000, CatBins: 65535}, {Histogram: Uniform, Bins: 700, CatBins: 7}} {
				if n > 1000 && i%2 == 0 {
					continue
				}
				name := fmt.Sprintf("%d rows of %d columns, %+v", n, columns, opt)
				want, err := newGo(2).Quantize(train, opt)
				check(t, err)
				got, err := b.Quantize(train, opt)
				check(t, err)
				sameBins(t, name, got.(*cudaBins), want.(*goBins))
				wantLike, err := newGo(2).QuantizeLike(want, valid)
				check(t, err)
				gotLike, err := b.QuantizeLike(got, valid)
				check(t, err)
				sameBins(t, name+", valid", gotLike.(*cudaBins), wantLike.(*goBins))
				// Cuts of another tier, and little room for raw values.
				rows, feats, err := cutLike(want, train)
				check(t, err)
				small, err := makeBins(b.job, rows, feats, train, max(8, 8*n/3))
				check(t, err)
				sameBins(t, name+", in chunks", small.(*cudaBins), want.(*goBins))
				if n > 0 && got.SizeBytes() < int64(n*columns) {
					t.Errorf("%s: %d bytes", name, got.SizeBytes())
				}
				for _, c := range []Bins{got, gotLike, small} {
					c.Close()
				}
			}
		}
	}
	if after := b.job.device.liveBytes(); after != before {
		t.Errorf("%d bytes stay", after-before)
	}
}

// Bins that cannot be made leave nothing behind.
func TestQuantizeDevice_Fails(t *testing.T) {
	b := openShared(t)
	before := b.job.device.liveBytes()
	for name, cols := range map[string][]Column{
		"two lengths": {{Values: []float64{1}}, {Values: []float64{1, 2}}},
		"text":        {{Values: []string{"a"}}},
	} {
		_, want := newGo(1).Quantize(cols, BinOptions{})
		if _, err := b.Quantize(cols, BinOptions{}); err == nil || err.Error() != want.Error() {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	bins, err := b.Quantize([]Column{{Values: []float64{1, 2}}}, BinOptions{})
	check(t, err)
	cat := []Column{{Values: []int8{0, 1}, Levels: 2}}
	_, want := newGo(1).QuantizeLike(bins, cat)
	if _, err := b.QuantizeLike(bins, cat); err == nil || err.Error() != want.Error() {
		t.Errorf("levels for a number: %v, want %v", err, want)
	}
	bins.Close()
	bins.Close()
	closed, err := Open(b.Name(), 1)
	check(t, err)
	check(t, closed.Close())
	if _, err := closed.Quantize(cat, BinOptions{}); err == nil {
		t.Error("bins of a backend that is closed")
	}
	if after := b.job.device.liveBytes(); after != before {
		t.Errorf("%d bytes stay", after-before)
	}
}
