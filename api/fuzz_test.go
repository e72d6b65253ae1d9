package api

import (
	"bytes"
	"strings"
	"testing"

	"github.com/geyser-ml/geyser/engine/param"
)

// FuzzBind feeds the readers of queries, forms and JSON bodies, and the decoder
// behind them. Nothing may panic, and what was read must decode or be refused.
func FuzzBind(f *testing.F) {
	for _, s := range []string{
		"", "a=1&b=2", "a=%zz", "count=1e3&list=[a,b]&list=c", "&&=&x", `{"name":"x","count":1,"list":["a",null]}`,
		`{"list":[[1],{"a":2}]}`, `{"a":`, "[1]", "null", `{"flag":true,"id":{"column_name":"c"}}`, "list=[\"a,b\",'c']",
	} {
		f.Add(s)
	}
	schema := param.Of[echoIn]()
	f.Fuzz(func(t *testing.T, text string) {
		for _, read := range []func(*values) error{
			func(v *values) error { return v.parse(text) },
			func(v *values) error { *v = values{}; return v.json(&capped{bytes.NewReader([]byte(text)), 1 << 16}) },
		} {
			var v values
			if read(&v) != nil {
				continue
			}
			raw := v.raw()
			for name := range raw {
				if len(v[name]) > 1 && !strings.HasPrefix(raw[name], "[") {
					t.Errorf("%q came %d times and is no list", name, len(v[name]))
				}
			}
			if got, issues := schema.Decode(raw); !issues.Fatal() && (got.Count < 0 || got.Count > 100) {
				t.Errorf("count is %d", got.Count)
			}
		}
	})
}
