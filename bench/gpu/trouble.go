package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/kernels"
)

// trial is trainings of which the device fails one.
type trial struct {
	o    *options
	f    *frame.Frame
	kv   map[string]string
	want []byte // the model of the processor
	t    table
	err  error
}

// trial trains on the processor what is then tried on the device.
func (o *options) trial(w io.Writer) (*trial, error) {
	n := 1_000_000
	if o.toy {
		n = 4000
	}
	f, err := generate(n, o.columns).frame()
	if err != nil {
		return nil, err
	}
	t := &trial{o: o, f: f, kv: o.settings(2)}
	m, err := train("gbm", f, kernels.Processor, t.kv)
	if err == nil {
		t.want, err = model.PayloadBytes(m)
	}
	fmt.Fprintf(w, "Trainings of %s rows, each asked for on %s.\n\n", count(n), o.device)
	t.t = newTable(w, "", "what the caller is told", "model")
	return t, err
}

// row trains. What the caller is told must hold all of want, or be nothing without any,
// and the model must be that of the processor.
func (t *trial) row(name string, begun func(), want ...string) {
	m, said, err := trainAnyhow("gbm", t.f, t.o.device, t.kv, begun)
	payload := []byte{}
	if err == nil {
		payload, err = model.PayloadBytes(m)
	}
	if err == nil {
		err = same(payload, t.want)
	}
	result := "equal"
	if err != nil {
		result = err.Error()
	}
	told := strings.Join(said, "; ")
	for _, x := range want {
		if !strings.Contains(told, x) {
			err = errors.Join(err, fmt.Errorf("%q is not told", x))
		}
	}
	if want == nil && told != "" {
		err = errors.Join(err, fmt.Errorf("nothing is to be told"))
	}
	if err != nil {
		t.err = errors.Join(t.err, fmt.Errorf("%s: %w", name, err))
	}
	t.t.row(name, told, result)
}

// memory trains while others hold the memory of the device.
func (o *options) memory(w io.Writer) error {
	t, err := o.trial(w)
	if err != nil {
		return err
	}
	need := kernels.Size{Rows: t.f.NumRows(), Columns: o.columns, Classes: 1, Depth: o.depth}.Bytes()
	free, err := kernels.HoldDevice(o.device, need)
	if err != nil {
		return err
	}
	t.row("less is free than the estimate asks for", nil, "The training runs on the processor.", kernels.ErrDeviceMemory.Error())
	free()
	free = nil
	t.row("nothing is left when the trees begin", func() { free, err = kernels.HoldDevice(o.device, 0) }, "The training was done again on the processor.", kernels.ErrDeviceMemory.Error())
	if err == nil && free != nil {
		free()
	}
	t.row("all is free again", nil)
	return errors.Join(err, t.err)
}

// lost trains while a kernel of somebody else ends the context.
func (o *options) lost(w io.Writer) error {
	t, err := o.trial(w)
	if err != nil {
		return err
	}
	t.row("nothing is wrong yet", nil)
	t.row("a kernel writes to address 8 when the trees begin", func() {
		// An emulated device fails by that alone; the others do not look at it.
		err = os.Setenv("CUEMU_LOSE", fmt.Sprint(o.state().Traffic.Launches+1))
		if e := kernels.BreakDevice(o.device); !errors.Is(e, kernels.ErrDeviceLost) {
			err = errors.Join(err, fmt.Errorf("the device is not lost: %w", e))
		}
	}, "The training was done again on the processor.", kernels.ErrDeviceLost.Error())
	t.row("afterwards", nil, "The training runs on the processor.", kernels.ErrDeviceLost.Error())
	fmt.Fprintf(w, "\nThe device's state says: %s.\n", o.state().Fault)
	return errors.Join(err, t.err)
}
