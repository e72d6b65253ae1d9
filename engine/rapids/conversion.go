package rapids

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/kernels/par"
)

func conversionPrims() []Prim {
	is := func(name, help string, kinds ...frame.Kind) Prim {
		return Prim{Name: name, Args: "fr", Help: help, run: perColumn(func(col *frame.Column) float64 {
			return truth(slices.Contains(kinds, col.Kind()))
		})}
	}
	return []Prim{
		{Name: "as.factor", Args: "fr", Help: "makes categories of the distinct values, sorted", run: func(c *call) (Value, error) {
			return columns(c, c.frame(0), nil, func(col *frame.Column) (*frame.Column, error) { return asFactor(c.ctx, col) })
		}},
		{Name: "as.numeric", Args: "fr", Help: "makes numbers of texts, and of categories: their labels where all are numbers, their codes otherwise", run: func(c *call) (Value, error) {
			return columns(c, c.frame(0), nil, func(col *frame.Column) (*frame.Column, error) { return asNumeric(c.ctx, col) })
		}},
		{Name: "as.character", Args: "fr", Help: "makes texts", run: func(c *call) (Value, error) {
			return columns(c, c.frame(0), nil, func(col *frame.Column) (*frame.Column, error) { return asText(col), nil })
		}},
		is("is.factor", "1 for each column of categories", frame.Enum),
		is("is.numeric", "1 for each column of numbers or times", frame.Int, frame.Real, frame.Time, frame.Bad),
		is("is.character", "1 for each column of texts", frame.String),
	}
}

// maxLevels bounds the categories of a column. H2O: Categorical.MAX_CATEGORICAL_COUNT
const maxLevels = 10_000_000

func asFactor(ctx context.Context, col *frame.Column) (*frame.Column, error) {
	switch col.Kind() {
	case frame.Enum:
		return col, nil
	case frame.UUID:
		return nil, errs.Invalidf("ast", "a column of UUIDs cannot be made categories")
	case frame.String:
		levels, err := distinctTexts(ctx, col)
		if err != nil {
			return nil, err
		}
		return encode(ctx, col.Len(), levels, func(i int) (string, bool) { return col.Text(i), !col.Missing(i) })
	}
	vals, codes, err := group(ctx, col)
	if err != nil {
		return nil, err
	}
	if len(vals) > maxLevels {
		return nil, errs.Invalidf("ast", "%d distinct values are more than the %d that categories can have", len(vals), maxLevels)
	}
	levels := make([]string, len(vals))
	for i, v := range vals {
		levels[i] = label(v)
	}
	return frame.NewCodes(codes, levels), nil
}

// encode makes a category column of texts that all are levels.
func encode(ctx context.Context, n int, levels []string, text func(i int) (string, bool)) (*frame.Column, error) {
	place := make(map[string]int32, len(levels))
	for k, l := range levels {
		place[l] = int32(k)
	}
	codes := make([]int32, n)
	err := par.ForErr(ctx, 0, n, par.Rows, func(_, lo, hi int) error {
		for i := lo; i < hi; i++ {
			codes[i] = -1
			if s, ok := text(i); ok {
				codes[i] = place[s]
			}
		}
		return nil
	})
	return frame.NewCodes(codes, levels), err
}

// distinctTexts returns the texts of a String column, sorted.
func distinctTexts(ctx context.Context, col *frame.Column) ([]string, error) {
	parts := make([]map[string]bool, par.Chunks(col.Len(), par.Rows))
	err := par.ForErr(ctx, 0, col.Len(), par.Rows, func(chunk, lo, hi int) error {
		seen := map[string]bool{}
		for i := lo; i < hi; i++ {
			if b := col.Bytes(i); !col.Missing(i) && !seen[string(b)] {
				seen[string(b)] = true
			}
		}
		parts[chunk] = seen
		return nil
	})
	all := map[string]bool{}
	for _, p := range parts {
		for s := range p {
			all[s] = true
		}
	}
	out := make([]string, 0, len(all))
	for s := range all {
		out = append(out, s)
	}
	slices.Sort(out)
	return out, err
}

func asNumeric(ctx context.Context, col *frame.Column) (*frame.Column, error) {
	parse := func(s string) float64 {
		if v, ok := readNumber(strings.TrimSpace(s)); ok {
			return v
		}
		return math.NaN()
	}
	out := func(value func(i int) float64) (*frame.Column, error) {
		v := make([]float64, col.Len())
		err := par.ForErr(ctx, 0, len(v), par.Rows, func(_, lo, hi int) error {
			for i := lo; i < hi; i++ {
				v[i] = value(i)
			}
			return nil
		})
		return frame.NewReals(v), err
	}
	switch col.Kind() {
	case frame.UUID:
		return nil, errs.Invalidf("ast", "a column of UUIDs cannot be made numbers")
	case frame.Time:
		return out(col.Float)
	case frame.String:
		return out(func(i int) float64 {
			if col.Missing(i) {
				return math.NaN()
			}
			return parse(string(col.Bytes(i)))
		})
	case frame.Enum:
		vals := make([]float64, len(col.Domain()))
		for k, l := range col.Domain() {
			if vals[k] = parse(l); vals[k] != vals[k] {
				return out(col.Float)
			}
		}
		return out(func(i int) float64 {
			if k := col.Code(i); k >= 0 {
				return vals[k]
			}
			return math.NaN()
		})
	}
	return col, nil
}

// asText writes values as texts: numbers as labels, times in milliseconds.
func asText(col *frame.Column) *frame.Column {
	if col.Kind() == frame.String {
		return col
	}
	v := make([]string, col.Len())
	par.For(0, len(v), par.Rows, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			switch {
			case col.Missing(i):
			case col.Kind() == frame.Real:
				v[i] = label(col.Float(i))
			default:
				v[i] = col.Text(i)
			}
		}
	})
	return frame.NewStrings(v, col.Missing)
}

// asTime makes times of whole numbers.
func asTime(col *frame.Column) *frame.Column {
	if col.Kind() == frame.Time {
		return col
	}
	v := make([]int64, col.Len())
	par.For(0, len(v), par.Rows, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			if v[i] = frame.MissingI64; !col.Missing(i) {
				v[i] = int64(col.Float(i))
			}
		}
	})
	return frame.NewInts(frame.Time, v, nil)
}

// narrow makes an Int column of a Real one whose values are whole.
func narrow(col *frame.Column) *frame.Column {
	if col.Kind() != frame.Real {
		return col
	}
	return frame.NewReals(col.Floats(0, col.Len(), nil))
}
