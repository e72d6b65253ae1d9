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
	Rules         []BinSize
}

// BinSize tells what a rule of bins makes of the columns. Where Size has none, it is one
// that makes 256 bins of each.
type BinSize struct {
	Wide   int // columns of more than 256 bins, which take two bytes a row
	Bins   int // of all columns, with those of missing values
	Levels int // most bins of a column of levels
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

// Bytes bounds the memory of a device that the training takes: response, weight and sample
// of each row, score and two derivatives of each class, and a grower for each rule of bins.
func (s Size) Bytes() int64 {
	rules := s.Rules
	if rules == nil {
		rules = []BinSize{{Bins: 256 * s.Columns}}
	}
	rows := int64(s.Rows)
	bytes := rows * (4 + 4 + 1 + (8+4+4)*int64(max(1, s.Classes)))
	for i, rule := range rules {
		bytes += s.grower(rule)
		if i > 0 {
			bytes += rows * (4 + 4) // the derivatives of a class are each grower's own
		}
	}
	return bytes
}

// grower bounds the memory of bins and of their grower: of each row its bins, integers,
// weight and places in two lists; histograms of the nodes that are looked at together,
// which are those of a level or as many as the budget allows, and what their search
// takes; splits and leaves of a tree; and lists of work.
func (s Size) grower(rule BinSize) int64 {
	const spare = 2 // times what is needed: room for calls grows by doubling
	rows, columns, wide, bins, levels := int64(s.Rows), int64(s.Columns), int64(rule.Wide), int64(rule.Bins), int64(rule.Levels)
	depth := min(max(s.Depth, 1), 32)
	histogram := 32 * bins
	open := min(rows, 1<<depth, max(2, defaultHistBytes/max(1, histogram)))
	search := spare * open * (128 + (48+8)*columns + 2*levels)
	if levels > 4096 { // their order is not made in shared memory
		search += spare * min(64<<20, 16*levels*open*columns)
	}
	splits := spare * min(2*rows, 2<<depth) * (24 + levels/8)
	lists := spare*rows/4 + 64*columns + 64<<10
	return rows*((columns-wide+3)/4*4+2*wide+8+4+2*4) + open*histogram + search + splits + lists
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
	Dense   string  // what multiplies for Backend.Dense there: cuBLAS, or our own kernel and why; "" before the first layer
	Fault   string  // why it cannot be used; "" as long as it can
}

// DeviceStates describes the devices; none where there are none. A device that is busy
// is not waited for: its numbers are then those of the last call.
func DeviceStates() []DeviceState { return deviceStates() }
