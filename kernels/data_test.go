package kernels

import (
	"math"
	"math/rand/v2"
)

// table is generated data: columns, a response and its bins.
type testTable struct {
	cols []Column
	y    []float32
}

// flights makes rows like flight records: seven columns, five of them
// categorical with up to 300 levels of uneven frequency; the response is the
// class of a delay.
func flights(rows int, seed uint64) testTable {
	r := rand.New(rand.NewPCG(seed, 1))
	levels := []int{12, 31, 7, 0, 22, 300, 0}
	effect := make([][]float64, len(levels))
	for f, k := range levels {
		effect[f] = make([]float64, max(k, 1))
		for c := range effect[f] {
			effect[f][c] = r.NormFloat64() * 0.5
		}
	}
	t := testTable{y: make([]float32, rows)}
	score := make([]float64, rows)
	for f, k := range levels {
		if k == 0 {
			v := make([]float64, rows)
			for i := range v {
				v[i] = math.Floor(r.Float64() * 2400)
				score[i] += math.Sin(v[i] / 300)
			}
			t.cols = append(t.cols, Column{Values: v})
			continue
		}
		v := make([]int16, rows)
		for i := range v {
			c := int(r.Float64() * r.Float64() * float64(k))
			v[i] = int16(c)
			score[i] += effect[f][c]
		}
		t.cols = append(t.cols, Column{Values: v, Levels: k})
	}
	for i := range t.y {
		if r.Float64() < 1/(1+math.Exp(-score[i])) {
			t.y[i] = 1
		}
	}
	return t
}
