package design

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/kernels/par"
)

// Schemes of an Encoding, as categorical_encoding calls them.
const (
	OneHotExplicit = "OneHotExplicit" // a 0/1 column a level, and one for missing
	Binary         = "Binary"         // the bits of 1 + level, 0 for missing
	Eigen          = "Eigen"          // one number a level, see eigen
	LabelEncoder   = "LabelEncoder"   // the number of the level
	SortByResponse = "SortByResponse" // levels in the order of their mean response
	EnumLimited    = "EnumLimited"    // the most frequent levels, the rest in one
)

// MaxLevels is how many levels EnumLimited keeps of a column.
// H2O: Model.Parameters._max_categorical_levels.
const MaxLevels = 10

// mostColumns bounds what OneHotExplicit may make of a frame.
const mostColumns = 1 << 17

// Encoding says how predictors become columns without categories, or with fewer of
// them. It is fitted on training data and applied to any frame; other columns pass
// through.
// H2O: FrameUtils.categoricalEncoder.
type Encoding struct {
	Scheme string
	// Names, Kinds and Domains are the predictors before, Columns what becomes of each.
	Names   []string
	Kinds   []frame.Kind
	Domains [][]string
	Columns []Encoded
}

// Encoded says what one predictor becomes. Only what its scheme needs is set.
type Encoded struct {
	Names []string  // of the columns made of it: one, unless there are bits or levels
	Codes []int32   // level → level of Domain
	Level []string  // the domain of the column made of it
	Value []float32 // level → number
}

// Encodes reports whether a word of categorical_encoding asks for an Encoding; others
// leave categories to the algorithm.
func Encodes(scheme string) bool {
	switch scheme {
	case OneHotExplicit, Binary, Eigen, LabelEncoder, SortByResponse, EnumLimited:
		return true
	}
	return false
}

// Fit makes the encoding of the given predictors. SortByResponse takes the mean of y
// over the rows that have one, weighted by w where it is not nil; other schemes need
// neither.
func Fit(scheme string, names []string, cols []*frame.Column, y, w *frame.Column) (*Encoding, error) {
	e := &Encoding{Scheme: scheme, Names: names, Columns: make([]Encoded, len(cols))}
	total := 0
	for i, c := range cols {
		e.Kinds = append(e.Kinds, c.Kind())
		e.Domains = append(e.Domains, c.Domain())
		if c.Kind() == frame.Enum {
			e.Columns[i] = encodedOf(scheme, names[i], c, y, w)
		} else {
			e.Columns[i] = Encoded{Names: []string{names[i]}}
		}
		if total += len(e.Columns[i].Names); total > mostColumns {
			return nil, fmt.Errorf("%s makes more than %d columns of the training frame; choose Enum, Binary or EnumLimited", scheme, mostColumns)
		}
	}
	e.unique()
	return e, nil
}

// encodedOf fits one categorical predictor.
func encodedOf(scheme, name string, c, y, w *frame.Column) Encoded {
	domain := c.Domain()
	one := Encoded{Names: []string{name}}
	switch scheme {
	case OneHotExplicit:
		out := Encoded{Names: make([]string, 0, len(domain)+1)}
		for _, l := range domain {
			out.Names = append(out.Names, name+"."+l)
		}
		out.Names = append(out.Names, name+".missing(NA)")
		return out
	case Binary:
		out := Encoded{}
		for k := range bits.Len(uint(len(domain))) {
			out.Names = append(out.Names, name+":"+strconv.Itoa(k))
		}
		return out
	case Eigen:
		return Encoded{Names: []string{name + ".Eigen"}, Value: eigen(c.Stats().Counts)}
	case SortByResponse:
		one.Codes, one.Level = byResponse(c, y, w)
	case EnumLimited:
		if len(domain) > MaxLevels {
			one.Names[0] = fmt.Sprintf("%s.top_%d_levels", name, MaxLevels)
			one.Codes, one.Level = limited(domain, c.Stats().Counts)
		}
	}
	return one
}

// byResponse orders levels by their mean response, ascending; equals, and at the end
// those without rows, stay in their order.
func byResponse(c, y, w *frame.Column) ([]int32, []string) {
	domain := c.Domain()
	sum, weight := make([]float64, len(domain)), make([]float64, len(domain))
	for i := range c.Len() {
		k, v := c.Code(i), y.Float(i)
		if k < 0 || math.IsNaN(v) {
			continue
		}
		u := 1.0
		if w != nil {
			u = w.Float(i)
		}
		sum[k] += u * v
		weight[k] += u
	}
	order := make([]int, len(domain))
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if weight[a] == 0 || weight[b] == 0 {
			return cmp.Compare(btoi(weight[a] == 0), btoi(weight[b] == 0))
		}
		return cmp.Compare(sum[a]/weight[a], sum[b]/weight[b])
	})
	codes, levels := make([]int32, len(domain)), make([]string, len(domain))
	for to, k := range order {
		codes[k], levels[to] = int32(to), domain[k]
	}
	return codes, levels
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// limited keeps the most frequent levels, in that order, of those that occur at least
// twice, and puts the others into the level "other".
// H2O: CategoricalEnumLimitedEncoder, by an Interaction of one column.
func limited(domain []string, counts []int64) ([]int32, []string) {
	order := make([]int, 0, len(domain))
	for k := range domain {
		if counts[k] > 1 {
			order = append(order, k)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(counts[b], counts[a]) })
	order = order[:min(len(order), MaxLevels)]
	codes, levels := make([]int32, len(domain)), make([]string, 0, len(order)+1)
	for k := range codes {
		codes[k] = int32(len(order))
	}
	for to, k := range order {
		codes[k] = int32(to)
		levels = append(levels, domain[k])
	}
	return codes, append(levels, "other")
}

// eigen returns a number for each level: a leading eigenvector of the correlations
// of the levels' indicators, I − s sᵀ with s the square roots of their shares. Every
// unit vector orthogonal to s is one; this is the one nearest to the levels' order,
// s_j (j − mean), scaled.
//
// H2O: takes a row of the matrix of eigenvectors that its solver happens to return,
// which gives most levels of a longer domain the same number; for two levels both
// are the same, up to sign.
func eigen(counts []int64) []float32 {
	var n, mean float64
	for j, c := range counts {
		n += float64(c)
		mean += float64(j) * float64(c)
	}
	out := make([]float32, len(counts))
	if n == 0 {
		return out
	}
	mean /= n
	v, norm := make([]float64, len(counts)), 0.0
	for j, c := range counts {
		v[j] = math.Sqrt(float64(c)/n) * (float64(j) - mean)
		norm += v[j] * v[j]
	}
	if norm > 0 {
		norm = math.Sqrt(norm)
		for j := range v {
			out[j] = float32(v[j] / norm)
		}
	}
	return out
}

// unique numbers column names that stand twice.
func (e *Encoding) unique() {
	seen := map[string]bool{}
	for i := range e.Columns {
		for k, n := range e.Columns[i].Names {
			name := n
			for j := 0; seen[name]; j++ {
				name = n + strconv.Itoa(j)
			}
			seen[name] = true
			e.Columns[i].Names[k] = name
		}
	}
}

// Encoded returns the names of the columns that Apply makes.
func (e *Encoding) Encoded() []string {
	var out []string
	for _, c := range e.Columns {
		out = append(out, c.Names...)
	}
	return out
}

// Levels returns the domains of the columns that Apply makes; nil for numbers.
func (e *Encoding) Levels() [][]string {
	var out [][]string
	for i, c := range e.Columns {
		var domain []string
		if e.Kinds[i] == frame.Enum && (e.Scheme == SortByResponse || e.Scheme == EnumLimited) {
			if domain = e.Domains[i]; c.Codes != nil {
				domain = c.Level
			}
			domain = append([]string{}, domain...)
		}
		for range c.Names {
			out = append(out, domain)
		}
	}
	return out
}

// Apply encodes columns: one for each of Names, of its kind, categories in its
// domain. All-missing columns may stand for any.
func (e *Encoding) Apply(cols []*frame.Column, threads int) []*frame.Column {
	var out []*frame.Column
	for i, c := range cols {
		if e.Kinds[i] != frame.Enum {
			out = append(out, c)
			continue
		}
		codes := make([]int32, c.Len())
		par.For(threads, len(codes), par.Rows, func(_, lo, hi int) {
			if c.Kind() == frame.Enum {
				c.Codes(lo, hi, codes[lo:hi])
				return
			}
			for r := lo; r < hi; r++ {
				codes[r] = -1
			}
		})
		out = append(out, e.Columns[i].apply(e.Scheme, codes, e.Domains[i], threads)...)
	}
	return out
}

// apply encodes the levels of one column, -1 for missing.
func (c *Encoded) apply(scheme string, codes []int32, domain []string, threads int) []*frame.Column {
	switch scheme {
	case OneHotExplicit:
		return marks(codes, len(c.Names), threads, func(cols [][]int8, i int, code int32) {
			if code < 0 {
				code = int32(len(domain))
			}
			cols[code][i] = 1
		})
	case Binary:
		return marks(codes, len(c.Names), threads, func(cols [][]int8, i int, code int32) {
			for v := uint32(code + 1); v > 0; v &= v - 1 {
				cols[bits.TrailingZeros32(v)][i] = 1
			}
		})
	case Eigen:
		return []*frame.Column{frame.NewFloats(mapped(codes, threads, func(code int32) float32 {
			if code < 0 {
				return float32(math.NaN())
			}
			return c.Value[code]
		}))}
	case LabelEncoder:
		return []*frame.Column{frame.NewInts(frame.Int, mapped(codes, threads, func(code int32) int32 {
			if code < 0 {
				return math.MinInt32
			}
			return code
		}), nil)}
	}
	if c.Codes == nil {
		return []*frame.Column{frame.NewCodes(codes, domain)}
	}
	return []*frame.Column{frame.NewCodes(mapped(codes, threads, func(code int32) int32 {
		if code < 0 {
			return -1
		}
		return c.Codes[code]
	}), c.Level)}
}

// marks makes n columns of zeros, in which mark puts the ones of each row.
func marks(codes []int32, n, threads int, mark func(cols [][]int8, row int, code int32)) []*frame.Column {
	cols, out := make([][]int8, n), make([]*frame.Column, n)
	for k := range cols {
		cols[k] = make([]int8, len(codes))
	}
	par.For(threads, len(codes), par.Rows, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			mark(cols, i, codes[i])
		}
	})
	par.Do(threads, n, func(k int) { out[k] = frame.NewInts(frame.Int, cols[k], nil) })
	return out
}

func mapped[T any](codes []int32, threads int, f func(int32) T) []T {
	out := make([]T, len(codes))
	par.For(threads, len(codes), par.Rows, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			out[i] = f(codes[i])
		}
	})
	return out
}

// Check reports what is wrong with an encoding from a file: all that Apply takes for
// granted.
func (e *Encoding) Check() error {
	n := len(e.Names)
	if len(e.Kinds) != n || len(e.Domains) != n || len(e.Columns) != n || !Encodes(e.Scheme) {
		return fmt.Errorf("encoding %q of %d names, %d kinds, %d domains, %d columns", e.Scheme, n, len(e.Kinds), len(e.Domains), len(e.Columns))
	}
	for i, c := range e.Columns {
		want, levels := 1, len(e.Domains[i])
		enum := e.Kinds[i] == frame.Enum
		switch {
		case enum && e.Scheme == OneHotExplicit:
			want = levels + 1
		case enum && e.Scheme == Binary:
			want = bits.Len(uint(levels))
		case enum && e.Scheme == Eigen && len(c.Value) != levels:
			return fmt.Errorf("encoding of %q has %d values for %d levels", e.Names[i], len(c.Value), levels)
		case enum && c.Codes != nil:
			if len(c.Codes) != levels || slices.ContainsFunc(c.Codes, func(k int32) bool { return k < 0 || int(k) >= len(c.Level) }) {
				return fmt.Errorf("encoding of %q leaves its levels", e.Names[i])
			}
		}
		if len(c.Names) != want {
			return fmt.Errorf("encoding of %q has %d columns, not %d", e.Names[i], len(c.Names), want)
		}
	}
	return nil
}
