//go:build cuda

package kernels

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// openDeviceTier returns the tier of the device, or ends the test where there is none.
func openDeviceTier(t testing.TB) *cudaBackend {
	t.Helper()
	for _, b := range everyTier(t, 1) {
		if c, ok := b.(*cudaBackend); ok {
			t.Cleanup(func() { check(t, c.Close()) })
			return c
		}
	}
	t.Skip("no device")
	return nil
}

// binsOnDevice copies bins to the device.
func binsOnDevice(t testing.TB, b *cudaBackend, bins *goBins) *cudaBins {
	t.Helper()
	var out *cudaBins
	check(t, b.job.run(func(s *scope) {
		out = holdBins(s, bins.rows, bins.feats)
		table, narrow, wide := deviceFeatures(bins.feats)
		words, pairs := make([]uint32, (narrow+3)/4*bins.rows), make([]uint16, wide*bins.rows)
		for f, d := range table {
			for r := range bins.rows {
				if d.kind == 1 {
					pairs[int(d.index)*bins.rows+r] = bins.feats[f].wide[r]
				} else {
					words[int(d.index)*bins.rows+r] |= uint32(bins.feats[f].narrow[r]) << d.shift
				}
			}
		}
		uploadTo(s, out.narrow.at(), words)
		uploadTo(s, out.wide.at(), pairs)
	}))
	return out
}

// stageFor returns a stage with rows in a format, as if they were those of a tree; lists
// are the row numbers on each side.
func stageFor(t testing.TB, b *cudaBackend, bins *goBins, rows formatRows, lists [2][]uint32) *deviceStage {
	t.Helper()
	g := &goGrower{bins: bins, threads: 1, layout: newLayout(bins), quant: quantise{format: rows.f}, sampled: len(lists[0])}
	for f := range bins.feats {
		g.feats = append(g.feats, int32(f))
	}
	g.nodes = []growNode{{}}
	d := &deviceStage{job: b.job, g: g, bins: binsOnDevice(t, b, bins)}
	g.stage = d
	quant, weight := make([][2]int32, bins.rows), make([]uint32, bins.rows)
	for i := range rows.a {
		v := naiveTally(&rows.f, rows.rowSet, i)
		quant[i], weight[i] = [2]int32{int32(v.g), int32(v.h)}, uint32(v.w)
	}
	check(t, b.job.run(func(s *scope) {
		for i, list := range lists {
			d.rows[i] = holdOf[uint32](s, len(list))
			uploadTo(s, d.rows[i].at(), list)
		}
		d.quant = holdOf[[2]int32](s, bins.rows)
		uploadTo(s, d.quant.at(), quant)
		if rows.f.lanes > 2 {
			d.weight = holdOf[uint32](s, bins.rows)
			uploadTo(s, d.weight.at(), weight)
		}
	}))
	t.Cleanup(d.close)
	return d
}

// list returns the rows with these numbers.
func (p formatRows) list(numbers []uint32) (out rowSet) {
	for _, r := range numbers {
		out.a = append(out.a, p.a[r])
		if p.b != nil {
			out.b = append(out.b, p.b[r])
		}
	}
	return out
}

// someRows returns about that share of n row numbers, ascending.
func someRows(r *rand.Rand, n int, share float64) (out []uint32) {
	for i := range n {
		if r.Float64() < share {
			out = append(out, uint32(i))
		}
	}
	return out
}

// fetched returns the values of a buffer on the device.
func fetched[T any](t testing.TB, m *memory, n int) []T {
	t.Helper()
	out := make([]T, n)
	check(t, m.job.run(func(s *scope) { download(s, out, m.at()) }))
	return out
}

// TestDeviceRoom: what an operation keeps grows by doubling, and goes with the stage.
func TestDeviceRoom(t *testing.T) {
	b := openDeviceTier(t)
	before := b.job.device.liveBytes()
	d := stageFor(t, b, wideBins(rand.New(rand.NewPCG(1, 2)), 10, 3), formatRows{}, [2][]uint32{})
	check(t, b.job.run(func(s *scope) {
		var sizes []int64
		for _, n := range []int64{1, 4096, 4097, 5000, 100000} {
			d.records.part.of(s, n)
			sizes = append(sizes, d.records.part.memory.bytes)
		}
		if want := []int64{4096, 4096, 8192, 8192, 100000}; !slices.Equal(sizes, want) {
			t.Errorf("sizes %v, want %v", sizes, want)
		}
		d.slot(s, 3)
		if len(d.hist) != 4 || d.hist[0] != nil || d.hist[3].bytes != 32*int64(d.g.layout.bins()) {
			t.Errorf("slots %v", d.hist)
		}
	}))
	d.close()
	d.bins.Close()
	if n := b.job.device.liveBytes(); n != before {
		t.Errorf("%d bytes are left", n-before)
	}
}
