package metrics

import (
	"fmt"
	"math"
	"strconv"

	"github.com/geyser-ml/geyser/engine/table"
)

// confusion has the weights of rows by actual × predicted class.
type confusion [][]float64

// confusion returns the matrix of several classes, or that of two at the
// threshold with the largest F1; nil when there is none.
func (m *Metrics) confusion() confusion {
	switch {
	case m.Multinomial != nil:
		return m.Multinomial.Confusion
	case m.Binomial != nil:
		if t, ok := m.Binomial.MaxF1(); ok {
			return confusion{{t.TN, t.FP}, {t.FN, t.TP}}
		}
	}
	return nil
}

// class returns the weight of a class and how much of it is predicted wrong.
func (c confusion) class(i int) (total, wrong float64) {
	for j, v := range c[i] {
		total += v
		if i != j {
			wrong += v
		}
	}
	return total, wrong
}

// all returns the weight of all rows and how much of it is predicted wrong.
func (c confusion) all() (total, wrong float64) {
	for i := range c {
		t, w := c.class(i)
		total += t
		wrong += w
	}
	return total, wrong
}

// error returns the share of a class that is predicted wrong.
//
// H2O: 0 for a class without rows.
func (c confusion) error(i int) float64 {
	total, wrong := c.class(i)
	if total == 0 {
		return 0
	}
	return wrong / total
}

// meanError returns the mean of the classes' errors, NaN without classes.
func (c confusion) meanError() float64 {
	var sum float64
	for i := range c {
		sum += c.error(i)
	}
	return sum / float64(len(c))
}

// maxError returns the largest of the classes' errors, NaN without classes.
func (c confusion) maxError() float64 {
	worst := math.NaN()
	for i := range c {
		if e := c.error(i); !(e <= worst) {
			worst = e
		}
	}
	return worst
}

// whole reports whether all cells are counts.
func (c confusion) whole() bool {
	for _, row := range c {
		for _, v := range row {
			if v != math.Trunc(v) {
				return false
			}
		}
	}
	return true
}

// ConfusionTable shows actual against predicted classes, with errors: of two
// classes at the threshold with the largest F1. It is nil for numbers, and when
// there is no such threshold.
func (m *Metrics) ConfusionTable() *table.Table {
	c := m.confusion()
	if c == nil {
		return nil
	}
	domain := m.domain()
	typ, format := table.Long, ""
	rate := func(wrong, total float64) string { return thousands(wrong) + " / " + thousands(total) }
	if !c.whole() {
		typ, format = table.Double, "%.2f"
		rate = func(wrong, total float64) string { return fmt.Sprintf("%.4f / %.4f", wrong, total) }
	}

	// One row a class, one of totals; width is that of the widest rate.
	k := len(c)
	errors, rates := make([]any, 0, k+1), make([]any, 0, k+1)
	width := 0
	add := func(wrong, total float64) {
		r := rate(wrong, total)
		width = max(width, len(r))
		errors, rates = append(errors, wrong/total), append(rates, r)
	}
	for i := range c {
		total, wrong := c.class(i)
		add(wrong, total)
	}
	total, wrong := c.all()
	add(wrong, total)
	if typ == table.Double { // H2O: totals have two digits
		rates[k] = fmt.Sprintf("%.2f / %.2f", wrong, total)
	}

	t := table.New("Confusion Matrix", "Row labels: Actual class; Column labels: Predicted class")
	for j := range c {
		cells := make([]any, 0, k+1)
		var sum float64
		for i := range c {
			cells = append(cells, count(c[i][j], typ))
			sum += c[i][j]
		}
		t.Add(domain[j], typ, format, append(cells, count(sum, typ))...)
	}
	return t.Add("Error", table.Double, "%.4f", errors...).
		Add("Rate", table.String, fmt.Sprintf("= %%%ds", width), rates...)
}

func (m *Metrics) domain() []string {
	if m.Multinomial != nil {
		return m.Multinomial.Domain
	}
	return m.Binomial.Domain
}

// count is a cell of weight v in a column of the type.
func count(v float64, typ table.Type) any {
	if typ == table.Long {
		return int64(v)
	}
	return v
}

// thousands prints a count as 1,234,567.
func thousands(v float64) string {
	s := strconv.FormatInt(int64(v), 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
