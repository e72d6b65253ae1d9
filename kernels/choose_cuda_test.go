//go:build cuda

package kernels

import (
	"errors"
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
	if tier != Processor || !strings.Contains(why, "out of device memory: the training takes about 54359.6 MiB, and 2048.0 MiB are free") {
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

// The estimate of memory is no less than what a training takes, and not much more.
func TestSize_Estimate(t *testing.T) {
	for _, c := range []struct{ rows, depth int }{{100, 3}, {5000, 6}, {20_000, 1}, {20_000, 8}} {
		table := flights(c.rows, 1)
		b, err := Open("cuda:0", 1)
		if err != nil {
			t.Skip(err)
		}
		d := b.(*cudaBackend).job.device
		check(t, ForgetPeak(d.Name))
		before := d.state().Peak
		boost(t, b, table, Bernoulli, 2, c.depth)
		took := d.state().Peak - before
		check(t, b.Close())
		want := Size{Rows: c.rows, Columns: len(table.cols), Classes: 1, Depth: c.depth}.Bytes()
		if took > want || want > 6*took {
			t.Errorf("%d rows, depth %d: %d bytes, estimated %d", c.rows, c.depth, took, want)
		}
		t.Logf("%d rows, depth %d: %d bytes, estimated %d", c.rows, c.depth, took, want)
	}
}
