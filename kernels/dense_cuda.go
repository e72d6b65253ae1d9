//go:build cuda

package kernels

import (
	"math"
	"strings"

	"github.com/geyser-ml/geyser/cgo/cublas"
	"gorgonia.org/cu"
)

var (
	denseTileKernel   = newKernel("dense_tile")
	denseFinishKernel = newKernel("dense_finish")
)

// Dense computes a layer on the device: by cuBLAS, whose sums have an order of its own,
// or else by a kernel that adds in order.
func (b *cudaBackend) Dense(in DenseInput) error {
	if err := in.check(); err != nil {
		return err
	}
	if in.Rows == 0 || in.Cols == 0 {
		return nil
	}
	return b.job.run(func(s *scope) {
		a, w, bias, out := deviceOf(in.A, s), deviceOf(in.B, s), deviceOf(in.Bias, s), deviceWrite(in.Out, s)
		if !s.multiply(&in, a, w, out) {
			const side = 64 // of a block's tile
			g := grid{x: ((in.Rows + side - 1) / side) * ((in.Cols + side - 1) / side), block: 256}
			turned := 0
			if in.TurnA {
				turned |= 1
			}
			if in.TurnB {
				turned |= 2
			}
			s.launch(denseTileKernel, g, a, w, bias, out, in.Rows, in.Inner, in.Cols, turned, uint64(in.Activation))
			return
		}
		if in.Bias != nil || in.Activation != Identity {
			n := in.Rows * in.Cols
			s.launch(denseFinishKernel, over(n, 256), out, bias, in.Cols, n, uint64(in.Activation))
		}
	})
}

// multiply starts out = A·B by cuBLAS, or says that it cannot be had for this.
//
// Why the other way round: cuBLAS has matrices column after column. Read so, ours are
// turned, and the turned product is that of the turned factors in turned order.
func (s *scope) multiply(in *DenseInput, a, b, out cu.DevicePtr) bool {
	if s.err != nil || in.Inner == 0 || max(in.Rows, in.Inner, in.Cols) > math.MaxInt32 {
		return false
	}
	blas := s.device.blas.open(s.device)
	if blas == nil {
		return false
	}
	rows, inner, cols := int32(in.Rows), int32(in.Inner), int32(in.Cols)
	nextA, nextB := inner, cols // to the next row of what is stored
	if in.TurnA {
		nextA = rows
	}
	if in.TurnB {
		nextB = inner
	}
	if err := blas.Sgemm(in.TurnB, in.TurnA, cols, rows, inner, uintptr(b), nextB, uintptr(a), nextA, uintptr(out), cols); err != nil {
		s.note(cu.Synchronize()) // an error of the device says more
		s.note(err)
		return true
	}
	s.pending = "cublasSgemm"
	s.traffic.Launches++
	return true
}

// cudaBLAS is cuBLAS on a device, which stays open as the device does.
type cudaBLAS struct {
	handle *cublas.Handle
	why    error // why there is none; it is not tried again
}

// String says what multiplies; "" as long as nobody has asked for a product.
func (b *cudaBLAS) String() string {
	switch {
	case b.handle != nil:
		return strings.TrimSpace("cuBLAS " + b.handle.Version())
	case b.why != nil:
		return "own kernel (" + strings.ReplaceAll(b.why.Error(), "\n", "; ") + ")"
	}
	return ""
}

// blasWorkspace is what NVIDIA advises for the largest devices.
const blasWorkspace = 32 << 20

// open returns the handle, nil where there is no cuBLAS or no memory for it.
func (b *cudaBLAS) open(d *device) *cublas.Handle {
	if b.handle != nil || b.why != nil {
		return b.handle
	}
	h, err := cublas.Open()
	if err != nil {
		b.why = err
		return nil
	}
	room, err := d.allocate(blasWorkspace)
	if err == nil {
		if err = h.Use(uintptr(room.ptr), room.bytes); err == nil {
			b.handle = h
			return h
		}
		_ = d.release(room) // the error of Use is the first
	}
	_ = h.Close()
	b.why = err
	return nil
}
