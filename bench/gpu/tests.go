package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Tests that run under compute-sanitizer, which slows kernels down a hundredfold: those of
// single kernels, small and without other processes.
const sanitized = "^Test(Device(_Primitives|_Atomics|_LastBlock|Features|Histogram|Squares|Leaves|Partition|Stage_)|BeginDevice$|QuantizeDevice$|Dense_Device|Predict_Device$|Contributions_Device)"

// few are the tests of a report of toys.
const few = "^TestDevice_(Atomics|LastBlock)$"

// tools are those of compute-sanitizer, and what they are told beside.
var tools = [][]string{
	{"memcheck", "--report-api-errors", "no"}, // tests ask for more memory than there is
	{"racecheck"}, {"synccheck"}, {"initcheck"},
}

// kernelTests runs all tests of the kernels.
func (o *options) kernelTests(w io.Writer) error {
	pattern := "."
	if o.toy {
		pattern = few
	}
	return o.each(w, []tool{{name: "alone", pattern: pattern}})
}

// sanitize runs tests of the kernels under the tools of compute-sanitizer.
func (o *options) sanitize(w io.Writer) error {
	path := sanitizer()
	if path == "" {
		t := newTable(w, "", "result")
		for _, x := range tools {
			t.row(x[0], "not found on PATH or in /usr/local/cuda/bin")
		}
		return nil
	}
	pattern := sanitized
	if o.toy {
		pattern = few
	}
	var all []tool
	for _, t := range tools {
		all = append(all, tool{t[0], pattern, append([]string{path, "--error-exitcode", "86", "--tool"}, t...)})
	}
	return o.each(w, all)
}

// sanitizer returns where compute-sanitizer is, "" where it is not.
func sanitizer() string {
	for _, name := range []string{"compute-sanitizer", "/usr/local/cuda/bin/compute-sanitizer"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// tool is what tests run under.
type tool struct {
	name    string
	pattern string   // of the tests
	command []string // to which the tests are added
}

// each runs tests under tools, one after the other.
func (o *options) each(w io.Writer, all []tool) error {
	if o.tests == "" {
		fmt.Fprintln(w, "Not run: -tests names no binary.")
		return nil
	}
	var failed error
	t := newTable(w, "", "result", "tests passed", "skipped", "s", "log")
	for _, x := range all {
		r := testRun{}
		took, err := seconds(func() error { return r.run(o, x) })
		said := "passed"
		if err != nil {
			said = "**failed**: " + err.Error()
			failed = errors.Join(failed, fmt.Errorf("tests %s: %w", x.name, err))
		}
		if r.summary != "" {
			said += " (" + r.summary + ")"
		}
		t.row(x.name, said, fmt.Sprint(r.passed), fmt.Sprint(r.skipped), number(took), r.log)
	}
	return failed
}

// testRun is what became of tests.
type testRun struct {
	passed, skipped, failed int
	summary                 string // of the tool
	log                     string
}

// run runs the tests and reads what they say, which stays in a log.
func (r *testRun) run(o *options, x tool) error {
	binary, err := filepath.Abs(o.tests)
	if err != nil {
		return err
	}
	r.log = filepath.Join(o.logs, "gpu-tests-"+x.name+".log")
	log, err := os.Create(r.log)
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(context.Background(), o.limit)
	defer stop()
	command := append(append([]string{}, x.command...), binary, "-test.run="+x.pattern, "-test.v", "-test.timeout="+o.limit.String())
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "WANT_TIERS=go,native,cuda")
	if s, err := os.Stat("kernels"); err == nil && s.IsDir() {
		cmd.Dir = "kernels" // where go test runs them
	}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.WaitDelay = time.Second
	err = cmd.Run()
	if ctx.Err() != nil {
		err = fmt.Errorf("it took more than %v", o.limit)
	}
	if e := errors.Join(log.Close(), r.read()); err == nil {
		err = e
	}
	switch {
	case r.failed > 0:
		err = fmt.Errorf("%d tests failed", r.failed)
	case err == nil && r.passed == 0:
		err = errors.New("no test ran")
	}
	return err
}

// read counts the tests of the log.
func (r *testRun) read() error {
	f, err := os.Open(r.log)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		switch line := lines.Text(); {
		case strings.HasPrefix(line, "--- PASS: "):
			r.passed++
		case strings.HasPrefix(line, "--- SKIP: "):
			r.skipped++
		case strings.HasPrefix(line, "--- FAIL: "):
			r.failed++
		case strings.Contains(line, " SUMMARY: "):
			r.summary = strings.TrimLeft(line, "= ")
		}
	}
	return lines.Err()
}
