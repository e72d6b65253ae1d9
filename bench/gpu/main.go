// Command gpu measures a device and writes a report in Markdown: whether the kernels'
// tests pass, also under compute-sanitizer; whether models are those of the processor to
// the bit; what each kernel takes beside the roofline of the device's memory; whole
// trainings beside the processor and beside XGBoost on the same device, where its library
// is there; what happens without memory and when the device is lost; and from which sizes
// on a device is worth its while.
//
//	make gpu-report GPUFLAGS='-rows 1e6,1e7'
//
// Each part is a process of its own and is written when it is done. One that fails says
// why, and the others go on; the exit status then says so, too.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// options are what the report looks at.
type options struct {
	args   []string // that these options are, for the processes of parts
	device string
	toy    bool
	tests  string        // binary of the kernels' tests
	logs   string        // folder for what they say
	limit  time.Duration // of a part, and of the tests under one tool
	parts  []part        // that are asked for
	out    string
	part   string // the only one, to be done in this process

	cells                 []int // rows that kernels are timed on
	rows                  []int // rows of whole trainings
	exact                 int   // rows of models that are compared
	columns, trees, depth int   // of whole trainings
	most                  int   // rows up to which the processor and XGBoost train, too
	bytes                 int64 // of copies
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the program; it returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if err == nil {
		if o.part != "" {
			err = o.do(o.part, stdout)
		} else {
			err = writeTo(o.out, stdout, o.report)
		}
	}
	if err != nil {
		fmt.Fprintln(stderr, "gpu:", err)
		return 1
	}
	return 0
}

// parse reads the arguments.
func parse(args []string, stderr io.Writer) (*options, error) {
	o, rows, names := &options{args: args}, "", ""
	f := flag.NewFlagSet("gpu", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.device, "device", "cuda:0", "device to measure")
	f.BoolVar(&o.toy, "toy", false, "sizes that an emulated device can do")
	f.StringVar(&o.tests, "tests", "", "binary of the kernels' tests, as go test -c -tags cuda ./kernels makes it; run in the folder kernels")
	f.StringVar(&o.logs, "logs", "build", "folder for the logs of these tests")
	f.DurationVar(&o.limit, "limit", 20*time.Minute, "time for each part, and for the tests under each tool")
	f.StringVar(&names, "parts", "", "parts of the report, with commas between: "+partNames()+" (default all)")
	f.StringVar(&rows, "rows", "1e6,1e7,1e8", "rows of whole trainings")
	f.IntVar(&o.trees, "trees", 100, "trees of whole trainings; a tenth of them from 1e8 rows on")
	f.IntVar(&o.most, "most", 1e7, "rows up to which the processor and XGBoost train, too")
	f.StringVar(&o.out, "o", "", "file to write, instead of the standard output")
	f.StringVar(&o.part, "part", "", "do this part alone and in this process")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("argument %q: want flags alone", f.Arg(0))
	}
	if err := o.pick(names); err != nil {
		return nil, err
	}
	return o, o.sizes(rows)
}

// pick sets the parts by their names; all for "".
func (o *options) pick(names string) error {
	if names == "" {
		o.parts = parts()
		return nil
	}
	for name := range strings.SplitSeq(names, ",") {
		p := partOf(name)
		if p == nil || p.hidden {
			return fmt.Errorf("-parts %q: want some of %s", name, partNames())
		}
		o.parts = append(o.parts, *p)
	}
	return nil
}

// sizes sets the numbers of rows.
func (o *options) sizes(rows string) error {
	if o.toy {
		o.cells, o.rows, o.exact, o.bytes = []int{3000}, []int{4000}, 500, 1<<20
		o.columns, o.trees, o.depth, o.most = 5, 2, 3, 4000
		return nil
	}
	o.columns, o.depth = 28, 6
	o.cells, o.exact, o.bytes = []int{1e4, 1e5, 1e6, 1e7}, 100_000, 1<<30
	for r := range strings.SplitSeq(rows, ",") {
		n, err := strconv.ParseFloat(r, 64)
		if err != nil || !(n >= 1 && n <= 1<<31) {
			return fmt.Errorf("-rows %q: want numbers such as 1e6, with commas between", rows)
		}
		o.rows = append(o.rows, int(n))
	}
	return nil
}

// writeTo writes to a file, or to w for "".
func writeTo(name string, w io.Writer, write func(io.Writer) error) error {
	if name == "" {
		return write(w)
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
