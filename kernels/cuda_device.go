//go:build cuda

package kernels

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/geyser-ml/geyser/cgo/cudashim"
	"gorgonia.org/cu"
)

const (
	leastDriver     = 10010 // CUDA 10.1: the first to know PTX 6.4, that of the kernels
	leastCapability = 7     // Volta, which the PTX is made for
)

// lostErrors are those after which a context cannot be used.
var lostErrors = []error{
	cu.IllegalAddress, cu.LaunchFailed, cu.LaunchTimeout, cu.EccUncorrectable, cu.IllegalInstruction, cu.Unknown,
	cu.MisalignedAddress, cu.InvalidAddressSpace, cu.InvalidPc, cu.HardwareStackError, cu.Assert,
	cu.NvlinkUncorrectable, cu.ContextIsDestroyed, cu.Deinitialized,
}

// device is one GPU. All calls of its driver run on one goroutine that is locked to
// its thread, because a context belongs to a thread; others hand it functions.
type device struct {
	DeviceInfo
	work chan func()
	wake chan struct{} // there are bytes to bury
	done chan struct{} // closed when the goroutine has ended
	jobs atomic.Int32  // that are open
	last atomic.Pointer[DeviceState]
	busy atomic.Int64 // when it was last too busy to be looked at, in ns since 1970

	// Of the goroutine alone.
	ctx     cu.CUContext
	kernels map[string]*function
	blas    cudaBLAS
	lost    error // why the device cannot be used any more
	traffic Traffic
	live    int64    // bytes allocated
	peak    int64    // the most of them so far
	profile *profile // nil unless kernels are timed

	mu   sync.Mutex
	dead []allocation // to be given back
}

// allocation is memory of a device.
type allocation struct {
	ptr   cu.DevicePtr
	bytes int64
}

// opened are the devices of the process. They stay open, because jobs come again and a
// context takes long to make, and because a lost one must stay lost.
var opened struct {
	sync.Mutex
	devices map[int]*device
	failed  map[int]error // why others did not open the last time
}

// sharedDevice returns device n, which all backends share.
func sharedDevice(n int) (*device, error) {
	opened.Lock()
	defer opened.Unlock()
	d := opened.devices[n]
	if d == nil {
		var err error
		d, err = openDevice(n, modules())
		if opened.devices == nil {
			opened.devices, opened.failed = map[int]*device{}, map[int]error{}
		}
		opened.failed[n] = err
		if err != nil {
			return nil, err
		}
		opened.devices[n] = d
	}
	if err := d.run(nil, func(*scope) {}); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return d, nil
}

// cudaDevices lists the devices that pass all checks, or says why the first does not.
func cudaDevices() (out []DeviceInfo, first error) {
	count, err := countDevices()
	if err != nil {
		return nil, err
	}
	for n := range count {
		info, err := describeDevice(n)
		switch {
		case err == nil:
			out = append(out, info)
		case first == nil:
			first = err
		}
	}
	if len(out) == 0 {
		return nil, first
	}
	return out, nil
}

// countDevices is at least 1 where there is no error.
func countDevices() (int, error) {
	if why := cudashim.Why(); why != "" {
		return 0, fmt.Errorf("%w: no CUDA driver: %s", ErrUnavailable, why)
	}
	if v := cu.Version(); v < leastDriver {
		return 0, fmt.Errorf("%w: the driver is for CUDA %d.%d, the kernels need %d.%d", ErrUnavailable, v/1000, v%1000/10, leastDriver/1000, leastDriver%1000/10)
	}
	count, err := cu.NumDevices()
	if err != nil {
		return 0, fmt.Errorf("%w: devices cannot be counted: %w", ErrUnavailable, err)
	}
	if count == 0 {
		return 0, fmt.Errorf("%w: the driver finds no device", ErrUnavailable)
	}
	return count, nil
}

// describeDevice fails where a device is too old.
func describeDevice(n int) (DeviceInfo, error) {
	info := DeviceInfo{Name: "cuda:" + strconv.Itoa(n)}
	fail := func(err error) (DeviceInfo, error) {
		return DeviceInfo{}, fmt.Errorf("%w: device %d: %w", ErrUnavailable, n, err)
	}
	dev, err := cu.GetDevice(n)
	if err != nil {
		return fail(err)
	}
	if info.Model, err = dev.Name(); err != nil {
		return fail(err)
	}
	if info.Memory, err = dev.TotalMem(); err != nil {
		return fail(err)
	}
	major, minor, err := dev.ComputeCapability()
	if err != nil {
		return fail(err)
	}
	info.Capability = fmt.Sprintf("%d.%d", major, minor)
	if major < leastCapability {
		return fail(fmt.Errorf("%s has compute capability %s, the kernels need %d.0", info.Model, info.Capability, leastCapability))
	}
	return info, nil
}

// openDevice makes a context on device n and loads kernels into it. The error of a
// device that cannot be used wraps ErrUnavailable.
func openDevice(n int, kernels []module) (*device, error) {
	count, err := countDevices()
	if err != nil {
		return nil, err
	}
	if n < 0 || n >= count {
		return nil, fmt.Errorf("%w: device %d of %d, counted from 0", ErrUnavailable, n, count)
	}
	info, err := describeDevice(n)
	if err != nil {
		return nil, err
	}
	d := &device{DeviceInfo: info, work: make(chan func()), wake: make(chan struct{}, 1), done: make(chan struct{})}
	ready := make(chan error)
	go d.loop(n, kernels, ready)
	if err := <-ready; err != nil {
		return nil, fmt.Errorf("%w: device %d: %w", ErrUnavailable, n, err)
	}
	return d, nil
}

// loop is the goroutine that calls the driver.
func (d *device) loop(n int, kernels []module, ready chan<- error) {
	runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
	defer close(d.done)
	err := d.start(n, kernels)
	ready <- err
	if err != nil {
		return
	}
	defer d.forget()
	for {
		select {
		case f, ok := <-d.work:
			if !ok {
				return
			}
			f()
		case <-d.wake:
			d.bury()
		}
	}
}

func (d *device) start(n int, kernels []module) error {
	var err error
	if d.ctx, err = cu.Device(n).MakeContext(cu.SchedAuto); err != nil {
		return fmt.Errorf("no context: %w", err)
	}
	if d.kernels, err = loadModules(kernels); err != nil {
		d.forget()
		return err
	}
	return nil
}

// forget destroys the context, and with it all memory.
func (d *device) forget() {
	if d.ctx != (cu.CUContext{}) {
		_ = d.ctx.Destroy() // a context that is broken says so once more
		d.live = 0
	}
}

// close ends the device; run must not be called again.
func (d *device) close() {
	close(d.work)
	<-d.done
}

// do runs f on the goroutine of the device and waits for it. A panic comes back here.
func (d *device) do(f func()) {
	done := make(chan any, 1)
	d.work <- func() {
		defer func() { done <- recover() }()
		f()
	}
	if p := <-done; p != nil {
		panic(p)
	}
}

// run does one operation: f gets a scope, in which it allocates, copies and launches.
// Its memory is given back when f is done, and errors of its kernels are those of run.
// f must not call run or Buffer.Host: it is on the goroutine that would do them. What
// f did is counted for j, too, which may be nil.
func (d *device) run(j *job, f func(s *scope)) (err error) {
	d.do(func() {
		d.bury()
		s := &scope{device: d, job: j, err: d.lost}
		defer func() {
			s.end()
			err = s.err
		}()
		if s.err == nil {
			f(s)
		}
	})
	return err
}

// fail makes an error of the driver one that callers know.
func (d *device) fail(err error) error {
	switch {
	case d.lost != nil:
		return d.lost
	case errors.Is(err, cu.OutOfMemory):
		return fmt.Errorf("%s: %w: %w", d.Name, ErrDeviceMemory, err)
	case slices.ContainsFunc(lostErrors, func(e error) bool { return errors.Is(err, e) }):
		d.lost = fmt.Errorf("%s: %w: %w", d.Name, ErrDeviceLost, err)
		d.forget()
		return d.lost
	}
	return fmt.Errorf("%s: %w", d.Name, err)
}

// allocate takes n bytes, at least one.
func (d *device) allocate(n int64) (allocation, error) {
	a := allocation{bytes: max(n, 1)}
	var err error
	if a.ptr, err = cu.MemAlloc(a.bytes); err != nil {
		return a, fmt.Errorf("%d bytes: %w", a.bytes, err)
	}
	d.live += a.bytes
	d.peak = max(d.peak, d.live)
	return a, nil
}

// release gives an allocation back.
func (d *device) release(a allocation) error {
	if d.lost != nil {
		return nil // it went with the context
	}
	d.live -= a.bytes
	return cu.MemFree(a.ptr)
}

// discard gives an allocation back soon; any goroutine may call it, and none waits.
func (d *device) discard(a allocation) {
	d.mu.Lock()
	d.dead = append(d.dead, a)
	d.mu.Unlock()
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// bury gives back what was discarded.
func (d *device) bury() {
	d.mu.Lock()
	dead := d.dead
	d.dead = nil
	d.mu.Unlock()
	for _, a := range dead {
		if err := d.release(a); err != nil {
			_ = d.fail(err) // the next operation tells
		}
	}
}

// memory returns the bytes that are free on the device and those that it has.
func (d *device) memory() (free, total int64, err error) {
	err = d.run(nil, func(s *scope) { free, total, s.err = cu.MemInfo() })
	return free, total, err
}

// liveBytes returns how much is allocated on the device.
func (d *device) liveBytes() (n int64) {
	d.do(func() {
		d.bury()
		n = d.live
	})
	return n
}

// total returns all traffic of the device.
func (d *device) total() (t Traffic) {
	d.do(func() { t = d.traffic })
	return t
}
