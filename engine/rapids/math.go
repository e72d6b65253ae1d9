package rapids

import (
	"math"
	"strconv"

	"github.com/geyser-ml/geyser/engine/frame"
)

// unaries are the functions of one number. NaN gives NaN.
var unaries = map[string]func(float64) float64{
	"abs": math.Abs, "acos": math.Acos, "acosh": math.Acosh, "asin": math.Asin, "asinh": math.Asinh,
	"atan": math.Atan, "atanh": math.Atanh, "ceiling": math.Ceil, "cos": math.Cos, "cosh": math.Cosh,
	"cospi": func(x float64) float64 { return math.Cos(math.Pi * x) }, "digamma": digamma,
	"exp": math.Exp, "expm1": math.Expm1, "floor": math.Floor, "gamma": math.Gamma, "lgamma": lgamma,
	"log": math.Log, "log10": math.Log10, "log1p": math.Log1p, "log2": math.Log2, "sign": sign,
	"sin": math.Sin, "sinh": math.Sinh, "sinpi": func(x float64) float64 { return math.Sin(math.Pi * x) },
	"sqrt": math.Sqrt, "tan": math.Tan, "tanh": math.Tanh,
	"tanpi": func(x float64) float64 { return math.Tan(math.Pi * x) }, "trigamma": trigamma, "trunc": math.Trunc,
	"not": not, "!!": not,
}

func mathPrims() []Prim {
	var out []Prim
	for name, f := range unaries {
		title := name
		if name == "!!" {
			title = "not"
		}
		help := name + " of each number; missing where the column is not numeric"
		if title == "not" {
			help = "1 where a is 0, 0 where it is another number"
		}
		out = append(out, Prim{Name: name, Args: "a", Help: help, run: func(c *call) (Value, error) {
			return unary(c, func(n string) string { return title + "(" + n + ")" }, f)
		}})
	}
	return append(out,
		Prim{Name: "none", Args: "a", Help: "its argument", run: func(c *call) (Value, error) { return c.args[0], nil }},
		Prim{Name: "round", Args: "a digits", Help: "rounds to digits after the point, to an even digit when digits is 0", run: rounded},
		Prim{Name: "signif", Args: "a digits", Help: "rounds to significant digits", run: significant},
	)
}

// unary applies f to each number of argument 0; name makes the names of the columns.
func unary(c *call, name func(string) string, f func(float64) float64) (Value, error) {
	if c.err != nil {
		return nil, c.err
	}
	list := func(v []float64) []float64 {
		out := make([]float64, len(v))
		for i, x := range v {
			out[i] = f(x)
		}
		return out
	}
	switch v := c.args[0].(type) {
	case Num:
		return Num(f(float64(v))), nil
	case Nums:
		return Nums(list(v)), nil
	case Row:
		return Row{v.Names, list(v.Values)}, nil
	}
	fr := c.frame(0)
	return columns(c, fr, name, func(col *frame.Column) (*frame.Column, error) {
		if !col.Kind().Numeric() {
			return frame.NewBad(col.Len()), nil
		}
		return reals(c.ctx, col.Len(), []operand{{col: col}}, func(dst []float64, in [][]float64) {
			for i, x := range in[0] {
				dst[i] = f(x)
			}
		})
	})
}

// lgamma is the logarithm of gamma where that is defined for all arguments.
func lgamma(x float64) float64 {
	if !(x > 0) {
		return math.NaN()
	}
	v, _ := math.Lgamma(x)
	return v
}

// digamma is the derivative of the logarithm of gamma, and trigamma its derivative:
// reflected to positive x, moved up by the recurrence and then by the asymptotic
// series. Ref: Abramowitz and Stegun 1964, 6.3.5-7, 6.3.18, 6.4.6-7, 6.4.12.
func digamma(x float64) float64 {
	if x <= 0 {
		if x == math.Trunc(x) {
			return math.NaN()
		}
		return digamma(1-x) - math.Pi/math.Tan(math.Pi*x)
	}
	sum := 0.0
	for ; x < 16; x++ {
		sum -= 1 / x
	}
	y := 1 / (x * x)
	return sum + math.Log(x) - 0.5/x - y*(1./12-y*(1./120-y*(1./252-y*(1./240-y/132))))
}

func trigamma(x float64) float64 {
	if x <= 0 {
		if x == math.Trunc(x) {
			return math.NaN()
		}
		s := math.Pi / math.Sin(math.Pi*x)
		return s*s - trigamma(1-x)
	}
	sum := 0.0
	for ; x < 16; x++ {
		sum += 1 / (x * x)
	}
	y := 1 / (x * x)
	return sum + 1/x + y/2 + y/x*(1./6-y*(1./30-y*(1./42-y*(1./30-y*5/66))))
}

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x
}

func not(x float64) float64 {
	if x != x {
		return x
	}
	return truth(x == 0)
}

// rounded: H2O: AstRound
func rounded(c *call) (Value, error) {
	digits := c.whole(1, -300, 300)
	scale := math.Pow(10, float64(digits))
	return unary(c, nil, func(x float64) float64 {
		if digits == 0 {
			return math.RoundToEven(x)
		}
		if y := math.Floor(math.Abs(x)*scale+0.5) / scale; !math.IsInf(y, 0) {
			return math.Copysign(y, x)
		}
		return x
	})
}

func significant(c *call) (Value, error) {
	digits := max(1, int(c.whole(1, math.MinInt32, math.MaxInt32)))
	return unary(c, nil, func(x float64) float64 {
		if digits > 17 || x != x || math.IsInf(x, 0) {
			return x
		}
		v, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'e', digits-1, 64), 64)
		return v
	})
}
