package metrics

import (
	"fmt"
	"strconv"

	"github.com/geyser-ml/geyser/engine/table"
)

// ThresholdTable lists all criteria at each threshold; nil unless there are two
// classes. Counts are whole unless weights are not.
func (m *Metrics) ThresholdTable() *table.Table {
	if m.Binomial == nil {
		return nil
	}
	ts := m.Binomial.Thresholds
	counts := table.Long
	for _, t := range ts {
		if !(confusion{{t.TN, t.FP}, {t.FN, t.TP}}).whole() {
			counts = table.Double
			break
		}
	}
	out := table.New("Metrics for Thresholds", "Binomial metrics as a function of classification thresholds")
	column := func(title string, typ table.Type, of func(i int, t Threshold) any) {
		cells := make([]any, len(ts))
		for i, t := range ts {
			cells[i] = of(i, t)
		}
		format := "%f"
		if typ != table.Double {
			format = "%d"
		}
		out.Add(title, typ, format, cells...)
	}
	column("Threshold", table.Double, func(_ int, t Threshold) any { return t.Value })
	for _, c := range criteria {
		typ := table.Double
		if isCount(c.name) {
			typ = counts
		}
		column(c.name, typ, func(_ int, t Threshold) any { return count(c.of(t), typ) })
	}
	column("idx", table.Int, func(i int, _ Threshold) any { return int64(i) })
	return out
}

// isCount tells which criteria are counts of rows.
func isCount(name string) bool {
	switch name {
	case "tns", "fns", "fps", "tps":
		return true
	}
	return false
}

// MaxTable lists the best threshold of each criterion; nil unless there are two
// classes.
func (m *Metrics) MaxTable() *table.Table {
	if m.Binomial == nil {
		return nil
	}
	t := table.New("Maximum Metrics", "Maximum metrics at their respective thresholds").
		Add("Metric", table.String, "").
		Add("Threshold", table.Double, "%f").
		Add("Value", table.Double, "%f").
		Add("idx", table.Long, "%d")
	for _, c := range m.Binomial.Max {
		t.Append("max "+c.Name, c.Threshold, c.Value, int64(c.Index))
	}
	return t
}

// HitRatioTable lists the share of rows whose class is among the K most probable;
// nil unless there are several classes.
func (m *Metrics) HitRatioTable() *table.Table {
	if m.Multinomial == nil {
		return nil
	}
	hits := m.Multinomial.HitRatios
	t := table.New(fmt.Sprintf("Top-%d Hit Ratios", len(hits)), "").
		Add("K", table.String, "").
		Add("Hit Ratio", table.Float, "%f")
	for i, v := range hits {
		t.Append(strconv.Itoa(i+1), single(v))
	}
	return t
}

// single rounds to float32, what a column of type Float holds.
func single(v float64) float64 { return float64(float32(v)) }
