//go:build cuda

package kernels

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"gorgonia.org/cu"
)

// namedDevice opens a device by its name.
func namedDevice(name string) (*device, error) {
	b, err := Open(name, 1)
	if err != nil {
		return nil, err
	}
	defer b.Close() //nolint:errcheck // nothing was done on it
	if c, ok := b.(*cudaBackend); ok {
		return c.job.device, nil
	}
	return nil, fmt.Errorf("%q: %w: it is no device", name, ErrUnavailable)
}

// measureDevice is MeasureDevice.
func measureDevice(name string, bytes int64) (DeviceSpeed, error) {
	d, err := namedDevice(name)
	if err != nil {
		return DeviceSpeed{}, err
	}
	v := cu.Version()
	out := DeviceSpeed{Driver: fmt.Sprintf("%d.%d", v/1000, v%1000/10)}
	const doubled = 2 // words a clock of its memory
	figure := func(a cu.DeviceAttribute) float64 {
		n, err := cu.Device(d.number()).Attribute(a)
		if err != nil {
			return 0
		}
		return float64(n)
	}
	out.Processors = int(figure(cu.MultiprocessorCount))
	out.Clock = figure(cu.ClockRate) / 1e6
	out.Peak = figure(cu.MemoryClockRate) * 1e3 * doubled * figure(cu.GlobalMemoryBusWidth) / 8 / 1e9
	host := make([]byte, bytes)
	for i := 0; i < len(host); i += 4096 {
		host[i] = 1 // a page that was never written is none
	}
	return out, d.run(nil, func(s *scope) {
		a, b, list := s.alloc(bytes), s.alloc(bytes), upload(s, []cu.DevicePtr{s.alloc(8)})
		rate := func(moved int64, f func()) float64 {
			return float64(moved) / float64(s.shortest(f).Nanoseconds())
		}
		out.Up = rate(bytes, func() { uploadTo(s, a, host) })
		out.Down = rate(bytes, func() { download(s, host, a) })
		out.Inside = rate(2*bytes, func() {
			s.copy(b, a, bytes)
			s.note(cu.Synchronize())
		})
		out.Launch = s.shortest(func() {
			s.launch(histogramClear, grid{x: 1, block: 32}, list, 1)
			s.wait()
		})
	})
}

// shortest returns the least time of several runs of f.
func (s *scope) shortest(f func()) time.Duration {
	least := time.Duration(math.MaxInt64)
	for range 8 {
		begin := time.Now()
		f()
		least = min(least, max(1, time.Since(begin)))
	}
	return least
}

// profileDevice is ProfileDevice.
func profileDevice(name string) (func() []KernelTime, error) {
	d, err := namedDevice(name)
	if err != nil {
		return nil, err
	}
	times := map[string]*KernelTime{}
	d.do(func() { d.profile = times })
	return func() (out []KernelTime) {
		d.do(func() { d.profile = nil })
		for _, t := range times {
			out = append(out, *t)
		}
		slices.SortFunc(out, func(a, b KernelTime) int { return cmp.Compare(a.Name, b.Name) })
		return out
	}, nil
}

// timed notes what the kernel took that is being launched.
func (s *scope) timed(k kernel, begin time.Time) {
	s.wait()
	t := s.device.profile[string(k)]
	if t == nil {
		t = &KernelTime{Name: string(k)}
		s.device.profile[string(k)] = t
	}
	t.Launches++
	t.Time += time.Since(begin)
}

// forgetPeak is ForgetPeak.
func forgetPeak(name string) error {
	d, err := namedDevice(name)
	if err == nil {
		d.do(func() {
			d.bury()
			d.peak = d.live
		})
	}
	return err
}
