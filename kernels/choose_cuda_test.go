//go:build cuda

package kernels

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// chooseAmongThree: the least used device is taken, one that was asked for is taken in
// any case, and none that the job does not fit into.
func chooseAmongThree(t *testing.T) {
	large := Size{Rows: 60_000, Columns: 50, Classes: 1, Depth: 5}
	var open []Backend
	var names []string
	for range 6 {
		name, why := Choose("auto", large)
		if why != "" {
			t.Fatal(why)
		}
		b, err := Open(name, 1)
		check(t, err)
		open, names = append(open, b), append(names, name)
	}
	for _, half := range [][]string{names[:3], names[3:]} {
		slices.Sort(half)
		if !slices.Equal(half, []string{"cuda:0", "cuda:1", "cuda:2"}) {
			t.Errorf("six jobs are on %v", names)
		}
	}
	if tier, why := Choose("cuda:2", Size{Rows: 1, Columns: 1}); tier != "cuda:2" || why != "" {
		t.Errorf("cuda:2 is %q: %q", tier, why)
	}
	for _, s := range DeviceStates() {
		if !s.Open || s.Jobs != 2 || s.Fault != "" || s.Free != s.Memory-s.Live {
			t.Errorf("%+v", s)
		}
	}
	i := slices.IndexFunc(open, func(b Backend) bool { return b.Name() == "cuda:1" })
	check(t, open[i].Close())
	if tier, _ := Choose("cuda", large); tier != "cuda:1" {
		t.Errorf("the least used device is %s", tier)
	}

	huge := Size{Rows: 1e9, Columns: 10}
	if tier, why := Choose("auto", huge); tier != Processor || why != "" {
		t.Errorf("auto is %q: %q", tier, why)
	}
	tier, why := Choose("cuda", huge)
	if want := fmt.Sprintf("out of device memory: the training takes about %.1f MiB, and 2048.0 MiB are free", float64(huge.Bytes())/(1<<20)); tier != Processor || !strings.Contains(why, want) {
		t.Errorf("cuda is %q: %q", tier, why)
	}
	if tier, why := Choose("cuda:3", large); tier != "cuda:3" || why != "" { // Open refuses it
		t.Errorf("cuda:3 is %q: %q", tier, why)
	}
}

// A device that does not answer is not waited for.
func TestDeviceStates_Busy(t *testing.T) {
	d := openTest(t).device
	before := d.state()
	hold, held := make(chan struct{}), make(chan struct{})
	go d.do(func() {
		close(held)
		<-hold
	})
	<-held
	for range 3 {
		if got := d.state(); got != before {
			t.Errorf("%+v, before it was %+v", got, before)
		}
	}
	if d.busy.Load() == 0 {
		t.Error("it was not busy")
	}
	close(hold)
	check(t, d.run(nil, func(s *scope) { s.alloc(1 << 10) }))
	for d.busy.Load() != 0 { // it is looked at again, at the latest after rest
		d.state()
	}
	if got := d.state(); got.Peak < 1<<10 {
		t.Errorf("%+v", got)
	}
}

// A device whose kernels are refused is no device, and says why.
func TestDeviceStates_Fault(t *testing.T) {
	if _, err := Devices(); err != nil {
		t.Skip(err)
	}
	opened.Lock()
	devices, failed := opened.devices, opened.failed
	opened.devices, opened.failed = map[int]*device{}, map[int]error{0: errors.New("bad kernels")}
	opened.Unlock()
	defer func() {
		opened.Lock()
		opened.devices, opened.failed = devices, failed
		opened.Unlock()
	}()
	s := DeviceStates()[0]
	if s.Open || s.Fault != "bad kernels" {
		t.Errorf("%+v", s)
	}
	if tier := Tiers()[0]; tier.Available || !strings.HasSuffix(tier.Detail, ": bad kernels") {
		t.Errorf("%+v", tier)
	}
}

// sizeOfTraining is what an engine knows of it before.
func (c *training) size(bins Bins) Size {
	rule := BinSize{}
	for f := range bins.Features() {
		rule.Bins += bins.NumBins(f)
		if bins.NumBins(f) > 256 {
			rule.Wide++
		}
		if bins.Levels(f) > 0 {
			rule.Levels = max(rule.Levels, bins.NumBins(f)-1)
		}
	}
	return Size{Rows: len(c.y), Columns: len(c.cols), Classes: c.classes, Depth: c.cfg.MaxDepth, Rules: []BinSize{rule}}
}

// The bound of memory is no less than what a training takes, and not much more.
func TestSize_Estimate(t *testing.T) {
	const most = 16 // times what it takes: trees seldom have all the nodes that they may have
	plain := func(rows, depth int) training {
		table := flights(rows, 1)
		return training{
			name: fmt.Sprintf("%d rows, depth %d", rows, depth), loss: Bernoulli, classes: 1, cols: table.cols, y: table.y,
			cfg: GrowerConfig{Seed: 7, MinRows: 10, MaxDepth: depth, Bounded: true},
		}
	}
	cases := []training{plain(100, 3), plain(5000, 6), plain(20_000, 1), plain(8000, 8)}
	for _, c := range trainings() {
		if n := len(c.y); n == 33 || n == 1025 || n == 2500 || n == 3000 {
			c.cfg.MaxDepth = 6
			cases = append(cases, c)
		}
	}
	codes := make([]int32, 6000)
	for i := range codes {
		codes[i] = int32(i)
	}
	levels := plain(len(codes), 3)
	levels.name, levels.cols, levels.opt.CatBins = "thousands of levels", []Column{{Values: codes, Levels: len(codes)}}, 8000
	for _, c := range append(cases, levels) {
		t.Run(c.name, func(t *testing.T) {
			b, err := Open("cuda:0", 1)
			if err != nil {
				t.Skip(err)
			}
			d, done := b.(*cudaBackend).job.device, b.Close
			check(t, ForgetPeak(d.Name))
			before := d.liveBytes()
			bins, err := b.Quantize(c.cols, c.opt)
			check(t, err)
			want := c.size(bins).Bytes()
			bins.Close()
			c.steps = 1
			c.run(t, b, false)
			state := d.state()
			check(t, done())
			if took := state.Peak - before; took > want || want > most*took && want > 1<<20 {
				t.Errorf("%d bytes, estimated %d", took, want)
			}
			if left := d.liveBytes() - before; left != 0 {
				t.Errorf("%d bytes are left", left)
			}
		})
	}
}
