package kernels

import "time"

// DeviceSpeed tells how fast a device is: by its maker, and measured. What is not known
// is 0.
type DeviceSpeed struct {
	Driver               string        // version of CUDA that the driver is for
	Processors           int           // multiprocessors
	Clock                float64       // of them, in GHz
	Peak                 float64       // GB/s of its memory: clock times width
	Inside               float64       // GB/s that a copy on the device reads and writes
	Up, Down             float64       // GB/s of copies to it and back
	PinnedUp, PinnedDown float64       // the same of host memory that is the driver's
	Launch               time.Duration // a kernel without work, waited for
	Gap                  time.Duration // the same by the clock of the device: what every KernelTime holds
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

// ProfileDevice makes a device wait for each kernel and note what it took by the clock of
// the device, its start included, which slows it down, until stop is called. stop returns
// the kernels in order of names.
func ProfileDevice(name string) (stop func() []KernelTime, err error) { return profileDevice(name) }

// ForgetPeak makes the Peak of a device count from now on.
func ForgetPeak(name string) error { return forgetPeak(name) }

// Sums are sums of generated rows by bin, the operation that most of a training goes to.
type Sums struct {
	Rows, Columns, Bins int
	Skew                float64 // share of the values that have one bin
	Share               float64 // of the rows that are summed, by a list of them
	Lanes               int     // sums of a cell: 1 without weights and with bounded derivatives, else 2 or 3
	Groups              int     // of four columns that a block takes at most, up to 4; columns of more than 256 bins have none
}

// MeasureSums returns what a device takes for sums, one launch after the other so that
// their starts do not count, and an error where a sum is wrong.
func MeasureSums(name string, s Sums) (time.Duration, error) { return measureSums(name, s) }

// Product is one of matrices that cuBLAS is asked for.
type Product string

// Products.
const (
	SinglePrecision Product = "sgemm" // of float32, as layers have
	DoublePrecision Product = "dgemm" // of float64
	Gram            Product = "dsyrk" // XᵀX of float64: inner rows of X, rows columns
)

// MeasureProduct returns what a device takes for a product of rows x inner by
// inner x cols values. Without cuBLAS the error wraps ErrUnavailable and says why.
func MeasureProduct(name string, p Product, rows, inner, cols int) (time.Duration, error) {
	return measureProduct(name, p, rows, inner, cols)
}

// ScoreFrom makes a tier score as few rows as that on its device, if it is on one.
// Nothing is scored meanwhile.
func ScoreFrom(b Backend, rows int) { scoreFrom(b, rows) }

// HoldDevice takes the memory of a device but for so many bytes, as another process may,
// until free is called.
func HoldDevice(name string, leave int64) (free func(), err error) { return holdDevice(name, leave) }

// BreakDevice makes a kernel write to address 8, where nothing is, after which this process
// has lost the device. It returns what the device then says. An emulated device has the
// addresses of the processor, and must be told to fail at this launch instead.
func BreakDevice(name string) error { return breakDevice(name) }
