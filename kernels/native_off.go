//go:build !cgo || !amd64

package kernels

import "fmt"

// openNative has nothing to open.
func openNative(level string, _ int) (Backend, error) {
	return nil, fmt.Errorf("backend %q: %w: %s", "native:"+level, ErrUnavailable, nativeTier().Detail)
}

// nativeTier describes the tier.
func nativeTier() TierInfo {
	return TierInfo{"native", false, "C kernels need an x86-64 processor and a build with cgo"}
}
