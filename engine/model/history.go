package model

import (
	"fmt"
	"math"
	"time"

	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/table"
)

// HistoryTable returns the scoring history of the model, nil when it has none.
func (i *Info) HistoryTable() *table.Table {
	return historyTable(i, i.History, i.Identity.Times)
}

// FoldHistoryTables returns the scoring history of each fold's model.
func (i *Info) FoldHistoryTables() []*table.Table {
	var out []*table.Table
	for k, h := range i.FoldHistory {
		var times []Stamp
		if k < len(i.Identity.FoldTimes) {
			times = i.Identity.FoldTimes[k]
		}
		if t := historyTable(i, h, times); t != nil {
			out = append(out, t)
		}
	}
	return out
}

// historyTable lays out one history: when, how long, which step, then a block of
// metrics for each frame that was measured.
// H2O: SharedTree.createScoringHistoryTable.
func historyTable(i *Info, history []Scored, times []Stamp) *table.Table {
	if len(history) == 0 {
		return nil
	}
	t := table.New("Scoring History", "")
	n := len(history)
	blank, at, took, step := make([]any, n), make([]any, n), make([]any, n), make([]any, n)
	for k, h := range history {
		blank[k], at[k], took[k], step[k] = "", "", "", int64(h.Step)
		if k < len(times) {
			at[k] = times[k].At.Format(time.DateTime)
			took[k] = duration(times[k].Duration)
		}
	}
	t.Add("", table.String, "", blank...)
	t.Add("Timestamp", table.String, "", at...)
	t.Add("Duration", table.String, "", took...)
	t.Add(i.Step, table.Long, "", step...)
	train, valid := historyMetrics(i.Category)
	block := func(prefix string, list []historyMetric, of func(Scored) []float64) {
		for i, m := range list {
			cells := make([]any, n)
			for k, h := range history {
				cells[k] = math.NaN()
				if v := of(h); v != nil {
					cells[k] = v[i]
				}
			}
			t.Add(prefix+m.title, table.Double, "", cells...)
		}
	}
	custom := func(prefix string, frame int) {
		if len(history[n-1].Custom) <= frame {
			return
		}
		cells := make([]any, n)
		for k, h := range history {
			cells[k] = math.NaN()
			if len(h.Custom) > frame {
				cells[k] = h.Custom[frame]
			}
		}
		t.Add(prefix+"Custom", table.Double, "", cells...)
	}
	prefix := "Training "
	if i.Category == Anomaly {
		prefix = "" // H2O: SharedTree of the isolation forest
	}
	block(prefix, train, func(s Scored) []float64 { return s.Train })
	custom(prefix, 0)
	if history[n-1].Valid != nil {
		block("Validation ", valid, func(s Scored) []float64 { return s.Valid })
		custom("Validation ", 1)
	}
	return t
}

// NewScored makes an entry of the scoring history.
func NewScored(step int, c Category, train, valid *metrics.Metrics) Scored {
	values := func(m *metrics.Metrics, list []historyMetric) []float64 {
		if m == nil {
			return nil
		}
		var out []float64
		for _, h := range list {
			v, _, ok := metrics.Value(m, h.name)
			if !ok {
				v = math.NaN()
			}
			out = append(out, v)
		}
		return out
	}
	onTrain, onValid := historyMetrics(c)
	return Scored{Step: step, Train: values(train, onTrain), Valid: values(valid, onValid)}
}

// SetThreshold makes the threshold of largest F1 the default of a binomial model.
// Nil metrics, or such without one, change nothing.
func (i *Info) SetThreshold(m *metrics.Metrics) {
	if m == nil || m.Binomial == nil {
		return
	}
	if t, ok := m.Binomial.MaxF1(); ok {
		i.Threshold = t.Value
	}
}

type historyMetric struct{ title, name string }

var historyOf = map[Category][]historyMetric{
	Regression: {{"RMSE", "RMSE"}, {"MAE", "MAE"}, {"Deviance", "deviance"}},
	Binomial: {
		{"RMSE", "RMSE"}, {"LogLoss", "logloss"}, {"AUC", "AUC"}, {"pr_auc", "AUCPR"},
		{"Lift", "lift_top_group"}, {"Classification Error", "misclassification"},
	},
	Multinomial: {
		{"RMSE", "RMSE"}, {"LogLoss", "logloss"}, {"Classification Error", "misclassification"},
		{"AUC", "AUC"}, {"pr_auc", "AUCPR"},
	},
	Anomaly: {{"Mean Tree Path Length", "mean_score"}, {"Mean Anomaly Score", "anomaly_score"}},
}

// historyMetrics returns what the history shows for a category, of the training and
// of the validation frame.
func historyMetrics(c Category) (train, valid []historyMetric) {
	if c == Anomaly { // the validation frame has labels
		return historyOf[Anomaly], historyOf[Binomial]
	}
	return historyOf[c], historyOf[c]
}

// duration prints a time span as the wire shows it: " 0.279 sec",
// " 1 min  2.345 sec", " 1:02:03.456".
// H2O: PrettyPrint.msecs(msecs, true).
func duration(d time.Duration) string {
	sec := d.Seconds()
	switch {
	case sec < 60:
		return fmt.Sprintf("%6.3f sec", sec)
	case sec < 3600:
		m := int(sec) / 60
		return fmt.Sprintf("%2d min %6.3f sec", m, sec-float64(60*m))
	}
	h, m := int(sec)/3600, int(sec)%3600/60
	return fmt.Sprintf("%2d:%02d:%06.3f", h, m, sec-float64(3600*h+60*m))
}

// ImportanceTable ranks predictors: relative importance, scaled to the largest,
// and as a share of all. It is nil when there are none.
func ImportanceTable(names []string, relative []float64) *table.Table {
	if len(names) == 0 {
		return nil
	}
	top, sum := 0.0, 0.0
	for _, v := range relative {
		top, sum = math.Max(top, v), sum+v
	}
	share := func(v, of float64) float64 {
		if of == 0 {
			return 0
		}
		return v / of
	}
	t := table.New("Variable Importances", "")
	t.Add("Variable", table.String, "")
	for _, title := range []string{"Relative Importance", "Scaled Importance", "Percentage"} {
		t.Add(title, table.Double, "%5f")
	}
	for i, n := range names {
		t.Append(n, relative[i], share(relative[i], top), share(relative[i], sum))
	}
	return t
}
