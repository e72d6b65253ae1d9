package kernels

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

// What does not depend on a device; choose_cuda_test.go has the rest.
func TestChoose(t *testing.T) {
	large := Size{Rows: 1_000_000, Columns: 30, Classes: 1, Depth: 5}
	for _, c := range []struct {
		name, ask, want string
		size            Size
	}{
		{"go", "go", "go", large},
		{"native", "native", "native", large},
		{"level", "native:avx2", "native:avx2", large},
		{"processor", Processor, Processor, large},
		{"unknown", "abacus", "abacus", large}, // Open refuses it
		{"number that is none", "cuda:x", "cuda:x", large},
		{"no training by kernels", "auto", Processor, Size{}},
		{"few rows", "auto", Processor, Size{Rows: leastRows - 1, Columns: 10_000}},
		{"few cells", "", Processor, Size{Rows: leastCells - 1, Columns: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if tier, why := Choose(c.ask, c.size); tier != c.want || why != "" {
				t.Errorf("%q: %q", tier, why)
			}
		})
	}
	if _, err := Devices(); err == nil {
		return
	}
	if tier, why := Choose("auto", large); tier != Processor || why != "" {
		t.Errorf("without devices auto is %q: %q", tier, why)
	}
	if tier, why := Choose("cuda", large); tier != "cuda" || why != "" {
		t.Errorf("without devices cuda, which Open refuses, is %q: %q", tier, why)
	}
	if n := len(DeviceStates()); n != 0 {
		t.Errorf("%d devices", n)
	}
}

func TestUsed(t *testing.T) {
	for _, name := range []string{"go", "native:avx2", Processor} {
		if got := Used(name); got != name {
			t.Errorf("%s is %s", name, got)
		}
	}
	_, err := Devices()
	for _, name := range []string{"", "auto", "cuda"} {
		got := Used(name)
		if err == nil {
			if !strings.HasPrefix(got, "cuda:0") {
				t.Errorf("%q is %s", name, got)
			}
		} else if want := fmt.Sprintf("%s (cuda: %s)", openCPU(1).Name(), reason(err)); got != want {
			t.Errorf("%q is %s, want %s", name, got, want)
		}
	}
}

// The bound, by hand: rows, then histograms, search, splits and lists of work.
func TestSize_Bytes(t *testing.T) {
	const room = 64 << 10
	for _, c := range []struct {
		name string
		size Size
		want int64
	}{
		{"nothing", Size{}, room},
		{"one row", Size{Rows: 1, Columns: 1, Classes: 1, Depth: 5}, 1*(9+16+24) + 8192 + 2*(128+56) + 2*2*24 + 64 + room},
		{"a stump", Size{Rows: 1000, Columns: 5, Classes: 1, Depth: 1}, 1000*(9+16+28) + 2*5*8192 + 2*2*(128+5*56) + 2*4*24 + 500 + 5*64 + room},
		{"classes", Size{Rows: 1000, Columns: 4, Classes: 3, Depth: 2}, 1000*(9+48+24) + 4*4*8192 + 2*4*(128+4*56) + 2*8*24 + 500 + 4*64 + room},
		{"deep", Size{Rows: 1e8, Columns: 4, Depth: 60}, 1e8*(9+16+24) + 8192*4*8192 + 2*8192*(128+4*56) + 2*2e8*24 + 5e7 + 4*64 + room},
		{"two bytes", Size{Rows: 1000, Columns: 5, Classes: 1, Depth: 2, Rules: []BinSize{{Wide: 2, Bins: 3000, Levels: 1000}}},
			1000*(9+16+4+2*2+20) + 4*3000*32 + 2*4*(128+5*56+2*1000) + 2*8*(24+125) + 500 + 5*64 + room},
		{"two rules", Size{Rows: 1000, Columns: 5, Classes: 1, Depth: 1, Rules: []BinSize{{Bins: 100}, {Wide: 5, Bins: 3000}}},
			1000*(9+16+28+8+10+20) + 2*3100*32 + 2*2*2*(128+5*56) + 2*2*4*24 + 2*(500+5*64+room)},
		{"levels in order beside", Size{Rows: 1e6, Columns: 1, Classes: 1, Depth: 6, Rules: []BinSize{{Wide: 1, Bins: 8193, Levels: 8192}}},
			1e6*(9+16+2+20) + 64*8193*32 + 2*64*(128+56+2*8192) + 2*16*8192*64 + 2*128*(24+1024) + 5e5 + 64 + room},
		{"wide", Size{Rows: 1e6, Columns: 1e6, Depth: 6}, 1e6*(9+16+1e6+20) + 2*1e6*8192 + 2*2*(128+56e6) + 2*128*24 + 5e5 + 64e6 + room},
		{"more rows than any memory", Size{Rows: 1 << 31, Columns: 10_000, Classes: 1, Depth: 6},
			1<<31*(9+16+10_020) + 3*10_000*8192 + 2*3*(128+56*10_000) + 2*128*24 + 1<<30 + 64e4 + room},
		{"all of the largest", Size{Rows: math.MaxUint32, Columns: 1 << 20, Classes: 1000, Depth: 100, Rules: []BinSize{{Wide: 1 << 20, Bins: 1 << 36, Levels: 65535}}},
			math.MaxUint32*(9+16000+2<<20+20) + 2*32<<36 + 2*2*(128+56<<20+2*65535) + 2*64<<20 + 2*2*math.MaxUint32*(24+65535/8) + math.MaxUint32/2 + 64<<20 + room},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.size.Bytes(); got != c.want {
				t.Errorf("%d, want %d", got, c.want)
			}
		})
	}
}

func TestDeviceFailed(t *testing.T) {
	for err, want := range map[error]bool{
		nil: false, errors.New("other"): false, ErrUnavailable: false,
		ErrDeviceMemory: true, fmt.Errorf("fold 2 of 3: %w", fmt.Errorf("cuda:0: %w", ErrDeviceLost)): true,
	} {
		if DeviceFailed(err) != want {
			t.Errorf("%v", err)
		}
	}
}
