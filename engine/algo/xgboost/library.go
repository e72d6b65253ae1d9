package xgboost

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"sync"

	"github.com/geyser-ml/geyser/cgo/libxgboost"
	"github.com/geyser-ml/geyser/engine/errs"
)

// Library describes the library that trainings use. Without one the error is
// Unavailable and tells how to get it.
func Library() (string, error) {
	b, err := library()
	if err != nil {
		return "", err
	}
	device := "CPU"
	if b.CUDA {
		device = "CUDA"
	}
	return fmt.Sprintf("version %v, built for %s, %s", b.Version, device, b.Path), nil
}

// library finds the library.
func library() (libxgboost.Build, error) {
	b, err := libxgboost.Find()
	if err == nil {
		return b, nil
	}
	why := strings.ReplaceAll(err.Error(), "\n", "; ")
	return b, &errs.Error{Kind: errs.Unavailable, Msg: fmt.Sprintf("training needs the XGBoost library, version %d.%d or later, which is not here: "+
		"`make libxgboost` fetches it, or let %s name the file libxgboost.so of an installation (%s)",
		libxgboost.Oldest.Major, libxgboost.Oldest.Minor, libxgboost.Variable, why), Err: err}
}

// errNoGPU says why no GPU can be used.
var errNoGPU = errors.New("GPU backend is not functional")

// gpu reports, with an error, why a GPU of this number cannot train. Answers are
// kept.
func gpu(id int) error {
	probes.Lock()
	defer probes.Unlock()
	err, ok := probes.of[id]
	if !ok {
		if probes.of == nil {
			probes.of = map[int]error{}
		}
		err = probe(id)
		probes.of[id] = err
	}
	return err
}

var probes struct {
	sync.Mutex
	of map[int]error
}

// probe trains a round on a GPU.
// Why: a library without CUDA, or without a device, takes the parameter and goes on
// with the CPU; what it really uses stands in its configuration.
func probe(id int) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	b, err := library()
	if err != nil {
		return err
	}
	if !b.CUDA {
		return fmt.Errorf("%w: the XGBoost library here (%v) is built for the CPU alone", errNoGPU, b.Version)
	}
	m, err := libxgboost.Columns([][]float32{{0, 1, 2, 3}}, 1)
	if err != nil {
		return fmt.Errorf("%w: %w", errNoGPU, err)
	}
	defer m.Close()
	if err := m.Set("label", []float32{0, 0, 1, 1}); err != nil {
		return fmt.Errorf("%w: %w", errNoGPU, err)
	}
	native := []setting{{"silent", true}, {"gpu_id", int64(id)}, {"tree_method", "gpu_hist"}, {"nthread", 1}}
	x, err := libxgboost.NewBooster(sent(native, b.Version), m)
	if err != nil {
		return fmt.Errorf("%w: %w", errNoGPU, err)
	}
	defer x.Close()
	if err := x.Update(0, m); err != nil {
		return fmt.Errorf("%w: %w", errNoGPU, err)
	}
	if device := deviceOf(x); !strings.HasPrefix(device, "cuda") && !strings.HasPrefix(device, "gpu") {
		return fmt.Errorf("%w: the library has fallen back to %q; is there a device with a driver?", errNoGPU, device)
	}
	return nil
}

// deviceOf reads back where a booster trains: "cpu", "cuda:0"; of the 1.x line
// "gpu_hist".
func deviceOf(x *libxgboost.Booster) string {
	raw, err := x.Config()
	if err != nil {
		return "unknown"
	}
	var c struct {
		Learner struct {
			Generic struct {
				Device string `json:"device"`
				ID     string `json:"gpu_id"`
			} `json:"generic_param"`
		} `json:"learner"`
	}
	switch err := json.Unmarshal(raw, &c); {
	case err != nil:
		return "unknown"
	case c.Learner.Generic.Device != "":
		return c.Learner.Generic.Device
	case c.Learner.Generic.ID != "" && c.Learner.Generic.ID != "-1":
		return "gpu:" + c.Learner.Generic.ID
	}
	return "cpu"
}

// named finds the parameter that one of the library's messages is about.
var named = regexp.MustCompile(`(?i)param(?:eter)?:? [\x60'"]?(\w+)`)

// wireNames are the parameters that the library calls otherwise.
var wireNames = map[string]string{
	"lambda": "reg_lambda", "reg_lambda": "reg_lambda", "alpha": "reg_alpha", "reg_alpha": "reg_alpha", "max_bin": "max_bins",
	"learning_rate": "eta", "min_split_loss": "gamma", "tweedie_variance_power": "tweedie_power",
}

// explained turns a failure of the library while it trains into an error for the
// caller, with the parameter that it names.
// Why here: the library looks at many values only when it needs them.
func explained(err error) error {
	field := ""
	if m := named.FindStringSubmatch(err.Error()); m != nil {
		if field = m[1]; wireNames[field] != "" {
			field = wireNames[field]
		}
	}
	return &errs.Error{Kind: errs.Invalid, Field: field, Msg: "XGBoost: " + err.Error(), Err: err}
}
