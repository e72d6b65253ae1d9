//go:build cuda

package kernels

import (
	"fmt"
	"strconv"
)

// cudaBackend is the best tier of the processor with operations of a device in front of
// it: what it does not override runs on the processor.
type cudaBackend struct {
	Backend
	job     *job
	scoring scoring
}

// openCUDA returns the tier on the device of that number, the first for "".
func openCUDA(device string, threads int) (Backend, error) {
	n, err := 0, error(nil)
	if device != "" {
		n, err = strconv.Atoi(device)
	}
	if err != nil || n < 0 {
		return nil, fmt.Errorf("backend %q: %w: devices are cuda:0, cuda:1 and so on", "cuda:"+device, ErrUnavailable)
	}
	d, err := sharedDevice(n)
	if err != nil {
		return nil, fmt.Errorf("backend %q: %w", "cuda:"+strconv.Itoa(n), err)
	}
	return &cudaBackend{Backend: openCPU(threads), job: newJob(d), scoring: scoring{limits: newLimits(d)}}, nil
}

// Name returns "cuda:" and the number of the device.
func (b *cudaBackend) Name() string { return b.job.device.Name }

// Traffic returns what went to the device and back since Open.
func (b *cudaBackend) Traffic() Traffic { return b.job.Traffic() }

// Close brings home what buffers have on the device only and gives back the memory
// there. The device itself stays open for other jobs.
func (b *cudaBackend) Close() error {
	err := b.job.close()
	if e := b.Backend.Close(); err == nil {
		err = e
	}
	return err
}
