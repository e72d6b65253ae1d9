package kernels

import "errors"

// ErrDeviceMemory is wrapped by operations that need more memory than the device has
// left. The tier stays usable; the job can be done again on CPU().
var ErrDeviceMemory = errors.New("out of device memory")

// ErrDeviceLost is wrapped by operations on a device that has failed for good. What
// buffers had there is gone, and the device stays closed until the process starts
// again; the job can be done again on CPU().
var ErrDeviceLost = errors.New("device lost")

// DeviceInfo describes a device that the "cuda" tier can compute on.
type DeviceInfo struct {
	Name       string // as Open takes it: "cuda:0"
	Model      string // in the maker's words
	Capability string // compute capability: "9.0"
	Memory     int64  // bytes it has
}

// Devices lists the devices that can be used. Without one the error wraps
// ErrUnavailable and says why.
func Devices() ([]DeviceInfo, error) { return cudaDevices() }

// Traffic counts what went to a device and back.
type Traffic struct {
	Up, Down           int64 // bytes from the host, and to it
	Uploads, Downloads int64 // copies
	Launches           int64 // kernels started
}
