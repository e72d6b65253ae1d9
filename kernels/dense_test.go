package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// naiveActivation is the formula by the library's functions, and how much of a
// difference of s it lets through at most.
func naiveActivation(a Activation, s float64) (v, slope float64) {
	switch a {
	case Rectifier:
		return max(0, s), 1
	case Tanh:
		return math.Tanh(s), 1
	case Sigmoid:
		return 1 / (1 + math.Exp(-s)), 0.25
	}
	return s, 1
}

// naiveDense is a layer in float64 and the bound of its error.
func naiveDense(in DenseInput) (out, bound []float64) {
	at := func(v []float32, rows, cols, r, c int, turned bool) float64 {
		if turned {
			return float64(v[c*rows+r])
		}
		return float64(v[r*cols+c])
	}
	a, b := in.A.Host(), in.B.Host()
	for r := range in.Rows {
		for c := range in.Cols {
			sum, size := 0.0, 0.0
			if in.Bias != nil {
				sum = float64(in.Bias.Host()[c])
				size = math.Abs(sum)
			}
			for l := range in.Inner {
				p := at(a, in.Rows, in.Inner, r, l, in.TurnA) * at(b, in.Inner, in.Cols, l, c, in.TurnB)
				sum, size = sum+p, size+math.Abs(p)
			}
			v, slope := naiveActivation(in.Activation, sum)
			out = append(out, v)
			bound = append(bound, slope*float64(in.Inner)*0x1p-23*size+math.Abs(v)*0x1.0001p-24+0x1p-149)
		}
	}
	return out, bound
}

// randomFloats returns a buffer of n numbers of both signs and several sizes, some 0.
func randomFloats(r *rand.Rand, n int) *Buffer[float32] {
	v := make([]float32, n)
	for i := range v {
		if r.IntN(10) > 0 {
			v[i] = float32(r.NormFloat64() * math.Exp(r.NormFloat64()))
		}
	}
	return NewBuffer(v)
}

func randomLayer(r *rand.Rand, rows, inner, cols int) DenseInput {
	return DenseInput{Rows: rows, Inner: inner, Cols: cols,
		A: randomFloats(r, rows*inner), B: randomFloats(r, inner*cols), Bias: randomFloats(r, cols), Out: randomFloats(r, rows*cols)}
}

// testLayer compares one layer with its naive twin.
func testLayer(t *testing.T, b Backend, in DenseInput) {
	t.Helper()
	check(t, b.Dense(in))
	want, bound := naiveDense(in)
	for j, got := range in.Out.Host() {
		if d := math.Abs(float64(got) - want[j]); !(d <= bound[j]) {
			t.Fatalf("turned %v %v, activation %d: value %d is %v, want %v: off by %g, bound %g", in.TurnA, in.TurnB, in.Activation, j, got, want[j], d, bound[j])
		}
	}
}

func testDense(t *testing.T, b Backend) {
	r := rand.New(rand.NewPCG(21, 22))
	shapes := [][3]int{{0, 0, 0}, {0, 3, 2}, {3, 2, 0}, {3, 0, 5}, {300, 0, 300}, {1, 1, 1}, {1, 300, 1}, {2, 1, 3}, {6, 16, 16}, {7, 17, 17},
		{5, 257, 15}, {13, 31, 257}, {97, 11, 19}, {101, 53, 67}, {64, 64, 64}, {65, 16, 129}, {193, 7, 3}, {1, 5, 521}, {521, 3, 1}, {33, 521, 34}}
	for i, shape := range shapes {
		t.Run(fmt.Sprint(shape), func(t *testing.T) {
			for turn := range 4 {
				in := randomLayer(r, shape[0], shape[1], shape[2])
				in.TurnA, in.TurnB, in.Activation = turn&1 > 0, turn&2 > 0, Activation((i+turn)%4)
				if (i+turn)%3 == 0 {
					in.Bias = nil
				}
				testLayer(t, b, in)
			}
		})
	}
	t.Run("Activation", func(t *testing.T) { testActivation(t, b) })
	t.Run("Errors", func(t *testing.T) { testDenseErrors(t, b) })
}

// Without products a layer is the activation of its bias, the same to the bit.
func testActivation(t *testing.T, b Backend) {
	r := rand.New(rand.NewPCG(23, 24))
	inf := float32(math.Inf(1))
	s := []float32{0, float32(math.Copysign(0, -1)), 1e-45, -1e-45, 1e-30, 0.0625, -0.0625, math.Nextafter32(0.0625, 0), 1, -1, 17, -17, 88, -104, 708, -709, math.MaxFloat32, -math.MaxFloat32, inf, -inf, float32(math.NaN())}
	for range 3000 {
		s = append(s, float32(r.NormFloat64()*math.Exp(3*r.NormFloat64())))
	}
	none := NewBuffer([]float32{})
	for a := Identity; a <= Sigmoid; a++ {
		out := MakeBuffer[float32](len(s))
		check(t, b.Dense(DenseInput{Rows: 1, Cols: len(s), A: none, B: none, Bias: NewBuffer(s), Out: out, Activation: a}))
		want := slices.Clone(s)
		a.apply(want)
		for i, got := range out.Host() {
			same := math.Float32bits(got) == math.Float32bits(want[i]) || got != got && want[i] != want[i]
			v, _ := naiveActivation(a, float64(s[i]))
			near := math.Abs(float64(got)-v) <= math.Abs(v)*0x1.0001p-24+0x1p-150 || float64(got) == v || got != got && v != v
			if !same || !near {
				t.Errorf("activation %d of %v: %v, that of the go tier %v, exact %v", a, s[i], got, want[i], v)
			}
		}
	}
}

func testDenseErrors(t *testing.T, b Backend) {
	r := rand.New(rand.NewPCG(25, 26))
	for want, change := range map[string]func(in *DenseInput){
		"Rows is -1":                  func(in *DenseInput) { in.Rows = -1 },
		"Inner is -2":                 func(in *DenseInput) { in.Inner = -2 },
		"Cols is -3":                  func(in *DenseInput) { in.Cols = -3 },
		"A has 5 values, want 2 x 3":  func(in *DenseInput) { in.A = MakeBuffer[float32](5) },
		"B has 11 values, want 3 x 4": func(in *DenseInput) { in.B = MakeBuffer[float32](11) },
		"Bias has 3 values":           func(in *DenseInput) { in.Bias = MakeBuffer[float32](3) },
		"Out has 9 values":            func(in *DenseInput) { in.Out = MakeBuffer[float32](9) },
		"B is nil":                    func(in *DenseInput) { in.B = nil },
		"Out is nil":                  func(in *DenseInput) { in.Out = nil },
		"A is Out":                    func(in *DenseInput) { in.Inner, in.A, in.B = 4, in.Out, MakeBuffer[float32](16) },
		"Activation 4 has no kernel":  func(in *DenseInput) { in.Activation = 4 },
	} {
		in := randomLayer(r, 2, 3, 4)
		change(&in)
		if err := b.Dense(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// A tier gives the same bits at any number of threads.
func TestDense_Deterministic(t *testing.T) {
	r := rand.New(rand.NewPCG(27, 28))
	in := randomLayer(r, 211, 521, 307)
	in.Activation = Tanh
	first := map[string][]float32{}
	for _, threads := range []int{1, 2, 7} {
		for _, b := range everyTier(t, threads) {
			in.Out = MakeBuffer[float32](in.Rows * in.Cols)
			check(t, b.Dense(in))
			got := in.Out.Host()
			if first[b.Name()] == nil {
				first[b.Name()] = got
			}
			if !slices.Equal(got, first[b.Name()]) {
				t.Errorf("%s: %d threads give other bits", b.Name(), threads)
			}
			check(t, b.Close())
		}
	}
}
