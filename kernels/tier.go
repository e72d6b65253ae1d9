package kernels

import "sync"

// TierInfo says whether a tier is there, and what it is or what it lacks.
type TierInfo struct {
	Name      string
	Available bool
	Detail    string
}

// Tiers lists the tiers, best first.
func Tiers() []TierInfo {
	return []TierInfo{
		{"cuda", false, "this build has no CUDA kernels"},
		nativeTier(),
		{"go", true, "portable Go, always there"},
	}
}

var cpu = sync.OnceValue(func() Backend {
	if b, err := openNative("", 0); err == nil {
		return b
	}
	return newGo(0)
})

// CPU returns the processor's tier with all threads, shared by everybody: for
// scoring, and for a job that a device has failed.
func CPU() Backend { return cpu() }
