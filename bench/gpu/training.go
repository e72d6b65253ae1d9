package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/geyser-ml/geyser/engine/algo"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/param"
	"github.com/geyser-ml/geyser/kernels"
)

// frame makes a frame of data.
func (d *data) frame() (*frame.Frame, error) {
	names, cols := []string{"class"}, []*frame.Column{frame.NewEnum(d.class, []string{"no", "yes"})}
	for i, c := range d.columns {
		names, cols = append(names, fmt.Sprint("x", i)), append(cols, frame.NewFloats(c))
	}
	return frame.New(names, cols)
}

// train trains an algorithm by name on a tier. A training that ended elsewhere is a
// failure: what is measured must be what it says.
func train(name string, f *frame.Frame, backend string, kv map[string]string) (model.Model, error) {
	var a *model.Algo
	for _, x := range algo.All() {
		if x.Name == name {
			a = x
		}
	}
	if a == nil {
		return nil, fmt.Errorf("no algorithm %s", name)
	}
	raw := param.Raw{"training_frame": "f", "seed": "1", "model_id": "m"}
	if a.Supervised {
		raw["response_column"] = "class"
	} else {
		raw["ignored_columns"] = "[class]"
	}
	for k, v := range kv {
		raw[k] = v
	}
	run, issues := a.Prepare(raw, model.Env{
		Frame:  func(string, string) (*frame.Frame, error) { return f, nil },
		Model:  func(key string) (model.Model, error) { return nil, errs.NotFoundf("model", "no model %s", key) },
		NewKey: func(p string) string { return p }, NewSeed: func() int64 { return 1 }, Now: time.Now, Backend: backend,
	})
	if err := issues.Err(); err != nil {
		return nil, err
	}
	var warnings []string
	res, err := run.Train(context.Background(), model.Hooks{Warn: func(msg string) { warnings = append(warnings, msg) }})
	if err == nil && warnings != nil {
		err = fmt.Errorf("%s", strings.Join(warnings, "; "))
	}
	return res.Model, err
}

// settings of whole trainings; the growing model is measured at its end alone, as XGBoost
// does.
func (o *options) settings(trees int) map[string]string {
	return map[string]string{"ntrees": fmt.Sprint(trees), "max_depth": fmt.Sprint(o.depth), "learn_rate": "0.1", "min_rows": "1", "score_tree_interval": fmt.Sprint(trees)}
}

// exactness compares the bytes of models of the device with those of the processor.
func (o *options) exactness(w io.Writer, _ kernels.DeviceSpeed) error {
	fmt.Fprintf(w, "\n## Models of %d rows\n\n", o.exact)
	f, err := generate(o.exact, o.columns, 0).frame()
	if err != nil {
		return err
	}
	t := newTable(w, "algorithm", "bytes of the payload", "")
	for _, x := range []struct {
		name string
		kv   map[string]string
	}{
		{"gbm", map[string]string{"ntrees": "10", "sample_rate": "0.8"}},
		{"drf", map[string]string{"ntrees": "5"}},
		{"isolationforest", map[string]string{"ntrees": "5", "sample_size": fmt.Sprint(o.exact / 2)}},
	} {
		var payloads [][]byte
		for _, backend := range []string{o.device, kernels.Processor} {
			m, err := train(x.name, f, backend, x.kv)
			if err != nil {
				return fmt.Errorf("%s on %s: %w", x.name, backend, err)
			}
			p, err := model.PayloadBytes(m)
			if err != nil {
				return err
			}
			payloads = append(payloads, p)
		}
		said := "equal to those of the processor"
		if !bytes.Equal(payloads[0], payloads[1]) {
			said = "**DIFFERENT** from those of the processor"
			err = fmt.Errorf("%s: models differ", x.name)
		}
		t.row(x.name, fmt.Sprint(len(payloads[0])), said)
	}
	if !o.toy {
		return nil // a difference is no reason not to measure
	}
	return err
}

// state returns that of the device.
func (o *options) state() (out kernels.DeviceState) {
	for _, s := range kernels.DeviceStates() {
		if s.Name == o.device {
			out = s
		}
	}
	return out
}

// trainings times whole trainings of gbm.
func (o *options) trainings(w io.Writer, _ kernels.DeviceSpeed) error {
	fmt.Fprintf(w, "\n## Whole trainings\n\nGBM of two classes, %d columns, depth %d, with quantising, measured at its end. Ratios are times of others over that of the "+
		"device (aims: 10 over 16 cores; 0.8 over XGBoost at 1e7 rows). Memory is the most that the device held, and the estimate.\n\n", o.columns, o.depth)
	t := newTable(w, "rows", "trees", "device s", "processor s", "ratio", "go s", "ratio", "XGBoost s", "ratio", "MiB held", "MiB estimated", "KiB up / tree", "KiB down / tree", "launches / tree")
	for _, n := range o.rows {
		trees := o.trees
		if n >= 1e8 {
			trees = max(1, trees/10)
		}
		d := generate(n, o.columns, 0)
		f, err := d.frame()
		if err != nil {
			return err
		}
		timed := func(backend string) (float64, error) {
			return seconds(func() error {
				_, err := train("gbm", f, backend, o.settings(trees))
				return err
			})
		}
		if _, err := train("gbm", f, o.device, o.settings(1)); err != nil { // warms up
			return err
		}
		if err := kernels.ForgetPeak(o.device); err != nil {
			return err
		}
		before := o.state()
		own, err := timed(o.device)
		if err != nil {
			return err
		}
		after := o.state()
		cells := []string{fmt.Sprintf("%.0e", float64(n)), fmt.Sprint(trees), number(own)}
		other := func(s float64, err error) {
			if err != nil {
				cells = append(cells, err.Error(), "")
				return
			}
			cells = append(cells, number(s), number(s/own))
		}
		if n > o.most {
			cells = append(cells, "", "", "", "", "", "")
		} else {
			other(timed(kernels.Processor))
			other(timed("go"))
			other(o.xgboost(d, trees))
		}
		per := func(a, b int64) string { return number(float64(b-a) / float64(trees)) }
		estimate := kernels.Size{Rows: n, Columns: o.columns, Classes: 1, Depth: o.depth}.Bytes()
		t.row(append(cells, number(float64(after.Peak)/(1<<20)), number(float64(estimate)/(1<<20)),
			per(before.Traffic.Up>>10, after.Traffic.Up>>10), per(before.Traffic.Down>>10, after.Traffic.Down>>10), per(before.Traffic.Launches, after.Traffic.Launches))...)
		if n == o.rows[0] {
			defer o.byKernel(w, f, trees)
		}
	}
	return nil
}

// byKernel tells what the kernels of a whole training take.
func (o *options) byKernel(w io.Writer, f *frame.Frame, trees int) {
	stop, err := kernels.ProfileDevice(o.device)
	if err != nil {
		return
	}
	total, err := seconds(func() error {
		_, err := train("gbm", f, o.device, o.settings(trees))
		return err
	})
	times := stop()
	fmt.Fprintf(w, "\n## Kernels of a whole training\n\n%d rows, %d trees, each kernel waited for: %s s.\n\n", f.NumRows(), trees, number(total))
	if err != nil {
		fmt.Fprintln(w, err)
		return
	}
	t := newTable(w, "kernel", "launches", "ms", "% of the training")
	for _, k := range times {
		t.row(k.Name, fmt.Sprint(k.Launches), number(k.Time.Seconds()*1e3), number(100*k.Time.Seconds()/total))
	}
}

// least looks for the least training that the device is worth its while for.
func (o *options) least(w io.Writer, _ kernels.DeviceSpeed) error {
	fmt.Fprintf(w, "\n## The least training worth a device\n\nGBM of at most 50 trees. By itself the server takes a device from 50,000 rows and 2,000,000 cells on.\n\n")
	t := newTable(w, "rows", "columns", "device s", "processor s", "ratio")
	for _, n := range o.small {
		f, err := generate(n, o.columns, 0).frame()
		if err != nil {
			return err
		}
		var took []float64
		for _, backend := range []string{o.device, kernels.Processor} {
			s, err := seconds(func() error {
				_, err := train("gbm", f, backend, o.settings(min(50, o.trees)))
				return err
			})
			if err != nil {
				return err
			}
			took = append(took, s)
		}
		t.row(fmt.Sprint(n), fmt.Sprint(o.columns), number(took[0]), number(took[1]), number(took[1]/took[0]))
	}
	return nil
}
