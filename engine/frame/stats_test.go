package frame_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/frame"
)

// number is a JSON number or one of the texts that H2O writes for the others.
type number float64

func (x *number) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case `"NaN"`:
		*x = number(nan)
	case `"Infinity"`:
		*x = number(math.Inf(1))
	case `"-Infinity"`:
		*x = number(math.Inf(-1))
	default:
		return json.Unmarshal(b, (*float64)(x))
	}
	return nil
}

// recorded is a column as H2O 3.46.0.12 shows it; testdata/columns.json holds some
// whose data is complete. Left out are those whose extremes are not in the data: H2O
// repeats the extremes of a chunk whose values are all equal.
type recorded struct {
	From, Label, Type string
	Data              []number
	Domain            []string
	Missing           int64    `json:"missing_count"`
	Zeros             int64    `json:"zero_count"`
	PosInf            int64    `json:"positive_infinity_count"`
	NegInf            int64    `json:"negative_infinity_count"`
	Mins, Maxs        []number // five each
	Mean, Sigma       number
	Bins              any    `json:"histogram_bins"` // "cut": too many to be kept
	Base              number `json:"histogram_base"`
	Stride            number `json:"histogram_stride"`
	Percentiles       []number
}

func (r recorded) column() *frame.Column {
	v := make([]float64, len(r.Data))
	for i, x := range r.Data {
		v[i] = float64(x)
	}
	switch r.Type {
	case "enum":
		codes := make([]int32, len(v))
		for i, x := range v {
			if codes[i] = -1; x == x {
				codes[i] = int32(x)
			}
		}
		return frame.NewCodes(codes, r.Domain)
	case "time":
		ms := make([]int64, len(v))
		for i, x := range v {
			if ms[i] = math.MinInt64; x == x {
				ms[i] = int64(x)
			}
		}
		return frame.NewInts(frame.Time, ms, nil)
	case "real":
		return frame.NewFloats(v)
	}
	return frame.NewReals(v)
}

func near(t *testing.T, want number, got float64, what string) {
	t.Helper()
	if w := float64(want); w != w || math.IsInf(w, 0) || w == 0 {
		assert.Equal(t, fmt.Sprint(math.Abs(w)), fmt.Sprint(math.Abs(got)), what)
		return
	}
	assert.InEpsilon(t, float64(want), got, 1e-12, what)
}

func TestStats_Recorded(t *testing.T) {
	raw, err := os.ReadFile("testdata/columns.json")
	require.NoError(t, err)
	var all []recorded
	require.NoError(t, json.Unmarshal(raw, &all))
	require.NotEmpty(t, all)
	for _, r := range all {
		t.Run(r.From+"/"+r.Label, func(t *testing.T) {
			c := r.column()
			s := c.Stats()
			assert.Equal(t, [4]int64{r.Missing, r.Zeros, r.PosInf, r.NegInf}, [4]int64{s.Missing, s.Zeros, s.PosInf, s.NegInf})
			for i := range s.Mins {
				near(t, r.Mins[i], s.Mins[i], "mins")
				near(t, r.Maxs[i], s.Maxs[i], "maxs")
			}
			if m := float64(r.Mean); m == m {
				assert.InDelta(t, m, s.Mean, 1e-12*(math.Abs(m)+math.Max(s.Sigma, 0)), "mean")
			} else {
				assert.True(t, math.IsNaN(s.Mean), "mean")
			}
			near(t, r.Sigma, s.Sigma, "sigma")
			if r.Type == "int" || r.Type == "real" {
				assert.Equal(t, r.Type == "int", s.Whole)
			}
			if r.Bins == nil {
				return
			}
			h := c.Summary()
			near(t, r.Base, h.Base, "base")
			near(t, r.Stride, h.Stride, "stride")
			for i, p := range h.Percentiles {
				near(t, r.Percentiles[i], p, "percentile")
			}
			if bins, ok := r.Bins.([]any); ok {
				require.Len(t, h.Bins, len(bins))
				for i, n := range bins {
					assert.EqualValues(t, n, h.Bins[i])
				}
			}
		})
	}
}

// naive computes the statistics of finite values the long way.
func naive(v []float64) (mean, sigma float64, mins, maxs [5]float64, missing int64) {
	var kept []float64
	for _, x := range v {
		switch {
		case x != x:
			missing++
		case !math.IsInf(x, 0):
			kept = append(kept, x)
		}
	}
	slices.Sort(kept)
	for i := range mins {
		mins[i], maxs[i] = nan, nan
		if i < len(kept) {
			mins[i], maxs[i] = kept[i], kept[len(kept)-1-i]
		}
	}
	if len(kept) < 2 {
		for _, x := range kept {
			mean = x
		}
		return mean, 0, mins, maxs, missing
	}
	sum, squares := new(big.Float).SetPrec(300), new(big.Float).SetPrec(300)
	for _, x := range kept {
		sum.Add(sum, big.NewFloat(x))
		squares.Add(squares, new(big.Float).SetPrec(300).Mul(big.NewFloat(x), big.NewFloat(x)))
	}
	n := new(big.Float).SetInt64(int64(len(kept)))
	mean, _ = new(big.Float).Quo(sum, n).Float64()
	squares.Sub(squares, sum.Quo(sum.Mul(sum, sum), n)) // exact enough at 300 bits
	m2, _ := squares.Float64()
	return mean, math.Sqrt(m2 / float64(len(kept)-1)), mins, maxs, missing
}

func TestStats_Naive(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 2))
	for _, tc := range []struct {
		name string
		f    func(i int) float64
	}{
		{"normal", func(int) float64 { return r.NormFloat64() }},
		{"far from zero", func(int) float64 { return 1e9 + r.Float64() }},
		{"ascending", func(i int) float64 { return float64(i) }},
		{"descending", func(i int) float64 { return 0 - float64(i) }},
		{"jumps", func(i int) float64 { return 1e12*float64(i/5000%2) + float64(i%3) }},
		{"one outlier first", func(i int) float64 { return 1e10*float64(1-min(i, 1)) + r.Float64() }},
		{"constant", func(int) float64 { return -3.25 }},
		{"missing", func(i int) float64 {
			if r.IntN(3) == 0 {
				return nan
			}
			return r.Float64()
		}},
		{"whole", func(i int) float64 { return float64(r.IntN(5)) }},
		{"whole and missing", func(i int) float64 {
			if i%2 == 0 {
				return nan
			}
			return float64(r.IntN(100) - 50)
		}},
		{"infinite", func(i int) float64 {
			switch i % 10 {
			case 3:
				return math.Inf(1)
			case 4:
				return math.Inf(-1)
			}
			return float64(i)
		}},
		{"huge", func(i int) float64 { return 1e150 * float64(i%7) }},
	} {
		for _, n := range []int{2, 3, 31, 2047, 2049, 5000, 270001} {
			v := make([]float64, n)
			var zeros, pos, neg int64
			for i := range v {
				v[i] = tc.f(i)
				switch {
				case v[i] == 0:
					zeros++
				case math.IsInf(v[i], 1):
					pos++
				case math.IsInf(v[i], -1):
					neg++
				}
			}
			mean, sigma, mins, maxs, missing := naive(v)
			for _, c := range []*frame.Column{frame.NewFloats(slices.Clone(v)), frame.NewReals(slices.Clone(v))} {
				what := fmt.Sprintf("%s, %d rows, %d", tc.name, n, c.DType())
				s := c.Stats()
				assert.InDelta(t, mean, s.Mean, 1e-11*(math.Abs(mean)+sigma), what)
				assert.InDelta(t, sigma, s.Sigma, 1e-11*sigma+1e-18*math.Abs(mean), what)
				assert.Equal(t, fmt.Sprint(mins, maxs, mins[0], maxs[0]), fmt.Sprint(s.Mins, s.Maxs, s.Min, s.Max), what)
				assert.Equal(t, [4]int64{missing, zeros + pos + neg, pos, neg}, [4]int64{s.Missing, s.Zeros, s.PosInf, s.NegInf}, what)
			}
		}
	}
}

func TestStats_SameAtAnyThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	read := func() string {
		f := mixed(t, 300_000, 0.1, 12)
		out := fmt.Sprint(f.Checksum())
		for i := range f.NumCols() {
			out += fmt.Sprintf("%+v %+v\n", *f.Column(i).Stats(), f.Column(i).Summary())
		}
		return out
	}
	one := read()
	runtime.GOMAXPROCS(3)
	assert.Equal(t, one, read())
}

func TestStats_Enum(t *testing.T) {
	s := frame.NewCodes([]int32{2, -1, 0, 2, 2}, []string{"a", "b", "c"}).Stats()
	assert.Equal(t, []int64{1, 0, 3}, s.Counts)
	assert.Equal(t, 2, s.NumLevels)
	assert.True(t, math.IsNaN(s.Mean) && math.IsNaN(s.Sigma))
	s = frame.NewCodes([]int32{1, 0, 1, 1}, []string{"a", "b"}).Stats()
	assert.InDelta(t, 0.75, s.Mean, 1e-15)
	assert.InDelta(t, 0.5, s.Sigma, 1e-15)
}

func TestStats_TextAndUUID(t *testing.T) {
	lost := func(i int) bool { return i == 1 }
	s := frame.NewStrings([]string{"", "x", "0"}, lost).Stats()
	assert.Equal(t, [2]int64{1, 0}, [2]int64{s.Missing, s.Zeros})
	assert.True(t, math.IsNaN(s.Mean) && math.IsNaN(s.Mins[0]) && !s.Whole)
	s = frame.NewUUIDs([][16]byte{{}, {}, {1}}, lost).Stats()
	assert.Equal(t, [2]int64{1, 1}, [2]int64{s.Missing, s.Zeros})
}

func TestSummary(t *testing.T) {
	h := frame.NewConst(4, 3).Summary()
	assert.Equal(t, []int64{3}, h.Bins)
	assert.Equal(t, 4.0, h.Base)
	assert.True(t, math.IsNaN(h.Percentiles[8]))

	v := make([]float64, 100001)
	for i := range v {
		v[i] = float64(i) / 100
	}
	v[7] = math.Inf(1)
	h = frame.NewFloats(v).Summary()
	assert.Len(t, h.Bins, 1000)
	total := int64(0)
	for _, n := range h.Bins {
		total += n
	}
	assert.EqualValues(t, 100000, total)
	for i, p := range frame.Probabilities {
		assert.InDelta(t, 1000*p, h.Percentiles[i], h.Stride)
	}

	h = frame.NewCodes([]int32{1, 3, 3, -1}, levels(9)).Summary()
	assert.Equal(t, []int64{1, 0, 2}, h.Bins)
	assert.Equal(t, [2]float64{1, 1}, [2]float64{h.Base, h.Stride})
}

func BenchmarkStats(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	const n = 1 << 20
	reals, ints := make([]float64, n), make([]int32, n)
	for i := range reals {
		reals[i], ints[i] = r.NormFloat64(), int32(r.IntN(1e6))
	}
	run := func(name string, column func() *frame.Column) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				column().Stats()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/value")
		})
	}
	run("dtype=f64", func() *frame.Column { return frame.NewFloats(reals) })
	run("dtype=i32", func() *frame.Column { return frame.NewInts(frame.Int, ints, nil) })
}
