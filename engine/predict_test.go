package engine

import (
	"testing"

	"github.com/geyser-ml/geyser/engine/param"
)

// The memory of predictions counts a column for each class.
func TestAsk_Bytes(t *testing.T) {
	e, _, err := openOn(t, "go")
	if err != nil {
		t.Fatal(err)
	}
	load(t, e, flights(t, e.cfg.ImportRoots[0], 300), "air")
	for response, columns := range map[string]int64{"carrier": 6, "late": 4, "dep": 4} {
		tr, err := e.Train("gbm", param.Raw{"training_frame": "air", "response_column": response, "model_id": response, "ntrees": "1", "max_depth": "2"}, "")
		if err != nil || tr.Issues.Fatal() {
			t.Fatal(err, tr.Issues)
		}
		done(t, tr.Job)
		a, release, err := e.ask(Question{Model: response, Frame: "air"}, "p")
		if err != nil {
			t.Fatal(err)
		}
		release()
		if a.bytes != 8*300*columns {
			t.Errorf("%s: %d bytes, want %d columns", response, a.bytes, columns)
		}
	}
}
