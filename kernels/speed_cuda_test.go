//go:build cuda

package kernels

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestMeasureDevice(t *testing.T) {
	openShared(t)
	s, err := MeasureDevice("cuda:0", 1<<16)
	check(t, err)
	if s.Driver == "" || s.Processors <= 0 || s.Up <= 0 || s.Down <= 0 || s.PinnedUp <= 0 || s.PinnedDown <= 0 || s.Inside <= 0 || s.Launch <= 0 || s.Gap <= 0 {
		t.Errorf("%+v", s)
	}
	for _, name := range []string{"cuda:99", "go"} {
		if _, err := MeasureDevice(name, 1); !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Each launch is counted, and none after the end.
func TestProfileDevice(t *testing.T) {
	b := openShared(t)
	stop, err := ProfileDevice("cuda:0")
	check(t, err)
	before := b.Traffic().Launches
	in, g, h := onesGradients(100)
	for range 3 {
		check(t, b.Gradients(Gaussian, in, g, h))
	}
	made := b.Traffic().Launches - before
	got := stop()
	check(t, b.Gradients(Gaussian, in, g, h))
	n := int64(0)
	for _, k := range got {
		n += k.Launches
		if k.Time <= 0 {
			t.Errorf("%+v", k)
		}
	}
	if n != made || n < 3 {
		t.Errorf("%d launches in %+v, want %d", n, got, made)
	}
	if again := stop(); !slices.Equal(again, got) {
		t.Errorf("after the end %+v, before %+v", again, got)
	}
	if _, err := ProfileDevice("native"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("%v", err)
	}
}

// Sums of all shapes hold the rows that they should, or there is an error; nothing stays
// on the device.
func TestMeasureSums(t *testing.T) {
	b := openShared(t)
	before := b.job.device.liveBytes()
	good := Sums{Rows: 1000, Columns: 9, Bins: 20, Share: 1, Lanes: 1, Groups: 4}
	for name, change := range map[string]func(*Sums){
		"plain": func(*Sums) {}, "by list": func(c *Sums) { c.Share = 0.1 }, "one bin": func(c *Sums) { c.Skew = 1 },
		"one column": func(c *Sums) { c.Columns = 1 }, "one group": func(c *Sums) { c.Groups = 1 }, "three groups": func(c *Sums) { c.Columns, c.Groups = 33, 3 },
		"a sum of h": func(c *Sums) { c.Lanes = 2 }, "weights": func(c *Sums) { c.Lanes, c.Bins = 3, 256 }, "wide": func(c *Sums) { c.Bins, c.Groups = 7000, 0 },
	} {
		c := good
		change(&c)
		if took, err := MeasureSums("cuda:0", c); err != nil || took <= 0 {
			t.Errorf("%s: %v, %v", name, took, err)
		}
	}
	for name, change := range map[string]func(*Sums){
		"rows": func(c *Sums) { c.Rows = 0 }, "columns": func(c *Sums) { c.Columns = 0 }, "bins": func(c *Sums) { c.Bins = 1<<16 + 1 }, "lanes": func(c *Sums) { c.Lanes = 4 },
		"skew": func(c *Sums) { c.Skew = 1.5 }, "share": func(c *Sums) { c.Share = 0 }, "groups": func(c *Sums) { c.Groups = packGroups + 1 },
	} {
		c := good
		change(&c)
		if _, err := MeasureSums("cuda:0", c); err == nil || !strings.Contains(err.Error(), "want rows, columns") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := MeasureSums("go", good); !errors.Is(err, ErrUnavailable) {
		t.Errorf("%v", err)
	}
	if now := b.job.device.liveBytes(); now != before {
		t.Errorf("%d bytes are on the device, %d before", now, before)
	}
}

// As a training deals columns out, so do sums with the most groups.
func TestSums_Packs(t *testing.T) {
	for _, lanes := range []int{1, 2, 3} {
		for _, columns := range []int{1, 16, 28, 200} {
			table, _, _ := deviceFeatures(slices.Repeat([]feature{{bins: 64}}, columns))
			for groups := 1; groups <= packGroups; groups++ {
				c := Sums{Bins: 64, Lanes: lanes, Groups: groups}
				packs, shared := c.packs(table)
				seen := 0
				for _, p := range packs {
					if int(p.groups) > groups || p.count > 4*p.groups || int(p.count*p.stride)*8*lanes > shared || p.column[0].first != 64*4*p.index[0] {
						t.Fatalf("%+v of %d columns, at most %d groups, %d bytes", p, columns, groups, shared)
					}
					seen += int(p.count)
				}
				if seen != columns || shared > 48<<10 {
					t.Errorf("%d of %d columns in %d bytes", seen, columns, shared)
				}
			}
		}
	}
}

// products are made by cuBLAS, which a device looks for once.
func products(t *testing.T) {
	t.Setenv("CUBLAS_LIBRARY", stubBLAS(t))
	d := openShared(t).job.device
	for _, p := range []Product{SinglePrecision, DoublePrecision, Gram} {
		if took, err := MeasureProduct("cuda:0", p, 5, 30, 7); err != nil || took <= 0 {
			t.Errorf("%s: %v, %v", p, took, err)
		}
	}
	if n := d.liveBytes(); n != blasWorkspace {
		t.Errorf("%d bytes are on the device", n)
	}
	for _, size := range [][3]int{{0, 1, 1}, {1, 0, 1}, {1, 1, 1 << 31}} {
		if _, err := MeasureProduct("cuda:0", DoublePrecision, size[0], size[1], size[2]); err == nil || !strings.Contains(err.Error(), "want 1 to") {
			t.Errorf("%v: %v", size, err)
		}
	}
	if _, err := MeasureProduct("cuda:0", "spam", 1, 1, 1); err == nil || !strings.Contains(err.Error(), `product "spam": want sgemm`) {
		t.Errorf("%v", err)
	}
}

func noProducts(t *testing.T) {
	_, err := MeasureProduct("cuda:0", Gram, 5, 30, 5)
	refused(t, err, "switched off by CUBLAS_LIBRARY=none")
}

// A tier on a device scores rows there, how many it is told; others do not mind.
func TestScoreFrom(t *testing.T) {
	b := openShared(t)
	ScoreFrom(b, 17)
	if got := b.scoring.limits.least; got != 17 {
		t.Errorf("from %d rows", got)
	}
	ScoreFrom(CPU(), 17)
}

// holdAll leaves a training nothing, and gives all of it back.
func holdAll(t *testing.T) {
	b := openShared(t)
	free, err := HoldDevice("cuda:0", 1<<20)
	check(t, err)
	if left, _, err := b.job.device.memory(); err != nil || left > 1<<20 || left < 1<<19 {
		t.Errorf("%d bytes are left, %v", left, err)
	}
	all, err := HoldDevice("cuda:0", 0)
	check(t, err)
	in, g, h := onesGradients(4096)
	if err := b.Gradients(Gaussian, in, g, h); !errors.Is(err, ErrDeviceMemory) {
		t.Errorf("%v", err)
	}
	all()
	check(t, b.Gradients(Gaussian, in, g, h))
	free()
	if _, err := HoldDevice("native", 0); !errors.Is(err, ErrUnavailable) {
		t.Errorf("%v", err)
	}
}

// broken: the device is lost by BreakDevice, and stays so.
func broken(t *testing.T) {
	in, g, h := onesGradients(100)
	b, err := Open("cuda", 1)
	check(t, err)
	check(t, b.Gradients(Gaussian, in, g, h))
	check(t, os.Setenv("CUEMU_LOSE", fmt.Sprint(b.(*cudaBackend).job.device.total().Launches+1)))
	if err := BreakDevice("cuda:0"); !errors.Is(err, ErrDeviceLost) {
		t.Errorf("%v", err)
	}
	if err := b.Gradients(Gaussian, in, g, h); !errors.Is(err, ErrDeviceLost) {
		t.Errorf("%v", err)
	}
	refused(t, BreakDevice("cuda:0"), "device lost")
}
