//go:build cuda

package kernels

import (
	"fmt"
	"iter"
	"math"
	"unsafe"

	"gorgonia.org/cu"
)

// scope is one operation on a device. After its first error its methods do nothing and
// return zeros, so that an operation is written without looking at errors. It lives on
// the goroutine of the device.
type scope struct {
	device  *device
	job     *job
	err     error
	memory  []allocation // given back at the end
	pending string       // the kernel that was launched last and that nothing has waited for
	traffic Traffic
}

// end waits for the kernels, gives back memory and settles the error.
func (s *scope) end() {
	s.wait()
	if s.err != nil {
		s.err = s.device.fail(s.err)
	}
	for _, a := range s.memory {
		if err := s.device.release(a); err != nil && s.err == nil {
			s.err = s.device.fail(err)
		}
	}
	s.device.traffic.add(&s.traffic)
	if s.job != nil {
		s.job.traffic.add(&s.traffic)
	}
}

// wait waits for the kernels that were launched; their errors come up here. Copies to
// the host wait by themselves.
func (s *scope) wait() {
	if s.pending != "" {
		s.note(cu.Synchronize())
		s.pending = ""
	}
}

// note keeps the first error. One of a kernel comes up in a later call.
func (s *scope) note(err error) {
	if err != nil && s.err == nil {
		if s.pending != "" {
			err = fmt.Errorf("after kernel %s: %w", s.pending, err)
		}
		s.err = err
	}
}

// alloc reserves n bytes until the end of the operation. What is in them is undefined.
// Why not in loops: it is a call of the driver that may wait for the device. What an
// operation needs again and again, its job holds.
func (s *scope) alloc(n int64) cu.DevicePtr {
	if s.err != nil {
		return 0
	}
	a, err := s.device.allocate(n)
	if err != nil {
		s.note(err)
		return 0
	}
	s.memory = append(s.memory, a)
	return a.ptr
}

// hold reserves n bytes that stay until memory.free or the end of the job; the scope
// must be one of a job. It returns nil after an error.
func (s *scope) hold(n int64) *memory {
	if s.err != nil {
		return nil
	}
	a, err := s.device.allocate(n)
	if err != nil {
		s.note(err)
		return nil
	}
	return s.job.keep(a)
}

// release gives back what hold has reserved, at once; nil is nothing.
func (s *scope) release(m *memory) {
	if m != nil && m.job.lets(m) {
		s.note(s.device.release(m.allocation))
	}
}

// zero clears n bytes.
func (s *scope) zero(p cu.DevicePtr, n int64) {
	if s.err == nil && n > 0 {
		s.note(cu.MemsetD8(p, 0, n))
	}
}

// copy copies n bytes on the device.
func (s *scope) copy(to, from cu.DevicePtr, n int64) {
	if s.err == nil && n > 0 {
		s.note(cu.MemcpyDtoD(to, from, n))
	}
}

// sizeOf returns the bytes of n values.
func sizeOf[T any](n int) int64 { return int64(n) * int64(unsafe.Sizeof(*new(T))) }

// allocOf is alloc for n values.
func allocOf[T any](s *scope, n int) cu.DevicePtr { return s.alloc(sizeOf[T](n)) }

// holdOf is hold for n values.
func holdOf[T any](s *scope, n int) *memory { return s.hold(sizeOf[T](n)) }

// upload copies values to the device, to memory of the operation.
func upload[T any](s *scope, from []T) cu.DevicePtr {
	p := allocOf[T](s, len(from))
	uploadTo(s, p, from)
	return p
}

// uploadTo copies values to the device. T has no Go pointers.
func uploadTo[T any](s *scope, to cu.DevicePtr, from []T) {
	if s.err == nil && len(from) > 0 {
		n := sizeOf[T](len(from))
		s.note(cu.MemcpyHtoD(to, unsafe.Pointer(&from[0]), n))
		s.traffic.Up += n
		s.traffic.Uploads++
	}
}

// download fills a slice from the device, after the kernels that were launched.
func download[T any](s *scope, to []T, from cu.DevicePtr) {
	if s.err == nil && len(to) > 0 {
		n := sizeOf[T](len(to))
		s.note(cu.MemcpyDtoH(unsafe.Pointer(&to[0]), from, n))
		s.pending = ""
		s.traffic.Down += n
		s.traffic.Downloads++
	}
}

// grid is the shape of a launch; numbers that are 0 count as 1, but for x: a grid
// without blocks in x is no launch at all.
type grid struct {
	x, y, z       int // blocks
	block, by, bz int // threads of a block
	shared        int // bytes of dynamic shared memory
}

// over is the grid of one thread for each of n things, in blocks of that many threads.
func over(n, block int) grid { return grid{x: (n + block - 1) / block, block: block} }

// mostBlocks is how many a grid has in x at most.
const mostBlocks = math.MaxInt32

// launches cuts n things of so many blocks each into runs that one grid has room for.
func launches(n, blocks int) iter.Seq2[int, int] {
	most := max(1, mostBlocks/max(1, blocks))
	return func(yield func(lo, hi int) bool) {
		for lo := 0; lo < n; lo += most {
			if !yield(lo, min(lo+most, n)) {
				return
			}
		}
	}
}

func (g grid) check() error {
	switch {
	case g.x < 0 || g.x > mostBlocks || g.y < 0 || g.y > 65535 || g.z < 0 || g.z > 65535:
		return fmt.Errorf("grid of %d x %d x %d blocks: at most %d x 65535 x 65535", g.x, g.y, g.z, mostBlocks)
	case g.block < 0 || g.by < 0 || g.bz < 0 || g.bz > 64 || max(g.block, 1)*max(g.by, 1)*max(g.bz, 1) > 1024:
		return fmt.Errorf("blocks of %d x %d x %d threads: at most 1024, of them 64 in z", g.block, g.by, g.bz)
	case g.shared < 0 || g.shared > 48<<10:
		return fmt.Errorf("%d bytes of shared memory: at most 48 KiB", g.shared)
	}
	return nil
}

// launch starts a kernel behind what was asked for before, and does not wait. args are
// the parameters in order: cu.DevicePtr, *memory (nil is a null address), int, int64,
// uint64, uint32, int32, bool or float64, each 8 bytes on the device.
func (s *scope) launch(k kernel, g grid, args ...any) {
	if s.err != nil || g.x == 0 {
		return
	}
	f := s.device.kernels[string(k)]
	if f == nil {
		s.note(fmt.Errorf("there is no kernel %s", k))
		return
	}
	words, err := pack(args, f.floats)
	if err == nil {
		err = g.check()
	}
	if err != nil {
		s.note(fmt.Errorf("launch of %s: %w", k, err))
		return
	}
	params := make([]unsafe.Pointer, len(words))
	for i := range words {
		params[i] = unsafe.Pointer(&words[i])
	}
	timed := s.device.profile
	if timed != nil {
		timed.start(s)
	}
	err = f.fn.Launch(g.x, max(g.y, 1), max(g.z, 1), max(g.block, 1), max(g.by, 1), max(g.bz, 1), g.shared, cu.NoStream, params)
	if err != nil {
		s.note(fmt.Errorf("launch of %s: %w", k, err))
		return
	}
	s.pending = string(k)
	s.traffic.Launches++
	if timed != nil {
		timed.stop(s, k)
	}
}

// pack makes the parameters of a kernel into words of 8 bytes. floats says which are
// doubles.
func pack(args []any, floats []bool) ([]uint64, error) {
	if len(args) != len(floats) {
		return nil, fmt.Errorf("%d parameters, want %d", len(args), len(floats))
	}
	words := make([]uint64, len(args))
	for i, a := range args {
		v, isFloat := a.(float64)
		if isFloat != floats[i] {
			return nil, fmt.Errorf("parameter %d is of type %T", i, a)
		}
		switch x := a.(type) {
		case float64:
			words[i] = math.Float64bits(v)
		case cu.DevicePtr:
			words[i] = uint64(x)
		case *memory:
			words[i] = uint64(x.at())
		case int:
			words[i] = uint64(x)
		case int64:
			words[i] = uint64(x)
		case uint64:
			words[i] = x
		case int32:
			words[i] = uint64(int64(x))
		case uint32:
			words[i] = uint64(x)
		case bool:
			if x {
				words[i] = 1
			}
		default:
			return nil, fmt.Errorf("parameter %d is of type %T", i, a)
		}
	}
	return words, nil
}
