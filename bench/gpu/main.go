// Command gpu measures a device and writes a report in Markdown: whether models are those
// of the processor to the bit, what each kernel takes beside the roofline of the device's
// memory, and whole trainings beside the processor and beside XGBoost on the same device,
// where its library is there.
//
//	make gpu-report GPUFLAGS='-rows 1e6,1e7'
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/geyser-ml/geyser/kernels"
)

// options are what the report looks at.
type options struct {
	device                string
	toy                   bool
	tests                 string // how the tests of the kernels went
	cells                 []int  // rows that kernels are timed on
	rows                  []int  // rows of whole trainings
	small                 []int  // rows among which the least is looked for that is worth a device
	exact                 int    // rows of models that are compared
	columns, trees, depth int    // of whole trainings
	most                  int    // rows up to which the processor and XGBoost train, too
	bytes                 int64
}

func main() {
	o := options{}
	rows, out, open := "", "", false
	flag.StringVar(&o.device, "device", "cuda:0", "device to measure")
	flag.BoolVar(&o.toy, "toy", false, "sizes that an emulated device can do")
	flag.StringVar(&o.tests, "tests", "not run", "how the tests of the kernels went")
	flag.StringVar(&rows, "rows", "1e6,1e7,1e8", "rows of whole trainings")
	flag.IntVar(&o.trees, "trees", 100, "trees of whole trainings; a tenth of them from 1e8 rows on")
	flag.IntVar(&o.most, "most", 1e7, "rows up to which the processor and XGBoost train, too")
	flag.StringVar(&out, "o", "", "file to write, instead of the standard output")
	flag.BoolVar(&open, "open", false, "only open the device, and tell what that took")
	flag.Parse()
	err := o.sizes(rows)
	switch {
	case err != nil:
	case open:
		err = o.open()
	default:
		err = writeTo(out, o.report)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gpu:", err)
		os.Exit(1)
	}
}

// sizes sets the numbers of rows.
func (o *options) sizes(rows string) error {
	if o.toy {
		o.cells, o.rows, o.small, o.exact, o.bytes = []int{3000}, []int{4000}, []int{500}, 500, 1<<20
		o.columns, o.trees, o.depth, o.most = 5, 2, 3, 4000
		return nil
	}
	o.columns, o.depth = 28, 6
	o.cells, o.small, o.exact, o.bytes = []int{1e4, 1e5, 1e6, 1e7}, []int{1e3, 1e4, 3e4, 1e5, 3e5}, 100_000, 1<<30
	for r := range strings.SplitSeq(rows, ",") {
		n, err := strconv.ParseFloat(r, 64)
		if err != nil || !(n >= 1 && n <= 1<<31) {
			return fmt.Errorf("-rows %q: want numbers such as 1e6, with commas between", rows)
		}
		o.rows = append(o.rows, int(n))
	}
	return nil
}

// open tells how many seconds it takes to open the device.
func (o *options) open() error {
	s, err := seconds(func() error {
		b, err := kernels.Open(o.device, 1)
		if err != nil {
			return err
		}
		return b.Close()
	})
	if err == nil {
		fmt.Print(number(s))
	}
	return err
}

// opening is what open says in a process of its own with that variable.
func (o *options) opening(env string) string {
	self, err := os.Executable()
	if err != nil {
		return err.Error()
	}
	cmd := exec.Command(self, "-open", "-device", o.device)
	cmd.Env = append(os.Environ(), env)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Sprintf("%v: %s", err, out)
	}
	return string(out) + " s"
}

// writeTo writes to a file, or to the standard output for "".
func writeTo(name string, write func(io.Writer) error) error {
	if name == "" {
		return write(os.Stdout)
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// report writes everything. Each part is written when it is done, so that what went
// before a failure is not lost.
func (o *options) report(w io.Writer) error {
	devices, err := kernels.Devices()
	if err != nil {
		return err
	}
	info := kernels.DeviceInfo{}
	for _, d := range devices {
		if d.Name == o.device {
			info = d
		}
	}
	if info.Name == "" {
		return fmt.Errorf("there is no device %q", o.device)
	}
	begin := time.Now()
	speed, err := kernels.MeasureDevice(o.device, o.bytes)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "# %s\n\n", info.Model)
	if o.toy {
		fmt.Fprintf(w, "Sizes are toys: the numbers say nothing but that there are some.\n\n")
	}
	t := newTable(w, "", "")
	t.row("compute capability", info.Capability)
	t.row("multiprocessors", fmt.Sprintf("%d at %.2f GHz", speed.Processors, speed.Clock))
	t.row("memory", fmt.Sprintf("%.1f GiB, %.0f GB/s by its clock, %.0f GB/s copied on the device", float64(info.Memory)/(1<<30), speed.Peak, speed.Inside))
	t.row("driver", "for CUDA "+speed.Driver)
	t.row("copies of pageable memory", fmt.Sprintf("%.1f GB/s up, %.1f GB/s down", speed.Up, speed.Down))
	t.row("a launch, waited for", fmt.Sprintf("%.1f µs", micro(speed.Launch)))
	t.row("opening", o.opening("CUDA_CACHE_DISABLE=1")+" with compiling the kernels, "+o.opening("CUDA_CACHE_DISABLE=0")+" later")
	t.row("processor", fmt.Sprintf("%d cores, tier %s, %s", runtime.NumCPU(), kernels.CPU().Name(), runtime.Version()))
	t.row("tests of the kernels", o.tests)
	for _, part := range []func(io.Writer, kernels.DeviceSpeed) error{o.exactness, o.kernels, o.trainings, o.least, o.scoring, o.layers} {
		if err := part(w, speed); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(w, "\nMade in %v.\n", time.Since(begin).Round(time.Second))
	return err
}

// table is a table in Markdown.
type table struct{ w io.Writer }

func newTable(w io.Writer, titles ...string) table {
	t := table{w}
	t.row(titles...)
	fmt.Fprintln(w, "|"+strings.Repeat(" --- |", len(titles)))
	return t
}

func (t table) row(cells ...string) { fmt.Fprintln(t.w, "| "+strings.Join(cells, " | ")+" |") }

func micro(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

// number writes three digits.
func number(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }
