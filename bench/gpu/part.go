package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/geyser-ml/geyser/kernels"
)

// part is one of the report.
type part struct {
	name, title string
	write       func(o *options, w io.Writer) error
	here        bool   // needs no device, and so no process of its own
	hidden      bool   // what another part asks for
	env         string // of its process
}

// parts are in the order of the report: what is soon told comes first.
func parts() []part {
	return []part{
		{name: "device", write: (*options).machine},
		{name: "tests", title: "Tests of the kernels", write: (*options).kernelTests, here: true},
		{name: "sanitizer", title: "Tests under compute-sanitizer", write: (*options).sanitize, here: true},
		{name: "models", title: "Models", write: (*options).models},
		{name: "sums", title: "Sums of rows by bin", write: (*options).sums},
		{name: "kernels", title: "Kernels", write: (*options).kernels},
		{name: "products", title: "Products of matrices by cuBLAS", write: (*options).products},
		{name: "layers", title: "Dense layers", write: (*options).layers},
		{name: "scoring", title: "Scoring", write: (*options).scoring},
		{name: "memory", title: "Without memory", write: (*options).memory, env: "CUEMU_MEM=67108864"}, // where it is emulated, so that little is left soon
		{name: "lost", title: "A device that is lost", write: (*options).lost},
		{name: "trainings", title: "Whole trainings", write: (*options).trainings},
		{name: "operations", title: "Kernels of a whole training", write: (*options).operations},
		{name: "thresholds", title: "From which size on", write: (*options).thresholds},
	}
}

// hidden are what parts ask other processes for.
func hidden() []part {
	return []part{
		{name: "open", write: (*options).open, hidden: true},
		{name: "library", write: (*options).library, hidden: true},
		{name: "xgboost", write: (*options).timeXGBoost, hidden: true},
	}
}

// partOf returns the part of that name, nil for none.
func partOf(name string) *part {
	all := append(parts(), hidden()...)
	if i := slices.IndexFunc(all, func(p part) bool { return p.name == name }); i >= 0 {
		return &all[i]
	}
	return nil
}

func partNames() string {
	var names []string
	for _, p := range parts() {
		names = append(names, p.name)
	}
	return strings.Join(names, ", ")
}

// do writes one part in this process.
func (o *options) do(name string, w io.Writer) error {
	p := partOf(name)
	if p == nil {
		return fmt.Errorf("-part %q: want one of %s", name, partNames())
	}
	return p.write(o, w)
}

// report writes all parts that are asked for.
func (o *options) report(w io.Writer) error {
	if _, err := o.info(); err != nil {
		return err
	}
	begin := time.Now()
	var failed []string
	for _, p := range o.parts {
		if p.title != "" {
			fmt.Fprintf(w, "\n## %s\n\n", p.title)
		}
		write := func(w io.Writer) error { return o.process(p.name, w, p.env) }
		if p.here {
			write = func(w io.Writer) error { return p.write(o, w) }
		}
		if err := write(w); err != nil {
			failed = append(failed, p.name)
			fmt.Fprintf(w, "\n**Failed**: %v\n", err)
		}
	}
	_, err := fmt.Fprintf(w, "\nMade in %v.\n", time.Since(begin).Round(time.Second))
	if failed != nil {
		err = errors.Join(err, fmt.Errorf("parts that failed: %s", strings.Join(failed, ", ")))
	}
	return err
}

// process does a part in a process of its own, with variables beside those of this one.
// Why: a device that is lost, or a library that ends the program, takes nothing else along.
func (o *options) process(name string, w io.Writer, env ...string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(context.Background(), o.limit)
	defer stop()
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, self, append(slices.Clone(o.args), "-part", name)...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = w, &said
	cmd.WaitDelay = time.Second
	if err = cmd.Run(); err == nil {
		return nil
	}
	if ctx.Err() != nil {
		err = fmt.Errorf("it took more than %v", o.limit)
	}
	return fmt.Errorf("%w: %s", err, firstLines(said.String(), 5))
}

// firstLines returns the first lines of a text in one.
func firstLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[:min(n, len(lines))], "; ")
}

// info describes the device.
func (o *options) info() (kernels.DeviceInfo, error) {
	devices, err := kernels.Devices()
	for _, d := range devices {
		if d.Name == o.device {
			return d, nil
		}
	}
	if err == nil {
		err = fmt.Errorf("there is no device %q", o.device)
	}
	return kernels.DeviceInfo{}, err
}

// speed is what a device that is measured in little time is like.
func (o *options) speed() (kernels.DeviceSpeed, error) { return kernels.MeasureDevice(o.device, 1<<20) }

// state returns that of the device.
func (o *options) state() (out kernels.DeviceState) {
	for _, s := range kernels.DeviceStates() {
		if s.Name == o.device {
			out = s
		}
	}
	return out
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

// aim says whether a number is as large as it shall be.
func aim(w io.Writer, what string, got, least float64) {
	verdict := "met"
	if !(got >= least) {
		verdict = "**missed**"
	}
	fmt.Fprintf(w, "\nAim: %s: at least %s, measured %s: %s.\n", what, number(least), number(got), verdict)
}

// seconds times f.
func seconds(f func() error) (float64, error) {
	begin := time.Now()
	err := f()
	return time.Since(begin).Seconds(), err
}

func micro(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

// number writes three digits.
func number(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }

// count writes a number of rows.
func count(n int) string { return strconv.FormatFloat(float64(n), 'g', 4, 64) }
