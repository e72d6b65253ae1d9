//go:build cuda

package kernels

import (
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// openScorer returns the tier, which scores any number of rows on the device.
func openScorer(t *testing.T) *cudaBackend {
	b := openShared(t)
	b.scoring.limits.least = 1
	return b
}

// awkwardForest makes trees over all kinds of columns: a column of codes is split by sets
// and, by some, as a number; sets end before the levels do, and thresholds are infinite.
func awkwardForest(r *rand.Rand, cols []Column, trees, depth, classes int) *Forest {
	f := &Forest{}
	var add func(d int) int32
	add = func(d int) int32 {
		i, j := f.AddLeaf(float32(r.NormFloat64())), r.IntN(len(cols))
		if d == 0 || r.IntN(8) == 0 {
			return i
		}
		f.Feature[i], f.MissingLeft[i] = int32(j), uint8(r.IntN(2))
		switch levels := cols[j].Levels; {
		case levels > 0 && r.IntN(4) > 0:
			n := 1 + r.IntN(levels)
			f.SetAt[i], f.SetLen[i] = int32(len(f.Sets)), int32(n)
			for range (n + 63) / 64 {
				f.Sets = append(f.Sets, r.Uint64())
			}
		case r.IntN(10) == 0:
			f.Threshold[i] = math.Inf(1 - 2*r.IntN(2))
		default:
			f.Threshold[i] = math.Round(r.NormFloat64()*4) / 4
		}
		f.Left[i], f.Right[i] = add(d-1), 0
		f.Right[i] = add(d - 1)
		return i
	}
	for t := range trees {
		f.Class = append(f.Class, int32(t*7%classes))
		f.Roots = append(f.Roots, add(depth))
	}
	return f
}

// predicted scores rows by all trees, on top of some scores.
func predicted(t *testing.T, b Backend, f *Forest, cols []Column, lo, hi, classes int) [][]float64 {
	t.Helper()
	out := make([][]float64, classes)
	for k := range out {
		out[k] = make([]float64, hi-lo)
		for i := range out[k] {
			out[k][i] = float64(k) + 0.1*float64(i)
		}
	}
	check(t, b.Predict(f, cols, lo, hi, 0, len(f.Roots), out))
	return out
}

func sameRows(a, b [][]float64) bool { return slices.EqualFunc(a, b, slices.Equal[[]float64]) }

// The bodies that all tiers run, with few rows on the device, too.
func TestPredict_Device(t *testing.T) {
	b := openScorer(t)
	before := b.Traffic().Launches
	t.Run("Predict", func(t *testing.T) { testPredict(t, b) })
	t.Run("PredictValues", func(t *testing.T) { testPredictValues(t, b) })
	t.Run("Errors", func(t *testing.T) { testErrors(t, b) })
	if n := b.Traffic().Launches - before; n < 100 {
		t.Errorf("%d launches", n)
	}
	if err := Fault(b); err != nil {
		t.Error(err)
	}
}

// Columns of all types, in chunks and in one piece.
func TestPredict_DeviceColumns(t *testing.T) {
	r := rand.New(rand.NewPCG(81, 82))
	const n = 1100
	cols := awkward(r, n)
	for j, c := range slices.Clone(cols) { // every value once more as another type
		x, longs, floats := make([]float64, n), make([]int64, n), make([]float32, n)
		c.load(0, x)
		for i, v := range x {
			floats[i], longs[i] = float32(v), math.MinInt64
			if c.Levels > 0 {
				longs[i] = -5
				if math.IsNaN(v) { // what is below 0 is missing, too
					x[i], floats[i] = -0.5, -1.5
				}
			}
			if math.Abs(v) < 1e9 {
				longs[i] = int64(math.Floor(v))
			}
		}
		cols = append(cols, []Column{{floats, c.Levels}, {longs, c.Levels}, {x, c.Levels}}[j%3])
	}
	for _, classes := range []int{1, 3} {
		b := openScorer(t)
		f := awkwardForest(r, cols, 12, 7, classes)
		for _, chunk := range []int{1 << 18, 512, 7} {
			b.scoring.limits.most = chunk
			for _, rows := range [][2]int{{0, n}, {3, 4}, {513, 1050}} {
				got, want := predicted(t, b, f, cols, rows[0], rows[1], classes), predicted(t, newGo(1), f, cols, rows[0], rows[1], classes)
				if !sameRows(got, want) {
					t.Errorf("%d classes, rows %v by %d: scores differ", classes, rows, chunk)
				}
			}
		}
		if err := Fault(b); err != nil {
			t.Error(err)
		}
	}
}

// Callers give a device as many rows at a time as it has threads, and tiers of the processor
// few.
func TestScoreRows(t *testing.T) {
	b := openScorer(t)
	if got := ScoreRows(b); got != 1<<18 {
		t.Errorf("%d rows on a device", got)
	}
	b.scoring.limits.most = 512
	if got := ScoreRows(b); got != 512 {
		t.Errorf("%d rows on a device that takes 512", got)
	}
	if got := ScoreRows(CPU()); got != 16384 {
		t.Errorf("%d rows on the processor", got)
	}
}

// Trees go to the device once, and leave it with their forest or when there are too many.
func TestPredict_DeviceKeepsTrees(t *testing.T) {
	b := openScorer(t)
	r := rand.New(rand.NewPCG(83, 84))
	cols := mixedCols(r, 300, 0.1)
	up := func(f *Forest) int64 {
		before := b.Traffic()
		predicted(t, b, f, cols, 0, 300, 1)
		now := b.Traffic()
		if now.Launches != before.Launches+2 {
			t.Errorf("%d launches, want 2", now.Launches-before.Launches)
		}
		return now.Up - before.Up
	}
	f := randomForest(r, 20, 6, 1)
	first, second := up(f), up(f)
	g := *f // a copy has the same trees
	if third := up(&g); second >= first || third != second {
		t.Errorf("%d, then %d and %d bytes went to the device", first, second, third)
	}
	other := randomForest(r, 20, 6, 1)
	if n := up(other); n <= second {
		t.Errorf("the trees of another forest: %d bytes", n)
	}
	if len(b.scoring.trees) != 2 {
		t.Errorf("%d forests are kept, want 2", len(b.scoring.trees))
	}
	b.scoring.limits.trees = 1
	up(randomForest(r, 20, 6, 1))
	if n := len(b.scoring.trees); n != 1 {
		t.Errorf("%d forests are kept where there is room for none", n)
	}
	if n := up(f); n <= second {
		t.Errorf("trees that had to go: %d bytes", n)
	}
	runtime.KeepAlive(f)
	runtime.KeepAlive(other)
	live := b.job.device.liveBytes()
	for range 1000 {
		runtime.GC()
		b.scoring.mu.Lock()
		n, bytes := len(b.scoring.trees), b.scoring.bytes
		b.scoring.mu.Unlock()
		if n == 0 {
			if bytes != 0 || b.job.device.liveBytes() >= live {
				t.Errorf("%d bytes of trees, %d on the device, before %d", bytes, b.job.device.liveBytes(), live)
			}
			return
		}
	}
	t.Error("trees stay without their forest")
}

// Calls at the same time, whose trees push each other out.
func TestPredict_DeviceConcurrent(t *testing.T) {
	b := openScorer(t)
	b.scoring.limits.trees, b.scoring.limits.most = 1, 256
	r := rand.New(rand.NewPCG(85, 86))
	cols := mixedCols(r, 600, 0.1)
	var all sync.WaitGroup
	for k := range 4 {
		f := randomForest(r, 3, 4, 1)
		want := predicted(t, newGo(1), f, cols, 0, 600, 1)
		game, phi := gameOf(r, f), newRows(4, 600)
		check(t, b.Contributions(game, cols, 0, 600, phi))
		all.Go(func() {
			for range 4 {
				if got := predicted(t, b, f, cols, 0, 600, 1); !sameRows(got, want) {
					t.Errorf("forest %d: scores differ", k)
				}
				again := newRows(4, 600)
				if err := b.Contributions(game, cols, 0, 600, again); err != nil || !sameRows(again, phi) {
					t.Errorf("forest %d: contributions differ: %v", k, err)
				}
			}
		})
	}
	all.Wait()
	if err := Fault(b); err != nil {
		t.Error(err)
	}
}

func init() {
	faults = append(
		faults,
		fault{"scoring in little memory", "CUEMU_MEM=1000000", scoringFails(ErrDeviceMemory)},
		fault{"scoring on a device that is lost at once", "CUEMU_LOSE=1", scoringFails(ErrDeviceLost)},
		fault{"scoring on a device that is lost later", "CUEMU_LOSE=4", scoringFails(ErrDeviceLost)},
	)
}

// scoringFails: scores are right whatever the device does, and the reason is told.
func scoringFails(want error) func(t *testing.T) {
	return func(t *testing.T) {
		b := openScorer(t)
		b.scoring.limits.most = 256
		r := rand.New(rand.NewPCG(87, 88))
		const n = 40000
		cols, f := mixedCols(r, n, 0.1), randomForest(r, 5, 4, 1)
		if !errors.Is(want, ErrDeviceMemory) {
			cols = mixedCols(r, 1000, 0.1)
		} else {
			b.scoring.limits.most = 1 << 18
		}
		rows, err := rowsOf(cols)
		check(t, err)
		for k := range int64(2) {
			if !sameRows(predicted(t, b, f, cols, 0, rows, 1), predicted(t, newGo(1), f, cols, 0, rows, 1)) {
				t.Error("scores differ")
			}
			if err := Fault(b); !errors.Is(err, want) || !strings.Contains(err.Error(), "cuda:0") {
				t.Errorf("fault %v, want %v", err, want)
			}
			if err := b.Contributions(gameOf(r, f), cols, 0, rows, newRows(4, rows)); !errors.Is(err, want) {
				t.Errorf("contributions: %v, want %v", err, want)
			}
			if n := Faults(b); n != 2*k+2 {
				t.Errorf("%d faults, want %d", n, 2*k+2)
			}
		}
		if errors.Is(want, ErrDeviceLost) {
			if err := b.Close(); !errors.Is(err, ErrDeviceLost) {
				t.Errorf("the end of a job whose device is lost: %v", err)
			}
			return
		}
		checkLive(t, b)
		if !sameRows(predicted(t, b, f, cols, 0, 600, 1), predicted(t, newGo(1), f, cols, 0, 600, 1)) {
			t.Error("scores differ")
		}
		if b.Traffic().Launches != 2 {
			t.Errorf("%d launches: fewer rows fit", b.Traffic().Launches)
		}
		// More rows are not admitted although their trees are there.
		faults := Faults(b)
		if !sameRows(predicted(t, b, f, cols, 0, rows, 1), predicted(t, newGo(1), f, cols, 0, rows, 1)) {
			t.Error("scores differ")
		}
		if err := Fault(b); Faults(b) != faults+1 || !errors.Is(err, ErrDeviceMemory) || !strings.Contains(err.Error(), "scoring takes") {
			t.Errorf("%d faults, before %d: %v", Faults(b), faults, err)
		}
		checkLive(t, b)
	}
}
