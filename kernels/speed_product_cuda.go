//go:build cuda

package kernels

import (
	"fmt"
	"math"
	"time"

	"gorgonia.org/cu"
)

// measureProduct is MeasureProduct.
func measureProduct(name string, p Product, rows, inner, cols int) (took time.Duration, err error) {
	d, err := namedDevice(name)
	if err != nil {
		return 0, err
	}
	size := int64(8)
	switch p {
	case SinglePrecision:
		size = 4
	case DoublePrecision:
	case Gram:
		cols = rows
	default:
		return 0, fmt.Errorf("product %q: want %s, %s or %s", p, SinglePrecision, DoublePrecision, Gram)
	}
	if min(rows, inner, cols) < 1 || max(rows, inner, cols) > math.MaxInt32 {
		return 0, fmt.Errorf("product of %d x %d by %d x %d values: want 1 to %d", rows, inner, inner, cols, math.MaxInt32)
	}
	return took, d.run(nil, func(s *scope) {
		blas := d.blas.open(d)
		if blas == nil {
			s.note(fmt.Errorf("%w: %w", ErrUnavailable, d.blas.why))
			return
		}
		m, k, n := int32(rows), int32(inner), int32(cols)
		a, c := s.scattered(size*int64(rows)*int64(inner), size), s.alloc(size*int64(rows)*int64(cols))
		b := a
		if p != Gram {
			b = s.scattered(size*int64(inner)*int64(cols), size)
		}
		took = s.fastest(2, func() {
			if s.err != nil {
				return
			}
			switch p {
			case SinglePrecision:
				s.note(blas.Sgemm(false, false, n, m, k, uintptr(b), n, uintptr(a), k, uintptr(c), n))
			case DoublePrecision:
				s.note(blas.Dgemm(false, false, n, m, k, uintptr(b), n, uintptr(a), k, uintptr(c), n))
			case Gram:
				s.note(blas.Dsyrk(false, m, k, uintptr(a), m, uintptr(c), m))
			}
			s.pending = "cublas " + string(p)
		})
	})
}

// scattered returns memory full of numbers between -1 and 1, of 4 or 8 bytes each.
// Why: multiplying zeros is faster.
func (s *scope) scattered(bytes, size int64) cu.DevicePtr {
	const block = 1 << 22
	p := s.alloc(bytes)
	n := min(bytes, block)
	if size == 4 {
		v := make([]float32, n/4)
		for i := range v {
			v[i] = float32(math.Sin(float64(i)))
		}
		uploadTo(s, p, v)
	} else {
		v := make([]float64, n/8)
		for i := range v {
			v[i] = math.Sin(float64(i))
		}
		uploadTo(s, p, v)
	}
	for at := n; at < bytes; at += n {
		s.copy(p+cu.DevicePtr(at), p, min(n, bytes-at))
	}
	return p
}
