package main

import (
	"fmt"
	"io"
	"math"

	"github.com/geyser-ml/geyser/kernels"
)

// sumShapes are those of the report: 28 columns at several numbers of rows, and at one of
// them other columns, bins, values, lists, formats and columns of a block.
func (o *options) sumShapes() []kernels.Sums {
	if o.toy {
		some := kernels.Sums{Rows: o.cells[0], Columns: o.columns, Bins: 255, Share: 1, Lanes: 1, Groups: 4}
		list := some
		list.Share, list.Groups, list.Skew = 0.1, 1, 0.9
		return []kernels.Sums{some, list}
	}
	last := o.cells[len(o.cells)-1]
	base := kernels.Sums{Rows: last, Columns: 28, Bins: 255, Share: 1, Lanes: 1, Groups: 4}
	var out []kernels.Sums
	with := func(change func(s *kernels.Sums)) {
		s := base
		change(&s)
		out = append(out, s)
	}
	for _, n := range o.cells {
		with(func(s *kernels.Sums) { s.Rows = n })
	}
	for _, columns := range []int{8, 200} {
		with(func(s *kernels.Sums) { s.Rows, s.Columns = last/10, columns })
	}
	for _, bins := range []int{16, 64, 1023} {
		with(func(s *kernels.Sums) { s.Bins = bins })
	}
	for _, skew := range []float64{0.5, 0.9, 1} {
		with(func(s *kernels.Sums) { s.Skew = skew })
	}
	for _, share := range []float64{0.5, 0.1, 0.03} {
		with(func(s *kernels.Sums) { s.Share = share })
	}
	for _, lanes := range []int{2, 3} {
		with(func(s *kernels.Sums) { s.Lanes = lanes })
	}
	for _, groups := range []int{1, 2, 3} {
		with(func(s *kernels.Sums) { s.Groups = groups })
	}
	return out
}

// sumBytes tells what sums have to move at least: bins, integers and numbers of rows. Of
// a list of some rows memory gives whole sectors of 32 bytes.
func sumBytes(s kernels.Sums) float64 {
	rows := float64(s.Rows)
	touched := func(size float64) float64 { return rows * size * (1 - math.Pow(1-s.Share, 32/size)) }
	bins := float64(s.Columns) * touched(2)
	if s.Bins <= 256 {
		bins = float64((s.Columns+3)/4) * touched(4)
	}
	out := 4*rows*s.Share + touched(8) + bins
	if s.Lanes == 3 {
		out += touched(4)
	}
	return out
}

// sums times the kernel that most of a training goes to.
func (o *options) sums(w io.Writer) error {
	speed, err := o.speed()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "Launches in a row. GB/s are what has to be moved at least (rows by list: in sectors of 32 bytes) over the time, beside %s GB/s of the device's "+
		"memory; what fits its cache can have more. Where that share is low, cells a clock and multiprocessor are the speed of atomics in shared memory.\n\n", number(speed.Peak))
	t := newTable(w, "rows × columns", "bins", "skew", "rows summed", "lanes", "columns a block", "ms", "ns / row / column", "GB/s", "% of roofline", "cells / clock / multiprocessor")
	share := func(v, whole float64) string {
		if whole > 0 {
			return number(v / whole)
		}
		return ""
	}
	reached := 0.0 // share of the roofline at the most rows, as trainings have them
	for _, s := range o.sumShapes() {
		took, err := kernels.MeasureSums(o.device, s)
		if err != nil {
			return fmt.Errorf("%+v: %w", s, err)
		}
		ns, cells := float64(took.Nanoseconds()), float64(s.Rows)*s.Share*float64(s.Columns)
		rate := sumBytes(s) / ns
		if s == (kernels.Sums{Rows: s.Rows, Columns: o.columns, Bins: 255, Share: 1, Lanes: 1, Groups: 4}) && speed.Peak > 0 {
			reached = 100 * rate / speed.Peak
		}
		block := fmt.Sprint(min(4*s.Groups, s.Columns))
		if s.Bins > 256 {
			block = "1"
		}
		t.row(count(s.Rows)+" × "+fmt.Sprint(s.Columns), fmt.Sprint(s.Bins), fmt.Sprint(s.Skew), count(int(float64(s.Rows)*s.Share)), fmt.Sprint(s.Lanes), block,
			number(ns/1e6), number(ns/cells), number(rate), share(100*rate, speed.Peak), share(cells/ns, speed.Clock*float64(speed.Processors)))
	}
	const roofline = 70
	aim(w, fmt.Sprintf("%% of the roofline at %s rows", count(o.cells[len(o.cells)-1])), reached, roofline)
	return nil
}
