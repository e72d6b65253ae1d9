//go:build cuda

package kernels

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"gorgonia.org/cu"
)

// job is what one backend does on a device: the memory that it holds there, the
// copies of buffers, and what it has moved.
type job struct {
	device  *device
	traffic Traffic // of the device's goroutine

	mu     sync.Mutex
	held   map[*memory]struct{}
	copies map[puller]struct{}
	closed bool
}

// puller brings values home.
type puller interface{ pullIn(s *scope) }

func newJob(d *device) *job {
	d.jobs.Add(1)
	return &job{device: d, held: map[*memory]struct{}{}, copies: map[puller]struct{}{}}
}

func (t *Traffic) add(o *Traffic) {
	t.Up += o.Up
	t.Down += o.Down
	t.Uploads += o.Uploads
	t.Downloads += o.Downloads
	t.Launches += o.Launches
}

// run does one operation of the job: device.run.
func (j *job) run(f func(s *scope)) error {
	j.mu.Lock()
	closed := j.closed
	j.mu.Unlock()
	if closed {
		return fmt.Errorf("%s: the backend is closed", j.device.Name)
	}
	return j.device.run(j, f)
}

// Traffic returns what the job has moved.
func (j *job) Traffic() (t Traffic) {
	j.device.do(func() { t = j.traffic })
	return t
}

// close brings home the values that are only on the device, and gives back all memory.
func (j *job) close() error {
	err := j.run(func(s *scope) {
		j.mu.Lock()
		copies := j.copies
		j.copies = map[puller]struct{}{}
		j.mu.Unlock()
		for c := range copies {
			c.pullIn(s)
		}
	})
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return nil
	}
	j.closed = true
	j.device.jobs.Add(-1)
	for m := range j.held {
		j.device.discard(m.allocation)
	}
	j.held, j.copies = nil, nil
	return err
}

// memory is device memory that outlives an operation.
type memory struct {
	job *job
	allocation
}

func (j *job) keep(a allocation) *memory {
	m := &memory{job: j, allocation: a}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.held[m] = struct{}{}
	return m
}

// at returns the address; that of nil is null.
func (m *memory) at() cu.DevicePtr {
	if m == nil {
		return 0
	}
	return m.ptr
}

// free gives the memory back; a second call, or one of nil, does nothing.
func (m *memory) free() {
	if m != nil && m.job.lets(m) {
		m.job.device.discard(m.allocation)
	}
}

// lets forgets memory, and says whether it was held.
func (j *job) lets(m *memory) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	_, held := j.held[m]
	delete(j.held, m)
	return held
}

// Where the newest values of a buffer are.
const (
	onHost int32 = iota
	onBoth
	onDevice
)

// copyOf is the mirror of a buffer on a device.
type copyOf[T any] struct {
	job    *job
	memory *memory
	host   []T
	where  atomic.Int32 // changed on the device's goroutine, or by the one writer
	err    atomic.Pointer[error]
}

// deviceOf returns the values of a buffer on the device of s, for reading. They stay
// there: it copies only what the device does not have. nil gives a null address.
func deviceOf[T any](b *Buffer[T], s *scope) cu.DevicePtr {
	if b == nil || s.err != nil {
		return 0
	}
	c := copyIn(b, s)
	if s.err == nil && c.where.Load() == onHost {
		uploadTo(s, c.memory.ptr, c.host)
		if s.err == nil {
			c.where.Store(onBoth)
		}
	}
	return c.memory.at()
}

// deviceWrite returns the memory of a buffer on the device of s, all of whose values
// the operation will write; what was there before is undefined. Buffer.Host brings the
// values home. To change some values, call deviceOf first and deviceWrite then.
func deviceWrite[T any](b *Buffer[T], s *scope) cu.DevicePtr {
	if b == nil || s.err != nil {
		return 0
	}
	c := copyIn(b, s)
	c.where.Store(onDevice)
	return c.memory.at()
}

// copyIn returns the copy of a buffer on the device of s. A copy that another job has
// goes home first.
func copyIn[T any](b *Buffer[T], s *scope) *copyOf[T] {
	if c, ok := b.mirror.(*copyOf[T]); ok {
		if c.job == s.job {
			return c
		}
		if c.job.device == s.device {
			c.pullIn(s)
		} else {
			c.pull()
		}
		if err := c.failed(); err != nil {
			s.note(err)
			return c
		}
		c.free()
	}
	c := &copyOf[T]{job: s.job, host: b.host}
	if c.memory = holdOf[T](s, len(b.host)); c.memory == nil {
		return c
	}
	b.mirror = c
	s.job.mu.Lock()
	s.job.copies[c] = struct{}{}
	s.job.mu.Unlock()
	runtime.AddCleanup(b, func(c *copyOf[T]) { c.free() }, c)
	return c
}

// pull copies the values to the host where the device has newer ones.
func (c *copyOf[T]) pull() {
	if c.where.Load() != onDevice {
		return
	}
	if err := c.job.run(c.pullIn); err != nil {
		c.err.CompareAndSwap(nil, &err)
	}
}

// pullIn is pull as part of an operation.
func (c *copyOf[T]) pullIn(s *scope) {
	if c.where.Load() != onDevice {
		return
	}
	download(s, c.host, c.memory.ptr)
	if s.err == nil {
		c.where.Store(onBoth)
		return
	}
	err := s.device.fail(s.err)
	c.err.CompareAndSwap(nil, &err)
}

func (c *copyOf[T]) drop() { c.where.Store(onHost) }

func (c *copyOf[T]) failed() error {
	if err := c.err.Load(); err != nil {
		return *err
	}
	return nil
}

func (c *copyOf[T]) free() {
	c.job.mu.Lock()
	delete(c.job.copies, c)
	c.job.mu.Unlock()
	c.memory.free()
}
