package kernels

import (
	"errors"
	"strings"
)

// Processor is the name that Open takes for the best tier of the processor.
const Processor = "cpu"

// Size tells how much a training asks of its tier.
type Size struct {
	Rows, Columns int
	Classes       int // scores of a row
	Depth         int // of the trees
}

// What a device needs to be worth its while.
//
// Why these: estimates; below them launches and copies take longer than the processor.
const (
	leastRows  = 50_000
	leastCells = 2_000_000 // rows times columns
)

// Choose returns the tier, by a name that Open takes, for a training of that size. name
// is what was asked for, as Open takes it.
//
// "auto" takes a device where one is open to use, the training is large enough for it
// and fits into its memory, and else the processor. "cuda" takes any device that it
// fits into, at any size, and "cuda:1" that one. Of several devices the one with
// the fewest jobs is taken. Where a device was asked for and cannot be used because it
// is lost or too small, the tier is the processor's, and why says so; otherwise why is
// empty.
func Choose(name string, size Size) (tier, why string) {
	kind, number, _ := strings.Cut(name, ":")
	auto := kind == "" || kind == "auto"
	if !auto && kind != "cuda" {
		return name, ""
	}
	if auto && (size.Rows < leastRows || int64(size.Rows)*int64(size.Columns) < leastCells) {
		return Processor, ""
	}
	device, err := chooseDevice(number, size.Bytes())
	switch {
	case err == nil:
		return device, ""
	case auto:
		return Processor, ""
	case DeviceFailed(err):
		return Processor, reason(err)
	}
	return name, "" // Open says what is wrong with it
}

// reason is the text of an error without the words that all missing tiers share.
func reason(err error) string {
	return strings.TrimPrefix(err.Error(), ErrUnavailable.Error()+": ")
}

// DeviceFailed reports whether an operation failed because of the device that it ran
// on: done again on the processor it may succeed.
func DeviceFailed(err error) bool {
	return errors.Is(err, ErrDeviceMemory) || errors.Is(err, ErrDeviceLost)
}

// Used names the tiers that large trainings get by Choose, and says in brackets why they
// get no better ones.
func Used(name string) string {
	kind, number, _ := strings.Cut(name, ":")
	if kind != "" && kind != "auto" && kind != "cuda" {
		return name
	}
	var used, not []string
	for _, t := range cudaTiers() {
		switch {
		case number != "" && t.Name != name:
		case t.Available:
			used = append(used, t.Name)
		default:
			not = append(not, t.Name+": "+t.Detail)
		}
	}
	if used == nil {
		used = []string{openCPU(1).Name()}
	}
	out := strings.Join(used, ", ")
	if not != nil {
		out += " (" + strings.Join(not, "; ") + ")"
	}
	return out
}

// Bytes estimates the memory of a device that the training takes: of each row its bins,
// integers and places in two lists of rows, response, weight and sample; score and two
// derivatives of each class; and histograms, for the widest level of a tree or as many as
// the budget of a grower allows.
func (s Size) Bytes() int64 {
	const histogram = 256 * 32 // bytes of a column's
	rows, columns, classes := int64(s.Rows), int64(s.Columns), int64(max(1, s.Classes))
	one := histogram * columns
	nodes := min(rows, 1<<min(max(s.Depth, 1), 30))
	sums := min(one*nodes, max(2*one, defaultHistBytes))
	return rows*((columns+3)/4*4+8+2*4+4+4+4+1+(8+4+4)*classes) + sums
}

// DeviceState is what a device is doing.
type DeviceState struct {
	DeviceInfo
	Open    bool    // this process has used it
	Free    int64   // bytes of its memory that nobody uses; 0 unless Open
	Live    int64   // bytes that this process has allocated
	Peak    int64   // the most that they were
	Jobs    int     // backends that are open on it
	Traffic Traffic // of this process
	Fault   string  // why it cannot be used; "" as long as it can
}

// DeviceStates describes the devices; none where there are none. A device that is busy
// is not waited for: its numbers are then those of the last call.
func DeviceStates() []DeviceState { return deviceStates() }
