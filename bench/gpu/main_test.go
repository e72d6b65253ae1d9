package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/geyser-ml/geyser/kernels"
)

func TestSizes(t *testing.T) {
	o := options{}
	if err := o.sizes("1e3,2e6"); err != nil || !slices.Equal(o.rows, []int{1000, 2_000_000}) {
		t.Errorf("%v, %v", o.rows, err)
	}
	for _, bad := range []string{"", "x", "1e3,", "0", "1e12", "NaN"} {
		if err := new(options).sizes(bad); err == nil || !strings.Contains(err.Error(), "-rows") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// Without the device there is no report, but the reason.
func TestReport_NoDevice(t *testing.T) {
	var out bytes.Buffer
	o := options{device: "cuda:99", toy: true}
	if err := o.report(&out); err == nil || out.Len() > 0 {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// With one, toys give all parts of it; without, this says so.
func TestReport_Toy(t *testing.T) {
	if _, err := kernels.Devices(); err != nil {
		if strings.Contains(os.Getenv("WANT_TIERS"), "cuda") {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	name := filepath.Join(t.TempDir(), "report.md")
	o := options{device: "cuda:0", toy: true}
	if err := o.sizes(""); err != nil {
		t.Fatal(err)
	}
	if err := writeTo(name, o.report); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"# ", "## Models", "equal to those", "## Kernels\n", "histogram_sum", "## Whole trainings", "## Kernels of a whole training", "## The least", "## Scoring", "## Dense layers", "Made in"} {
		if !strings.Contains(string(text), part) {
			t.Errorf("no %q in\n%s", part, text)
		}
	}
	if strings.Contains(string(text), "%!") {
		t.Errorf("a format is wrong in\n%s", text)
	}
}

func TestGenerate(t *testing.T) {
	a, b := generate(3000, 4, 0), generate(3000, 4, 0.9)
	ones, zeros := 0, 0
	for i := range a.y {
		if a.y[i] != float32(a.class[i]) {
			t.Fatal("two responses")
		}
		ones += int(a.class[i])
		if b.columns[2][i] == 0 {
			zeros++
		}
	}
	if ones < 600 || ones > 2700 || zeros < 2500 || zeros > 2900 {
		t.Errorf("%d ones, %d zeros of 3000", ones, zeros)
	}
	again := generate(3000, 4, 0)
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
	if err := writeTo(filepath.Join(t.TempDir(), "no", "such"), func(io.Writer) error { return nil }); err == nil {
		t.Error("a file in no folder")
	}
}
