package main

import (
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/geyser-ml/geyser/kernels"
)

// machine describes the device and measures what does not depend on kernels.
func (o *options) machine(w io.Writer) error {
	info, err := o.info()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "# %s\n\n", info.Model)
	if o.toy {
		fmt.Fprintf(w, "Sizes are toys: the numbers say nothing but that there are some.\n\n")
	}
	speed, err := kernels.MeasureDevice(o.device, o.bytes)
	if err != nil {
		return err
	}
	t := newTable(w, "", "")
	t.row("compute capability", info.Capability)
	t.row("multiprocessors", fmt.Sprintf("%d at %.2f GHz", speed.Processors, speed.Clock))
	t.row("memory", fmt.Sprintf("%.1f GiB, %.0f GB/s by its clock, %.0f GB/s copied on the device", float64(info.Memory)/(1<<30), speed.Peak, speed.Inside))
	t.row("driver", "for CUDA "+speed.Driver)
	t.row("copies of pageable memory", fmt.Sprintf("%.1f GB/s up, %.1f GB/s down", speed.Up, speed.Down))
	t.row("copies of pinned memory", fmt.Sprintf("%.1f GB/s up, %.1f GB/s down", speed.PinnedUp, speed.PinnedDown))
	t.row("a launch", fmt.Sprintf("%.1f µs, waited for; %.1f µs by the clock of the device", micro(speed.Launch), micro(speed.Gap)))
	t.row("opening", o.opening("CUDA_CACHE_DISABLE=1")+" with compiling the kernels, "+o.opening("CUDA_CACHE_DISABLE=0")+" later")
	t.row("processor", fmt.Sprintf("%d cores, tier %s, %s", runtime.NumCPU(), kernels.CPU().Name(), runtime.Version()))
	return nil
}

// open tells how many seconds it takes to open the device.
func (o *options) open(w io.Writer) error {
	s, err := seconds(func() error {
		b, err := kernels.Open(o.device, 1)
		if err != nil {
			return err
		}
		return b.Close()
	})
	if err == nil {
		fmt.Fprintf(w, "%s s", number(s))
	}
	return err
}

// opening is what open says in a process of its own with that variable.
func (o *options) opening(env string) string {
	var out strings.Builder
	if err := o.process("open", &out, env); err != nil {
		return err.Error()
	}
	return out.String()
}
