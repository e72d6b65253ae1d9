package kernels

import (
	"errors"
	"fmt"
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

// The estimate, by hand.
func TestSize_Bytes(t *testing.T) {
	for _, c := range []struct {
		name string
		size Size
		want int64
	}{
		{"nothing", Size{}, 0},
		{"one row", Size{Rows: 1, Columns: 1, Classes: 1, Depth: 5}, 4 + 29 + 16 + 8192},
		{"a stump", Size{Rows: 1000, Columns: 5, Classes: 1, Depth: 1}, 1000*(8+29+16) + 2*5*8192},
		{"classes", Size{Rows: 1000, Columns: 4, Classes: 3, Depth: 2}, 1000*(4+29+48) + 4*4*8192},
		{"deep", Size{Rows: 1e8, Columns: 4, Depth: 60}, 1e8*(4+29+16) + 256<<20},
		{"wide", Size{Rows: 1e6, Columns: 1e6, Depth: 6}, 1e6*(1e6+29+16) + 2*1e6*8192},
		{"more rows than any memory", Size{Rows: 1 << 31, Columns: 10_000, Classes: 1, Depth: 6}, 1<<31*(10_000+29+16) + 256<<20},
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
