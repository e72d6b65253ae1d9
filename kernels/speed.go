package kernels

import "time"

// DeviceSpeed tells how fast a device is: by its maker, and measured. What is not known
// is 0.
type DeviceSpeed struct {
	Driver     string  // version of CUDA that the driver is for
	Processors int     // multiprocessors
	Clock      float64 // of them, in GHz
	Peak       float64 // GB/s of its memory: clock times width
	Inside     float64 // GB/s that a copy on the device reads and writes
	Up, Down   float64 // GB/s of copies to it and back
	Launch     time.Duration
}

// MeasureDevice opens a device and measures copies of so many bytes, and what it costs to
// start a kernel and to wait for it.
func MeasureDevice(name string, bytes int64) (DeviceSpeed, error) { return measureDevice(name, bytes) }

// KernelTime is what a kernel took on a device.
type KernelTime struct {
	Name     string
	Launches int64
	Time     time.Duration
}

// ProfileDevice makes a device wait for each kernel and note what it took, its start
// included, which slows it down, until stop is called. stop returns the kernels in order
// of names.
func ProfileDevice(name string) (stop func() []KernelTime, err error) { return profileDevice(name) }

// ForgetPeak makes the Peak of a device count from now on.
func ForgetPeak(name string) error { return forgetPeak(name) }
