package rapids

import (
	"math"

	"github.com/geyser-ml/geyser/engine/explain"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model"
)

func modelPrims() []Prim {
	return []Prim{
		{Name: "PermutationVarImp", Args: "model fr metric samples repeats features seed", run: permute,
			Help: "how much worse a model predicts a frame when one column is shuffled, by column; samples -1 takes all rows, [] all features"},
		{Name: "model.reset.threshold", Args: "model threshold", stores: true, run: resetThreshold,
			Help: "gives a binomial model another threshold and returns the one that it had"},
		{Name: "predicted.vs.actual.by.var", Args: "model fr variable preds", run: predictedActual,
			Help: "mean prediction of a regression and mean response by level of a column; rows without a response do not count"},
	}
}

// model is argument i as a trained model.
func (c *call) model(i int) (Object, model.Model) {
	o, _ := c.args[i].(Object)
	m, ok := o.Value.(model.Model)
	if !ok {
		c.wrong("a Model", c.args[i])
	}
	return o, m
}

// seeds bounds what is read as a seed: integers that a float64 holds.
const seeds = 1 << 53

func permute(c *call) (Value, error) {
	_, m := c.model(0)
	f := c.frame(1)
	p := explain.Permutation{
		Metric: c.str(2), Samples: int(c.whole(3, -1, math.MaxInt32)), Repeats: int(c.whole(4, 1, 1000)),
		Features: c.strs(5), Seed: c.whole(6, -seeds, seeds),
	}
	if c.err != nil {
		return nil, c.err
	}
	out, err := explain.PermutationImportance(c.ctx, m, f, p, 0)
	return Frame{"", out}, err
}

func resetThreshold(c *call) (Value, error) {
	o, _ := c.model(0)
	threshold := c.num(1)
	if c.err != nil {
		return nil, c.err
	}
	old, err := c.s.host.ResetThreshold(o.Key, threshold)
	if err != nil {
		return nil, err
	}
	return single("threshold", frame.NewConst(old, 1))
}

func predictedActual(c *call) (Value, error) {
	_, m := c.model(0)
	f, variable, preds := c.frame(1), c.str(2), c.frame(3)
	if c.err != nil {
		return nil, c.err
	}
	info := m.Info()
	by, actual := f.Lookup(variable), f.Lookup(info.Response)
	switch {
	case info.Category != model.Regression:
		return nil, c.fail("%s is a %s model; '%s' works on Regression", c.args[0].(Object).Key, info.Category, c.prim.Name)
	case by == nil || by.Kind() != frame.Enum:
		return nil, c.fail("'%s' needs a categorical column of the frame but found '%s'", c.prim.Name, variable)
	case actual == nil || !actual.Kind().Numeric():
		return nil, c.fail("the frame has no numbers in the response column '%s'", info.Response)
	case preds.NumCols() == 0 || preds.NumRows() != f.NumRows() || !preds.Column(0).Kind().Numeric():
		return nil, c.fail("the predictions must be a column of %d numbers", f.NumRows())
	}
	n, levels := f.NumRows(), by.Domain()
	weight := frame.NewConst(1, n)
	if w := f.Lookup(info.Weights); w != nil && w.Kind().Numeric() {
		weight = w
	}
	sums := make([]struct{ w, predicted, actual float64 }, len(levels))
	codes := by.Codes(0, n, nil)
	p, y, w := preds.Column(0).Floats(0, n, nil), actual.Floats(0, n, nil), weight.Floats(0, n, nil)
	for i, k := range codes {
		if k < 0 || math.IsNaN(y[i]) || math.IsNaN(w[i]) {
			continue
		}
		sums[k].w += w[i]
		sums[k].predicted += w[i] * p[i]
		sums[k].actual += w[i] * y[i]
	}
	predicted, mean := make([]float64, len(levels)), make([]float64, len(levels))
	for k, s := range sums {
		predicted[k], mean[k] = s.predicted/s.w, s.actual/s.w
	}
	return framed([]string{variable, "predict", "actual"}, []*frame.Column{
		frame.NewStrings(levels, nil), frame.NewFloats(predicted), frame.NewFloats(mean),
	})
}
