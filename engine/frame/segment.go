package frame

import (
	"os"
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
)

// segment owns one mapping of a file. It is unmapped once the segment is
// unreachable, so whatever reads data keeps its column, and by that the segment,
// alive.
type segment struct {
	data []byte
}

// mapFile maps the first size bytes of f, shared; size must be positive and not
// beyond the end of the file, and the file must never shrink.
func mapFile(f *os.File, size int, prot int) (*segment, error) {
	data, err := unix.Mmap(int(f.Fd()), 0, size, prot, unix.MAP_SHARED)
	if err != nil {
		return nil, &os.PathError{Op: "mmap", Path: f.Name(), Err: err}
	}
	s := &segment{data: data}
	runtime.AddCleanup(s, func(d []byte) { _ = unix.Munmap(d) }, data)
	return s, nil
}

// pins keeps the frames reachable that someone reads through raw slices.
var pins = struct {
	sync.Mutex
	held map[*Frame]int
}{held: map[*Frame]int{}}

// Pin keeps the frame's memory mapped until release is called, for code that
// hands raw slices to kernels. Calling release again does nothing.
func (f *Frame) Pin() (release func()) {
	pins.Lock()
	pins.held[f]++
	pins.Unlock()
	return sync.OnceFunc(func() {
		pins.Lock()
		defer pins.Unlock()
		if pins.held[f]--; pins.held[f] == 0 {
			delete(pins.held, f)
		}
	})
}
