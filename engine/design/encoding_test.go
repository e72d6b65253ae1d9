package design

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/frame"
)

// sixteen are levels with counts that H2O-3 3.46.0.12 was asked about.
var sixteen = []string{"A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P"}

// levels makes a column in which level k stands counts[k] times, and then missing ones.
func levels(domain []string, missing int, counts ...int) *frame.Column {
	var codes []int32
	for k, n := range counts {
		for range n {
			codes = append(codes, int32(k))
		}
	}
	for range missing {
		codes = append(codes, -1)
	}
	return frame.NewCodes(codes, domain)
}

func fit(t testing.TB, scheme string, c *frame.Column, y, w *frame.Column) *Encoding {
	t.Helper()
	e, err := Fit(scheme, []string{"c"}, []*frame.Column{c}, y, w)
	require.NoError(t, err)
	require.NoError(t, e.Check())
	return e
}

// rowsOf encodes the levels of a domain, one row each, and a missing one.
func rowsOf(e *Encoding) [][]string {
	domain := e.Domains[0]
	codes := make([]int32, len(domain)+1)
	for k := range domain {
		codes[k] = int32(k)
	}
	codes[len(domain)] = -1
	cols := e.Apply([]*frame.Column{frame.NewCodes(codes, domain)}, 1)
	out := make([][]string, len(codes))
	for i := range codes {
		for _, c := range cols {
			text := "NA"
			if !c.Missing(i) {
				text = c.Text(i)
			}
			out[i] = append(out[i], text)
		}
	}
	return out
}

// What H2O-3 3.46.0.12 makes of levels by FrameUtils.categoricalEncoder; the last row
// is a missing one.
func TestEncoding_H2O(t *testing.T) {
	three := levels([]string{"a", "b", "c"}, 10, 50, 41, 67)
	bits := func(lines ...string) (out [][]string) {
		for _, l := range lines {
			var row []string
			for _, b := range l {
				row = append(row, string(b))
			}
			out = append(out, row)
		}
		return out
	}
	one := func(words ...string) (out [][]string) {
		for _, w := range words {
			out = append(out, []string{w})
		}
		return out
	}
	numbers := make([]string, 16)
	for k := range numbers {
		numbers[k] = fmt.Sprint(k)
	}
	for _, c := range []struct {
		scheme string
		col    *frame.Column
		names  []string
		rows   [][]string
		domain []string
	}{
		{OneHotExplicit, three, []string{"c.a", "c.b", "c.c", "c.missing(NA)"}, bits("1000", "0100", "0010", "0001"), nil},
		{Binary, three, []string{"c:0", "c:1"}, bits("10", "01", "11", "00"), nil},
		{Binary, levels([]string{"u", "v"}, 0, 85, 83), []string{"c:0", "c:1"}, bits("10", "01", "00"), nil},
		{Binary, levels(sixteen, 1, 1), []string{"c:0", "c:1", "c:2", "c:3", "c:4"}, bits(
			"10000", "01000", "11000", "00100", "10100", "01100", "11100", "00010", "10010",
			"01010", "11010", "00110", "10110", "01110", "11110", "00001", "00000"), nil},
		{LabelEncoder, levels(sixteen, 1, 1), []string{"c"}, one(append(numbers, "NA")...), nil},
		{EnumLimited, three, []string{"c"}, one("a", "b", "c", "NA"), []string{"a", "b", "c"}},
		{
			EnumLimited, levels(sixteen, 10, 29, 23, 19, 18, 16, 12, 8, 8, 4, 6, 5, 4, 2, 2, 1, 1), []string{"c.top_10_levels"},
			one("A", "B", "C", "D", "E", "F", "G", "H", "other", "J", "K", "other", "other", "other", "other", "other", "NA"),
			[]string{"A", "B", "C", "D", "E", "F", "G", "H", "J", "K", "other"},
		},
		{
			EnumLimited, levels(sixteen, 10, 1, 1, 2, 2, 4, 5, 6, 4, 8, 8, 12, 16, 18, 19, 23, 29), []string{"c.top_10_levels"},
			one("other", "other", "other", "other", "other", "F", "G", "other", "I", "J", "K", "L", "M", "N", "O", "P", "NA"),
			[]string{"P", "O", "N", "M", "L", "K", "I", "J", "G", "F", "other"},
		},
	} {
		t.Run(fmt.Sprintf("%s of %d", c.scheme, len(c.col.Domain())), func(t *testing.T) {
			e := fit(t, c.scheme, c.col, nil, nil)
			require.Equal(t, c.names, e.Encoded())
			require.Equal(t, c.rows, rowsOf(e))
			out := e.Apply([]*frame.Column{c.col}, 1)
			require.Equal(t, c.domain, out[0].Domain())
		})
	}
	// Of two levels the leading eigenvector is unique.
	e := fit(t, Eigen, levels([]string{"u", "v"}, 0, 85, 83), nil, nil)
	require.Equal(t, []string{"c.Eigen"}, e.Encoded())
	require.InDeltaSlice(t, []float32{-0.7028852, 0.7113033}, e.Columns[0].Value, 1e-6)
}

// A level has to occur twice to be kept, however few there are.
func TestEncoding_limitedSingles(t *testing.T) {
	c := levels(sixteen, 0, 3, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1)
	e := fit(t, EnumLimited, c, nil, nil)
	require.Equal(t, []string{"A", "C", "other"}, e.Columns[0].Level)
}

// The vector is an eigenvector of I − s sᵀ of length 1, and the nearest to the order
// of levels among them: it differs from that order by a multiple of s.
func TestEncoding_eigen(t *testing.T) {
	counts := []int64{3, 0, 7, 1, 9}
	v := eigen(counts)
	dot, norm := 0.0, 0.0
	for j, n := range counts {
		dot += float64(v[j]) * math.Sqrt(float64(n)/20)
		norm += float64(v[j]) * float64(v[j])
	}
	require.InDelta(t, 0, dot, 1e-7)
	require.InDelta(t, 1, norm, 1e-6)
	shift := func(j int) float64 { return float64(v[j]) / math.Sqrt(float64(counts[j])/20) }
	step := (shift(2) - shift(0)) / 2
	require.Positive(t, step)
	require.InDelta(t, step, shift(3)-shift(2), 1e-6)
	require.InDelta(t, step, shift(4)-shift(3), 1e-6)
	require.Zero(t, v[1])
	require.Equal(t, []float32{0}, eigen([]int64{4}), "one level")
	require.Equal(t, []float32{0, 0}, eigen([]int64{0, 0}), "no rows")
}

func TestEncoding_byResponse(t *testing.T) {
	nan := math.NaN()
	domain := []string{"a", "b", "c", "d", "e"}
	c := frame.NewCodes([]int32{0, 0, 1, 1, 2, 3, -1, 2}, domain)
	y := frame.NewReals([]float64{4, 0, 9, 1, 2, nan, -5, nan})
	e := fit(t, SortByResponse, c, y, nil)
	require.Equal(t, []string{"a", "c", "b", "d", "e"}, e.Columns[0].Level, "a and c tie; d and e have no response")
	require.Equal(t, []string{"c"}, e.Encoded())
	got := e.Apply([]*frame.Column{c}, 1)[0]
	for i := range c.Len() {
		require.Equal(t, c.Missing(i), got.Missing(i))
		if !c.Missing(i) {
			require.Equal(t, c.Text(i), got.Text(i), "the level itself stays")
		}
	}
	w := frame.NewReals([]float64{1, 0, 0, 1, 1, 1, 1, 1})
	require.Equal(t, []string{"b", "c", "a", "d", "e"}, fit(t, SortByResponse, c, y, w).Columns[0].Level, "weighted")
}

// Numbers pass through, as they are; all-missing columns stand for any.
func TestEncoding_Apply(t *testing.T) {
	n := 1000
	r := rand.New(rand.NewPCG(1, 2))
	codes, x := make([]int32, n), make([]float64, n)
	for i := range codes {
		codes[i], x[i] = r.Int32N(17)-1, r.Float64()
	}
	c, v := frame.NewCodes(codes, sixteen), frame.NewFloats(x)
	for _, scheme := range []string{OneHotExplicit, Binary, Eigen, LabelEncoder, SortByResponse, EnumLimited} {
		t.Run(scheme, func(t *testing.T) {
			e, err := Fit(scheme, []string{"x", "c"}, []*frame.Column{v, c}, v, nil)
			require.NoError(t, err)
			out := e.Apply([]*frame.Column{v, c}, 3)
			require.Len(t, out, len(e.Encoded()))
			require.Same(t, v, out[0])
			require.Equal(t, "x", e.Encoded()[0])
			for i, code := range codes {
				sum, bits := 0.0, 0
				for k, o := range out[1:] {
					sum += o.Float(i)
					if o.Float(i) == 1 {
						bits |= 1 << k
					}
				}
				switch scheme {
				case OneHotExplicit:
					require.Equal(t, 1.0, sum, "row %d", i)
				case Binary:
					require.Equal(t, int(code)+1, bits, "row %d", i)
				default:
					require.Equal(t, code < 0, out[1].Missing(i), "row %d", i)
				}
			}
			lost := e.Apply([]*frame.Column{v, frame.NewBad(n)}, 1)
			for k, o := range lost[1:] {
				missing := o.Missing(0)
				if scheme == OneHotExplicit || scheme == Binary {
					missing = o.Float(n-1) == map[bool]float64{true: 1, false: 0}[scheme == OneHotExplicit && k == len(sixteen)]
				}
				require.True(t, missing, "column %d", k)
			}
		})
	}
}

func TestFit_names(t *testing.T) {
	c := levels([]string{"b", "b.c"}, 0, 1, 1)
	x := frame.NewReals([]float64{1, 2})
	e, err := Fit(OneHotExplicit, []string{"a.b", "a", "a.b0"}, []*frame.Column{x, c, x}, nil, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"a.b", "a.b0", "a.b.c", "a.missing(NA)", "a.b00"}, e.Encoded())

	many := make([]string, mostColumns)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	_, err = Fit(OneHotExplicit, []string{"c"}, []*frame.Column{frame.NewCodes([]int32{0}, many)}, nil, nil)
	require.ErrorContains(t, err, "OneHotExplicit makes more than 131072 columns")
}

func TestEncoding_Check(t *testing.T) {
	c := levels(sixteen, 1, 29, 23, 19, 18, 16, 12, 8, 8, 4, 6, 5, 4, 2, 2, 1, 1)
	for _, x := range []struct {
		name, scheme string
		damage       func(*Encoding)
	}{
		{"scheme", Binary, func(e *Encoding) { e.Scheme = "Enum" }},
		{"kinds", Binary, func(e *Encoding) { e.Kinds = nil }},
		{"domains", Binary, func(e *Encoding) { e.Domains = nil }},
		{"columns", Binary, func(e *Encoding) { e.Columns = nil }},
		{"bits", Binary, func(e *Encoding) { e.Columns[0].Names = e.Columns[0].Names[1:] }},
		{"levels", OneHotExplicit, func(e *Encoding) { e.Domains[0] = e.Domains[0][1:] }},
		{"values", Eigen, func(e *Encoding) { e.Columns[0].Value = nil }},
		{"codes", EnumLimited, func(e *Encoding) { e.Columns[0].Codes = e.Columns[0].Codes[:3] }},
		{"code beyond", EnumLimited, func(e *Encoding) { e.Columns[0].Codes[2] = 11 }},
		{"code below", EnumLimited, func(e *Encoding) { e.Columns[0].Codes[2] = -1 }},
		{"names", LabelEncoder, func(e *Encoding) { e.Columns[0].Names = nil }},
	} {
		t.Run(x.name, func(t *testing.T) {
			e := fit(t, x.scheme, c, nil, nil)
			x.damage(e)
			require.Error(t, e.Check())
		})
	}
	for scheme, want := range map[string]bool{"AUTO": false, "Enum": false, "OneHotInternal": false, Eigen: true, Binary: true} {
		require.Equal(t, want, Encodes(scheme), scheme)
	}
}
