package rapids

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
)

func eval(t *testing.T, s *Session, ast string) Value {
	t.Helper()
	v, err := s.Eval(context.Background(), ast)
	require.NoError(t, err, ast)
	return v
}

// large is a frame of several chunks with all kinds of column and missing values.
func large(rows int) *frame.Frame {
	r := rand.New(rand.NewPCG(1, 2))
	real, ints, codes, text := make([]float64, rows), make([]int32, rows), make([]int32, rows), make([]string, rows)
	for i := range rows {
		real[i], ints[i], codes[i] = r.NormFloat64()*1e3, int32(r.IntN(1000)-500), int32(r.IntN(4))-1
		if text[i] = fmt.Sprint("t", r.IntN(50)); r.IntN(20) == 0 {
			real[i], ints[i] = math.NaN(), math.MinInt32
		}
	}
	return frame.Must(frame.New([]string{"x", "i", "c", "s"}, []*frame.Column{
		frame.NewFloats(real), frame.NewInts(frame.Int, ints, nil), frame.NewEnum(codes, []string{"p", "q", "r"}),
		frame.NewStrings(text, func(i int) bool { return text[i] == "t7" }),
	}))
}

func TestEval_SameAtAnyThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	f := large(140_001)
	exprs := []string{
		"(+ (cols_py f [0 1]) (cols_py f 1))", "(> (cols_py f 0) 3)", "(== (cols_py f 2) 'q')", "(& (cols_py f 0) (cols_py f 1))",
		"(rows f (> (cols_py f 0) 10))", "(na.omit f)", "(as.factor f)", "(as.numeric f)", "(as.character f)", "(h2o.runif f 42)",
		"(mean f True 0)", "(mean f True 1)", "(sumaxis f True 0)", "(var (cols_py f [0 1]) null 'complete.obs' True)",
		"(quantile f [0.1 0.333 0.9] 'interpolate' '_')", "(table (cols_py f [1 2]) True)", "(unique (cols_py f 0) True)",
		"(:= f 7 0 (> (cols_py f 1) 10))", "(apply (cols_py f [0 1]) 1 {x . (+ (mean x True) x)})", "(ifelse (> (cols_py f 0) 0) (cols_py f 2) 'new')",
		"(sort f [2 0] [1 -1])",
	}
	var want []int64
	for _, threads := range []int{1, 2, 7} {
		runtime.GOMAXPROCS(threads)
		host := newObjects()
		host.frames["f"] = f
		s := NewSession("s", host)
		for i, e := range exprs {
			sum := eval(t, s, e).(Frame).Checksum()
			if threads == 1 {
				want = append(want, sum)
			}
			assert.Equal(t, want[i], sum, "%s at %d threads", e, threads)
		}
		sum := eval(t, s, "(sumNA (cols_py f 0))").(Num)
		assert.Equal(t, eval(t, s, "(sumNA (cols_py f 0))"), sum)
	}
}

// The block kernels against one row at a time.
func TestBinary_NaiveTwin(t *testing.T) {
	f := large(70_003)
	host := newObjects()
	host.frames["f"] = f
	s := NewSession("s", host)
	naive := map[string]func(a, b float64) float64{
		"+": func(a, b float64) float64 { return a + b }, "/": func(a, b float64) float64 { return a / b },
		"%": math.Mod, "<": func(a, b float64) float64 { return truth(a < b) },
		"==": func(a, b float64) float64 { return truth(a == b || a != a && b != b) },
	}
	for op, want := range naive {
		got := eval(t, s, "("+op+" (cols_py f 0) (cols_py f 1))").(Frame).Column(0)
		for i := range f.NumRows() {
			w, g := want(f.Column(0).Float(i), f.Column(1).Float(i)), got.Float(i)
			if !near(w, g) {
				t.Fatalf("%s row %d: got %v, want %v", op, i, g, w)
			}
		}
	}
}

func TestSplit_PartsAreDisjointAndComplete(t *testing.T) {
	host := newObjects()
	host.frames["f"] = large(100_000)
	s := NewSession("s", host)
	eval(t, s, "(tmp= r (h2o.runif f 1))")
	a := eval(t, s, "(rows f (<= r 0.8))").(Frame)
	b := eval(t, s, "(rows f (> r 0.8))").(Frame)
	assert.Equal(t, 100_000, a.NumRows()+b.NumRows())
	assert.InDelta(t, 80_000, a.NumRows(), 600)
	stats := eval(t, s, "r").(Frame).Column(0).Stats()
	assert.InDelta(t, 0.5, stats.Mean, 0.005)
	assert.InDelta(t, math.Sqrt(1./12), stats.Sigma, 0.005)
	assert.Less(t, stats.Max, 1.0)
	assert.GreaterOrEqual(t, stats.Min, 0.0)
}

func TestRunif_Seeds(t *testing.T) {
	host := newObjects()
	host.frames["f"] = large(100)
	s := NewSession("s", host)
	sum := func(seed string) int64 { return eval(t, s, "(h2o.runif f "+seed+")").(Frame).Checksum() }
	assert.Equal(t, sum("5"), sum("5"))
	assert.NotEqual(t, sum("5"), sum("6"))
	assert.NotEqual(t, sum("-1"), sum("-1"), "seed -1 draws a new seed")
	assert.NotEqual(t, sum("18446744073709551615"), sum("9223372036854775807"))
}

func TestFolds(t *testing.T) {
	host := newObjects()
	host.frames["f"] = large(10_000)
	s := NewSession("s", host)
	folds := func(expr string) *frame.Column {
		f := eval(t, s, expr).(Frame)
		require.Equal(t, []string{"C1"}, f.Names())
		require.Equal(t, frame.Int, f.Column(0).Kind())
		return f.Column(0)
	}
	modulo := folds("(modulo_kfold_column f 3)")
	for i := range 10 {
		require.Equal(t, float64(i%3), modulo.Float(i))
	}
	same, other := folds("(kfold_column f 4 7)"), folds("(kfold_column f 4 8)")
	var count [4]int
	for i := range same.Len() {
		count[int(same.Float(i))]++
	}
	for _, n := range count {
		require.InDelta(t, 2500, n, 150)
	}
	require.Equal(t, same.Stats().Mean, folds("(kfold_column f 4 7)").Stats().Mean)
	require.NotEqual(t, same.Stats().Mean, other.Stats().Mean)

	level, fold := host.frames["f"].Column(2), folds("(stratified_kfold_column (cols_py f 2) 3 7)")
	require.Equal(t, frame.Enum, level.Kind())
	shared := map[float64]*[3]int{}
	for i := range level.Len() {
		v := level.Float(i)
		if v != v {
			v = -1
		}
		if shared[v] == nil {
			shared[v] = new([3]int)
		}
		shared[v][int(fold.Float(i))]++
	}
	for v, n := range shared {
		require.LessOrEqual(t, max(n[0], n[1], n[2])-min(n[0], n[1], n[2]), 1, "level %v", v)
	}
	for _, expr := range []string{"(kfold_column f 0 1)", "(modulo_kfold_column f 2.5)", "(stratified_kfold_column f 3 1)"} {
		_, err := s.Eval(context.Background(), expr)
		require.Error(t, err, expr)
	}
}

func TestAssign_KeepsLargeIntegers(t *testing.T) {
	host := newObjects()
	host.frames["f"] = frame.Must(frame.New([]string{"id"}, []*frame.Column{frame.NewInts(frame.Int, []int64{1<<62 + 1, 5}, nil)}))
	s := NewSession("s", host)
	got := eval(t, s, "(:= f 7 0 1)").(Frame).Column(0)
	assert.Equal(t, fmt.Sprint(int64(1<<62+1)), got.Text(0))
	assert.Equal(t, "7", got.Text(1))
}

func TestGroup_LargeIntegers(t *testing.T) {
	host := newObjects()
	host.frames["f"] = frame.Must(frame.New([]string{"id"}, []*frame.Column{frame.NewInts(frame.Int, []int64{1<<60 + 1, 1 << 60}, nil)}))
	s := NewSession("s", host)
	_, err := s.Eval(context.Background(), "(as.factor f)")
	assert.ErrorContains(t, err, "beyond 2^53")
	got := eval(t, s, "(as.factor (as.character f))").(Frame).Column(0)
	assert.Equal(t, []string{"1152921504606846976", "1152921504606846977"}, got.Domain())
}

// The table of whole numbers against sorting.
func TestGroup_TableEqualsSort(t *testing.T) {
	col := large(70_000).Column(1)
	vals, codes, err := group(context.Background(), col)
	require.NoError(t, err)
	shifted := make([]float64, col.Len())
	for i := range shifted {
		shifted[i] = col.Float(i) + 0.25 // not whole, so sorted
	}
	vals2, codes2, err := group(context.Background(), frame.NewFloats(shifted))
	require.NoError(t, err)
	require.Len(t, vals2, len(vals))
	for i := range vals {
		assert.Equal(t, vals[i]+0.25, vals2[i])
	}
	assert.Equal(t, codes, codes2)
	assert.Contains(t, codes, int32(-1))
}

func TestSession_End(t *testing.T) {
	host := newObjects()
	host.frames["f"] = large(10)
	s, other := NewSession("a", host), NewSession("b", host)
	eval(t, s, "(tmp= y (+ (tmp= x f) 1))")
	eval(t, other, "(tmp= z f)")
	eval(t, s, "(assign g x)")
	assert.Equal(t, []string{"x", "y"}, s.Temps())
	eval(t, s, "(rm x)")
	assert.Equal(t, []string{"y"}, s.Temps())
	s.End()
	assert.Empty(t, s.Temps())
	assert.Equal(t, []string{"f", "g", "z"}, host.Keys())
}

func TestSession_OneEvaluationAtATime(t *testing.T) {
	host := newObjects() // its maps would not bear two
	host.frames["f"] = large(1000)
	s := NewSession("a", host)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for k := range 20 {
				if _, err := s.Eval(context.Background(), fmt.Sprintf("(tmp= t%d_%d (+ f %d))", i, k, i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	assert.Len(t, s.Temps(), 160)
}

func TestEval_Cancelled(t *testing.T) {
	host := newObjects()
	host.frames["f"] = large(10)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := NewSession("a", host).Eval(ctx, "(+ f 1)")
	assert.ErrorIs(t, err, context.Canceled)
}

// brokenHost has a frame that cannot be read.
type brokenHost struct{ *objects }

var errDamaged = errors.New("file is damaged")

func (brokenHost) Frame(string) (*frame.Frame, bool, error) { return nil, true, errDamaged }

func TestEval_UnreadableFrame(t *testing.T) {
	_, err := NewSession("a", brokenHost{newObjects()}).Eval(context.Background(), "(+ f 1)")
	assert.ErrorIs(t, err, errDamaged)
}

func TestParse_Bounds(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("(abs ", n) + "1" + strings.Repeat(")", n) }
	_, err := parse(nested(maxDepth - 1))
	assert.NoError(t, err)
	for name, src := range map[string]string{
		"calls": nested(maxDepth), "functions": strings.Repeat("{x . ", maxDepth+1), "length": strings.Repeat(" ", maxLength+1),
		"open calls": strings.Repeat("(", 100_000),
	} {
		_, err := parse(src)
		assert.Equal(t, errs.Invalid, errs.KindOf(err), name)
		assert.Equal(t, "ast", errs.FieldOf(err), name)
	}
	n, err := parse(" \t\n")
	assert.NoError(t, err)
	assert.Nil(t, n)
}

func TestNumber(t *testing.T) {
	for _, s := range []string{"inf", "Inf", "0x10", "1_0", "e5", "E", ".", "-", "+-1", "1e", "1.2.3", "", "--1", "1d"} {
		_, ok := readNumber(s)
		assert.False(t, ok, s)
	}
	for s, want := range map[string]float64{"1": 1, "-.5": -0.5, "+2e-3": 0.002, "1.": 1, "1e999": math.Inf(1), "-Infinity": math.Inf(-1)} {
		v, ok := readNumber(s)
		assert.True(t, ok, s)
		assert.Equal(t, want, v, s)
	}
}

func TestUnique(t *testing.T) {
	assert.Equal(t, []string{"a", "a0", "b", "a1", "a00"}, unique([]string{"a", "a", "b", "a", "a0"}))
	assert.Equal(t, []string{"a1", "a", "a0", "a2"}, unique([]string{"a1", "a", "a", "a"}))
	many := unique(slices.Repeat([]string{"a"}, 200_000)) // not in quadratic time
	assert.Equal(t, "a199998", many[len(many)-1])
}

func TestBindRows_room(t *testing.T) {
	host := newObjects()
	host.frames["f"] = large(100_000)
	host.room = host.frames["f"].SizeBytes() * 3
	s := NewSession("s", host)
	_, err := s.Eval(t.Context(), "(rbind f f f)")
	require.NoError(t, err)
	_, err = s.Eval(t.Context(), "(rbind f f f f)")
	assert.Equal(t, errs.Unavailable, errs.KindOf(err))
}

func TestEqual_Ulps(t *testing.T) {
	next := func(x float64, n int) float64 {
		for range n {
			x = math.Nextafter(x, math.Inf(1))
		}
		return x
	}
	for _, x := range []float64{1, 0.3, 1e300, 5e-324, 1 << 52, -7} {
		assert.True(t, equal(x, next(x, 1)) && equal(next(x, 1), x), x)
		assert.False(t, equal(x, next(x, 3)), x)
	}
	assert.True(t, equal(math.Inf(1), math.Inf(1)))
	assert.False(t, equal(math.Inf(1), math.MaxFloat64))
	assert.False(t, equal(math.Inf(1), math.Inf(-1)))
}

// Radix sorting against the order of floats.
func TestPlaces_Order(t *testing.T) {
	v := []float64{math.NaN(), math.Inf(-1), -math.MaxFloat64, -1, -5e-324, 0, 5e-324, 1, 1e300, math.Inf(1)}
	up, down := places(frame.NewFloats(v), false), places(frame.NewFloats(v), true)
	for i := 1; i < len(v); i++ {
		assert.Less(t, up[i-1], up[i])
		if i > 1 {
			assert.Greater(t, down[i-1], down[i])
		}
	}
	assert.Zero(t, down[0], "missing comes first in either direction")
	zero := places(frame.NewFloats([]float64{0, math.Copysign(0, -1)}), false)
	assert.Equal(t, zero[0], zero[1])
}

func TestPrims(t *testing.T) {
	all := Prims()
	assert.Greater(t, len(all), 100)
	for _, p := range all {
		assert.NotEmpty(t, p.Help, p.Name)
		assert.NotContains(t, p.Help, "\n", p.Name)
		least, most := p.arity()
		assert.LessOrEqual(t, least, most, p.Name)
	}
}

// Every primitive answers wrong arguments with an error of the caller, not a panic.
func TestPrims_WrongArguments(t *testing.T) {
	args := []string{"1", "NaN", "'a'", "[]", "[1 2]", "['a' 'b']", "f", "g", "empty", "wide0", "model", "{x . x}", "mean", "-1", "1e18"}
	f := large(20)
	host := newObjects()
	host.models["model"] = 1
	host.frames["f"], host.frames["g"] = f, frame.Must(f.Select([]int{2}))
	host.frames["empty"], host.frames["wide0"] = f.Slice(0, 0), none
	s := NewSession("s", host)
	r := rand.New(rand.NewPCG(3, 4))
	for _, p := range Prims() {
		if p.Name == "rm" || p.Name == "rename" || p.Name == "assign" {
			continue // they would take the arguments away
		}
		least, most := p.arity()
		for n := max(0, least-1); n <= min(most+1, least+2); n++ {
			for range 200 {
				expr := "(" + p.Name
				for range n {
					expr += " " + args[r.IntN(len(args))]
				}
				_, err := s.Eval(context.Background(), expr+")")
				if err != nil && errs.KindOf(err) == errs.Internal {
					t.Errorf("%s): %v", expr, err)
				}
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "(", ")", "{", "[", "'", "\"\\", "(+ 1 2)", "{x . (+ x 1)}", "[1:2:3 4,5]", "['a' \"b\"]", "(a)->b", "(a)->", "[1:", "\"\\u00e9\\ud83d\\ude00\\U0001F600\"", "{x y .", "nan", "-", "$x"} {
		f.Add(s)
	}
	files, _ := filepath.Glob("testdata/*.rap")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if expr, ok := strings.CutPrefix(line, "eval "); ok {
				f.Add(expr)
			}
		}
	}
	f.Fuzz(func(t *testing.T, src string) {
		n, err := parse(src)
		if err != nil {
			if errs.KindOf(err) != errs.Invalid {
				t.Fatalf("%v", err)
			}
			return
		}
		if n != nil {
			n.write(&strings.Builder{})
		}
	})
}
