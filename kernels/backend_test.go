package kernels

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestBackend runs the whole contract on each tier that is present.
func TestBackend(t *testing.T) {
	for _, threads := range []int{1, 2, 7} {
		for _, b := range everyTier(t, threads) {
			if threads == 2 || b.Name() == "go" {
				t.Run(fmt.Sprintf("%s/threads=%d", b.Name(), threads), func(t *testing.T) { testBackend(t, b) })
			}
		}
	}
}

// wantedTiers is what WANT_TIERS lists: "go,native,cuda". These must be here, and no
// others are tested. Empty means those that are here.
func wantedTiers() []string {
	return strings.FieldsFunc(os.Getenv("WANT_TIERS"), func(r rune) bool { return r == ',' })
}

// everyTier returns the tiers that are present, the reference first.
func everyTier(t testing.TB, threads int) (out []Backend) {
	for _, name := range []string{"go", "native:generic", "native:avx2", "native:avx512", "cuda:0"} {
		tier, _, _ := strings.Cut(name, ":")
		if want := wantedTiers(); len(want) > 0 && !slices.Contains(want, tier) {
			continue
		}
		b, err := Open(name, threads)
		if errors.Is(err, ErrUnavailable) {
			t.Log(err)
			continue
		}
		check(t, err)
		out = append(out, b)
	}
	if len(out) == 0 {
		t.Fatal("no tier is tested")
	}
	return out
}

// testBackend is the contract of a tier: every operation against its naive twin.
func testBackend(t *testing.T, b Backend) {
	t.Run("Quantize", func(t *testing.T) { testQuantize(t, b) })
	t.Run("QuantizeLike", func(t *testing.T) { testQuantizeLike(t, b) })
	t.Run("Gradients", func(t *testing.T) { testGradients(t, b) })
	t.Run("Dense", func(t *testing.T) { testDense(t, b) })
	t.Run("Grower", func(t *testing.T) { testGrower(t, b) })
	t.Run("Leaves", func(t *testing.T) { testLeaves(t, b) })
	t.Run("Predict", func(t *testing.T) { testPredict(t, b) })
	t.Run("PredictValues", func(t *testing.T) { testPredictValues(t, b) })
	t.Run("Errors", func(t *testing.T) { testErrors(t, b) })
	check(t, b.Close())
}

// TestTiersPresent: a tier that is missing by accident would make the tests above pass for
// nothing.
func TestTiersPresent(t *testing.T) {
	for _, want := range wantedTiers() {
		b, err := Open(want, 1)
		if err != nil {
			t.Error(err)
			continue
		}
		check(t, b.Close())
	}
}

func TestOpen(t *testing.T) {
	b, err := Open("go", 3)
	check(t, err)
	if b.Name() != "go" {
		t.Errorf("name %q", b.Name())
	}
	for _, name := range []string{"abacus", "cuda:99", "cuda:-1", "cuda:x", "native:mmx"} {
		if _, err := Open(name, 0); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), name) {
			t.Errorf("tier %s: %v", name, err)
		}
	}
	best, err := Open("auto", 0)
	check(t, err)
	for _, tier := range Tiers() {
		_, err := Open(tier.Name, 0)
		if tier.Available != (err == nil) || tier.Detail == "" {
			t.Errorf("tier %+v opens with %v", tier, err)
		}
		if tier.Available && !strings.HasPrefix(best.Name(), tier.Name) {
			t.Errorf("auto is %s, the best tier %s", best.Name(), tier.Name)
		}
		if tier.Available {
			break
		}
	}
}

// binsOf returns the bins of all rows of a column.
func binsOf(b Bins, f int) []int {
	if d, ok := b.(interface{ home() (*goBins, error) }); ok { // on a device
		g, err := d.home()
		if err != nil {
			panic(err)
		}
		b = g
	}
	g := b.(*goBins)
	out := make([]int, g.rows)
	for r := range out {
		out[r] = g.bin(f, r)
		if g.data == nil {
			continue
		}
		word, shift, wide := g.at(f)
		v := g.data[r*len(g.words)+word] >> shift
		if wide && int(uint16(v)) != out[r] || !wide && int(uint8(v)) != out[r] {
			panic("rows and columns of the bins differ")
		}
	}
	return out
}

// naiveBin is the contract of bins: the first whose upper bound is not below v.
func naiveBin(cuts []float64, v float64) int {
	if math.IsNaN(v) {
		return 0
	}
	for i, c := range cuts {
		if v <= c {
			return i + 1
		}
	}
	return len(cuts) + 1
}

// naiveQuantiles closes a bin when it has its share of the rows that are left.
func naiveQuantiles(v []float64, bins int) []float64 {
	s := slices.DeleteFunc(slices.Clone(v), func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) })
	slices.Sort(s)
	distinct := len(slices.Compact(slices.Clone(s)))
	var cuts []float64
	in, rest := 0, len(s)
	for i := 0; i+1 < len(s) && len(cuts) < bins-1; i++ {
		in++
		share := float64(rest) / float64(bins-len(cuts))
		if s[i] != s[i+1] && (distinct <= bins || float64(in) >= share) {
			cut := s[i]/2 + s[i+1]/2
			if cut < s[i] || cut >= s[i+1] {
				cut = s[i]
			}
			cuts, rest, in = append(cuts, cut), rest-in, 0
		}
	}
	return cuts
}

func testQuantize(t *testing.T, b Backend) {
	r := rand.New(rand.NewPCG(3, 4))
	inf, nan := math.Inf(1), math.NaN()
	fill := func(n int, f func(i int) float64) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = f(i)
		}
		return v
	}
	cases := []struct {
		name string
		v    []float64
		opt  BinOptions
		want int // bins, missing included; 0 to leave open
	}{
		{"no rows", nil, BinOptions{}, 2},
		{"one row", []float64{5}, BinOptions{}, 2},
		{"one bin", fill(31, func(int) float64 { return 7 }), BinOptions{}, 2},
		{"all missing", fill(32, func(int) float64 { return nan }), BinOptions{}, 2},
		{"only infinite", []float64{inf, -inf, nan}, BinOptions{}, 2},
		{"two zeros", []float64{0, math.Copysign(0, -1), 1}, BinOptions{}, 3},
		{"few values", fill(33, func(i int) float64 { return float64(i % 5) }), BinOptions{Bins: 5}, 6},
		{"huge and tiny", []float64{math.MaxFloat64, -math.MaxFloat64, 5e-324, -5e-324, 0, 1e300, inf, -inf}, BinOptions{}, 7},
		{"neighbours", []float64{1, math.Nextafter(1, 2), math.Nextafter(1, 0)}, BinOptions{}, 4},
		{"the first is missing", fill(5000, func(i int) float64 {
			if i == 0 {
				return nan
			}
			return float64(i % 5)
		}), BinOptions{}, 6},
		{"skewed", fill(5000, func(int) float64 { return math.Floor(math.Exp(3 * r.NormFloat64())) }), BinOptions{Bins: 16}, 0},
		{"normal", fill(5000, func(int) float64 { return r.NormFloat64() }), BinOptions{Bins: 254}, 255},
		{"a byte is full", fill(5000, func(int) float64 { return r.NormFloat64() }), BinOptions{Bins: 255}, 256},
		{"two bytes", fill(5000, func(int) float64 { return r.NormFloat64() }), BinOptions{Bins: 1000}, 1001},
		{"one bin asked", fill(50, func(int) float64 { return r.Float64() }), BinOptions{Bins: 1}, 2},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			bins, err := b.Quantize([]Column{{Values: c.v}}, c.opt)
			check(t, err)
			bound := c.opt.Bins
			if bound == 0 {
				bound = defaultBins
			}
			if got, want := bins.Cuts(0), naiveQuantiles(c.v, bound); !slices.Equal(got, want) {
				t.Fatalf("cuts %v, want %v", got, want)
			}
			if c.want > 0 && bins.NumBins(0) != c.want {
				t.Errorf("%d bins, want %d", bins.NumBins(0), c.want)
			}
			testBinsOf(t, bins, 0, c.v)
		})
	}
	t.Run("many rows", func(t *testing.T) {
		v := fill(250001, func(i int) float64 { return float64(i) })
		bins, err := b.Quantize([]Column{{Values: v}}, BinOptions{Bins: 10})
		check(t, err)
		testBinsOf(t, bins, 0, v)
		count := make([]int, 11)
		for _, x := range binsOf(bins, 0) {
			count[x]++
		}
		for i, n := range count[1:] {
			if n < 24900 || n > 25100 {
				t.Errorf("bin %d has %d rows", i+1, n)
			}
		}
	})
	t.Run("uniform", func(t *testing.T) {
		v := fill(1000, func(i int) float64 { return float64(i * i) })
		bins, err := b.Quantize([]Column{{Values: v}, {Values: []int32{0}, Levels: 0}}[:1], BinOptions{Histogram: Uniform, Bins: 20})
		check(t, err)
		for i, c := range bins.Cuts(0) {
			if want := float64(i+1) / 20 * 999 * 999; math.Abs(c-want) > 1e-6 {
				t.Errorf("cut %d at %v, want %v", i, c, want)
			}
		}
		testBinsOf(t, bins, 0, v)
		bins, err = b.Quantize([]Column{{Values: []int8{-3, 2, math.MinInt8, 0}}}, BinOptions{Histogram: Uniform})
		check(t, err)
		if got := binsOf(bins, 0); !slices.Equal(got, []int{1, 6, 0, 4}) || bins.NumBins(0) != 7 {
			t.Errorf("whole numbers in bins %v of %d", got, bins.NumBins(0))
		}
	})
	t.Run("types", func(t *testing.T) {
		cols := []Column{
			{Values: []int8{1, math.MinInt8, 3}}, {Values: []int16{1, math.MinInt16, 3}}, {Values: []int32{1, math.MinInt32, 3}},
			{Values: []int64{1, math.MinInt64, 3}}, {Values: []float32{1, float32(nan), 3}}, {Values: []float64{1, nan, 3}},
			{Values: []int8{0, -1, 1}, Levels: 2}, {Values: []int32{0, -1, 1}, Levels: 2}, {Values: []int16{0, 9, 1}, Levels: 2},
		}
		bins, err := b.Quantize(append(cols, Column{}), BinOptions{})
		check(t, err)
		for f := range cols {
			if got := binsOf(bins, f); !slices.Equal(got, []int{1, 0, 2}) || !bins.HasMissing(f) {
				t.Errorf("column %d: bins %v, missing %v", f, got, bins.HasMissing(f))
			}
		}
		if f := len(cols); bins.NumBins(f) != 2 || !slices.Equal(binsOf(bins, f), []int{0, 0, 0}) {
			t.Errorf("column without values: %d bins", bins.NumBins(f))
		}
	})
	t.Run("levels share bins", func(t *testing.T) {
		v := make([]int16, 300)
		for i := range v {
			v[i] = int16(i)
		}
		bins, err := b.Quantize([]Column{{Values: v, Levels: 300}, {Values: v, Levels: 300}}, BinOptions{CatBins: 100})
		check(t, err)
		for i, got := range binsOf(bins, 0) {
			if got != i/3+1 || bins.BinOf(0, i) != got {
				t.Fatalf("level %d in bin %d", i, got)
			}
		}
		if bins.NumBins(0) != 101 || bins.Levels(0) != 300 || bins.BinOf(0, 300) != 0 || bins.BinOf(0, -1) != 0 {
			t.Errorf("%d bins of %d levels", bins.NumBins(0), bins.Levels(0))
		}
	})
}

func testBinsOf(t *testing.T, bins Bins, f int, v []float64) {
	t.Helper()
	missing := false
	for i, got := range binsOf(bins, f) {
		if want := naiveBin(bins.Cuts(f), v[i]); got != want {
			t.Fatalf("row %d: %v in bin %d, want %d", i, v[i], got, want)
		}
		missing = missing || got == 0
	}
	if bins.HasMissing(f) != missing {
		t.Errorf("missing %v, want %v", bins.HasMissing(f), missing)
	}
}

func testQuantizeLike(t *testing.T, b Backend) {
	train, err := b.Quantize([]Column{{Values: []float64{1, 2, 3}}, {Values: []int8{0, 1, 2}, Levels: 3}}, BinOptions{})
	check(t, err)
	v := []float64{-9, 2.4, 2.6, math.NaN(), math.Inf(1)}
	valid, err := b.QuantizeLike(train, []Column{{Values: v}, {Values: []int16{2, 3, -1, 1, 0}, Levels: 5}})
	check(t, err)
	testBinsOf(t, valid, 0, v)
	if got := binsOf(valid, 1); !slices.Equal(got, []int{3, 0, 0, 2, 1}) || valid.Levels(1) != 3 {
		t.Errorf("codes in bins %v", got)
	}
}

func testErrors(t *testing.T, b Backend) {
	fails := func(name string, err error) {
		t.Helper()
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	_, err := b.Quantize([]Column{{Values: []float64{1}}, {Values: []float64{1, 2}}}, BinOptions{})
	fails("columns of two lengths", err)
	_, err = b.Quantize([]Column{{Values: []string{"a"}}}, BinOptions{})
	fails("text", err)
	_, err = b.Quantize(nil, BinOptions{Bins: 65536})
	fails("too many bins", err)
	bins, err := b.Quantize([]Column{{Values: []float64{1, 2}}}, BinOptions{})
	check(t, err)
	_, err = b.QuantizeLike(bins, nil)
	fails("columns missing", err)
	_, err = b.NewGrower(bins, GrowerConfig{Weights: NewBuffer([]float32{1, -1})})
	fails("negative weight", err)
	_, err = b.NewGrower(bins, GrowerConfig{Weights: NewBuffer([]float32{1})})
	fails("one weight", err)
	g, err := b.NewGrower(bins, GrowerConfig{MaxDepth: 1})
	check(t, err)
	one := NewBuffer([]float32{1, 1})
	_, err = g.Begin(TreeInput{G: NewBuffer([]float32{1, float32(math.NaN())}), H: one})
	fails("derivative not finite", err)
	_, err = g.Begin(TreeInput{G: NewBuffer([]float32{1}), H: one})
	fails("derivatives of one row", err)
	_, err = g.Begin(TreeInput{G: one, H: one, Features: []int32{1}})
	fails("no such feature", err)
	root, err := g.Begin(TreeInput{G: one, H: one})
	check(t, err)
	_, err = g.Level([]Node{{ID: 5}})
	fails("no such node", err)
	_, err = g.Apply([]Split{{Node: root.ID, Feature: 0, Bin: 1}})
	fails("split that Level did not give", err)
	fails("leaf that is none", g.Leaves([]LeafValue{{Node: 3}}, MakeBuffer[float64](2), AllRows))
	fails("scores of one row", g.Leaves(nil, MakeBuffer[float64](1), AllRows))
	f := Forest{Roots: []int32{0}, Class: []int32{0}, Left: []int32{-1}, Value: []float32{1}}
	fails("no such tree", b.Predict(&f, nil, 0, 1, 0, 2, [][]float64{{0}}))
	var narrow Forest
	stump(&narrow, 3, 0, 0, nil, 0)
	fails("column missing", b.Predict(&narrow, []Column{{Values: []float64{1}}}, 0, 1, 0, 1, [][]float64{{0}}))
	f.Class[0] = 1
	fails("class missing", b.Predict(&f, nil, 0, 1, 0, 1, [][]float64{{0}}))
	f.Class[0] = 0
	fails("no room", b.Predict(&f, nil, 0, 2, 0, 1, [][]float64{{0}}))
	ones := []*Buffer[float32]{one}
	fails("unknown loss", b.Gradients(99, GradientInput{Y: one, Scores: []*Buffer[float64]{MakeBuffer[float64](2)}}, ones, ones))
	fails("derivatives of another class", b.Gradients(Multinomial, GradientInput{Y: one, Scores: []*Buffer[float64]{MakeBuffer[float64](2), MakeBuffer[float64](2)}}, ones, ones))
}
