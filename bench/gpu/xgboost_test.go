package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/geyser-ml/geyser/cgo/libxgboost"
)

// stubXGBoost builds what says that it is XGBoost 9.8.7, for GPUs or not.
func stubXGBoost(t *testing.T, path, cuda string) {
	t.Helper()
	source := filepath.Join(t.TempDir(), "stub.c")
	const text = `
void XGBoostVersion(int *a, int *b, int *c) { *a = 9, *b = 8, *c = 7; }
const char *XGBGetLastError(void) { return ""; }
int XGBuildInfo(const char **out) { *out = "{\"USE_CUDA\": " CUDA "}"; return 0; }
`
	if err := os.WriteFile(source, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("gcc", "-shared", "-fPIC", "-DCUDA=\""+cuda+"\"", "-o", path, source).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// A library that is named is taken; else the one of Python where it is the better one.
func TestFindXGBoost(t *testing.T) {
	dir := t.TempDir()
	cpu, gpu := filepath.Join(dir, "cpu", "lib", "libxgboost.so"), filepath.Join(dir, "gpu", "lib", "libxgboost.so")
	stubXGBoost(t, cpu, "false")
	stubXGBoost(t, gpu, "true")
	for _, c := range []struct{ name, named, python, want string }{
		{"named", cpu, "gpu", "9.8.7 for CPUs, " + cpu},
		{"of Python", "", "gpu", "9.8.7 for GPUs, " + gpu},
		{"Python's is for processors, too", "", "cpu", "9.8.7 for CPUs, " + cpu},
		{"no such package", "", "none", "none"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(libxgboost.Variable, c.named)
			t.Setenv("LD_LIBRARY_PATH", "")
			python := script(t, "python3", "echo "+filepath.Join(dir, c.python))
			t.Setenv("PATH", filepath.Dir(python)+":"+os.Getenv("PATH"))
			o := options{limit: time.Minute}
			if got := o.findXGBoost(); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			if c.python == "gpu" && c.named == "" && os.Getenv(libxgboost.Variable) != gpu {
				t.Errorf("the variable is %q", os.Getenv(libxgboost.Variable))
			}
		})
	}
	if got := (&options{limit: 1}).findXGBoost(); !strings.HasPrefix(got, "none") {
		t.Errorf("%q", got)
	}
}

// A library that cannot train on a device is said to be so.
func TestXGBoost_Refused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "libxgboost.so")
	for _, c := range []struct{ named, want string }{{path, "library for CPUs"}, {path + ".none", "no library"}} {
		stubXGBoost(t, path, "false")
		t.Setenv(libxgboost.Variable, c.named)
		o := options{limit: time.Minute}
		if _, err := o.xgboost(100, 1); err == nil || err.Error() != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}
