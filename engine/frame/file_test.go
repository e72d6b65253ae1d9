package frame_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
)

var nan = math.NaN()

// mixed returns a frame of n rows with a column of every kind and width, each row
// missing with probability lost.
func mixed(t testing.TB, n int, lost float64, seed uint64) *frame.Frame {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	gone := make([]bool, n)
	for i := range gone {
		gone[i] = r.Float64() < lost
	}
	missing := func(i int) bool { return gone[i] }
	i8, i16, i32, i64 := make([]int8, n), make([]int16, n), make([]int32, n), make([]int64, n)
	when := make([]int64, n)
	f32, f64 := make([]float32, n), make([]float64, n)
	c8, c16, c32 := make([]int8, n), make([]int16, n), make([]int32, n)
	text, ids := make([]string, n), make([][16]byte, n)
	for i := range n {
		if gone[i] {
			i8[i], i16[i], i32[i], i64[i] = math.MinInt8, math.MinInt16, math.MinInt32, math.MinInt64
			when[i] = math.MinInt64
			f32[i], f64[i] = float32(nan), nan
			c8[i], c16[i], c32[i] = -1, -1, -1
			continue
		}
		i8[i], i16[i], i32[i] = int8(r.IntN(200)-100), int16(r.IntN(60000)-30000), int32(r.IntN(1<<31)-1<<30)
		i64[i] = r.Int64N(1<<53) - 1<<52
		when[i] = r.Int64N(1 << 41)
		f32[i], f64[i] = float32(r.NormFloat64()), r.NormFloat64()
		c8[i], c16[i], c32[i] = int8(r.IntN(3)), int16(r.IntN(300)), int32(r.IntN(400))
		text[i] = strings.Repeat("é", r.IntN(4)) + fmt.Sprint(i)
		for k := range ids[i] {
			ids[i][k] = byte(r.IntN(256))
		}
	}
	names := []string{"i8", "i16", "i32", "i64", "when", "f32", "f64", "c8", "c16", "c32", "text", "id", "bad", "ünï \"q\" geyser:"}
	f, err := frame.New(names, []*frame.Column{
		frame.NewInts(frame.Int, i8, nil), frame.NewInts(frame.Int, i16, nil), frame.NewInts(frame.Int, i32, nil), frame.NewInts(frame.Int, i64, nil),
		frame.NewInts(frame.Time, when, nil), frame.NewFloats(f32), frame.NewFloats(f64),
		frame.NewEnum(c8, levels(3)), frame.NewEnum(c16, levels(300)), frame.NewEnum(c32, levels(400)),
		frame.NewStrings(text, missing), frame.NewUUIDs(ids, missing), frame.NewBad(n), frame.NewConst(7, n),
	})
	require.NoError(t, err)
	return f
}

func levels(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("level %d", i)
	}
	return out
}

// same fails unless both frames hold the same names, kinds, levels and values.
func same(t testing.TB, want, got *frame.Frame) {
	t.Helper()
	require.Equal(t, want.Names(), got.Names())
	require.Equal(t, want.NumRows(), got.NumRows())
	for i := range want.NumCols() {
		a, b := want.Column(i), got.Column(i)
		require.Equal(t, a.Kind(), b.Kind(), want.Name(i))
		require.Equal(t, a.Domain(), b.Domain(), want.Name(i))
		for r := range a.Len() {
			if a.Missing(r) != b.Missing(r) || a.Text(r) != b.Text(r) || a.Code(r) != b.Code(r) ||
				math.Float64bits(a.Float(r)) != math.Float64bits(b.Float(r)) {
				t.Fatalf("%s row %d: %v %q, want %v %q", want.Name(i), r, b.Missing(r), b.Text(r), a.Missing(r), a.Text(r))
			}
		}
	}
}

func TestWrite_RoundTrip(t *testing.T) {
	for _, tc := range []struct {
		name string
		rows int
		lost float64
	}{
		{"no rows", 0, 0}, {"one row", 1, 0}, {"one missing row", 1, 1}, {"bytes of bitmap", 31, 0.3}, {"32", 32, 0.3}, {"33", 33, 0.3},
		{"nothing missing", 1000, 0}, {"some missing", 1001, 0.2}, {"all missing", 77, 1}, {"chunks", 70001, 0.01},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "f.arrow")
			f := mixed(t, tc.rows, tc.lost, 3)
			w, err := frame.Write(f, path, true)
			require.NoError(t, err)
			same(t, f, w)
			o, err := frame.Open(path)
			require.NoError(t, err)
			same(t, f, o)
			for i := range f.NumCols() {
				assert.Equal(t, f.Column(i).DType(), o.Column(i).DType())
				assert.Equal(t, f.Column(i).Valid(), o.Column(i).Valid())
			}
			assert.Equal(t, f.Checksum(), o.Checksum())
			names, err := os.ReadDir(filepath.Dir(path))
			require.NoError(t, err)
			assert.Len(t, names, 1, "the temporary file is gone")
		})
	}
}

func TestWrite_NoColumns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	_, err := frame.Write(frame.Must(frame.New(nil, nil)), path, false)
	require.NoError(t, err)
	f, err := frame.Open(path)
	require.NoError(t, err)
	assert.Zero(t, f.NumCols()+f.NumRows())
}

func TestWrite_SlicedFrame(t *testing.T) {
	f := mixed(t, 500, 0.2, 4)
	for _, lo := range []int{0, 8, 13} {
		s := f.Slice(lo, 401)
		w, err := frame.Write(s, filepath.Join(t.TempDir(), "f"), false)
		require.NoError(t, err)
		same(t, s, w)
		assert.Equal(t, s.Checksum(), w.Checksum())
	}
}

func TestMapped_OutlivesFileAndFrame(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	f := mixed(t, 3000, 0.1, 5)
	w, err := frame.Write(f, path, false)
	require.NoError(t, err)
	require.NoError(t, os.Remove(path))
	want := f.Slice(1000, 2000)
	got := w.Slice(1000, 2000)
	w = nil
	for range 3 {
		runtime.GC()
	}
	same(t, want, got)
	release := got.Pin()
	release()
	release()
}

func TestOpen_Damaged(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good")
	f := mixed(t, 200, 0.2, 6)
	_, err := frame.Write(f, good, false)
	require.NoError(t, err)
	data, err := os.ReadFile(good)
	require.NoError(t, err)
	r := rand.New(rand.NewPCG(7, 7))
	try := func(b []byte) error {
		path := filepath.Join(dir, "bad")
		require.NoError(t, os.WriteFile(path, b, 0o600))
		defer os.Remove(path)
		g, err := frame.Open(path)
		if err != nil {
			assert.Equal(t, errs.Invalid, errs.KindOf(err))
			assert.Contains(t, err.Error(), path)
			return err
		}
		for i := range g.NumCols() { // values may be wrong, reading them must be safe
			c := g.Column(i)
			for row := range c.Len() {
				c.Text(row)
			}
			c.Gather([]int{0, -1, c.Len() - 1})
		}
		return nil
	}
	require.NoError(t, try(data))
	for _, n := range []int{0, 1, 6, 9, 64, 100, len(data) / 2, len(data) - 10, len(data) - 1} {
		assert.Error(t, try(data[:n]), "cut to %d", n)
		assert.Error(t, try(append([]byte(nil), data[n:]...)[:max(0, len(data)-n-1)]), "without the first %d", n)
	}
	assert.Error(t, try(append(append([]byte(nil), data[:5000]...), data[5064:]...)), "a hole")
	accepted := 0
	for range 500 {
		bad := append([]byte(nil), data...)
		bad[r.IntN(len(bad))] ^= 1 << r.IntN(8)
		if try(bad) == nil {
			accepted++
		}
	}
	for at := 0; at < 6000; at += 7 { // the schema and levels
		bad := append([]byte(nil), data...)
		bad[at] ^= 0x10
		assert.Error(t, try(bad), "byte %d", at)
	}
	assert.Less(t, accepted, 500)
	t.Logf("%d of 500 flips were in values", accepted)
}

func TestOpen_Errors(t *testing.T) {
	dir := t.TempDir()
	_, err := frame.Open(filepath.Join(dir, "none"))
	assert.Equal(t, errs.NotFound, errs.KindOf(err))
	_, err = frame.Open(dir)
	assert.Equal(t, errs.Invalid, errs.KindOf(err))
	_, err = frame.Write(mixed(t, 3, 0, 1), filepath.Join(dir, "no", "such"), false)
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func FuzzOpen(f *testing.F) {
	path := filepath.Join(f.TempDir(), "seed")
	if _, err := frame.Write(mixed(f, 20, 0.2, 8), path, false); err != nil {
		f.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Add([]byte("ARROW1"))
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if g, err := frame.Open(path); err == nil {
			for i := range g.NumCols() {
				for r := range g.NumRows() {
					g.Column(i).Text(r)
				}
			}
		}
	})
}
