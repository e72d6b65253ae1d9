//go:build cuda

package kernels

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"gorgonia.org/cu"
)

// turn lets devices with equally many jobs take turns.
var turn atomic.Uint32

// chooseDevice returns the name of the device of that number, or of the least used one
// for "", that has room for so many bytes. The error is that of the first that it looked
// at.
func chooseDevice(number string, bytes int64) (string, error) {
	candidates, err := candidateDevices(number)
	for _, n := range candidates {
		d, e := sharedDevice(n)
		if e == nil {
			e = d.fits(bytes)
		}
		if e == nil {
			return d.Name, nil
		}
		if err == nil {
			err = e
		}
	}
	return "", err
}

// candidateDevices lists the numbers of devices in the order in which they are tried.
func candidateDevices(number string) ([]int, error) {
	if number != "" {
		n, err := strconv.Atoi(number)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("%w: no device %q", ErrUnavailable, number)
		}
		return []int{n}, nil
	}
	infos, err := cudaDevices()
	if err != nil {
		return nil, err
	}
	out := make([]int, len(infos))
	first := int(turn.Add(1)-1) % len(infos)
	for i := range out {
		out[i] = infos[(first+i)%len(infos)].number()
	}
	opened.Lock()
	defer opened.Unlock()
	jobs := func(n int) int32 {
		if d := opened.devices[n]; d != nil {
			return d.jobs.Load()
		}
		return 0
	}
	slices.SortStableFunc(out, func(a, b int) int { return cmp.Compare(jobs(a), jobs(b)) })
	return out, nil
}

// number is that of a device's name.
func (i DeviceInfo) number() int {
	n, _ := strconv.Atoi(i.Name[len("cuda:"):])
	return n
}

// fits reports whether a job of so many bytes leaves a fifth of the free memory to others.
func (d *device) fits(bytes int64) error {
	free, _, err := d.memory()
	if err == nil && bytes > free/5*4 {
		err = fmt.Errorf("%s: %w: the training takes about %.1f MiB, and %.1f MiB are free",
			d.Name, ErrDeviceMemory, float64(bytes)/(1<<20), float64(free)/(1<<20))
	}
	return err
}

// deviceStates is DeviceStates.
func deviceStates() []DeviceState {
	infos, _ := cudaDevices() // without any there may be lost ones
	opened.Lock()
	devices := make(map[int]*device, len(opened.devices))
	for n, d := range opened.devices {
		devices[n] = d
	}
	var out []DeviceState
	for _, i := range infos {
		if devices[i.number()] != nil {
			continue
		}
		s := DeviceState{DeviceInfo: i}
		if err := opened.failed[i.number()]; err != nil {
			s.Fault = reason(err)
		}
		out = append(out, s)
	}
	opened.Unlock()
	for _, d := range devices {
		out = append(out, d.state())
	}
	slices.SortFunc(out, func(a, b DeviceState) int { return cmp.Compare(a.number(), b.number()) })
	return out
}

// patience is how long a look at a device may take, and rest how long nobody waits for it
// after a look that took longer.
const (
	patience = 50 * time.Millisecond
	rest     = time.Second
)

// state looks at the device, unless it is busy.
func (d *device) state() DeviceState {
	if now, ok := d.glance(); ok {
		d.last.Store(&now)
		d.busy.Store(0)
		return now
	}
	d.busy.Store(time.Now().UnixNano())
	out := DeviceState{DeviceInfo: d.DeviceInfo, Open: true}
	if s := d.last.Load(); s != nil {
		out = *s
	}
	out.Jobs = int(d.jobs.Load())
	return out
}

// glance is look, where that takes no time.
func (d *device) glance() (s DeviceState, ok bool) {
	seen := make(chan DeviceState, 1)
	look := func() { seen <- d.look() }
	wait := time.NewTimer(patience)
	defer wait.Stop()
	if time.Now().UnixNano()-d.busy.Load() < rest.Nanoseconds() {
		select {
		case d.work <- look:
		default:
			return s, false
		}
	} else {
		select {
		case d.work <- look:
		case <-wait.C:
			return s, false
		}
	}
	select {
	case s = <-seen:
		return s, true
	case <-wait.C:
		return s, false
	}
}

// look is state on the goroutine of the device.
func (d *device) look() DeviceState {
	d.bury()
	s := DeviceState{DeviceInfo: d.DeviceInfo, Open: true, Live: d.live, Peak: d.peak, Jobs: int(d.jobs.Load()), Traffic: d.traffic, Dense: d.blas.String()}
	if d.lost == nil {
		free, _, err := cu.MemInfo()
		if err != nil {
			_ = d.fail(err) // it stays lost where that is the reason
		}
		s.Free = free
	}
	if d.lost != nil {
		s.Fault = d.lost.Error()
	}
	return s
}
