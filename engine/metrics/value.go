package metrics

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/geyser-ml/geyser/engine/table"
)

// kind is a set of problems.
type kind uint8

const (
	numbers kind = 1 << iota
	two
	several
	oddity // anomaly scores

	classes = two | several
	every   = numbers | classes
)

func (m *Metrics) kind() kind {
	switch {
	case m.Binomial != nil:
		return two
	case m.Multinomial != nil:
		return several
	case m.Anomaly != nil:
		return oddity
	}
	return numbers
}

// scalar is one number of a measurement, under the name of the cross-validation
// summary, whose order the list has.
type scalar struct {
	name  string
	kinds kind
	more  bool // the larger the better
	of    func(m *Metrics) float64
}

var scalars = []scalar{
	{"accuracy", classes, true, func(m *Metrics) float64 { return 1 - m.err() }},
	{"aic", every, false, func(m *Metrics) float64 { return m.AIC }},
	{"anomaly_score", oddity, false, func(m *Metrics) float64 { return m.Anomaly.MeanNormalizedScore }},
	{"auc", classes, true, func(m *Metrics) float64 {
		if m.Binomial != nil {
			return m.Binomial.AUC
		}
		return m.Multinomial.AUC
	}},
	{"err", classes, false, (*Metrics).err},
	{"err_count", classes, false, func(m *Metrics) float64 {
		if m.confusion() == nil {
			return math.NaN()
		}
		_, wrong := m.confusion().all()
		return wrong
	}},
	{"f0point5", two, true, atMaxF1("f0point5")},
	{"f1", two, true, atMaxF1("f1")},
	{"f2", two, true, atMaxF1("f2")},
	{"lift_top_group", two, true, func(m *Metrics) float64 {
		if t := m.Binomial.GainsLift; t != nil && t.Rows() > 0 {
			return t.Column("Lift").Cells[0].(float64)
		}
		return math.NaN()
	}},
	{"loglikelihood", every, true, func(m *Metrics) float64 { return m.Loglikelihood }},
	{"logloss", classes, false, func(m *Metrics) float64 {
		if m.Binomial != nil {
			return m.Binomial.LogLoss
		}
		return m.Multinomial.LogLoss
	}},
	{"mae", numbers, false, func(m *Metrics) float64 { return m.Regression.MAE }},
	{"max_per_class_error", classes, false, func(m *Metrics) float64 { return m.confusion().maxError() }},
	{"mcc", two, true, func(m *Metrics) float64 {
		if t, ok := m.Binomial.MaxF1(); ok {
			return t.mcc()
		}
		return math.NaN()
	}},
	{"mean_per_class_accuracy", classes, true, func(m *Metrics) float64 { return 1 - m.confusion().meanError() }},
	{"mean_per_class_error", classes, false, func(m *Metrics) float64 { return m.confusion().meanError() }},
	{"mean_residual_deviance", numbers, false, func(m *Metrics) float64 { return m.Regression.MeanResidualDeviance }},
	{"mean_score", oddity, false, func(m *Metrics) float64 { return m.Anomaly.MeanScore }},
	{"mse", every, false, func(m *Metrics) float64 { return m.MSE }},
	{"pr_auc", classes, true, func(m *Metrics) float64 {
		if m.Binomial != nil {
			return m.Binomial.PRAUC
		}
		return m.Multinomial.PRAUC
	}},
	{"precision", two, true, atMaxF1("precision")},
	{"r2", every, true, func(m *Metrics) float64 { return m.R2 }},
	{"recall", two, true, atMaxF1("recall")},
	// H2O: the summary has the mean under this name too.
	{"residual_deviance", numbers, false, func(m *Metrics) float64 { return m.Regression.MeanResidualDeviance }},
	{"rmse", every, false, func(m *Metrics) float64 { return m.RMSE }},
	{"rmsle", numbers, false, func(m *Metrics) float64 { return m.Regression.RMSLE }},
	{"specificity", two, true, atMaxF1("specificity")},
}

// aliases are the names of stopping metrics that the summary calls otherwise.
var aliases = map[string]string{
	"deviance":          "mean_residual_deviance",
	"aucpr":             "pr_auc",
	"misclassification": "err",
}

func atMaxF1(name string) func(m *Metrics) float64 {
	return func(m *Metrics) float64 {
		if t, ok := m.Binomial.MaxF1(); ok {
			return t.Criterion(name)
		}
		return math.NaN()
	}
}

func (m *Metrics) err() float64 {
	total, wrong := m.confusion().all()
	return wrong / total
}

// Value returns the number of that name, in any case: a stopping metric
// ("deviance", "AUCPR", "misclassification" …) or a row of the cross-validation
// summary. AUTO and "" are logloss for classes, deviance for numbers and anomaly_score
// for anomaly scores. ok is
// false for an unknown name and for one that this kind of problem does not have.
func Value(m *Metrics, name string) (v float64, lessIsBetter, ok bool) {
	name = strings.ToLower(name)
	if name == "" || name == "auto" {
		switch name = "logloss"; m.kind() {
		case numbers:
			name = "deviance"
		case oddity:
			name = "anomaly_score"
		}
	}
	if a, ok := aliases[name]; ok {
		name = a
	}
	i := slices.IndexFunc(scalars, func(s scalar) bool { return s.name == name })
	if i < 0 || scalars[i].kinds&m.kind() == 0 {
		return math.NaN(), false, false
	}
	return scalars[i].of(m), !scalars[i].more, true
}

// CVSummary lists mean, standard deviation and each fold's value of all numbers;
// nil without folds.
func CVSummary(folds []*Metrics) *table.Table {
	if len(folds) == 0 {
		return nil
	}
	t := table.New("Cross-Validation Metrics Summary", "").
		Add("", table.String, "").
		Add("mean", table.Float, "%f").
		Add("sd", table.Float, "%f")
	for i := range folds {
		t.Add(fmt.Sprintf("cv_%d_valid", i+1), table.Float, "%f")
	}
	for _, s := range scalars {
		if s.kinds&folds[0].kind() == 0 {
			continue
		}
		var sum base
		row := []any{s.name, nil, nil}
		for _, m := range folds {
			v := s.of(m)
			sum.add(1, v, 0)
			row = append(row, single(v))
		}
		sd := math.Sqrt(sum.m2 / float64(len(folds)-1))
		if math.IsNaN(sd) {
			sd = 0 // H2O: where the mean is NaN
		}
		row[1], row[2] = single(sum.mean), single(sd)
		t.Append(row...)
	}
	return t
}
