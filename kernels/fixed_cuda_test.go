//go:build cuda

package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// deviceRows are the rows of a root in the memory of a device.
func deviceRows(t *testing.T, d *deviceStage, n int) (list []uint32, quant [][2]int32, weight []uint32) {
	t.Helper()
	rows := d.bins.rows
	list, quant = make([]uint32, n), make([][2]int32, rows)
	if d.weight != nil {
		weight = make([]uint32, rows)
	}
	check(t, d.job.run(func(s *scope) {
		download(s, list, d.rows[0].at())
		download(s, quant, d.quant.at())
		download(s, weight, d.weight.at())
	}))
	return list, quant, weight
}

// kindsOfDerivatives are g and h of rows; kind says in which range.
func kindsOfDerivatives(r *rand.Rand, n int, kind string) (g, h []float32) {
	g, h = make([]float32, n), make([]float32, n)
	for i := range g {
		switch kind {
		case "bounded":
			g[i], h[i] = r.Float32()*2-1, r.Float32()/4
			switch r.IntN(6) {
			case 0:
				g[i], h[i] = 1, 0.25
			case 1:
				g[i], h[i] = -1, 0
			}
		case "same h":
			g[i], h[i] = float32(r.NormFloat64()), 1
		case "one less h", "one more h": // and more |g|, in the row that a thread sees first
			if g[i], h[i] = float32(r.NormFloat64()), 1; i == 0 {
				g[i], h[i] = -99, 0.5
			}
			if i == 0 && kind == "one more h" {
				g[i], h[i] = 99, 5
			}
		case "powers of two":
			g[i], h[i] = float32(math.Ldexp(1, r.IntN(9)-8)), float32(math.Ldexp(1, r.IntN(12)-13))
		case "zeros":
			g[i] = float32(math.Copysign(0, float64(r.IntN(2)*2-1)))
		case "tiny":
			g[i], h[i] = math.Float32frombits(r.Uint32N(1<<23)), math.Float32frombits(r.Uint32N(1<<20))
		case "huge":
			g[i], h[i] = float32(r.NormFloat64())*1e37, r.Float32()*math.MaxFloat32
		case "negative h":
			g[i], h[i] = float32(r.NormFloat64()), float32(r.NormFloat64())
		}
	}
	return g, h
}

// Begin makes the integers of the go tier, in its format, and lists the same rows.
func TestBeginDevice(t *testing.T) {
	b := openShared(t)
	before := b.job.device.liveBytes()
	r := rand.New(rand.NewPCG(43, 44))
	for _, n := range []int{0, 1, 31, 32, 33, 1000, 1024, 1025, 3001, 70001} {
		cols := []Column{{Values: make([]int8, n)}}
		onHost, err := newGo(2).Quantize(cols, BinOptions{})
		check(t, err)
		onDevice, err := b.Quantize(cols, BinOptions{})
		check(t, err)
		for _, weighted := range []string{"", "weights", "no weight"} {
			cfg := GrowerConfig{Seed: 9, MaxDepth: 3, Bounded: true}
			if weighted != "" {
				w := make([]float32, n)
				for i := range w {
					if weighted == "weights" {
						w[i] = []float32{0, 1, 0.3, 1e-30, 7}[r.IntN(5)]
					}
				}
				cfg.Weights = NewBuffer(w)
			}
			hg, err := newGo(2).NewGrower(onHost, cfg)
			check(t, err)
			dg, err := b.NewGrower(onDevice, cfg)
			check(t, err)
			host, grower := hg.(*goGrower), dg.(cudaGrower)
			stage := grower.stage.(*deviceStage)
			kinds := []string{"bounded", "same h", "one less h", "one more h", "powers of two", "zeros", "tiny", "huge", "negative h"}
			samples := []string{"", "half", "few", "none"}
			if n > narrowRows {
				kinds, samples = []string{"bounded"}, []string{"", "few"}
			}
			for k, kind := range kinds {
				for _, sampled := range samples {
					name := fmt.Sprintf("%d rows, %q, %s, sample %q", n, weighted, kind, sampled)
					g, h := kindsOfDerivatives(r, n, kind)
					in := TreeInput{Tree: uint64(k), G: NewBuffer(g), H: NewBuffer(h)}
					if sampled != "" {
						s := make([]uint8, n)
						for i := range s {
							if c := r.IntN(500); sampled == "half" && c < 250 || sampled == "few" && c == 0 {
								s[i] = 1
							}
						}
						in.InSample = NewBuffer(s)
					}
					want, err := hg.Begin(in)
					check(t, err)
					got, err := dg.Begin(in)
					check(t, err)
					if got != want || grower.nodes[0].sum != host.nodes[0].sum || grower.quant.format != host.quant.format || grower.sampled != host.sampled {
						t.Fatalf("%s: root %+v, want %+v", name, got, want)
					}
					list, quant, weight := deviceRows(t, stage, host.sampled)
					wantList, err := host.stage.list(&host.nodes[0])
					check(t, err)
					if !slices.Equal(list, wantList) {
						t.Fatalf("%s: lists differ", name)
					}
					for i, row := range list {
						t1 := naiveTally(&host.quant.format, host.rows[0], i)
						t2 := tally{int64(quant[row][0]), int64(quant[row][1]), 1, 1}
						if weight != nil {
							t2.w = int64(weight[row])
						}
						if t1 != t2 {
							t.Fatalf("%s, row %d: %v, want %v", name, row, t2, t1)
						}
						quant[row] = [2]int32{}
					}
					if slices.ContainsFunc(quant, func(q [2]int32) bool { return q != [2]int32{} }) {
						t.Fatalf("%s: rows outside the sample have derivatives", name)
					}
					in.G.Free()
					in.H.Free()
					if in.InSample != nil {
						in.InSample.Free()
					}
				}
			}
			dg.Close()
			if cfg.Weights != nil {
				cfg.Weights.Free()
			}
		}
		onDevice.Close()
	}
	if after := b.job.device.liveBytes(); after != before {
		t.Errorf("%d bytes stay", after-before)
	}
}

// Counts of chunks become places, also of more chunks than the block has threads.
func TestBeginDevice_Places(t *testing.T) {
	b := openShared(t)
	r := rand.New(rand.NewPCG(49, 50))
	for _, chunks := range []int{1, 31, 1023, 1024, 1025, 2048, 5000} {
		counts, want, sum := make([]uint32, chunks), make([]uint32, chunks), uint32(0)
		for i := range counts {
			counts[i] = uint32(r.IntN(fixedChunk + 1))
			want[i] = sum
			sum += counts[i]
		}
		var all [1]fixedSample
		check(t, b.job.run(func(s *scope) {
			at, record := upload(s, counts), upload(s, all[:])
			s.launch(fixedPlaces, grid{x: 1, block: 1024}, at, chunks, record)
			download(s, counts, at)
			download(s, all[:], record)
		}))
		if !slices.Equal(counts, want) || all[0].rows != uint64(sum) {
			t.Errorf("%d chunks: places differ, or %d rows instead of %d", chunks, all[0].rows, sum)
		}
	}
}

// Derivatives that cannot be taken are errors with the words of the go tier, and the next
// tree is not touched by them.
func TestBeginDevice_Refuses(t *testing.T) {
	b := openShared(t)
	const few, many = 3000, narrowRows + 2000
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	for _, c := range []struct {
		name string
		n    int
		g, h float32 // of one row
		out  bool    // the row is outside the sample
		part bool    // there is a sample
	}{
		{"nan", few, nan, 0.1, false, false}, {"infinite h", few, 0, inf, false, true}, {"nan outside", few, nan, 0.1, true, true},
		{"narrow nan", many, nan, 0.1, false, false}, {"narrow nan in a sample", many, nan, 0.1, false, true}, {"narrow, outside", many, 5, 7, true, true},
		{"narrow, g above", many, 1.5, 0.1, false, false}, {"narrow, h above", many, 1, 0.26, false, true}, {"narrow, h below", many, 1, -0.1, false, false},
		{"narrow, infinite", many, inf, 0.1, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			cols := []Column{{Values: make([]int8, c.n)}}
			g, h := kindsOfDerivatives(rand.New(rand.NewPCG(45, 46)), c.n, "bounded")
			g[1500], h[1500] = c.g, c.h
			in := TreeInput{G: NewBuffer(g), H: NewBuffer(h)}
			if c.part {
				s := slices.Repeat([]uint8{1}, c.n)
				s[7] = 0
				if c.out {
					s[1500] = 0
				}
				in.InSample = NewBuffer(s)
			}
			var roots [2]Node
			var errs [2]string
			for i, tier := range []Backend{newGo(1), b} {
				bins, err := tier.Quantize(cols, BinOptions{})
				check(t, err)
				defer bins.Close()
				gr, err := tier.NewGrower(bins, GrowerConfig{Bounded: true})
				check(t, err)
				defer gr.Close()
				if roots[i], err = gr.Begin(in); err != nil {
					errs[i] = err.Error()
				}
				good := derivativesOf(c.n)
				if _, err := gr.Begin(good); err != nil {
					t.Errorf("%s: the next tree: %v", tier.Name(), err)
				}
			}
			if errs[0] != errs[1] || (errs[0] == "") != c.out || roots[0] != roots[1] {
				t.Errorf("errors %q and %q", errs[0], errs[1])
			}
		})
	}
}

// derivativesOf are derivatives of n rows that any format takes.
func derivativesOf(n int) TreeInput {
	g, h := kindsOfDerivatives(rand.New(rand.NewPCG(47, 48)), n, "bounded")
	return TreeInput{G: NewBuffer(g), H: NewBuffer(h)}
}

// A tree whose derivatives are on the device begins without copies to it, and one comes
// back.
func TestBeginDevice_Traffic(t *testing.T) {
	b := openShared(t)
	for _, c := range []struct {
		name     string
		n        int
		launches int64
	}{{"wide", 2000, 3}, {"narrow", narrowRows + 1, 1}} {
		bins, err := b.Quantize([]Column{{Values: make([]int8, c.n)}}, BinOptions{})
		check(t, err)
		g, err := b.NewGrower(bins, GrowerConfig{Bounded: true})
		check(t, err)
		in := derivativesOf(c.n)
		_, err = g.Begin(in)
		check(t, err)
		before := b.Traffic()
		_, err = g.Begin(in)
		check(t, err)
		got := b.Traffic()
		if got.Uploads != before.Uploads || got.Downloads != before.Downloads+1 || got.Launches != before.Launches+c.launches {
			t.Errorf("%s: %+v, then %+v", c.name, before, got)
		}
		g.Close()
		bins.Close()
	}
}
