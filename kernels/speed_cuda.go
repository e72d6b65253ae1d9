//go:build cuda

package kernels

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
	"unsafe"

	"github.com/geyser-ml/geyser/cgo/cudashim"
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
		copies := func(host []byte) (up, down float64) {
			return rate(bytes, func() { uploadTo(s, a, host) }), rate(bytes, func() { download(s, host, a) })
		}
		out.Up, out.Down = copies(host)
		if p, err := cudashim.AllocHost(bytes); err == nil {
			out.PinnedUp, out.PinnedDown = copies(unsafe.Slice((*byte)(p), bytes))
			s.note(cu.MemFreeHost(p))
		}
		out.Inside = rate(2*bytes, func() {
			s.copy(b, a, bytes)
			s.note(cu.Synchronize())
		})
		nothing := func() { s.launch(histogramClear, grid{x: 1, block: 32}, list, 1) }
		out.Launch = s.shortest(func() {
			nothing()
			s.wait()
		})
		out.Gap = s.fastest(1, nothing)
	})
}

// shortest returns the least time of several runs of f, which waits.
func (s *scope) shortest(f func()) time.Duration {
	least := time.Duration(math.MaxInt64)
	for range 8 {
		begin := time.Now()
		f()
		least = min(least, max(1, time.Since(begin)))
	}
	return least
}

// fastest returns the least time of f by the clock of the device, as a part of so many
// runs in a row.
func (s *scope) fastest(times int, f func()) time.Duration {
	const waking = 50 * time.Millisecond // clocks of a device that rests are low
	for begin := time.Now(); s.err == nil && time.Since(begin) < waking; s.wait() {
		f()
	}
	w := newStopwatch(s)
	defer w.close()
	least := time.Duration(math.MaxInt64)
	for range 8 {
		w.start(s)
		for range times {
			f()
		}
		least = min(least, w.stop(s)/time.Duration(times))
	}
	return max(1, least)
}

// stopwatch measures by the clock of the device.
type stopwatch struct{ begin, end cu.Event }

func newStopwatch(s *scope) (w stopwatch) {
	var err error
	if w.begin, err = cu.MakeEvent(cu.DefaultEvent); err != nil {
		s.note(err)
	}
	if w.end, err = cu.MakeEvent(cu.DefaultEvent); err != nil {
		s.note(err)
	}
	return w
}

func (w *stopwatch) start(s *scope) {
	if s.err == nil {
		s.note(w.begin.Record(cu.NoStream))
	}
}

// stop waits for what was asked for since start, and returns what it took.
func (w *stopwatch) stop(s *scope) time.Duration {
	if s.err != nil {
		return 0
	}
	s.note(w.end.Record(cu.NoStream))
	s.note(w.end.Synchronize())
	ms, err := w.begin.Elapsed(w.end)
	s.note(err)
	s.pending = ""
	return time.Duration(ms * 1e6)
}

func (w *stopwatch) close() {
	_ = cu.DestroyEvent(&w.begin) // a context that is lost has destroyed them
	_ = cu.DestroyEvent(&w.end)
}

// profile is what the kernels of a device take.
type profile struct {
	stopwatch
	times map[string]*KernelTime
}

// stop notes what the kernel took that was launched since start.
func (p *profile) stop(s *scope, k kernel) {
	took := p.stopwatch.stop(s)
	t := p.times[string(k)]
	if t == nil {
		t = &KernelTime{Name: string(k)}
		p.times[string(k)] = t
	}
	t.Launches++
	t.Time += took
}

// profileDevice is ProfileDevice.
func profileDevice(name string) (func() []KernelTime, error) {
	d, err := namedDevice(name)
	if err != nil {
		return nil, err
	}
	p := &profile{times: map[string]*KernelTime{}}
	err = d.run(nil, func(s *scope) {
		if p.stopwatch = newStopwatch(s); s.err == nil {
			d.profile = p
		}
	})
	return func() (out []KernelTime) {
		d.do(func() {
			if d.profile == p {
				d.profile = nil
				p.close()
			}
		})
		for _, t := range p.times {
			out = append(out, *t)
		}
		slices.SortFunc(out, func(a, b KernelTime) int { return cmp.Compare(a.Name, b.Name) })
		return out
	}, err
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
