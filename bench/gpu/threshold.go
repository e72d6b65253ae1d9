package main

import (
	"fmt"
	"io"
	"math"

	"github.com/geyser-ml/geyser/kernels"
)

// point is a job that the device and the processor have done.
type point struct {
	rows, columns int
	ratio         float64 // of the processor's time to the device's
}

// worth returns the least size from which on the device was never slower, and false where
// it was at the largest.
func worth(points []point, size func(p point) int) (least int, ok bool) {
	above := -1
	least = math.MaxInt
	for _, p := range points {
		if p.ratio < 1 {
			above = max(above, size(p))
		}
	}
	for _, p := range points {
		if n := size(p); n > above {
			least, ok = min(least, n), true
		}
	}
	return least, ok
}

// suggest says what kernels.Choose should ask of a training: cells, and rows of what has
// so many.
func suggest(points []point) string {
	cells, ok := worth(points, func(p point) int { return p.rows * p.columns })
	if !ok {
		return "the device is slower at all of these sizes: `leastRows` and `leastCells` are above them"
	}
	rows := math.MaxInt
	for _, p := range points {
		if p.rows*p.columns >= cells {
			rows = min(rows, p.rows)
		}
	}
	return fmt.Sprintf("`leastRows = %d` and `leastCells = %d`", rows, cells)
}

// thresholds looks for the least jobs that the device is worth its while for.
func (o *options) thresholds(w io.Writer) error {
	rows, columns, chunks, trees := []int{1000, 3000, 1e4, 3e4, 1e5, 3e5}, []int{4, 28, 100}, []int{100, 300, 1000, 3000, 1e4, 3e4, 1e5}, min(50, o.trees)
	if o.toy {
		rows, columns, chunks = []int{200, 500}, []int{3}, []int{50, 200}
	}
	fmt.Fprintf(w, "GBM of %d trees, the least of two trainings. By itself the server takes a device from 50,000 rows and 2,000,000 cells on.\n\n", trees)
	t := newTable(w, "rows", "columns", "device s", "processor s", "ratio")
	var points []point
	for _, p := range columns {
		for _, n := range rows {
			f, err := generate(n, p).frame()
			if err != nil {
				return err
			}
			took := [2]float64{math.Inf(1), math.Inf(1)}
			for i, backend := range []string{o.device, kernels.Processor} {
				for range 2 { // the first wakes the device up
					s, err := seconds(func() error {
						_, err := train("gbm", f, backend, o.settings(trees))
						return err
					})
					if err != nil {
						return err
					}
					took[i] = min(took[i], s)
				}
			}
			points = append(points, point{n, p, took[1] / took[0]})
			t.row(fmt.Sprint(n), fmt.Sprint(p), number(took[0]), number(took[1]), number(took[1]/took[0]))
		}
	}
	fmt.Fprintf(w, "\nPredictions by %d trees, the least of some calls. By itself the server scores 10,000 rows or more on a device.\n\n", trees)
	t = newTable(w, "rows", "device s", "processor s", "ratio")
	forest, cols, err := o.forest(chunks[len(chunks)-1], trees)
	if err != nil {
		return err
	}
	var calls []point
	for _, n := range chunks {
		scores := matrix(1, n)
		took, err := o.both(5, func(b kernels.Backend) error { return forest.Score(b, cols, 0, n, 0, scores) })
		if err != nil {
			return err
		}
		calls = append(calls, point{n, 1, took[1] / took[0]})
		t.row(fmt.Sprint(n), number(took[0]), number(took[1]), number(took[1]/took[0]))
	}
	fmt.Fprintf(w, "\nSuggested for kernels/choose.go: %s.\n", suggest(points))
	if least, ok := worth(calls, func(p point) int { return p.rows }); ok {
		fmt.Fprintf(w, "Suggested for kernels/scoring_cuda.go: `least: %d`.\n", least)
	} else {
		fmt.Fprintln(w, "Suggested for kernels/scoring_cuda.go: a `least` above all of these.")
	}
	return nil
}
