// Package data makes the tables that benchmarks run on: the same rows from the
// same seed, everywhere.
package data

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strconv"
)

// Table holds rows column by column. A column is numeric ([]float64) or
// categorical ([]int16 codes with Levels).
type Table struct {
	Names  []string
	Values []any
	Levels [][]string // of a categorical column, nil for a number
	Late   []float32  // the response, 0 or 1; in CSV the column late, N or Y
}

// Flights makes rows like records of flights: five categoricals of 7 to 280
// levels, some of them rare, a time of day and a distance. Whether a flight is
// late depends on all of them, with noise, in the same way for every seed.
func Flights(rows int, seed uint64) *Table {
	r, truth := rand.New(rand.NewPCG(seed, 1)), rand.New(rand.NewPCG(0, 3))
	t := &Table{Late: make([]float32, rows)}
	score := make([]float64, rows)
	category := func(name, prefix string, levels int, strength float64) {
		effect, names := make([]float64, levels), make([]string, levels)
		for i := range effect {
			effect[i] = strength * truth.NormFloat64()
			names[i] = prefix + strconv.Itoa(i+1)
		}
		codes := make([]int16, rows)
		for i := range codes {
			c := int(float64(levels) * r.Float64() * r.Float64()) // low codes are common, high ones rare
			codes[i] = int16(c)
			score[i] += effect[c]
		}
		t.add(name, codes, names)
	}
	category("Month", "c-", 12, 0.2)
	category("DayofMonth", "c-", 31, 0.1)
	category("DayOfWeek", "c-", 7, 0.2)
	dep := make([]float64, rows)
	for i := range dep {
		minute := 300 + int(1100*math.Sqrt(r.Float64()))
		dep[i] = float64(minute/60%24*100 + minute%60)
		score[i] += 2 * (dep[i]/2400 - 0.5)
	}
	t.add("DepTime", dep, nil)
	category("Origin", "O", 280, 0.4)
	category("Dest", "D", 280, 0.3)
	distance := make([]float64, rows)
	for i := range distance {
		distance[i] = math.Floor(100 + 500*r.ExpFloat64())
		score[i] -= 0.3 * math.Sin(distance[i]/400)
	}
	t.add("Distance", distance, nil)
	for i, s := range score {
		if r.Float64() < 1/(1+math.Exp(1.2-s)) {
			t.Late[i] = 1
		}
	}
	return t
}

// Numbers makes columns of standard normal numbers with four decimals, and a
// response that depends on the first five in no linear way.
func Numbers(rows, columns int, seed uint64) *Table {
	r := rand.New(rand.NewPCG(seed, 2))
	t := &Table{Late: make([]float32, rows)}
	x := make([][]float64, columns)
	for c := range x {
		x[c] = make([]float64, rows)
		for i := range x[c] {
			x[c][i] = math.Round(1e4*r.NormFloat64()) / 1e4
		}
		t.add("x"+strconv.Itoa(c), x[c], nil)
	}
	at := func(c, i int) float64 { return x[c%columns][i] }
	for i := range t.Late {
		z := at(0, i)*at(1, i) + math.Abs(at(2, i)) - 0.8 + 0.7*math.Sin(2*at(3, i)) + 0.5*at(4, i)
		if r.Float64() < 1/(1+math.Exp(-z)) {
			t.Late[i] = 1
		}
	}
	return t
}

func (t *Table) add(name string, values any, levels []string) {
	t.Names = append(t.Names, name)
	t.Values = append(t.Values, values)
	t.Levels = append(t.Levels, levels)
}

// WriteCSV writes the table with a header; the response comes last.
func (t *Table) WriteCSV(w io.Writer) error {
	b := bufio.NewWriter(w)
	for _, name := range t.Names {
		fmt.Fprintf(b, "%s,", name)
	}
	fmt.Fprintln(b, "late")
	var line []byte
	for i, late := range t.Late {
		line = line[:0]
		for c, values := range t.Values {
			switch v := values.(type) {
			case []int16:
				line = append(line, t.Levels[c][v[i]]...)
			case []float64:
				line = strconv.AppendFloat(line, v[i], 'f', -1, 64)
			}
			line = append(line, ',')
		}
		line = append(line, "NY"[int(late)], '\n')
		if _, err := b.Write(line); err != nil {
			return err
		}
	}
	return b.Flush()
}
