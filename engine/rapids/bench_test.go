package rapids

import (
	"context"
	"testing"
)

func BenchmarkEval(b *testing.B) {
	const rows = 1_000_000
	host := newObjects()
	host.frames["f"] = large(rows)
	s := NewSession("s", host)
	for _, bench := range []struct{ name, expr string }{
		{"add", "(+ (cols_py f 0) 1)"}, {"less", "(< (cols_py f 0) 0)"}, {"equalNumber", "(== (cols_py f 1) 7)"},
		{"equalLevel", "(== (cols_py f 2) 'q')"}, {"filter", "(rows f (> (cols_py f 0) 0))"}, {"runif", "(h2o.runif f 1)"},
		{"factorInts", "(as.factor (cols_py f 1))"}, {"factorText", "(as.factor (cols_py f 3))"}, {"sum", "(sumNA (cols_py f [0 1]))"},
		{"quantile", "(quantile (cols_py f 0) [0.5] 'interpolate' '_')"}, {"assign", "(:= f 0 0 (is.na (cols_py f 0)))"},
		{"applyRows", "(apply (cols_py f [0 1]) 1 {x . (mean x True)})"}, {"sort", "(sort f [2 0] [1 -1])"},
	} {
		b.Run("expr="+bench.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Eval(context.Background(), bench.expr); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
		})
	}
}
