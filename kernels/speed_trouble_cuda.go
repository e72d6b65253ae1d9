//go:build cuda

package kernels

import (
	"errors"

	"gorgonia.org/cu"
)

// scoreFrom is ScoreFrom.
func scoreFrom(b Backend, rows int) {
	if c, ok := b.(*cudaBackend); ok {
		c.scoring.limits.least = rows
	}
}

// holdDevice is HoldDevice.
func holdDevice(name string, leave int64) (free func(), err error) {
	d, err := namedDevice(name)
	if err != nil {
		return nil, err
	}
	const least = 4096
	var held []allocation
	err = d.run(nil, func(s *scope) {
		left, _, err := cu.MemInfo()
		s.note(err)
		for size := left - leave; s.err == nil && size >= least; {
			a, err := d.allocate(size)
			switch {
			case err == nil:
				held = append(held, a)
				left, _, err = cu.MemInfo()
				s.note(err)
				size = min(size, left-leave)
			case errors.Is(err, cu.OutOfMemory):
				size /= 2 // what is free lies in pieces
			default:
				s.note(err)
			}
		}
	})
	return func() {
		for _, a := range held {
			d.discard(a)
		}
	}, err
}

// breakDevice is BreakDevice.
func breakDevice(name string) error {
	d, err := namedDevice(name)
	if err != nil {
		return err
	}
	return d.run(nil, func(s *scope) {
		s.launch(histogramClear, grid{x: 1, block: 32}, upload(s, []cu.DevicePtr{8}), 1)
	})
}
