//go:build cuda

package cudashim

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// The library is bound once a process, so each case is a process of its own.
func TestShim(t *testing.T) {
	if want := os.Getenv("SHIM_CASE"); want != "" {
		if Status() != -1 || !strings.Contains(Why(), want) || Missing() != "" {
			t.Errorf("status %d, why %q, missing %q", Status(), Why(), Missing())
		}
		return
	}
	for _, c := range []struct{ name, library, want string }{
		{"off", "none", "switched off"},
		{"no such file", "/nonexistent/libcuda.so.1", "cannot open shared object file"},
		{"another library", "libm.so.6", "no cuInit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestShim$")
			cmd.Env = append(os.Environ(), "CUDASHIM_LIBCUDA="+c.library, "SHIM_CASE="+c.want)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// Status and Why are one statement, whatever machine this is.
func TestShim_Here(t *testing.T) {
	if (Status() == 0) != (Why() == "") {
		t.Errorf("status %d, why %q", Status(), Why())
	}
	if Status() > 0 && !strings.Contains(Why(), strconv.Itoa(Status())) {
		t.Errorf("status %d is not in %q", Status(), Why())
	}
}

// Without a context there is no such memory, with or without a driver, and the error is
// a number of the driver.
func TestAllocHost(t *testing.T) {
	if p, err := AllocHost(4096); Status() != 0 && (p != nil || err == nil || !strings.Contains(err.Error(), "cuMemAllocHost of 4096 bytes: error 100")) {
		t.Errorf("%v, %v", p, err)
	}
}
