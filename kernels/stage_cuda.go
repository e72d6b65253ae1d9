//go:build cuda

package kernels

import (
	"unsafe"

	"gorgonia.org/cu"
)

// deviceStage keeps the rows and sums of a grower on a device. Nodes, draws of columns
// and the budget of histograms stay with the grower, which is the same on every tier.
type deviceStage struct {
	job    *job
	g      *goGrower
	bins   *cudaBins
	rows   [2]*memory // uint32 row numbers, node after node: places as growNode.lo and rows say, by side
	quant  *memory    // int32[rows][2]: g and h of each row in units of the tree's format, by row number (not by place)
	weight *memory    // uint32[rows]: weights in units, by row number; nil without weights
	hist   []*memory  // by slot: tally[g.layout.bins()], as g.layout.first says; nil where none was needed yet

	gradient, hessian *Buffer[float32] // derivatives returns them
	feats             []deviceFeature  // table returns it
	sums              sumPlan

	// What calls send and make, kept from one to the next: a field of each operation's own.
	seek    searchRooms
	records struct{ begin, sum, square, part, leaf room }
}

// derivatives returns buffers that stay from tree to tree.
func (d *deviceStage) derivatives() (g, h *Buffer[float32]) {
	if d.gradient == nil {
		d.gradient, d.hessian = MakeBuffer[float32](d.bins.rows), MakeBuffer[float32](d.bins.rows)
	}
	return d.gradient, d.hessian
}

// rest keeps all: the host has need of the host's memory.
func (d *deviceStage) rest() {}

// close gives back the memory. It does not wait for the device.
func (d *deviceStage) close() {
	d.gradient.Close()
	d.hessian.Close()
	d.gradient, d.hessian = nil, nil
	for _, m := range append(d.hist, d.rows[0], d.rows[1], d.quant, d.weight) {
		m.free()
	}
	d.rows, d.quant, d.weight, d.hist = [2]*memory{}, nil, nil, nil
	d.seek.free()
	for _, r := range []*room{&d.records.begin, &d.records.sum, &d.records.square, &d.records.part, &d.records.leaf, &d.sums.room} {
		r.free()
	}
	d.sums.lanes = 0
}

// table returns what the device has in cudaBins.table.
func (d *deviceStage) table() []deviceFeature {
	if d.feats == nil {
		d.feats, _, _ = deviceFeatures(d.bins.feats)
	}
	return d.feats
}

// slot returns the sums of slot i, with undefined contents the first time.
func (d *deviceStage) slot(s *scope, i int32) cu.DevicePtr {
	for int(i) >= len(d.hist) {
		d.hist = append(d.hist, nil)
	}
	if d.hist[i] == nil {
		d.hist[i] = holdOf[tally](s, d.g.layout.bins())
	}
	return d.hist[i].at()
}

// room is device memory that an operation keeps between its calls and that grows as
// they need more.
type room struct{ memory *memory }

// of returns at least n bytes, with undefined contents.
func (r *room) of(s *scope, n int64) cu.DevicePtr {
	if s.err != nil {
		return 0
	}
	if r.memory == nil || r.memory.bytes < n {
		size := n
		if r.memory != nil {
			size = max(n, 2*r.memory.bytes)
		}
		s.release(r.memory) // not by and by, as free: both at a time may be too much
		r.memory = s.hold(max(size, 4096))
	}
	return r.memory.at()
}

// free gives the memory back.
func (r *room) free() {
	r.memory.free()
	r.memory = nil
}

// sendTo copies values to the start of room and returns where.
func sendTo[T any](s *scope, r *room, from []T) cu.DevicePtr {
	p := r.of(s, sizeOf[T](len(from)))
	uploadTo(s, p, from)
	return p
}

// bytesOf shows values as the bytes that a kernel sees.
func bytesOf[T any](v []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), sizeOf[T](len(v)))
}

// join puts parts of an upload together, each at a multiple of 8 bytes, and returns
// where they start.
func join(parts ...[]byte) (all []byte, at []int64) {
	for _, p := range parts {
		at = append(at, int64(len(all)))
		all = append(append(all, p...), make([]byte, -len(p)&7)...)
	}
	return all, at
}
