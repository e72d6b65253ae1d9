package bench_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/geyser-ml/geyser/bench/data"
)

// BenchmarkTrain trains with 50 trees and reports the accuracy on rows that
// the model has not seen: speed cannot be bought with it.
func BenchmarkTrain(b *testing.B) {
	const rows = 200_000
	for _, tc := range []struct {
		name        string
		train, test *data.Table
	}{
		{"flights", data.Flights(rows, 1), data.Flights(rows/4, 2)},
		{"numbers", data.Numbers(rows, 20, 1), data.Numbers(rows/4, 20, 2)},
	} {
		b.Run(fmt.Sprintf("algo=gbm/data=%s/rows=%d/trees=50/depth=6", tc.name, rows), func(b *testing.B) {
			c := serve(b)
			train, _ := csvFile(b, tc.train, "train.csv")
			test, _ := csvFile(b, tc.test, "test.csv")
			c.load(train, "train")
			c.load(test, "test")
			for b.Loop() {
				c.train(url.Values{
					"training_frame": {"train"}, "model_id": {"m"}, "ntrees": {"50"}, "max_depth": {"6"}, "seed": {"1"},
					"score_tree_interval": {"50"},
				})
			}
			rate(b, rows)
			var scored struct {
				Metrics []struct{ AUC, Logloss float64 } `json:"model_metrics"`
			}
			c.do("POST", "/3/ModelMetrics/models/m/frames/test", url.Values{}, &scored)
			b.ReportMetric(scored.Metrics[0].AUC, "auc")
			b.ReportMetric(scored.Metrics[0].Logloss, "logloss")
		})
	}
}
