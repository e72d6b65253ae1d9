//go:build !cuda

package kernels

import "fmt"

// openCUDA has nothing to open.
func openCUDA(device string, _ int) (Backend, error) {
	_, err := cudaDevices()
	return nil, fmt.Errorf("backend %q: %w", "cuda:"+device, err)
}

func cudaDevices() ([]DeviceInfo, error) {
	return nil, fmt.Errorf("%w: built without -tags cuda", ErrUnavailable)
}

func chooseDevice(string, int64) (string, error) {
	_, err := cudaDevices()
	return "", err
}

func deviceStates() []DeviceState { return nil }
