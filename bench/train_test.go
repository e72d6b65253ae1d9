package bench_test

import (
	"fmt"
	"maps"
	"net/url"
	"os"
	"runtime/debug"
	"testing"

	"github.com/geyser-ml/geyser/bench/data"
	"github.com/geyser-ml/geyser/engine/algo/xgboost"
)

const largeRows = 300_000

// trainings are the tree algorithms at a size that a gate of many runs can bear.
var trainings = []struct {
	algo, name string
	rows       int
	form       url.Values
}{
	// Large: bins, sums and rows are kept in other forms, and go through memory level by level.
	{"gbm", "trees=10/depth=10", largeRows, url.Values{"ntrees": {"10"}, "max_depth": {"10"}, "score_tree_interval": {"10"}}},
	{"gbm", "trees=50/depth=6", 50_000, url.Values{"ntrees": {"50"}, "max_depth": {"6"}}},
	{"drf", "trees=10/depth=12", 50_000, url.Values{"ntrees": {"10"}, "max_depth": {"12"}}},
	{"xgboost", "trees=10/depth=6", 50_000, url.Values{"ntrees": {"10"}, "max_depth": {"6"}, "tree_method": {"hist"}}},
	{"isolationforest", "trees=50/depth=8", 50_000, url.Values{"ntrees": {"50"}, "max_depth": {"8"}, "ignored_columns": {`["late"]`}}},
}

// BenchmarkTrain trains and reports the accuracy on rows that the model has not
// seen: speed cannot be bought with it. Of large trainings it reports how much memory
// they take above what is there before.
func BenchmarkTrain(b *testing.B) {
	for _, tr := range trainings {
		for _, tc := range []struct {
			name        string
			train, test *data.Table
		}{
			{"flights", data.Flights(tr.rows, 1), data.Flights(tr.rows/4, 2)},
			{"numbers", data.Numbers(tr.rows, 20, 1), data.Numbers(tr.rows/4, 20, 2)},
		} {
			b.Run(fmt.Sprintf("algo=%s/data=%s/rows=%d/%s", tr.algo, tc.name, tr.rows, tr.name), func(b *testing.B) {
				if _, err := xgboost.Library(); tr.algo == "xgboost" && err != nil {
					b.Skip(err)
				}
				c := serve(b)
				train, _ := csvFile(b, tc.train, "train.csv")
				test, _ := csvFile(b, tc.test, "test.csv")
				c.load(train, "train")
				c.load(test, "test")
				form := maps.Clone(tr.form)
				maps.Copy(form, url.Values{"training_frame": {"train"}, "model_id": {"m"}, "seed": {"1"}})
				for b.Loop() {
					c.train(tr.algo, form)
				}
				rate(b, tr.rows)
				if tr.rows >= largeRows {
					debug.FreeOSMemory()
					before := resident(b, os.Getpid(), "VmRSS")
					check(b, os.WriteFile("/proc/self/clear_refs", []byte("5"), 0o600)) // VmHWM begins anew
					c.train(tr.algo, form)
					b.ReportMetric(resident(b, os.Getpid(), "VmHWM")-before, "train-bytes")
				}
				if form.Has("ignored_columns") {
					return // it has no response to be right about
				}
				var scored struct {
					Metrics []struct{ AUC, Logloss float64 } `json:"model_metrics"`
				}
				c.do("POST", "/3/ModelMetrics/models/m/frames/test", url.Values{}, &scored)
				b.ReportMetric(scored.Metrics[0].AUC, "auc")
				b.ReportMetric(scored.Metrics[0].Logloss, "logloss")
			})
		}
	}
}
