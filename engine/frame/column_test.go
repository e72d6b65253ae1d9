package frame_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
)

// show writes a column's kind, storage and values; "." is missing.
func show(c *frame.Column) string {
	out := fmt.Sprintf("%s%d:", c.Kind(), c.DType().Width())
	for i := range c.Len() {
		if c.Missing(i) {
			out += " ."
		} else {
			out += " " + c.Text(i)
		}
	}
	return out
}

func TestNewReals(t *testing.T) {
	for _, tc := range []struct {
		name string
		v    []float64
		want string
	}{
		{"no rows", nil, "bad0:"},
		{"all missing", []float64{nan, nan}, "bad0: . ."},
		{"int8", []float64{-127, nan, 127}, "int1: -127 . 127"},
		{"the sentinel widens", []float64{-128}, "int2: -128"},
		{"int16", []float64{128, -32767}, "int2: 128 -32767"},
		{"int32", []float64{-32768, math.MaxInt32}, "int4: -32768 2147483647"},
		{"int64", []float64{1 << 31, 1<<53 - 1}, "int8: 2147483648 9007199254740991"},
		{"too large", []float64{1 << 53}, "real8: 9007199254740992"},
		{"fraction", []float64{1, nan, 0.5}, "real8: 1 . 0.5"},
		{"infinite", []float64{1, math.Inf(-1)}, "real8: 1 -Inf"},
	} {
		t.Run(tc.name, func(t *testing.T) { assert.Equal(t, tc.want, show(frame.NewReals(tc.v))) })
	}
}

func TestNewConst(t *testing.T) {
	assert.Equal(t, "int2: 300 300", show(frame.NewConst(300, 2)))
	assert.Equal(t, "real8: 0.1", show(frame.NewConst(0.1, 1)))
	assert.Equal(t, "bad0: .", show(frame.NewConst(nan, 1)))
}

func TestNewInts_TimesAre64Bits(t *testing.T) {
	c := frame.NewInts(frame.Time, []int32{5, math.MinInt32}, nil)
	assert.Equal(t, "time8: 5 .", show(c))
	assert.True(t, math.IsNaN(c.Float(1)))
	assert.Panics(t, func() { frame.NewInts(frame.Enum, []int8{0}, nil) })
}

func TestColumn_Text(t *testing.T) {
	id := [16]byte{0x6f, 0x1e, 0xd0, 0x02, 0xab, 0x59, 0x11, 0xe7, 0x8f, 0x1a, 0x08, 0x00, 0x20, 0x0c, 0x9a, 0x66}
	assert.Equal(t, "6F1ED002-AB59-11E7-8F1A-0800200C9A66", frame.NewUUIDs([][16]byte{id}, nil).Text(0))
	assert.Equal(t, "0.1", frame.NewFloats([]float32{0.1}).Text(0))
	assert.Equal(t, "1234567.5", frame.NewFloats([]float64{1234567.5}).Text(0))
	assert.Equal(t, "1e-07", frame.NewFloats([]float64{1e-7}).Text(0))
	assert.Equal(t, "", frame.NewFloats([]float64{nan}).Text(0))
	assert.Equal(t, "é", frame.NewStrings([]string{"a", "é"}, nil).Text(1))
}

func TestColumn_BulkEqualsSingle(t *testing.T) {
	f := mixed(t, 300, 0.2, 21)
	short := make([]float64, 0, 2)
	for i := range f.NumCols() {
		c := f.Column(i)
		x, k := c.Floats(7, 290, short), c.Codes(7, 290, nil)
		require.Len(t, x, 283)
		for r := range x {
			require.Equal(t, math.Float64bits(c.Float(7+r)), math.Float64bits(x[r]), f.Name(i))
			require.EqualValues(t, c.Code(7+r), k[r], f.Name(i))
		}
	}
}

func TestGather(t *testing.T) {
	f := mixed(t, 200, 0.2, 22)
	rows := []int{5, -1, 199, 5, 0}
	g := f.Gather(rows)
	for i := range f.NumCols() {
		for to, from := range rows {
			c := g.Column(i)
			if from < 0 {
				require.True(t, c.Missing(to) && c.Text(to) == "" && c.Code(to) == -1 && math.IsNaN(c.Float(to)), f.Name(i))
				continue
			}
			require.Equal(t, f.Column(i).Missing(from), c.Missing(to))
			require.Equal(t, f.Column(i).Text(from), c.Text(to))
		}
	}
}

func TestSlice(t *testing.T) {
	f := mixed(t, 100, 0.3, 23)
	all := make([]int, 100)
	for i := range all {
		all[i] = i
	}
	for _, b := range [][2]int{{0, 0}, {0, 100}, {3, 50}, {8, 16}, {16, 29}, {99, 100}, {100, 100}} {
		s := f.Slice(b[0], b[1])
		same(t, f.Gather(all[b[0]:b[1]]), s)
		inner := s.Slice(s.NumRows()/2, s.NumRows())
		same(t, f.Gather(all[b[0]+s.NumRows()/2:b[1]]), inner)
		for i := range s.NumCols() {
			c := s.Column(i)
			missing := int64(0)
			for r := range c.Len() {
				if c.Missing(r) {
					missing++
				}
			}
			assert.Equal(t, missing, c.Stats().Missing, s.Name(i))
		}
	}
	assert.Panics(t, func() { f.Slice(5, 101) })
}

func TestConcat(t *testing.T) {
	text := frame.NewStrings([]string{"p", "q"}, func(i int) bool { return i == 1 })
	for _, tc := range []struct {
		name string
		cols []*frame.Column
		want string
	}{
		{"none", nil, "bad0:"},
		{"same width", []*frame.Column{frame.NewReals([]float64{1, nan}), frame.NewReals([]float64{2})}, "int1: 1 . 2"},
		{"widens", []*frame.Column{frame.NewReals([]float64{1, nan}), frame.NewReals([]float64{70000})}, "int4: 1 . 70000"},
		{"int and real", []*frame.Column{frame.NewReals([]float64{1, nan}), frame.NewReals([]float64{0.5})}, "real8: 1 . 0.5"},
		{"short floats", []*frame.Column{frame.NewFloats([]float32{0.5}), frame.NewReals([]float64{3, nan})}, "real4: 0.5 3 ."},
		{"bad first", []*frame.Column{frame.NewBad(1), frame.NewReals([]float64{3})}, "int1: . 3"},
		{"bad only", []*frame.Column{frame.NewBad(1), frame.NewBad(2)}, "bad0: . . ."},
		{"text", []*frame.Column{text, frame.NewBad(1), text.Slice(0, 1)}, "string0: p . . p"},
		{"levels", []*frame.Column{
			frame.NewCodes([]int32{1, 0}, []string{"m", "z"}), frame.NewCodes([]int32{0, -1, 1}, []string{"a", "z"}), frame.NewBad(1),
		}, "enum1: z m a . z ."},
		{"time", []*frame.Column{frame.NewInts(frame.Time, []int64{5}, nil), frame.NewBad(1)}, "time8: 5 ."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, err := frame.Concat(tc.cols)
			require.NoError(t, err)
			assert.Equal(t, tc.want, show(c))
		})
	}
	c, err := frame.Concat([]*frame.Column{frame.NewCodes([]int32{0}, []string{"m", "z"}), frame.NewCodes([]int32{0}, []string{"a", "m"})})
	require.NoError(t, err)
	assert.Equal(t, []string{"m", "z", "a"}, c.Domain())
	_, err = frame.Concat([]*frame.Column{text, frame.NewConst(1, 1)})
	assert.Equal(t, errs.Invalid, errs.KindOf(err))
	f := mixed(t, 50, 0.3, 24)
	for i := range f.NumCols() {
		c, err := frame.Concat([]*frame.Column{f.Column(i).Slice(0, 13), f.Column(i).Slice(13, 50)})
		require.NoError(t, err)
		require.Equal(t, texts(f.Column(i)), texts(c))
	}
}

func TestWithDomain(t *testing.T) {
	c := frame.NewCodes([]int32{0, 1}, []string{"a", "b"})
	assert.Equal(t, "enum1: x y", show(c.WithDomain([]string{"x", "y", "z"})))
	assert.Equal(t, "enum1: a b", show(c))
	assert.Panics(t, func() { c.WithDomain([]string{"x"}) })
}

func TestFrame_Alter(t *testing.T) {
	f := frame.Must(frame.New([]string{"a", "b"}, []*frame.Column{frame.NewConst(1, 2), frame.NewConst(2, 2)}))
	g, err := f.With("c", frame.NewConst(3, 2))
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b", "c"}, g.Names())
	assert.Equal(t, []string{"a", "b"}, f.Names())
	_, err = f.With("a", frame.NewConst(3, 2))
	assert.Equal(t, errs.Invalid, errs.KindOf(err))
	_, err = f.With("c", frame.NewConst(3, 9))
	assert.Equal(t, errs.Invalid, errs.KindOf(err))
	g, err = g.Rename([]string{"x", "y", "z"})
	require.NoError(t, err)
	assert.Equal(t, []string{"y"}, g.Without(0, 2).Names())
	assert.Equal(t, "int1: 9 9", show(g.Replace(1, frame.NewConst(9, 2)).Lookup("y")))
	assert.Panics(t, func() { g.Replace(1, frame.NewConst(9, 3)) })
}

func TestChecksum(t *testing.T) {
	of := func(name string, c *frame.Column) int64 {
		return frame.Must(frame.New([]string{name}, []*frame.Column{c})).Checksum()
	}
	base := of("a", frame.NewInts(frame.Int, []int8{1, 2}, nil))
	assert.Equal(t, base, of("a", frame.NewInts(frame.Int, []int64{1, 2}, nil)), "width does not count")
	assert.Equal(t, of("a", frame.NewFloats([]float32{0.5})), of("a", frame.NewFloats([]float64{0.5})))
	for what, other := range map[string]int64{
		"name":   of("b", frame.NewConst(1, 2)),
		"order":  of("a", frame.NewInts(frame.Int, []int8{2, 1}, nil)),
		"value":  of("a", frame.NewInts(frame.Int, []int8{1, 3}, nil)),
		"gone":   of("a", frame.NewInts(frame.Int, []int8{1, math.MinInt8}, nil)),
		"kind":   of("a", frame.NewFloats([]float64{1, 2})),
		"rows":   of("a", frame.NewInts(frame.Int, []int8{1, 2, 0}, nil)),
		"levels": of("a", frame.NewCodes([]int32{1, 2}, levels(3))),
	} {
		assert.NotEqual(t, base, other, what)
	}
}

func texts(c *frame.Column) []string {
	out := make([]string, c.Len())
	for i := range out {
		out[i] = c.Text(i)
	}
	return out
}
