//go:build cgo

package libxgboost

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// need skips a test where there is no library.
func need(t *testing.T) Build {
	t.Helper()
	b, err := Find()
	if err != nil {
		t.Skipf("%v; set %s to the file libxgboost.so", err, Variable)
	}
	return b
}

const rows, features = 2000, 6

// data are columns with gaps and labels that depend on the first two.
func data() (cols [][]float32, y []float32) {
	r := rand.New(rand.NewPCG(7, 7))
	y = make([]float32, rows)
	for range features {
		c := make([]float32, rows)
		for i := range c {
			if c[i] = r.Float32(); r.IntN(20) == 0 {
				c[i] = float32(math.NaN())
			}
		}
		cols = append(cols, c)
	}
	for i := range y {
		if a, b := cols[0][i], cols[1][i]; a+b > 1 || a != a {
			y[i] = 1
		}
	}
	return cols, y
}

var params = [][2]string{
	{"objective", "binary:logistic"}, {"eval_metric", "logloss"}, {"tree_method", "hist"}, {"max_depth", "4"}, {"max_bin", "256"},
	{"base_score", "0.5"}, {"nthread", "1"}, {"seed", "1"}, {"verbosity", "0"},
}

// train makes a matrix and a booster of some rounds.
func train(t *testing.T, rounds int) (*Booster, *Matrix) {
	t.Helper()
	need(t)
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	cols, y := data()
	m, err := Columns(cols, 1)
	require.NoError(t, err)
	t.Cleanup(m.Close)
	require.NoError(t, m.Set("label", y))
	b, err := NewBooster(params, m)
	require.NoError(t, err)
	t.Cleanup(b.Close)
	for i := range rounds {
		require.NoError(t, b.Update(i, m))
	}
	return b, m
}

func TestFind(t *testing.T) {
	b := need(t)
	require.False(t, b.Version.Before(Oldest))
	again, err := Find()
	require.NoError(t, err)
	require.Equal(t, b, again)
}

func TestTrainEvalPredict(t *testing.T) {
	b, m := train(t, 20)
	name, loss, err := b.Eval(19, m, m)
	require.NoError(t, err)
	require.Equal(t, "logloss", name)
	require.Len(t, loss, 2)
	require.Equal(t, loss[0], loss[1])
	require.Less(t, loss[0], 0.1)
	n, err := b.Rounds()
	require.NoError(t, err)
	require.Equal(t, 20, n)

	p, err := b.Predict(m, Value)
	require.NoError(t, err)
	margin, err := b.Predict(m, Margin)
	require.NoError(t, err)
	parts, err := b.Predict(m, Contributions)
	require.NoError(t, err)
	leaves, err := b.Predict(m, Leaf)
	require.NoError(t, err)
	require.Len(t, parts, rows*(features+1))
	require.Len(t, leaves, rows*20)
	for i := range p {
		require.InDelta(t, 1/(1+math.Exp(-float64(margin[i]))), p[i], 1e-6)
		sum := 0.0
		for _, c := range parts[i*(features+1) : (i+1)*(features+1)] {
			sum += float64(c)
		}
		require.InDelta(t, margin[i], sum, 1e-4)
	}
}

// Columns, and sparse rows with the same entries, are the same data.
func TestCSR(t *testing.T) {
	b, m := train(t, 5)
	want, err := b.Predict(m, Margin)
	require.NoError(t, err)
	cols, _ := data()
	indptr := make([]uint64, 1, rows+1)
	var indices []uint32
	var values []float32
	for i := range rows {
		for j, c := range cols {
			if c[i] == c[i] {
				indices, values = append(indices, uint32(j)), append(values, c[i])
			}
		}
		indptr = append(indptr, uint64(len(indices)))
	}
	s, err := CSR(indptr, indices, values, features, 1)
	require.NoError(t, err)
	defer s.Close()
	got, err := b.Predict(s, Margin)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func TestTransposed(t *testing.T) {
	require.Equal(t, []float32{1, 4, 2, 5, 3, 6}, transposed([][]float32{{1, 2, 3}, {4, 5, 6}}))
}

func TestSaveLoad(t *testing.T) {
	b, m := train(t, 5)
	want, err := b.Predict(m, Margin)
	require.NoError(t, err)
	saved, err := b.Save()
	require.NoError(t, err)
	v, ok := WrittenBy(saved)
	require.True(t, ok)
	require.Equal(t, need(t).Version, v)

	c, err := NewBooster(params, m)
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.Load(saved))
	got, err := c.Predict(m, Margin)
	require.NoError(t, err)
	require.Equal(t, want, got)
	again, err := c.Save()
	require.NoError(t, err)
	require.Equal(t, saved, again)

	// Training goes on from there as it would have.
	require.NoError(t, b.Update(5, m))
	for _, p := range params {
		require.NoError(t, c.Set(p[0], p[1]))
	}
	require.NoError(t, c.Update(5, m))
	x, err := b.Save()
	require.NoError(t, err)
	y, err := c.Save()
	require.NoError(t, err)
	require.Equal(t, x, y)

	newer := strings.Replace(string(saved), "version[#L\x00\x00\x00\x00\x00\x00\x00\x03i", "version[#L\x00\x00\x00\x00\x00\x00\x00\x03i\x7f\x00\x00", 1)
	require.NotEqual(t, string(saved), newer, "the version stands elsewhere")
	newer = strings.Replace(newer, "\x7f\x00\x00"+string(byte(v.Major)), "\x7f", 1)
	require.ErrorContains(t, c.Load([]byte(newer)), "newer than the library here")
}

func TestConfig(t *testing.T) {
	b, _ := train(t, 1)
	raw, err := b.Config()
	require.NoError(t, err)
	require.Contains(t, string(raw), `"learner"`)
}

func TestMatrix_Save(t *testing.T) {
	_, m := train(t, 0)
	require.NoError(t, m.Name([]string{"a", "b", "c", "d", "e", "f"}))
	path := filepath.Join(t.TempDir(), "matrix.bin")
	require.NoError(t, m.Save(path))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Positive(t, info.Size())
}

func TestErrors(t *testing.T) {
	b, m := train(t, 1)
	cols, _ := data()
	more, err := Columns(append(cols, cols[0]), 1)
	require.NoError(t, err)
	defer more.Close()
	inf, err := Columns([][]float32{{1, float32(math.Inf(1))}}, 1)
	if err == nil {
		inf.Close() // 1.x takes it
	} else {
		require.NotContains(t, err.Error(), "Stack trace")
	}
	for name, fails := range map[string]func() error{
		"Err weights below zero": func() error { return m.Set("weight", []float32{-1}) },
		"Err unknown field":      func() error { return m.Set("nonsense", make([]float32, rows)) },
		"Err names":              func() error { return m.Name([]string{"a"}) },
		"Err more columns": func() error {
			_, err := b.Predict(more, Margin)
			return err
		},
		"Err bad value": func() error {
			x, err := NewBooster([][2]string{{"max_depth", "deep"}, {"verbosity", "0"}}, m)
			if err != nil {
				return err
			}
			defer x.Close()
			return x.Update(0, m)
		},
		"Err no model":    func() error { return b.Load([]byte("{}")) },
		"Err empty model": func() error { return b.Load(nil) },
		"Err cut model":   func() error { return b.Load([]byte("{L\x00\x00\x00\x00\x00\x00\x00\x07version[#i\x03i\x01i\x00i\x00")) },
	} {
		t.Run(name, func(t *testing.T) {
			err := fails()
			require.Error(t, err)
			require.NotEmpty(t, err.Error())
			require.NotContains(t, err.Error(), "Stack trace")
			require.NotRegexp(t, `^\[\d\d:`, err.Error())
		})
	}
}

// The message that a goroutine gets is that of its own failure.
func TestErrors_Parallel(t *testing.T) {
	need(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			runtime.LockOSThread()
			for range 50 {
				word := strings.Repeat("x", i+1)
				cols, y := data()
				m, err := Columns([][]float32{cols[0][:10]}, 1)
				if err != nil {
					t.Error(err)
					return
				}
				m.Set("label", y[:10])
				b, err := NewBooster([][2]string{{"objective", word}, {"verbosity", "0"}}, m)
				if err == nil {
					err = b.Update(0, m)
				}
				if err == nil || !strings.Contains(err.Error(), "`"+word+"`") {
					t.Errorf("%s: %v", word, err)
				}
				b.Close()
				m.Close()
			}
		})
	}
	wg.Wait()
}

func TestVersion_Before(t *testing.T) {
	for _, c := range []struct {
		a, b Version
		want bool
	}{
		{Version{1, 7, 4}, Version{1, 7, 9}, false}, {Version{1, 7, 0}, Version{3, 0, 0}, true}, {Version{3, 2, 0}, Version{3, 1, 9}, false},
		{Version{1, 6, 9}, Oldest, true}, {Version{1, 7, 0}, Oldest, false}, {Version{2, 0, 0}, Oldest, false},
	} {
		require.Equal(t, c.want, c.a.Before(c.b), "%v %v", c.a, c.b)
	}
}

func TestWrittenBy(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want Version
		ok   bool
	}{
		"three integers":   {"{L\x00\x00\x00\x00\x00\x00\x00\x07version[#L\x00\x00\x00\x00\x00\x00\x00\x03i\x01i\x07i\x04}", Version{1, 7, 4}, true},
		"typed":            {"{U\x07version[$i#U\x03\x03\x02\x00}", Version{3, 2, 0}, true},
		"no count":         {"{U\x07version[i\x03i\x02I\x01\x00]}", Version{3, 2, 256}, true},
		"last one counts":  {"version[#i\x03i\x09i\x09i\x09 version[#i\x03i\x01i\x02i\x03", Version{1, 2, 3}, true},
		"Err two":          {"version[#i\x02i\x01i\x02i\x03", Version{1, 2, 3}, false},
		"Err none":         {"{}", Version{}, false},
		"Err cut in count": {"version[#L\x00", Version{}, false},
		"Err cut":          {"version[#i\x03i\x01i", Version{}, false},
		"Err text":         {"version[#i\x03SSS", Version{}, false},
		"Err nothing":      {"version[", Version{}, false},
		"unsigned":         {"version[#U\x03U\xffi\x02i\x03", Version{255, 2, 3}, true},
		"Err negative":     {"version[#i\x03i\xffi\x02i\x03", Version{}, false},
		"Err far negative": {"version[#i\x03L\x80\x00\x00\x00\x00\x00\x00\x00i\x02i\x03", Version{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			v, ok := WrittenBy([]byte(c.text))
			require.Equal(t, c.ok, ok)
			if ok {
				require.Equal(t, c.want, v)
			}
		})
	}
}

func FuzzWrittenBy(f *testing.F) {
	for _, s := range []string{"version[#i\x03i\x01i\x02i\x03", "version[$L#U\x03", "version[i\x01", ""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, ok := WrittenBy(b)
		if !ok {
			return
		}
		again := []byte("version[#U\x03")
		for _, part := range []int{v.Major, v.Minor, v.Patch} {
			require.GreaterOrEqual(t, part, 0)
			again = binary.BigEndian.AppendUint64(append(again, 'L'), uint64(part))
		}
		for _, same := range [][]byte{again, slices.Concat([]byte("version[#U"), b, []byte("}"))} {
			w, ok := WrittenBy(same)
			require.True(t, ok)
			require.Equal(t, v, w)
		}
	})
}

func TestParseEval(t *testing.T) {
	for _, c := range []struct {
		text, metric string
		values       []float64
	}{
		{"[3]\t0-logloss:0.25\t1-logloss:0.5", "logloss", []float64{0.25, 0.5}},
		{"[0]\t0-tweedie-nloglik@1.5:2\t1-tweedie-nloglik@1.5:3", "tweedie-nloglik@1.5", []float64{2, 3}},
		{"[0]\t0-rmse:9\t0-mae:1\t1-rmse:9\t1-mae:2", "mae", []float64{1, 2}},
	} {
		metric, values, err := parseEval(c.text, 2)
		require.NoError(t, err)
		require.Equal(t, c.metric, metric)
		require.Equal(t, c.values, values)
	}
	for _, bad := range []string{"", "[0]", "[0]\tx", "[0]\t2-rmse:1", "[0]\tx-rmse:1", "[0]\t0-rmse", "[0]\t0-rmse:x"} {
		_, _, err := parseEval(bad, 2)
		require.Error(t, err, bad)
	}
}

// Where the variable is set nothing else is looked at.
func TestCandidates(t *testing.T) {
	t.Setenv(Variable, "/nowhere/libxgboost.so")
	require.Equal(t, []string{"/nowhere/libxgboost.so"}, candidates())
	_, err := find()
	require.ErrorIs(t, err, ErrUnavailable)
	require.ErrorContains(t, err, "/nowhere/libxgboost.so")
	t.Setenv(Variable, "")
	require.Contains(t, candidates(), "libxgboost.so.0")

	root := t.TempDir()
	place := filepath.Join(root, ".cache/xgboost/xgboost/lib")
	require.NoError(t, os.MkdirAll(place, 0o755))
	require.Empty(t, below(filepath.Join(root, "build")))
	file := filepath.Join(place, "libxgboost.so")
	require.NoError(t, os.WriteFile(file, []byte("not a library"), 0o644))
	require.Equal(t, []string{file}, below(filepath.Join(root, "build")))
	t.Setenv(Variable, file)
	_, err = find()
	require.ErrorIs(t, err, ErrUnavailable)
}
