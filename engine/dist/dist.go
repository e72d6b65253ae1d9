package dist

import (
	"fmt"
	"slices"
	"strings"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/kernels"
)

// Family is one distribution with its canonical link. Implementations are values
// without state, safe for concurrent use.
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
	// learning rate. classes counts for several classes alone.
	Leaf(g, h float64, classes int) float64
	// Bounded reports whether |g| <= 1 and 0 <= h <= 1/4 holds for each row
	// before weights.
	Bounded() bool
	// Kernel returns the loss that kernels know; false when they have none.
	Kernel() (kernels.Loss, bool)
}

// Auto is the name that leaves the choice to the response.
const Auto = "AUTO"

// names of all distributions on the wire, those of later releases included.
var names = []string{
	Auto, "bernoulli", "quasibinomial", "multinomial", "gaussian", "poisson",
	"gamma", "tweedie", "laplace", "quantile", "huber",
}

// Resolve returns the family of that name for a response of so many classes
// (below 2 for numbers). "" and AUTO choose gaussian, bernoulli or multinomial.
// The error names the field "distribution".
func Resolve(name string, classes int) (Family, error) {
	switch {
	case name == "" || strings.EqualFold(name, Auto):
		switch {
		case classes < 2:
			return Gaussian{}, nil
		case classes == 2:
			return Bernoulli{}, nil
		}
		return Multinomial{}, nil
	case name == "gaussian" && classes < 2:
		return Gaussian{}, nil
	case name == "bernoulli" && classes == 2:
		return Bernoulli{}, nil
	case name == "multinomial" && classes >= 2:
		return Multinomial{}, nil
	}
	wants := map[string]string{
		"gaussian":    "a response of numbers",
		"bernoulli":   "a response of two classes",
		"multinomial": "a response of classes",
	}
	if want := wants[name]; want != "" {
		return nil, errs.Invalidf("distribution", "distribution %q needs %s, the response has %s", name, want, describe(classes))
	}
	if slices.Contains(names, name) {
		return nil, errs.Unavailablef("distribution", "distribution %q is not in this release: use AUTO, gaussian, bernoulli or multinomial", name)
	}
	return nil, errs.Invalidf("distribution", "no distribution %q: use one of %s", name, strings.Join(names, ", "))
}

func describe(classes int) string {
	if classes < 2 {
		return "numbers"
	}
	return fmt.Sprintf("%d classes", classes)
}
