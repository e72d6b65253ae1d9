package engine

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/geyser-ml/geyser/engine/job"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/param"
	"github.com/geyser-ml/geyser/kernels"
)

// openOn is open with a tier that is asked for, and what is logged then.
func openOn(t *testing.T, backend string) (*Engine, *bytes.Buffer, error) {
	t.Helper()
	log := &bytes.Buffer{}
	dir := t.TempDir()
	e, err := Open(Config{
		DataDir: dir, ImportRoots: []string{dir}, Repo: &memRepo{}, Threads: 2, Backend: backend, Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	if err == nil {
		t.Cleanup(func() { e.Close(context.Background()) })
	}
	return e, log, err
}

func TestOpen_Backend(t *testing.T) {
	for _, name := range []string{"", "auto", "cpu", "go"} {
		e, log, err := openOn(t, name)
		if err != nil {
			t.Fatal(err)
		}
		used := e.Diagnose().Kernels
		if used != kernels.Used(name) || used == "" {
			t.Errorf("backend %q: trainings are on %q", name, used)
		}
		if n := strings.Count(log.String(), "msg=kernels"); n != 1 || !strings.Contains(log.String(), used) {
			t.Errorf("backend %q: logged is %s", name, log)
		}
	}
	for _, name := range []string{"abacus", "native:mmx", "cuda:x", "cuda:99"} {
		_, _, err := openOn(t, name)
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("backend %q: %v", name, err)
		}
	}
	if _, err := kernels.Devices(); err == nil {
		return
	}
	for _, name := range []string{"cuda", "cuda:0"} {
		_, _, err := openOn(t, name)
		_, why := kernels.Devices()
		if err == nil || !strings.HasSuffix(err.Error(), why.Error()) {
			t.Errorf("backend %q: %v, want %v", name, err, why)
		}
	}
}

// lossy is an algorithm whose device fails whatever it is.
var lossy = model.Define(model.Spec[lossyParams]{
	Name: "lossy", Title: "Lossy", ID: "Lossy", Version: 3, Supervised: true, Categories: []model.Category{model.Binomial},
	Schema: param.Of[lossyParams](),
	Train: func(_ context.Context, t *model.Task, _ lossyParams) (model.Model, error) {
		return nil, fmt.Errorf("%s: %w", t.Backend, kernels.ErrDeviceLost)
	},
})

type lossyParams struct {
	model.Frames
	model.Columns
}

// What a training has to say of its device is a warning of its job, and logged.
func TestTrain_WarnsOfDevice(t *testing.T) {
	e, log, err := openOn(t, "go")
	if err != nil {
		t.Fatal(err)
	}
	e.algos = append(slices.Clone(e.algos), lossy)
	load(t, e, flights(t, e.cfg.ImportRoots[0], 50), "air")
	tr, err := e.Train("lossy", param.Raw{"training_frame": "air", "response_column": "late", "model_id": "m"}, "")
	if err != nil || tr.Issues.Fatal() {
		t.Fatal(err, tr.Issues)
	}
	<-tr.Job.Done()
	s := tr.Job.Snapshot()
	if want := "The training was done again on the processor. go: device lost"; s.State != job.Failed || !slices.Equal(s.Warnings, []string{want}) {
		t.Errorf("job %s: %s, warnings %q", s.State, s.Err, s.Warnings)
	}
	if !strings.Contains(s.Err, "cpu: device lost") {
		t.Errorf("the error is that of the second time: %s", s.Err)
	}
	if !strings.Contains(log.String(), "done again on the processor") {
		t.Errorf("logged is %s", log)
	}
}
