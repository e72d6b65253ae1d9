package kernels

import (
	"math"
	"testing"
)

// A rule of n points is exact up to degree 2n-1, and no further.
func TestLegendre(t *testing.T) {
	for n := 1; n <= 40; n++ {
		at, weight := Legendre(n)
		moment := func(degree int) float64 {
			sum := 0.0
			for q, s := range at {
				sum += weight[q] * math.Pow(s, float64(degree))
			}
			return sum
		}
		for degree := range 2 * n {
			if got, want := moment(degree), 1/float64(degree+1); math.Abs(got-want) > 1e-13*want*float64(n) {
				t.Errorf("%d points, degree %d: %v, want %v", n, degree, got, want)
			}
		}
		if got, want := moment(2*n), 1/float64(2*n+1); n < 10 && math.Abs(got-want) < 1e-13 {
			t.Errorf("%d points are exact for degree %d", n, 2*n)
		}
	}
}
