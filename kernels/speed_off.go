//go:build !cuda

package kernels

import "time"

func measureDevice(string, int64) (DeviceSpeed, error) {
	_, err := cudaDevices()
	return DeviceSpeed{}, err
}

func profileDevice(string) (func() []KernelTime, error) {
	_, err := cudaDevices()
	return nil, err
}

func forgetPeak(string) error {
	_, err := cudaDevices()
	return err
}

func measureSums(string, Sums) (time.Duration, error) {
	_, err := cudaDevices()
	return 0, err
}

func measureProduct(string, Product, int, int, int) (time.Duration, error) {
	_, err := cudaDevices()
	return 0, err
}

func scoreFrom(Backend, int) {}

func holdDevice(string, int64) (func(), error) {
	_, err := cudaDevices()
	return nil, err
}

func breakDevice(string) error {
	_, err := cudaDevices()
	return err
}
