package bench_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/geyser-ml/geyser/bench/data"
)

// BenchmarkAPI measures whole requests over loopback: what a client waits for.
func BenchmarkAPI(b *testing.B) {
	c := serve(b)
	flights, _ := csvFile(b, data.Flights(20_000, 1), "flights.csv")
	one, _ := csvFile(b, data.Flights(1, 1), "one.csv")
	small, _ := csvFile(b, data.Flights(100, 1), "small.csv")
	c.load(flights, "flights")
	c.load(one, "one")
	c.train("gbm", url.Values{"training_frame": {"flights"}, "model_id": {"m"}, "ntrees": {"20"}, "max_depth": {"5"}, "seed": {"1"}})
	session := struct {
		Key string `json:"session_key"`
	}{}
	c.do("POST", "/4/sessions", url.Values{}, &session)
	rapids := func(ast string) {
		c.do("POST", "/99/Rapids", url.Values{"ast": {ast}, "session_id": {session.Key}}, nil)
	}

	for _, tc := range []struct {
		name string
		f    func()
	}{
		{"cloud", func() { c.do("GET", "/3/Cloud", nil, nil) }},
		{"frame", func() { c.do("GET", "/3/Frames/flights?row_count=10", nil, nil) }},
		{"model", func() { c.do("GET", "/3/Models/m", nil, nil) }},
		{"predict-row", func() {
			c.do("POST", "/3/Predictions/models/m/frames/one", url.Values{"predictions_frame": {"p"}}, nil)
		}},
		{"predict-frame", func() {
			c.do("POST", "/3/Predictions/models/m/frames/flights", url.Values{"predictions_frame": {"p"}}, nil)
		}},
		{"rapids-mean", func() { rapids(`(mean (cols_py flights 'Distance') 0 0)`) }},
		{"rapids-assign", func() {
			rapids(fmt.Sprintf(`(tmp= t%s (+ (cols_py flights 'Distance') 1))`, session.Key))
			rapids(fmt.Sprintf(`(rm t%s)`, session.Key))
		}},
		{"parse-small", func() { c.load(small, "small") }},
	} {
		b.Run("request="+tc.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				tc.f()
			}
		})
	}
}
