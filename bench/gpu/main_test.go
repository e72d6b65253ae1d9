package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/geyser-ml/geyser/kernels"
)

// TestMain lets this binary be the program, for the processes of parts.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args, "-part") {
		os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

func TestParse(t *testing.T) {
	o, err := parse([]string{"-rows", "1e3,2e6", "-parts", "sums,lost"}, nil)
	if err != nil || !slices.Equal(o.rows, []int{1000, 2_000_000}) || len(o.parts) != 2 || o.parts[1].name != "lost" {
		t.Errorf("%+v, %v", o, err)
	}
	if o, err := parse([]string{"-toy"}, nil); err != nil || len(o.parts) != len(parts()) {
		t.Errorf("%+v, %v", o, err)
	}
	for _, bad := range []string{"-rows=", "-rows=x", "-rows=1e3,", "-rows=0", "-rows=1e12", "-rows=NaN", "-parts=spam", "-parts=sums,", "-parts=open", "spam"} {
		var said bytes.Buffer
		want := strings.SplitN(bad, "=", 2)[0]
		if status := run([]string{bad}, nil, &said); status == 0 || !strings.Contains(said.String(), want) {
			t.Errorf("%q: status %d, %s", bad, status, said.String())
		}
	}
	var said bytes.Buffer
	if status := run([]string{"-part", "spam"}, nil, &said); status == 0 || !strings.Contains(said.String(), "want one of device, tests") {
		t.Errorf("%d, %s", status, said.String())
	}
}

// Without the device there is no report, but the reason.
func TestReport_NoDevice(t *testing.T) {
	var out, said bytes.Buffer
	if status := run([]string{"-toy", "-device", "cuda:99"}, &out, &said); status == 0 || out.Len() > 0 || said.Len() == 0 {
		t.Errorf("%d\n%s\n%s", status, out.String(), said.String())
	}
}

// openable skips a test that needs a device.
func openable(t *testing.T) {
	t.Helper()
	if _, err := kernels.Devices(); err != nil {
		if strings.Contains(os.Getenv("WANT_TIERS"), "cuda") {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

// With one, toys give all parts of it.
func TestReport_Toy(t *testing.T) {
	openable(t)
	dir := t.TempDir()
	name := filepath.Join(dir, "report.md")
	if strings.Contains(os.Getenv("CUDASHIM_LIBCUDA"), "emu") { // with a cuBLAS that such a device can have
		library := filepath.Join(dir, "libcublas.so")
		if out, err := exec.Command("gcc", "-shared", "-fPIC", "-o", library, "../../cgo/cublas/testdata/stub.c").CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		t.Setenv("CUBLAS_LIBRARY", library)
	}
	fakeTool(t, "echo '========= ERROR SUMMARY: 0 errors'")
	var said bytes.Buffer
	status := run([]string{"-toy", "-tests", script(t, "tests", "echo '--- PASS: TestDevice_Atomics (0.00s)'"), "-logs", dir, "-o", name}, nil, &said)
	text, err := os.ReadFile(name)
	if err != nil || status != 0 {
		t.Fatalf("status %d, %v: %s\n%s", status, err, said.String(), text)
	}
	for _, part := range parts() {
		if !strings.Contains(string(text), "## "+part.title) {
			t.Errorf("no %q", part.title)
		}
	}
	for _, want := range []string{
		"# ", "pinned memory", "| initcheck | passed (ERROR SUMMARY: 0 errors) | 1 | 0 |", "| gbm | ", "equal to that of the processor", "Aim: % of the roofline",
		"| histogram_sum |", "| dsyrk |", "| predictions |", "out of device memory: the training takes about", "| all is free again |  | equal |",
		"done again on the processor. cuda:0: device lost", "| 4000 | 2 |", "as fast as this processor", "the rest: host, copies, waits", "Suggested for kernels/choose.go", "Made in",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(string(text), "%!") || strings.Contains(string(text), "Failed") || t.Failed() {
		t.Errorf("the report:\n%s", text)
	}
}

// A part that fails says why, others go on, and the status says which failed.
func TestReport_Fails(t *testing.T) {
	openable(t)
	var out, said bytes.Buffer
	args := []string{"-toy", "-parts", "tests,products,models", "-tests", "/nonexistent/tests", "-logs", t.TempDir()}
	t.Setenv("CUBLAS_LIBRARY", "none")
	status := run(args, &out, &said)
	for _, want := range []string{"**Failed**: tests alone: ", "None: ", "switched off by CUBLAS_LIBRARY=none", "equal to that of the processor"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if status == 0 || !strings.Contains(said.String(), "parts that failed: tests\n") {
		t.Errorf("%d, %s", status, said.String())
	}
	out.Reset()
	if status := run([]string{"-toy", "-parts", "models", "-limit", "1ns"}, &out, &said); status == 0 || !strings.Contains(out.String(), "it took more than 1ns") {
		t.Errorf("%d\n%s", status, out.String())
	}
}

func TestGenerate(t *testing.T) {
	a, again, ones := generate(3000, 4), generate(3000, 4), 0
	for i := range a.y {
		if a.y[i] != float32(a.class[i]) {
			t.Fatal("two responses")
		}
		ones += int(a.class[i])
	}
	if ones < 600 || ones > 2700 {
		t.Errorf("%d ones of 3000", ones)
	}
	for j := range a.columns {
		if !slices.Equal(a.columns[j], again.columns[j]) {
			t.Error("another table")
		}
	}
}

func TestTable(t *testing.T) {
	var out bytes.Buffer
	newTable(&out, "a", "b").row("1", "2")
	if want := "| a | b |\n| --- | --- |\n| 1 | 2 |\n"; out.String() != want {
		t.Errorf("%q", out.String())
	}
	out.Reset()
	aim(&out, "much", 2, 3)
	aim(&out, "little", 3, 3)
	if got := out.String(); !strings.Contains(got, "much: at least 3, measured 2: **missed**.") || !strings.Contains(got, "measured 3: met.") {
		t.Error(got)
	}
	if err := writeTo(filepath.Join(t.TempDir(), "no", "such"), nil, nil); err == nil {
		t.Error("a file in no folder")
	}
}

// Bytes of a list are those of the sectors that it touches.
func TestSumBytes(t *testing.T) {
	s := kernels.Sums{Rows: 1000, Columns: 5, Bins: 255, Share: 1, Lanes: 1}
	if got := sumBytes(s); got != 1000*(4+8+2*4) {
		t.Errorf("%v", got)
	}
	s.Bins, s.Lanes = 1000, 3
	if got := sumBytes(s); got != 1000*(4+8+5*2+4) {
		t.Errorf("wide, with weights: %v", got)
	}
	s = kernels.Sums{Rows: 1000, Columns: 4, Bins: 255, Share: 0.001, Lanes: 1}
	if got := sumBytes(s); got < 4+2*31.5 || got > 4+2*32 {
		t.Errorf("one row: %v", got)
	}
}

func TestSuggest(t *testing.T) {
	for _, c := range []struct {
		name, want string
		points     []point
	}{
		{"always", "`leastRows = 100` and `leastCells = 400`", []point{{100, 4, 1}, {1000, 4, 9}}},
		{"never", "slower at all", []point{{100, 4, 0.1}, {1000, 4, 0.9}}},
		{"from some size on", "`leastRows = 100` and `leastCells = 10000`", []point{{1000, 4, 0.5}, {100, 28, 0.3}, {100, 100, 1.1}, {10000, 4, 2}, {1000, 28, 1.5}}},
		{"of equal ones one is slower", "`leastRows = 1000` and `leastCells = 4000`", []point{{500, 4, 1.2}, {20, 100, 0.9}, {1000, 4, 2}}},
	} {
		if got := suggest(c.points); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}
