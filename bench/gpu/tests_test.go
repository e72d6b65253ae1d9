package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// script writes a program for the shell.
func script(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// fakeTool puts a compute-sanitizer on PATH that runs text and then what it is given.
func fakeTool(t *testing.T, text string) {
	t.Helper()
	const run = "\nwhile [ \"${1#-}\" != \"$1\" ]; do case $1 in --error-exitcode|--tool|--report-api-errors) shift;; esac; shift; done\nexec \"$@\""
	t.Setenv("PATH", filepath.Dir(script(t, "compute-sanitizer", text+run))+":"+os.Getenv("PATH"))
}

// What is told of tests under the tools, and how they are called.
func TestSanitize(t *testing.T) {
	calls := filepath.Join(t.TempDir(), "calls")
	const passes = "echo '--- PASS: TestA (0.00s)'; echo '    --- PASS: TestA/b (0.00s)'; echo '--- SKIP: TestC (0.00s)'"
	for _, c := range []struct{ name, tool, tests, want, fails string }{
		{name: "passed", tool: "echo \"$@\" >>" + calls, tests: passes, want: "| racecheck | passed | 1 | 1 |"},
		{name: "errors", tool: "echo '========= ERROR SUMMARY: 3 errors'; exit 86", tests: passes, want: "**failed**: exit status 86 (ERROR SUMMARY: 3 errors) | 0 | 0 |", fails: "tests racecheck: exit status 86"},
		{name: "a test fails", tests: "echo '--- FAIL: TestA (0.00s)'; exit 1", want: "**failed**: 1 tests failed", fails: "tests initcheck: 1 tests failed"},
		{name: "no tests", tests: "echo PASS", want: "**failed**: no test ran | 0 |", fails: "no test ran"},
		{name: "hangs", tests: "exec sleep 100", want: "**failed**: it took more than 50ms", fails: "more than 50ms"},
	} {
		t.Run(c.name, func(t *testing.T) {
			fakeTool(t, c.tool)
			o := options{tests: script(t, "tests", c.tests), logs: t.TempDir(), limit: 50 * time.Millisecond}
			if c.name != "hangs" {
				o.limit = time.Minute
			}
			var out bytes.Buffer
			err := o.sanitize(&out)
			if (err == nil) != (c.fails == "") || err != nil && !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%v", err)
			}
			if !strings.Contains(out.String(), c.want) || strings.Count(out.String(), "\n") != 6 {
				t.Errorf("no %q in\n%s", c.want, out.String())
			}
			if _, err := os.Stat(filepath.Join(o.logs, "gpu-tests-synccheck.log")); err != nil {
				t.Error(err)
			}
		})
	}
	said, err := os.ReadFile(calls)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(said)), "\n")
	for i, want := range []string{"--tool memcheck --report-api-errors no /", "--tool racecheck /", "--tool synccheck /", "--tool initcheck /"} {
		if i >= len(lines) || !strings.HasPrefix(lines[i], "--error-exitcode 86 "+want) || !strings.Contains(lines[i], "-test.run="+sanitized+" -test.v -test.timeout=1m0s") {
			t.Errorf("call %d is not of %q in\n%s", i, want, said)
		}
	}
}

// Without the tool, or without tests, the report says so and has not failed.
func TestSanitize_NotFound(t *testing.T) {
	fakeTool(t, "")
	var out bytes.Buffer
	if err := new(options).sanitize(&out); err != nil || !strings.Contains(out.String(), "Not run: -tests names no binary.") {
		t.Errorf("%v, %s", err, out.String())
	}
	if _, err := os.Stat("/usr/local/cuda/bin/compute-sanitizer"); err == nil {
		t.Skip("this machine has one beside PATH")
	}
	out.Reset()
	t.Setenv("PATH", t.TempDir())
	if err := new(options).sanitize(&out); err != nil || !strings.Contains(out.String(), "| initcheck | not found on PATH") {
		t.Errorf("%v, %s", err, out.String())
	}
}

// Which tests of the kernels compute-sanitizer looks at: those of each kernel, in its own
// words.
func TestSanitized(t *testing.T) {
	files, err := filepath.Glob("../../kernels/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	pattern, got := regexp.MustCompile(sanitized), map[string]bool{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(string(text), -1) {
			got[f[1]] = pattern.MatchString(f[1])
		}
	}
	for _, name := range []string{
		"Device_Primitives", "Device_Atomics", "Device_LastBlock", "DeviceHistogram", "DeviceSquares", "DeviceLeaves", "DevicePartition", "DeviceStage_Search",
		"DeviceStage_Isolate", "BeginDevice", "QuantizeDevice", "Dense_Device", "Predict_Device", "Contributions_DeviceDefinition",
	} {
		if !got["Test"+name] {
			t.Errorf("Test%s is not looked at, or not there", name)
		}
	}
	for _, name := range []string{"Faults", "Device_Concurrent", "Device_Memory", "MeasureSums"} {
		if looked, there := got["Test"+name]; looked || !there {
			t.Errorf("Test%s is looked at, or not there", name)
		}
	}
}
