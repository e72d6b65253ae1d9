package main

import (
	"math"

	"github.com/geyser-ml/geyser/kernels"
	"github.com/geyser-ml/geyser/kernels/par"
)

// purposes of draws.
const (
	drawValue = kernels.FreePurpose + 100 + iota
	drawClass
)

// data are generated rows: numbers between 0 and 1, and one of two classes that depends
// on some of them.
type data struct {
	columns [][]float32
	class   []int8
	y       []float32
}

// generate makes rows.
func generate(rows, columns int) *data {
	d := &data{class: make([]int8, rows), y: make([]float32, rows)}
	for range columns {
		d.columns = append(d.columns, make([]float32, rows))
	}
	par.For(0, rows, par.Rows, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			score := 0.0
			for j, c := range d.columns {
				c[i] = float32(uniform(drawValue, uint64(j), i))
				if j < 8 {
					score += math.Sin(float64(j+3) * float64(c[i]))
				}
			}
			if uniform(drawClass, 0, i) < 1/(1+math.Exp(-score)) {
				d.class[i], d.y[i] = 1, 1
			}
		}
	})
	return d
}

// uniform draws a number from [0, 1).
func uniform(p kernels.Purpose, column uint64, row int) float64 {
	return float64(kernels.Draw(1, column, p, uint64(row))>>11) / (1 << 53)
}

// raw returns the columns as kernels take them.
func (d *data) raw() []kernels.Column {
	out := make([]kernels.Column, len(d.columns))
	for i, c := range d.columns {
		out[i].Values = c
	}
	return out
}
