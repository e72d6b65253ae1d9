package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
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
	m, said, err := trainAnyhow(name, f, backend, kv, nil)
	if err == nil && said != nil {
		err = errors.New(strings.Join(said, "; "))
	}
	return m, err
}

// trainAnyhow is train wherever it ends; said is what the caller is told. begun is called
// when the data are on the device.
func trainAnyhow(name string, f *frame.Frame, backend string, kv map[string]string, begun func()) (m model.Model, said []string, err error) {
	all := algo.All()
	i := slices.IndexFunc(all, func(a *model.Algo) bool { return a.Name == name })
	if i < 0 {
		return nil, nil, fmt.Errorf("no algorithm %s", name)
	}
	raw := param.Raw{"training_frame": "f", "seed": "1", "model_id": "m"}
	if all[i].Supervised {
		raw["response_column"] = "class"
	} else {
		raw["ignored_columns"] = "[class]"
	}
	for k, v := range kv {
		raw[k] = v
	}
	run, issues := all[i].Prepare(raw, model.Env{
		Frame:  func(string, string) (*frame.Frame, error) { return f, nil },
		Model:  func(key string) (model.Model, error) { return nil, errs.NotFoundf("model", "no model %s", key) },
		NewKey: func(p string) string { return p }, NewSeed: func() int64 { return 1 }, Now: time.Now, Backend: backend,
	})
	if err := issues.Err(); err != nil {
		return nil, nil, err
	}
	res, err := run.Train(context.Background(), model.Hooks{
		Warn: func(msg string) { said = append(said, msg) },
		Publish: func(model.Model) { // also before the first tree
			if begun != nil {
				begun()
				begun = nil
			}
		},
	})
	return res.Model, said, err
}

// settings of whole trainings; the growing model is measured at its end alone, as XGBoost
// does.
func (o *options) settings(trees int) map[string]string {
	return map[string]string{"ntrees": fmt.Sprint(trees), "max_depth": fmt.Sprint(o.depth), "learn_rate": "0.1", "min_rows": "1", "score_tree_interval": fmt.Sprint(trees)}
}

// equal trains an algorithm on the device and on the processor, and compares the bytes of
// the models, which it counts.
func (o *options) equal(name string, f *frame.Frame, kv map[string]string) (int, error) {
	var payloads [][]byte
	for _, backend := range []string{o.device, kernels.Processor} {
		m, err := train(name, f, backend, kv)
		if err != nil {
			return 0, fmt.Errorf("%s on %s: %w", name, backend, err)
		}
		p, err := model.PayloadBytes(m)
		if err != nil {
			return 0, err
		}
		payloads = append(payloads, p)
	}
	return len(payloads[0]), same(payloads[0], payloads[1])
}

// errDiffer is what same says of models that are not the same.
var errDiffer = errors.New("**DIFFERENT** from that of the processor")

func same(a, b []byte) error {
	if !bytes.Equal(a, b) {
		return errDiffer
	}
	return nil
}

// models compares models of the device with those of the processor.
func (o *options) models(w io.Writer) error {
	f, err := generate(o.exact, o.columns).frame()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "Of %s rows.\n\n", count(o.exact))
	t := newTable(w, "algorithm", "bytes of the model", "")
	var failed error
	for _, x := range []struct {
		name string
		kv   map[string]string
	}{
		{"gbm", map[string]string{"sample_rate": "0.8"}},
		{"drf", map[string]string{}},
		{"isolationforest", map[string]string{"sample_size": fmt.Sprint(o.exact / 2)}},
	} {
		x.kv["ntrees"] = fmt.Sprint(min(8, o.trees))
		n, err := o.equal(x.name, f, x.kv)
		said := "equal to that of the processor"
		if err != nil {
			said, failed = err.Error(), errors.Join(failed, fmt.Errorf("%s: %w", x.name, err))
		}
		t.row(x.name, fmt.Sprint(n), said)
	}
	return failed
}

// trainings times whole trainings of gbm.
func (o *options) trainings(w io.Writer) error {
	library := o.findXGBoost()
	fmt.Fprintf(w, "GBM of two classes, %d columns, depth %d, with quantising, measured at its end. Ratios are times of others over that of the "+
		"device. Memory is the most that the device held, and the estimate. XGBoost: %s.\n\n", o.columns, o.depth, library)
	t := newTable(w, "rows", "trees", "device s", "processor s", "ratio", "model", "go s", "ratio", "XGBoost s", "ratio", "MiB held", "MiB estimated",
		"KiB up / tree", "KiB down / tree", "copies / tree", "launches / tree")
	var failed error
	ratios := map[string]float64{}
	for _, n := range o.rows {
		trees := o.trees
		if n >= 1e8 {
			trees = max(1, trees/10)
		}
		f, err := generate(n, o.columns).frame()
		if err != nil {
			return err
		}
		payload := []byte{}
		timed := func(backend string) (float64, error) {
			var m model.Model
			s, err := seconds(func() (err error) {
				m, err = train("gbm", f, backend, o.settings(trees))
				return err
			})
			if err == nil {
				payload, err = model.PayloadBytes(m)
			}
			return s, err
		}
		if _, err := train("gbm", f, o.device, o.settings(1)); err != nil { // wakes up
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
		after, payloadOfDevice := o.state(), payload
		cells := []string{count(n), fmt.Sprint(trees), number(own)}
		other := func(name string, s float64, err error) {
			if err != nil {
				cells = append(cells, err.Error(), "")
				return
			}
			cells = append(cells, number(s), number(s/own))
			ratios[name] = s / own
		}
		if n > o.most {
			cells = append(cells, "", "", "", "", "", "", "")
		} else {
			s, err := timed(kernels.Processor)
			other("processor", s, err)
			said := "equal"
			if err := same(payloadOfDevice, payload); err != nil {
				said, failed = err.Error(), errors.Join(failed, fmt.Errorf("%s rows: %w", count(n), err))
			}
			cells = append(cells, said)
			s, err = timed("go")
			other("go", s, err)
			s, err = o.xgboost(n, trees)
			other("XGBoost", s, err)
		}
		per := func(of func(t kernels.Traffic) int64) string {
			return number(float64(of(after.Traffic)-of(before.Traffic)) / float64(trees))
		}
		estimate := kernels.Size{Rows: n, Columns: o.columns, Classes: 1, Depth: o.depth}.Bytes()
		t.row(append(cells, number(float64(after.Peak)/(1<<20)), number(float64(estimate)/(1<<20)),
			per(func(t kernels.Traffic) int64 { return t.Up >> 10 }), per(func(t kernels.Traffic) int64 { return t.Down >> 10 }),
			per(func(t kernels.Traffic) int64 { return t.Uploads + t.Downloads }), per(func(t kernels.Traffic) int64 { return t.Launches }))...)
	}
	for _, x := range []struct {
		name, who string
		least     float64
	}{{"processor", fmt.Sprintf("this processor of %d cores (the aim is of 16)", runtime.NumCPU()), 10}, {"XGBoost", "XGBoost", 0.8}} {
		if r, ok := ratios[x.name]; ok {
			aim(w, "times as fast as "+x.who+" at the most rows of both", r, x.least)
		}
	}
	return failed
}

// operations tells what the kernels of a whole training take.
func (o *options) operations(w io.Writer) error {
	f, err := generate(o.rows[0], o.columns).frame()
	if err != nil {
		return err
	}
	do := func() error {
		_, err := train("gbm", f, o.device, o.settings(o.trees))
		return err
	}
	if err := do(); err != nil { // wakes up
		return err
	}
	alone, err := seconds(do)
	if err != nil {
		return err
	}
	stop, err := kernels.ProfileDevice(o.device)
	if err != nil {
		return err
	}
	total, err := seconds(do)
	times := stop()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s rows, %d trees: %s s; with each kernel waited for, as here, %s s.\n\n", count(f.NumRows()), o.trees, number(alone), number(total))
	t := newTable(w, "kernel", "launches", "ms", "% of the training")
	rest := total
	row := func(name, launches string, s float64) { t.row(name, launches, number(s*1e3), number(100*s/total)) }
	for _, k := range times {
		row(k.Name, fmt.Sprint(k.Launches), k.Time.Seconds())
		rest -= k.Time.Seconds()
	}
	row("the rest: host, copies, waits", "", rest)
	return nil
}
