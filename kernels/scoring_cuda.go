//go:build cuda

package kernels

import (
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"gorgonia.org/cu"
)

var rankKernel = newKernel("rank_values")

// limits say what scoring does on a device.
type limits struct {
	least   int   // rows below which the processor scores sooner
	most    int   // rows that are scored at a time: as many as a device has threads
	scratch int   // about the bytes that they take
	trees   int64 // most bytes of trees that are kept, those that are in use not counted
}

func newLimits(d *device) limits {
	return limits{least: 10_000, most: 1 << 18, scratch: 128 << 20, trees: d.Memory / 8}
}

// scoring is what a backend keeps for scoring: the trees that rows have been scored by, as
// long as their forest is in use and there is room, and scratch. A call never fails because
// of the device: the processor does it then.
type scoring struct {
	limits limits
	why    atomic.Pointer[error] // of the last call that failed here
	failed atomic.Int64          // calls that did

	mu    sync.Mutex
	trees map[rankedKey]*deviceTrees
	bytes int64 // of all trees
	clock int64

	raw, ranks, columns, out room // of the device's goroutine
}

// deviceTrees is a range of trees in its ranked form, on a device.
type deviceTrees struct {
	*ranked
	nodes, value, bits, cuts *memory
	roots, first             *memory       // the trees of each class, in order
	paths                    []devicePaths // of Contributions, which sends them
	players                  int           // of paths; 0 where there are none yet
	bytes, used              int64
}

func (d *deviceTrees) free() {
	for _, m := range []*memory{d.nodes, d.value, d.bits, d.cuts, d.roots, d.first} {
		m.free()
	}
	for i := range d.paths {
		d.paths[i].free()
	}
}

// scoreRows returns the rows that keep the device busy. Calls cut them further where they
// take more memory than scratch.
func (b *cudaBackend) scoreRows() int { return b.scoring.limits.most }

// faults returns how many calls were done on the processor although their size is one for
// the device, and why the last one was.
func (b *cudaBackend) faults() (calls int64, last error) {
	if err := b.scoring.why.Load(); err != nil {
		last = *err
	}
	return b.scoring.failed.Load(), last
}

// failed takes note of an error of the device, and gives back what scoring holds there:
// memory may be what is lacking.
func (b *cudaBackend) failed(err error) {
	b.scoring.why.Store(&err)
	b.scoring.failed.Add(1)
	_ = b.job.run(func(*scope) { b.scoring.clear() }) // without the device there is nothing to clear
}

// clear forgets everything; for the goroutine of the device.
func (w *scoring) clear() {
	for _, r := range []*room{&w.raw, &w.ranks, &w.columns, &w.out} {
		r.free()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for key, d := range w.trees {
		w.drop(key, d)
	}
}

// drop forgets some trees, under the lock.
func (w *scoring) drop(key rankedKey, d *deviceTrees) {
	d.free()
	w.bytes -= d.bytes
	delete(w.trees, key)
}

// kept returns trees that are on the device, nil where they are not.
func (w *scoring) kept(key rankedKey) *deviceTrees {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := w.trees[key]
	if d != nil {
		w.clock++
		d.used = w.clock
	}
	return d
}

// hasPaths says whether trees are on the device with their paths.
func (w *scoring) hasPaths(key rankedKey) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.trees[key] != nil && w.trees[key].players > 0
}

// keep takes note of trees that are on the device now, or have more there: players is the
// number of those of their paths, 0 while there are none. They stay until
// nobody has their forest, whose nodes begin at left; those that were used least lately
// go sooner, while all take more than they may.
func (w *scoring) keep(key rankedKey, left *int32, d *deviceTrees, bytes int64, players int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bytes += bytes
	d.bytes += bytes
	d.players = players
	w.clock++
	d.used = w.clock
	if w.trees == nil {
		w.trees = map[rankedKey]*deviceTrees{}
	}
	if w.trees[key] == nil {
		w.trees[key] = d
		runtime.AddCleanup(left, w.collect, key)
	}
	for w.bytes > w.limits.trees && len(w.trees) > 1 {
		var old rankedKey
		for k, x := range w.trees {
			if o := w.trees[old]; k != key && (o == nil || x.used < o.used) {
				old = k
			}
		}
		w.drop(old, w.trees[old])
	}
}

// collect forgets the trees of a forest that nobody has any more.
func (w *scoring) collect(key rankedKey) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if d := w.trees[key]; d != nil {
		w.drop(key, d)
	}
}

// treesOn returns trees on the device of s, where f sends them if they are not there. The
// call needs as much scratch besides.
func (b *cudaBackend) treesOn(s *scope, f *Forest, c *ranked, key rankedKey, scratch int64) *deviceTrees {
	w := &b.scoring
	if d := w.kept(key); d != nil || s.err != nil {
		b.admit(s, 0, scratch)
		return d
	}
	d := &deviceTrees{ranked: c}
	var cuts []uint64
	for _, col := range c.columns {
		cuts = append(cuts, col.cuts...)
	}
	roots, first := make([]uint32, 0, len(c.trees)), []uint32{0}
	for k := range c.classes() {
		for _, t := range c.trees {
			if int(t.class) == k {
				roots = append(roots, t.root)
			}
		}
		first = append(first, uint32(len(roots)))
	}
	bytes := sizeOf[rankNode](len(c.nodes)) + sizeOf[float32](len(c.value)) + sizeOf[uint64](len(c.bits)+len(cuts)) + sizeOf[uint32](len(roots)+len(first))
	b.admit(s, bytes, scratch)
	d.nodes, d.value, d.bits, d.cuts = send(s, c.nodes), send(s, c.value), send(s, c.bits), send(s, cuts)
	d.roots, d.first = send(s, roots), send(s, first)
	if s.err != nil {
		d.free()
		return nil
	}
	w.keep(key, &f.Left[0], d, bytes, 0)
	return d
}

// admit refuses trees and scratch that would take more than 4/5 of the memory that the
// device has left, that of scratch that is there already included.
func (b *cudaBackend) admit(s *scope, trees, scratch int64) {
	held := int64(0)
	for _, r := range []*room{&b.scoring.raw, &b.scoring.ranks, &b.scoring.out} {
		if r.memory != nil {
			held += r.memory.bytes
		}
	}
	if s.err != nil || trees == 0 && scratch <= held {
		return
	}
	free, _, err := cu.MemInfo()
	s.note(err)
	if free = (free + held) / 5 * 4; s.err == nil && trees+scratch > free {
		s.note(fmt.Errorf("%w: scoring takes %d bytes, of which %d are to be had", ErrDeviceMemory, trees+scratch, free))
	}
}

// send copies values to memory that stays.
func send[T any](s *scope, from []T) *memory {
	m := holdOf[T](s, len(from))
	uploadTo(s, m.at(), from)
	return m
}

// rowBytes returns the bytes that the raw values and the ranks of a row take, each column
// counted as often as it is used.
func (c *ranked) rowBytes(cols []Column) int {
	n := 4
	for _, col := range c.columns[1:] {
		n += 4 + rawOf(cols[col.column]).width
	}
	return n
}

// chunk returns the number of rows to score at a time, where a row takes so many bytes.
func (l *limits) chunk(rows, rowBytes int) int {
	return min(rows, l.most, max(256, l.scratch/rowBytes&^255))
}

// deviceRanks is RankColumn of ranked.h.
type deviceRanks struct {
	values     cu.DevicePtr
	kind       uint64
	least      int64
	cuts       cu.DevicePtr
	size       uint64
	none, sets uint64
}

// rank sends rows [lo, hi) and makes their ranks, column after column.
func (b *cudaBackend) rank(s *scope, d *deviceTrees, cols []Column, lo, hi int) cu.DevicePtr {
	w := &b.scoring
	places, bytes := make([]int64, len(cols)), int64(0) // of raw values, 0 for none, else 1 more
	for _, col := range d.columns[1:] {
		if raw := rawOf(cols[col.column]); raw.width > 0 && places[col.column] == 0 {
			places[col.column] = bytes + 1
			bytes += (int64(raw.width)*int64(hi-lo) + 255) &^ 255
		}
	}
	at := w.raw.of(s, bytes)
	for j, place := range places {
		if place > 0 {
			rawOf(cols[j]).upload(s, at+cu.DevicePtr(place-1), lo, hi)
		}
	}
	table, cuts := make([]deviceRanks, len(d.columns)-1), d.cuts.at()+cu.DevicePtr(8*len(d.columns[0].cuts))
	for i, col := range d.columns[1:] {
		raw := rawOf(cols[col.column])
		table[i] = deviceRanks{kind: uint64(raw.kind), least: raw.least, cuts: cuts, size: uint64(len(col.cuts)), none: uint64(col.none)}
		if col.set {
			table[i].none, table[i].sets = uint64(col.levels), 1
		}
		if place := places[col.column]; place > 0 {
			table[i].values = at + cu.DevicePtr(place-1)
		}
		cuts += cu.DevicePtr(8 * len(col.cuts))
	}
	ranks := w.ranks.of(s, sizeOf[uint32](len(d.columns)*(hi-lo)))
	if g := over(hi-lo, 256); len(table) > 0 {
		g.y = len(table)
		s.launch(rankKernel, g, sendTo(s, &w.columns, table), ranks, hi-lo)
	}
	return ranks
}

// classes returns 1 more than the last class that a tree adds to.
func (c *ranked) classes() (n int) {
	for _, t := range c.trees {
		n = max(n, int(t.class)+1)
	}
	return n
}

// tooWide says whether trees have more columns or classes than one launch has room for.
func (c *ranked) tooWide() bool { return max(len(c.columns), c.classes()) > math.MaxUint16 }
