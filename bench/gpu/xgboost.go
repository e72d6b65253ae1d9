package main

import (
	"errors"
	"fmt"
	"runtime"
	"strings"

	"github.com/geyser-ml/geyser/cgo/libxgboost"
)

// xgboost times the same training by XGBoost on the device, its own quantising included.
func (o *options) xgboost(d *data, trees int) (float64, error) {
	build, err := libxgboost.Find()
	if err != nil {
		return 0, errors.New("no library")
	}
	device := o.device
	switch {
	case o.toy: // an emulated device has no XGBoost
		device = "cpu"
	case !build.CUDA:
		return 0, errors.New("library for CPUs")
	}
	if build.Version.Before(libxgboost.Version{Major: 2}) {
		return 0, fmt.Errorf("version %v", build.Version)
	}
	runtime.LockOSThread() // as package libxgboost asks
	defer runtime.UnlockOSThread()
	return seconds(func() error {
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
				return errors.New(strings.SplitN(err.Error(), "\n", 2)[0])
			}
		}
		return nil
	})
}
