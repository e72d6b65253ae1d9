package kernels

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// TierInfo says whether a tier is there, and what it is or what it lacks.
type TierInfo struct {
	Name      string
	Available bool
	Detail    string
}

// Tiers lists the tiers, best first.
func Tiers() []TierInfo {
	return append(cudaTiers(), nativeTier(), TierInfo{"go", true, "portable Go, always there"})
}

// cudaTiers has a line for each device, or one that says why there is none.
func cudaTiers() (out []TierInfo) {
	devices := DeviceStates()
	if _, err := Devices(); err != nil && len(devices) == 0 {
		return []TierInfo{{"cuda", false, reason(err)}}
	}
	for _, d := range devices {
		t := TierInfo{d.Name, d.Fault == "", fmt.Sprintf("%s, %d MiB, compute capability %s", d.Model, d.Memory>>20, d.Capability)}
		if !t.Available {
			t.Detail += ": " + d.Fault
		}
		out = append(out, t)
	}
	return out
}

var cpu = sync.OnceValue(func() Backend { return openCPU(0) })

// CPU returns the processor's tier with all threads, shared by everybody: for
// scoring, and for a job that a device has failed.
func CPU() Backend { return cpu() }

var scorer atomic.Pointer[Backend]

// Scorer returns the tier that models score rows by and are explained by: CPU() unless
// ScoreOn has named another. Its Predict never fails because of a device.
func Scorer() Backend {
	if b := scorer.Load(); b != nil {
		return *b
	}
	return CPU()
}

// ScoreOn makes b, which must stay open, the Scorer of the process; nil stands for CPU().
func ScoreOn(b Backend) {
	if b == nil {
		scorer.Store(nil)
		return
	}
	scorer.Store(&b)
}

// ScoreRows returns how many rows b likes to get by one call of Predict or Contributions:
// callers cut what they have into runs of so many. Results do not depend on it.
func ScoreRows(b Backend) int {
	if x, ok := b.(interface{ scoreRows() int }); ok {
		return x.scoreRows()
	}
	const processor = 16384 // shared out among its threads by the caller, or by the tier
	return processor
}

// Fault returns why a call of b for scoring was last done on the processor although a
// device could have done it; nil where none was.
func Fault(b Backend) error {
	_, err := faultsOf(b)
	return err
}

// Faults returns how many calls of b Fault speaks of.
func Faults(b Backend) int64 {
	n, _ := faultsOf(b)
	return n
}

func faultsOf(b Backend) (calls int64, last error) {
	if x, ok := b.(interface{ faults() (int64, error) }); ok {
		return x.faults()
	}
	return 0, nil
}
