//go:build cuda

package engine

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/geyser-ml/geyser/engine/param"
	"github.com/geyser-ml/geyser/kernels"
)

// A server whose device is lost goes on without it, and says so everywhere.
func TestTrain_LosesDevice(t *testing.T) {
	if os.Getenv("FAULT") == "" {
		if _, err := kernels.Devices(); err != nil || !strings.Contains(os.Getenv("CUDASHIM_LIBCUDA"), "emu") {
			if strings.Contains(os.Getenv("WANT_TIERS"), "cuda") {
				t.Fatal(err)
			}
			t.Skip("needs the emulator of a device, which fails at will")
		}
		cmd := exec.Command(os.Args[0], "-test.run=^TestTrain_LosesDevice$")
		cmd.Env = append(os.Environ(), "FAULT=lost", "CUEMU_LOSE=20")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	e, _, err := openOn(t, "cuda:0")
	if err != nil {
		t.Fatal(err)
	}
	load(t, e, flights(t, e.cfg.ImportRoots[0], 300), "air")
	if d := e.Diagnose(); d.Kernels != "cuda:0" || len(d.Devices) != 1 || !d.Devices[0].Open {
		t.Errorf("before: %s, %+v", d.Kernels, d.Devices)
	}
	for i, want := range []string{"The training was done again on the processor. cuda:0: device lost", "The training runs on the processor. cuda:0: device lost"} {
		tr, err := e.Train("gbm", param.Raw{"training_frame": "air", "response_column": "late", "model_id": fmt.Sprint("m", i), "ntrees": "3", "max_depth": "3", "seed": "1"}, "")
		if err != nil || tr.Issues.Fatal() {
			t.Fatal(err, tr.Issues)
		}
		done(t, tr.Job)
		if w := tr.Job.Snapshot().Warnings; len(w) != 1 || !strings.HasPrefix(w[0], want) {
			t.Errorf("warnings %q", w)
		}
	}
	if !bytes.Equal(payload(t, e, "m0"), payload(t, e, "m1")) {
		t.Error("the model that lost its device is another one")
	}
	d := e.Diagnose()
	if !strings.HasPrefix(d.Kernels, kernels.CPU().Name()+" (cuda:0: ") || !strings.Contains(d.Kernels, "device lost") {
		t.Errorf("after: %s", d.Kernels)
	}
	// The one job is the tier that models are scored by.
	if x := d.Devices[0]; x.Live != 0 || x.Jobs != 1 || !strings.Contains(x.Fault, "device lost") {
		t.Errorf("after: %+v", x)
	}
	if d.Scoring != "cuda:0" || d.ScoringFaults != 0 {
		t.Errorf("scoring: %s, %d faults", d.Scoring, d.ScoringFaults)
	}
	load(t, e, flights(t, e.cfg.ImportRoots[0], 10_000), "many") // rows enough for a device
	if _, err := e.Predict(t.Context(), Question{Model: "m0", Frame: "many", Dest: "p"}); err != nil {
		t.Fatal(err)
	}
	want := "cuda:0 (calls left to the processor: 1, the last one because of cuda:0: device lost"
	if d := e.Diagnose(); !strings.HasPrefix(d.Scoring, want) || d.ScoringFaults != 1 {
		t.Errorf("scoring: %s, %d faults", d.Scoring, d.ScoringFaults)
	}
}

// The doctor has every device compute, and tells by what.
func TestOpenDevices(t *testing.T) {
	if _, err := kernels.Devices(); err != nil {
		if strings.Contains(os.Getenv("WANT_TIERS"), "cuda") {
			t.Fatal(err)
		}
		OpenDevices() // nothing to open
		return
	}
	t.Setenv("CUBLAS_LIBRARY", "none")
	OpenDevices()
	for _, d := range Machine("", "").Devices {
		if !d.Open || d.Fault != "" || d.Jobs != 0 || d.Dense != "own kernel (cublas: switched off by CUBLAS_LIBRARY=none)" && !strings.HasPrefix(d.Dense, "cuBLAS") {
			t.Errorf("%+v", d)
		}
	}
}
