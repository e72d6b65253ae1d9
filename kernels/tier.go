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

// Fault returns why a call of b for scoring was last done on the processor although a
// device could have done it; nil where none was.
func Fault(b Backend) error {
	if x, ok := b.(interface{ fault() error }); ok {
		return x.fault()
	}
	return nil
}
