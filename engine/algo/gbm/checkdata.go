package gbm

import (
	"math"
	"slices"
	"strings"

	"github.com/geyser-ml/geyser/engine/dist"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/number"
	"github.com/geyser-ml/geyser/engine/tree"
)

// data checks the parameters against the data.
func (f *findings) data(p *Params, t *model.Task) {
	d := t.Train
	if p.Distribution == "quasibinomial" && !f.quasibinomial(t) {
		return
	}
	if s := d.Response.Stats(); p.CheckConstantResponse && s.Mins[0] == s.Maxs[0] {
		f.Fail("response", "Response cannot be constant.")
	}
	if len(d.Domain) == 1 && !p.CheckConstantResponse {
		f.Fail("response", "a categorical response needs at least two levels; it has one")
	}
	f.distribution(p, t)
	if n := len(p.SampleRatePerClass); n > 0 {
		f.Warn("sample_rate", "_sample_rate is ignored if _sample_rate_per_class is specified.")
		if n != len(d.Domain) {
			f.Fail("sample_rate_per_class", "_sample_rate_per_class must have %d values (one per class).", len(d.Domain))
			n = 0
		}
		for k, v := range p.SampleRatePerClass[:n] {
			if !(v > 0 && v <= 1) {
				f.Fail("sample_rate_per_class", "sample_rate_per_class for class %s should be in interval ]0,1] but it is %s.", d.Domain[k], number.Text(v))
			}
		}
	}
	f.constraints(p, t)
	f.checkpoint(p, t)
	if !math.IsInf(p.MinRows, 0) {
		tree.CheckRows(&f.Issues, p.MinRows, d.TotalWeight())
	}
}

// distribution checks that the response suits the distribution.
func (f *findings) distribution(p *Params, t *model.Task) {
	d := t.Train
	if p.Distribution == "custom" {
		return // refused already
	}
	family, err := dist.Resolve(p.Distribution, p.options(len(d.Domain)))
	if err == nil {
		err = dist.CheckRange(family, d.Response.Stats().Min)
	}
	if err != nil {
		if field := errs.FieldOf(err); field != "tweedie_power" { // that has been said
			f.Fail(field, "%s", err.Error())
		}
		return
	}
	if t.Category == model.Multinomial && p.Offset != "" {
		f.Fail("offset_column", "Offset is not supported for multinomial distribution.")
	}
	if len(p.MonotoneConstraints) > 0 && !monotone[family.Name()] {
		f.Fail("monotone_constraints", "Monotone constraints are only supported for Gaussian, Bernoulli, Tweedie and Quantile distributions, your distribution: %s.", family.Name())
	}
}

// monotone are the distributions that constraints are available for.
var monotone = map[string]bool{"gaussian": true, "bernoulli": true, "tweedie": true, "quantile": true}

// quasibinomial turns the numeric response of two values into two classes, in the
// task: from here on it is a training of two classes. It reports whether that can be
// done.
func (f *findings) quasibinomial(t *model.Task) bool {
	if t.Train.Domain != nil {
		f.Fail("distribution", "Quasibinomial requires the response to be numeric.")
		return false
	}
	s := t.Train.Response.Stats()
	codes, others := zeroOne(t.Train.Response)
	if others > 0 || s.Mins[0] == s.Maxs[0] {
		f.Fail("distribution", "Quasibinomial requires the response to be binary: the numbers 0 and 1, both of them.")
		return false
	}
	t.Category, t.Train.Response, t.Train.Domain = model.Binomial, codes, codes.Domain()
	if v := t.Valid; v != nil {
		v.Response, _ = zeroOne(v.Response)
		v.Domain = t.Train.Domain
	}
	return true
}

// zeroOne returns numbers 0 and 1 as two classes, others as missing, and how many
// others there are.
func zeroOne(c *frame.Column) (codes *frame.Column, others int) {
	out := make([]int32, c.Len())
	for i, v := range c.Floats(0, c.Len(), nil) {
		switch {
		case v == 0 || v == 1:
			out[i] = int32(v)
		default:
			out[i] = -1
			if !math.IsNaN(v) {
				others++
			}
		}
	}
	return frame.NewCodes(out, []string{"0", "1"}), others
}

// constraints checks monotone and interaction constraints.
// H2O: hex.tree.TreeUtils.
func (f *findings) constraints(p *Params, t *model.Task) {
	d := t.Train
	seen := map[string]bool{}
	for _, c := range p.MonotoneConstraints {
		if seen[c.Key] {
			f.Fail("monotone_constraints", "Feature '%s' has multiple constraints.", c.Key)
			continue
		}
		seen[c.Key] = true
		switch j := slices.Index(d.Names, c.Key); {
		case j < 0:
			f.Fail("monotone_constraints", "Invalid constraint - there is no column '%s' in the training frame.", c.Key)
		case d.Columns[j].Kind() != frame.Int && d.Columns[j].Kind() != frame.Real:
			f.Fail("monotone_constraints", "Invalid constraint - column '%s' has type %s. Only numeric columns can have monotonic constraints.", c.Key, title(d.Columns[j].Kind().String()))
		case math.IsNaN(c.Value):
			f.Fail("monotone_constraints", "Invalid constraint - column '%s' has no direction: use 1, -1 or 0.", c.Key)
		}
	}
	role := func(name string) string {
		switch name {
		case t.Roles.Response:
			return "used as response column"
		case t.Roles.Weights:
			return "used as weights column"
		case t.Roles.Fold:
			return "used as fold column"
		case t.Roles.Offset:
			return "used as offset column"
		}
		for _, c := range p.Ignored {
			if string(c) == name {
				return "set in ignored columns"
			}
		}
		return ""
	}
	for _, set := range p.InteractionConstr {
		for _, name := range set {
			if r := role(name); r != "" {
				f.Fail("interaction_constraints", "Column with the name '%s' is %s and cannot be used in interaction.", name, r)
			} else if !slices.Contains(d.Names, name) {
				f.Fail("interaction_constraints", "Invalid interaction constraint - there is no column '%s' in the training frame.", name)
			}
		}
	}
}

// title writes a word with a capital.
func title(word string) string { return strings.ToUpper(word[:1]) + word[1:] }

// checkpoint checks the model that is to be continued.
func (f *findings) checkpoint(p *Params, t *model.Task) {
	if p.Checkpoint == "" {
		return
	}
	from, ok := t.Continue.(*Model)
	if !ok {
		return // the lookup has failed, and says so
	}
	if family := p.family(len(t.Train.Domain)); family != nil && family != from.family {
		f.Fail("checkpoint", "the checkpoint has distribution %s with other parameters than this training (%s); they must be the same", from.family.Name(), family.Name())
	}
	tree.CheckMore(&f.Issues, p.NTrees, from.steps())
}
