//go:build cuda

package kernels

var (
	gradientKernel    = newKernel("gradient")
	multinomialKernel = newKernel("gradient_multinomial")
)

// Gradients is that of the go tier, to the bit, with all buffers on the device.
func (b *cudaBackend) Gradients(loss Loss, in GradientInput, g, h []*Buffer[float32]) error {
	if err := in.check(loss, g, h); err != nil {
		return err
	}
	n := in.Y.Len()
	if n == 0 {
		return nil
	}
	return b.job.run(func(s *scope) {
		y, w := deviceOf(in.Y, s), deviceOf(in.W, s)
		if loss != Multinomial {
			f := deviceOf(in.Scores[0], s)
			s.launch(gradientKernel, over(n, 256), f, y, w, deviceWrite(g[0], s), deviceWrite(h[0], s), uint64(loss), in.Param, n)
			return
		}
		classes := len(in.Scores)
		buffers := make([]uint64, 3*classes)
		for k := range classes {
			buffers[k] = uint64(deviceOf(in.Scores[k], s))
			buffers[classes+k], buffers[2*classes+k] = uint64(deviceWrite(g[k], s)), uint64(deviceWrite(h[k], s))
		}
		s.launch(multinomialKernel, over(n, 256), upload(s, buffers), y, w, classes, n)
	})
}
