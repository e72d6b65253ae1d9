//go:build cuda

package algo_test

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/algo/drf"
	"github.com/geyser-ml/geyser/engine/algo/gbm"
	"github.com/geyser-ml/geyser/engine/algo/isolationforest"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/tree"
	"github.com/geyser-ml/geyser/kernels"
)

// device is the tier that these tests want.
const device = "cuda"

// needDevice skips a test where there is no device, unless WANT_TIERS asks for one.
func needDevice(t *testing.T) {
	t.Helper()
	if _, err := kernels.Devices(); err != nil {
		require.NotContains(t, os.Getenv("WANT_TIERS"), device, err)
		t.Skip(err)
	}
}

// on trains on a tier and returns the model and the warnings.
func (s subject) on(t *testing.T, backend string, hooks model.Hooks, kv ...string) (m model.Model, warnings []string) {
	t.Helper()
	run, issues := s.prepareOn(backend, kv...)
	require.NoError(t, issues.Err())
	hooks.Warn = func(msg string) { warnings = append(warnings, msg) }
	res, err := run.Train(t.Context(), hooks)
	require.NoError(t, err)
	return res.Model, warnings
}

// nothingLeft: no job holds memory of a device.
func nothingLeft(t *testing.T) {
	t.Helper()
	for _, d := range kernels.DeviceStates() {
		require.Zero(t, d.Live, "bytes on %s", d.Name)
		require.Zero(t, d.Jobs, "jobs on %s", d.Name)
	}
}

// The same bytes on a device.
func TestDevice_SameBytes(t *testing.T) {
	needDevice(t)
	each(t, func(t *testing.T, s subject) {
		if !slices.Contains([]string{"gbm", "drf", "isolationforest"}, s.Name) {
			t.Skip("it trains without kernels")
		}
		s.frames["train"] = toy(1, 250)
		kv := []string{"ntrees", "2", "max_depth", "3", "sample_rate", "0.7"}
		if s.Supervised {
			kv = append(kv, "weights_column", "w", "nfolds", "2")
		}
		before := launches()
		got, warnings := s.on(t, device, model.Hooks{}, kv...)
		require.Empty(t, warnings)
		require.Greater(t, launches(), before, "nothing ran on the device")
		want, _ := s.on(t, "go", model.Hooks{}, kv...)
		require.True(t, bytesOf(t, want) == bytesOf(t, got))
		nothingLeft(t)
	})
}

// A training takes no more of a device than it was admitted for, and no more for many
// trees than for a few: samples, histograms and rows have the place of those before.
func TestDevice_Memory(t *testing.T) {
	needDevice(t)
	each(t, func(t *testing.T, s subject) {
		if !slices.Contains([]string{"gbm", "drf", "isolationforest"}, s.Name) {
			t.Skip("it trains without kernels")
		}
		if s.category == model.Multinomial {
			t.Skip("it has nothing that others have not")
		}
		const rows = 2000
		s.frames["train"] = toy(1, rows)
		peak := func(trees string) (most int64) {
			for _, d := range kernels.DeviceStates() {
				require.NoError(t, kernels.ForgetPeak(d.Name))
			}
			_, warnings := s.on(t, device, model.Hooks{}, "ntrees", trees, "max_depth", "2", "sample_rate", "0.7", "score_tree_interval", "100")
			require.Empty(t, warnings)
			nothingLeft(t)
			for _, d := range kernels.DeviceStates() {
				most = max(most, d.Peak)
			}
			return most
		}
		few, many := peak("2"), peak("10")
		require.Less(t, many-few, int64(5*rows), "%d bytes for some trees, %d for many", few, many)
		var cols []*frame.Column
		for i := range s.frames["train"].NumCols() {
			cols = append(cols, s.frames["train"].Column(i))
		}
		rule := kernels.BinOptions{Bins: 254, CatBins: 1024}
		if s.Name == "isolationforest" {
			rule = kernels.BinOptions{Bins: 4096, CatBins: 4096}
		}
		bound := kernels.Size{Rows: rows, Columns: len(cols), Classes: 1, Depth: 2, Rules: tree.BinSizes(cols, []kernels.BinOptions{rule})}
		require.Less(t, many, bound.Bytes())
	})
}

// Models score all rows that a device likes by one call of it, and as the processor does.
func TestDevice_Scores(t *testing.T) {
	needDevice(t)
	s, rows := small(200), toy(3, 40_000)
	m, _ := s.on(t, "go", model.Hooks{}, "ntrees", "3", "max_depth", "3")
	score := func() []float64 {
		f, _, err := model.Predict(t.Context(), m, rows, 2)
		require.NoError(t, err)
		return f.Column(0).Floats(0, f.NumRows(), nil)
	}
	want := score()
	b, err := kernels.Open(device, 1)
	require.NoError(t, err)
	kernels.ScoreOn(b)
	before := launches()
	got := score()
	kernels.ScoreOn(nil)
	require.NoError(t, kernels.Fault(b))
	require.NoError(t, b.Close())
	require.Equal(t, want, got)
	require.EqualValues(t, 2, launches()-before, "ranks and sums")
	nothingLeft(t)
}

func launches() (n int64) {
	for _, d := range kernels.DeviceStates() {
		n += d.Traffic.Launches
	}
	return n
}

// small is what trains while a device fails.
func small(rows int) subject {
	return subject{gbm.Algo, model.Regression, map[string]*frame.Frame{"train": toy(1, rows), "test": toy(2, 50)}}
}

// untouched is what a process prints whose device did not fail.
const untouched = "the device did not fail"

// deviceFaults run in processes of their own, because a device that is lost stays lost;
// env brings the fault about.
var deviceFaults = map[string]struct {
	env []string
	f   func(t *testing.T)
}{
	"lost":               {nil, deviceLost},
	"lost to a forest":   {[]string{"CUEMU_LOSE=70"}, lostTo(drf.Algo, model.Multinomial, "nfolds", "2")},
	"lost to isolation":  {[]string{"CUEMU_LOSE=40"}, lostTo(isolationforest.Algo, model.Anomaly)},
	"memory before":      {[]string{"CUEMU_MEM=1048576"}, memoryBefore},
	"memory in between":  {[]string{"CUEMU_MEM=67108864"}, memoryBetween},
	"small jobs on auto": {nil, smallJobs},
	"three devices":      {[]string{"CUEMU_DEVICES=3"}, threeDevices},
	"one of three":       {[]string{"CUEMU_DEVICES=3"}, oneOfThree},
}

func TestDevice_Faults(t *testing.T) {
	if f, ok := deviceFaults[os.Getenv("FAULT")]; ok {
		f.f(t)
		return
	}
	needDevice(t)
	if !strings.Contains(os.Getenv("CUDASHIM_LIBCUDA"), "emu") {
		t.Skip("needs the emulator of a device, which fails at will")
	}
	for name, f := range deviceFaults {
		if name == "lost" {
			continue // the next test
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			apart(t, name, f.env...)
		})
	}
}

// A device is lost at each launch of a training in turn: the training ends as on the
// processor, and says so.
func TestDevice_LostAnywhere(t *testing.T) {
	needDevice(t)
	if !strings.Contains(os.Getenv("CUDASHIM_LIBCUDA"), "emu") {
		t.Skip("needs the emulator of a device, which fails at will")
	}
	for launch := 1; ; launch++ {
		if out := apart(t, "lost", fmt.Sprintf("CUEMU_LOSE=%d", launch)); strings.Contains(out, untouched) {
			require.Greater(t, launch, 20, "a training is more than that")
			t.Logf("%d launches", launch-1)
			return
		}
	}
}

// apart runs a fault in a process of its own.
func apart(t *testing.T, name string, env ...string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestDevice_Faults$", "-test.v")
	cmd.Env = append(append(os.Environ(), "FAULT="+name, "CUEMU_THREADS=1"), env...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s %v\n%s", name, env, out)
	return string(out)
}

func deviceLost(t *testing.T) {
	s := small(200)
	want, _ := s.on(t, "go", model.Hooks{}, "ntrees", "2", "max_depth", "3")
	got, warnings := s.on(t, device, model.Hooks{}, "ntrees", "2", "max_depth", "3")
	require.True(t, bytesOf(t, want) == bytesOf(t, got))
	nothingLeft(t)
	if len(warnings) == 0 {
		fmt.Println(untouched)
		return
	}
	require.Len(t, warnings, 1)
	require.Contains(t, warnings[0], "The training was done again on the processor. cuda:0: device lost")

	// The device stays closed, and later trainings do without it.
	got, warnings = s.on(t, device, model.Hooks{}, "ntrees", "2", "max_depth", "3")
	require.True(t, bytesOf(t, want) == bytesOf(t, got))
	require.Len(t, warnings, 1)
	require.Contains(t, warnings[0], "The training runs on the processor. cuda:0: device lost")
	state := kernels.DeviceStates()
	require.Len(t, state, 1)
	require.Contains(t, state[0].Fault, "device lost")
	require.False(t, kernels.Tiers()[0].Available)
	require.NotContains(t, kernels.Used("auto")[:4], device)
	nothingLeft(t)
}

// lostTo trains while the device is lost.
func lostTo(a *model.Algo, c model.Category, kv ...string) func(t *testing.T) {
	return func(t *testing.T) {
		s := small(200)
		s.Algo, s.category = a, c
		want, _ := s.on(t, "go", model.Hooks{}, kv...)
		got, warnings := s.on(t, device, model.Hooks{}, kv...)
		require.True(t, bytesOf(t, want) == bytesOf(t, got))
		require.Len(t, warnings, 1)
		require.Contains(t, warnings[0], "device lost")
		nothingLeft(t)
	}
}

func memoryBefore(t *testing.T) {
	s := small(2000)
	want, _ := s.on(t, "go", model.Hooks{})
	got, warnings := s.on(t, device, model.Hooks{})
	require.True(t, bytesOf(t, want) == bytesOf(t, got))
	require.Len(t, warnings, 1)
	require.Regexp(t, `^The training runs on the processor\. cuda:0: out of device memory: the training takes about [0-9.]+ MiB, and 1\.0 MiB are free$`, warnings[0])
	require.Zero(t, launches())
	nothingLeft(t)

	s = small(100) // what fits is done there
	want, _ = s.on(t, "go", model.Hooks{}, "max_depth", "2")
	got, warnings = s.on(t, device, model.Hooks{}, "max_depth", "2")
	require.True(t, bytesOf(t, want) == bytesOf(t, got))
	require.Empty(t, warnings)
	require.NotZero(t, launches())
	nothingLeft(t)
}

// Somebody else takes all memory when the training has begun.
func memoryBetween(t *testing.T) {
	s := small(2000)
	want, _ := s.on(t, "go", model.Hooks{})
	other, err := kernels.Open(device, 1)
	require.NoError(t, err)
	var taken []kernels.Bins
	got, warnings := s.on(t, device, model.Hooks{Publish: func(model.Model) {
		for n := 4 << 20; n > 64; {
			b, err := other.Quantize([]kernels.Column{{Values: make([]float64, n)}}, kernels.BinOptions{})
			if err != nil {
				n /= 2
				continue
			}
			taken = append(taken, b)
		}
	}})
	require.True(t, bytesOf(t, want) == bytesOf(t, got))
	require.Len(t, warnings, 1)
	require.Contains(t, warnings[0], "The training was done again on the processor. cuda:0: out of device memory")
	for _, b := range taken {
		b.Close()
	}
	require.NoError(t, other.Close())
	nothingLeft(t)

	got, warnings = s.on(t, device, model.Hooks{}) // the device is as good as new
	require.True(t, bytesOf(t, want) == bytesOf(t, got))
	require.Empty(t, warnings)
	nothingLeft(t)
}

func smallJobs(t *testing.T) {
	_, warnings := small(200).on(t, "auto", model.Hooks{})
	require.Empty(t, warnings)
	require.Zero(t, launches())
}

// Folds that are trained at the same time are on different devices.
func threeDevices(t *testing.T) {
	s, kv := small(200), []string{"nfolds", "5", "ntrees", "2", "max_depth", "2"}
	want, _ := s.on(t, "go", model.Hooks{}, kv...)
	got, warnings := s.on(t, device, model.Hooks{}, kv...)
	require.True(t, bytesOf(t, want) == bytesOf(t, got))
	require.Empty(t, warnings)
	states := kernels.DeviceStates()
	require.Len(t, states, 3)
	for _, d := range states {
		require.NotZero(t, d.Traffic.Launches, d.Name)
	}
	nothingLeft(t)
}

// The device that was asked for, and no other.
func oneOfThree(t *testing.T) {
	_, warnings := small(200).on(t, "cuda:1", model.Hooks{}, "nfolds", "3", "ntrees", "2", "max_depth", "2")
	require.Empty(t, warnings)
	for i, d := range kernels.DeviceStates() {
		require.Equal(t, i == 1, d.Traffic.Launches > 0, d.Name)
	}
	nothingLeft(t)
}
