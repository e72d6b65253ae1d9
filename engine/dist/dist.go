package dist

import (
	"math"
	"slices"
	"strings"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/kernels"
)

// Family is one distribution with its link. Implementations are immutable values,
// safe for concurrent use.
type Family interface {
	// Name returns the wire name, such as "bernoulli".
	Name() string
	// Link maps a prediction to the scale of scores.
	Link(mu float64) float64
	// LinkInv maps a score to a prediction. For several classes it is the
	// unnormalised share of one class.
	LinkInv(eta float64) float64
	// Deviance returns the weighted deviance of one row, not below 0. mu is the
	// prediction for y; for several classes the probability of the actual one.
	Deviance(w, y, mu float64) float64
	// Init returns the score that every row (and class) starts from. All slices
	// have the length of y; a nil w means ones, a nil offset zeros. Rows with
	// missing y or without weight do not count; without any row it is 0.
	Init(y, w, offset []float64) float64
	// Leaf returns the value of a leaf with derivative sums g and h, before the
	// learning rate. classes counts for several classes alone. Of a Ranked family it
	// is a step in the right direction, no more.
	Leaf(g, h float64, classes int) float64
	// Bounded reports whether |g| <= 1 and 0 <= h <= 1/4 holds for each row
	// before weights.
	Bounded() bool
	// Kernel returns the loss that kernels know, and its parameter.
	Kernel() (loss kernels.Loss, param float64)
}

// Ranked is a Family whose best leaf value goes by the order of the residuals.
type Ranked interface {
	Family
	// LeafOf returns the value of a leaf whose rows have residuals r = y − eta, before
	// the learning rate; w is nil for ones. It reorders both. Without rows it is 0.
	LeafOf(r, w []float64) float64
}

// Fitted is a Family with a parameter that comes from the size of the errors.
type Fitted interface {
	Family
	// Fit returns the family for rows with these absolute errors |y − mu|; w is nil for
	// ones. It reorders both.
	Fit(errors, w []float64) Family
}

// Options are what the choice of a family depends on beside its name.
type Options struct {
	Classes       int // of the response; below 2 for numbers
	TweediePower  float64
	QuantileAlpha float64
	HuberAlpha    float64
}

// Defaults returns the options of a response of so many classes, with the
// parameters that clients get when they ask for none.
func Defaults(classes int) Options {
	return Options{Classes: classes, TweediePower: 1.5, QuantileAlpha: 0.5, HuberAlpha: 0.9}
}

// Auto is the name that leaves the choice to the response.
const Auto = "AUTO"

// kind says which response a distribution takes.
type kind struct {
	name, title string
	numbers     bool // else classes
}

// kinds are the distributions in the order of the wire.
var kinds = []kind{
	{"bernoulli", "Binomial", false}, {"quasibinomial", "Quasibinomial", false}, {"multinomial", "Multinomial", false},
	{"gaussian", "Gaussian", true}, {"poisson", "Poisson", true}, {"gamma", "Gamma", true}, {"tweedie", "Tweedie", true},
	{"laplace", "Laplace", true}, {"quantile", "Quantile", true}, {"huber", "Huber", true},
}

// Resolve returns the family of that name. "" and AUTO choose gaussian, bernoulli or
// multinomial by the classes of the response. The error names the field at fault:
// "distribution" or that of a parameter.
//
// H2O: Model builders word these refusals so (GBM.init, ModelBuilder.checkDistributions).
func Resolve(name string, opt Options) (Family, error) {
	classes := opt.Classes
	if name == "" || strings.EqualFold(name, Auto) {
		switch {
		case classes < 2:
			return Gaussian{}, nil
		case classes == 2:
			return Bernoulli{}, nil
		}
		return Multinomial{}, nil
	}
	at := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })
	switch {
	case at < 0:
		return nil, errs.Invalidf("distribution", "Invalid distribution: %s; use one of %s", name, list())
	case kinds[at].numbers && classes >= 2:
		return nil, errs.Invalidf("distribution", "%s requires the response to be numeric.", kinds[at].title)
	case name == "bernoulli" && classes != 2:
		return nil, errs.Invalidf("distribution", "Binomial requires the response to be a 2-class categorical")
	case name == "quasibinomial" && classes != 2:
		return nil, errs.Invalidf("distribution", "Quasibinomial requires the response to be binary.")
	case name == "multinomial" && classes < 2:
		return nil, errs.Invalidf("distribution", "Multinomial requires an categorical response.")
	case name == "tweedie" && !(opt.TweediePower > 1 && opt.TweediePower < 2):
		return nil, errs.Invalidf("tweedie_power", "Tweedie power must be between 1 and 2 (exclusive). For tweedie power = 1, use Poisson distribution. For tweedie power = 2, use Gamma distribution.")
	case name == "quantile" && !(opt.QuantileAlpha >= 0 && opt.QuantileAlpha <= 1):
		return nil, errs.Invalidf("quantile_alpha", "Quantile alpha must be between 0 and 1.")
	case name == "huber" && !(opt.HuberAlpha >= 0 && opt.HuberAlpha <= 1):
		return nil, errs.Invalidf("huber_alpha", "Huber alpha must be between 0 and 1.")
	}
	switch name {
	case "bernoulli":
		return Bernoulli{}, nil
	case "quasibinomial":
		return Quasibinomial{}, nil
	case "multinomial":
		return Multinomial{}, nil
	case "poisson":
		return Poisson{}, nil
	case "gamma":
		return Gamma{}, nil
	case "tweedie":
		return Tweedie{Power: opt.TweediePower}, nil
	case "laplace":
		return Laplace{}, nil
	case "quantile":
		return Quantile{Alpha: opt.QuantileAlpha}, nil
	case "huber":
		return Huber{Alpha: opt.HuberAlpha, Delta: math.Inf(1)}, nil
	}
	return Gaussian{}, nil
}

// list names the distributions on the wire.
func list() string {
	names := []string{Auto}
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return strings.Join(names, ", ")
}

// CheckRange reports whether the family can stand a numeric response whose least
// value is this. The error names the field "response".
func CheckRange(f Family, least float64) error {
	switch f.(type) {
	case Poisson, Gamma, Tweedie:
		if least < 0 {
			name := f.Name()
			return errs.Invalidf("response", "Response must be non-negative for %s distribution.", strings.ToUpper(name[:1])+name[1:])
		}
	}
	return nil
}
