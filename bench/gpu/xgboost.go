package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/geyser-ml/geyser/cgo/libxgboost"
)

// library describes the XGBoost library that this process finds.
func (o *options) library(w io.Writer) error {
	build, err := libxgboost.Find()
	if err != nil {
		return err
	}
	kind := "for CPUs"
	if build.CUDA {
		kind = "for GPUs"
	}
	_, err = fmt.Fprintf(w, "%v %s, %s", build.Version, kind, build.Path)
	return err
}

// findXGBoost sees to it that this process finds a library for GPUs, if there is one, and
// describes what it will find: what package libxgboost says or, where that is none for GPUs
// and nobody has named it, the one of the Python package xgboost.
func (o *options) findXGBoost() string {
	describe := func(env ...string) string {
		var out strings.Builder
		if err := o.process("library", &out, env...); err != nil {
			return "none"
		}
		return out.String()
	}
	said := describe()
	if os.Getenv(libxgboost.Variable) != "" || strings.Contains(said, "for GPUs") {
		return said
	}
	path := pythonXGBoost()
	if path == "" {
		return said
	}
	of := describe(libxgboost.Variable + "=" + path)
	if !strings.Contains(of, "for GPUs") && said != "none" || of == "none" {
		return said + ", and none for GPUs in " + path
	}
	if err := os.Setenv(libxgboost.Variable, path); err != nil {
		return err.Error()
	}
	return of
}

// pythonXGBoost returns the library of the package of the Python on PATH, "" without one.
func pythonXGBoost() string {
	const ask = "import importlib.util as u; s = u.find_spec('xgboost'); print(s.submodule_search_locations[0] if s else '')"
	out, err := exec.Command("python3", "-c", ask).Output()
	if err != nil || strings.TrimSpace(string(out)) == "" {
		return ""
	}
	path := filepath.Join(strings.TrimSpace(string(out)), "lib", "libxgboost.so")
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// xgboost times the same training of so many rows by XGBoost on the device.
// Why in a process of its own: a library that ends it takes nothing else along.
func (o *options) xgboost(rows, trees int) (float64, error) {
	one := *o
	one.args = append(slices.Clone(o.args), "-rows", strconv.Itoa(rows), "-trees", strconv.Itoa(trees))
	var out strings.Builder
	if err := one.process("xgboost", &out); err != nil {
		return 0, err
	}
	s, err := strconv.ParseFloat(out.String(), 64)
	if err != nil {
		err = errors.New(out.String())
	}
	return s, err
}

// timeXGBoost tells how many seconds XGBoost takes, its own quantising included, after a
// tree that is not timed; or why there is nothing to time.
func (o *options) timeXGBoost(w io.Writer) error {
	build, err := libxgboost.Find()
	why := ""
	switch {
	case err != nil:
		why = "no library"
	case !build.CUDA && !o.toy:
		why = "library for CPUs"
	case build.Version.Before(libxgboost.Version{Major: 2}):
		why = "version " + build.Version.String()
	}
	if why != "" {
		_, err = fmt.Fprint(w, why)
		return err
	}
	device := o.device
	if o.toy { // an emulated device has no XGBoost
		device = "cpu"
	}
	runtime.LockOSThread() // as package libxgboost asks
	defer runtime.UnlockOSThread()
	d := generate(o.rows[0], o.columns)
	if err := o.boost(d, device, 1); err != nil {
		return err
	}
	s, err := seconds(func() error { return o.boost(d, device, o.trees) })
	if err == nil {
		_, err = fmt.Fprint(w, s)
	}
	return err
}

// boost trains by XGBoost.
func (o *options) boost(d *data, device string, trees int) error {
	m, err := libxgboost.Columns(d.columns, runtime.NumCPU())
	if err != nil {
		return err
	}
	defer m.Close()
	if err := m.Set("label", d.y); err != nil {
		return err
	}
	b, err := libxgboost.NewBooster([][2]string{
		{"objective", "binary:logistic"}, {"tree_method", "hist"}, {"device", device}, {"max_depth", fmt.Sprint(o.depth)}, {"eta", "0.1"},
		{"max_bin", "255"}, {"lambda", "0"}, {"min_child_weight", "1"}, {"verbosity", "0"}, {"nthread", fmt.Sprint(runtime.NumCPU())},
	}, m)
	if err != nil {
		return err
	}
	defer b.Close()
	for round := range trees {
		if err := b.Update(round, m); err != nil {
			return errors.New(firstLines(err.Error(), 1))
		}
	}
	return nil
}
