//go:build cuda

package kernels

import (
	"fmt"
	"math"
	"runtime"
	"sync"
	"weak"

	"gorgonia.org/cu"
)

var (
	shapKernels   = [...]kernel{newKernel("shap_1"), newKernel("shap_2"), newKernel("shap_3"), newKernel("shap_4"), newKernel("shap_6"), newKernel("shap_8")}
	shapSumKernel = newKernel("shap_sum")
)

const (
	mostPathBytes = 2 << 30 // of paths, on the host while they are made and on the device
	slicePaths    = 256     // about the paths of a slice, of which there are at most mostSlices
	mostSlices    = 16
)

// devicePaths is paths of one kind, on a device.
type devicePaths struct {
	kernel int
	table  *memory // Paths of shap.cu
	memory []*memory
}

// free gives the memory back.
func (p *devicePaths) free() {
	p.table.free()
	for _, m := range p.memory {
		m.free()
	}
}

// Contributions implements Contributor.
func (b *cudaBackend) Contributions(g Game, cols []Column, lo, hi int, out [][]float64) error {
	f := g.Forest
	for k := range out {
		if len(out[k]) < hi-lo {
			return fmt.Errorf("player %d: room for %d rows, want %d", k, len(out[k]), hi-lo)
		}
	}
	c, err := rankedFor(f, cols, lo, hi, 0, len(f.Roots), nil)
	if err != nil {
		return err
	}
	if c == nil {
		for k := range out {
			clear(out[k][:hi-lo])
		}
		return nil
	}
	leaves := (len(c.nodes) + len(c.trees)) / 2
	if bytes := 12*leaves + 20*c.steps(); bytes > mostPathBytes || c.tooWide() || len(c.nodes) > math.MaxInt32 {
		return fmt.Errorf("%w: contributions of %d leaves take %d bytes, and at most %d are used", ErrUnavailable, leaves, bytes, mostPathBytes)
	}
	defer runtime.KeepAlive(f)
	key := rankedKey{weak.Make(&f.Left[0]), 0, len(f.Roots)}
	w, slices := &b.scoring, max(1, min(mostSlices, leaves/slicePaths))
	made := sync.OnceValues(func() ([]paths, error) { return pathsOf(g, c, len(out)) })
	if !w.hasPaths(key) {
		if _, err := made(); err != nil {
			return err
		}
	}
	rowBytes := c.rowBytes(cols) + 8*len(out)*slices
	for at, n := lo, b.scoring.limits.chunk(hi-lo, rowBytes); at < hi; at += n {
		end := min(at+n, hi)
		err := b.job.run(func(s *scope) {
			d := b.treesOn(s, f, c, key, int64(n*rowBytes))
			if s.err == nil && d.players == 0 {
				all, err := made()
				s.note(err)
				b.sendPaths(s, f, key, d, all, len(out), int64(n*rowBytes))
			}
			if s.err == nil && d.players != len(out) {
				s.note(fmt.Errorf("%d players, earlier there were %d", len(out), d.players))
			}
			if s.err == nil {
				b.contribute(s, d, cols, at, end, slices, out, at-lo)
			}
		})
		if err != nil {
			b.failed(err)
			return err
		}
	}
	return nil
}

// contribute writes the values of rows [lo, hi), the first to out[player][to].
func (b *cudaBackend) contribute(s *scope, d *deviceTrees, cols []Column, lo, hi, slices int, out [][]float64, to int) {
	n := hi - lo
	ranks, size := b.rank(s, d, cols, lo, hi), len(out)*n
	at := b.scoring.out.of(s, sizeOf[float64](slices*size))
	s.zero(at, sizeOf[float64](slices*size))
	for _, p := range d.paths {
		shape := over(n, 128)
		shape.y = slices
		s.launch(shapKernels[p.kernel], shape, p.table, ranks, at, len(out), n)
	}
	s.launch(shapSumKernel, over(size, 256), at, slices, size)
	for k := range out {
		download(s, out[k][to:to+n], at+cu.DevicePtr(8*k*n))
	}
}

// sendPaths puts paths beside their trees.
func (b *cudaBackend) sendPaths(s *scope, f *Forest, key rankedKey, d *deviceTrees, all []paths, players int, scratch int64) {
	bytes := int64(0)
	for i := range all {
		bytes += all[i].bytes()
	}
	b.admit(s, bytes, scratch)
	for i, kind := range kinds {
		if s.err != nil {
			return
		}
		p := &all[i]
		if len(p.value) == 0 {
			continue
		}
		x := devicePaths{kernel: kind.kernel}
		hold := func(m *memory) cu.DevicePtr {
			x.memory = append(x.memory, m)
			return m.at()
		}
		points, weight := Legendre(kind.points)
		x.table = send(s, []cu.DevicePtr{
			d.nodes.at(), d.bits.at(), hold(send(s, p.value)), hold(send(s, p.first)), hold(send(s, p.z)), hold(send(s, p.player)),
			hold(send(s, p.cond)), hold(send(s, p.conds)), cu.DevicePtr(len(p.value)), hold(send(s, append(points, weight...))), cu.DevicePtr(kind.points),
		})
		d.paths = append(d.paths, x)
	}
	b.scoring.keep(key, &f.Left[0], d, bytes, players)
}
