//go:build cuda

package kernels

import (
	"errors"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// openBLAS returns a tier on a device of its own, with that file for cuBLAS.
func openBLAS(t *testing.T, library string) *cudaBackend {
	t.Helper()
	t.Setenv("CUBLAS_LIBRARY", library)
	b := &cudaBackend{Backend: openCPU(2), job: openTest(t)}
	t.Cleanup(func() { check(t, b.Close()) })
	return b
}

// stubBLAS builds a cuBLAS that multiplies in host memory, which is what an emulated
// device has.
func stubBLAS(t *testing.T, flags ...string) string {
	t.Helper()
	if !emulated() {
		t.Skip("needs the emulator")
	}
	path := filepath.Join(t.TempDir(), "libcublas.so")
	out, err := exec.Command("gcc", append(flags, "-shared", "-fPIC", "-o", path, "../cgo/cublas/testdata/stub.c")...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// The contract holds with cuBLAS: rows and columns, turned or not, are not mixed up.
func TestDense_BLAS(t *testing.T) {
	b := openBLAS(t, stubBLAS(t))
	if told := b.job.device.state().Dense; told != "" {
		t.Errorf("before the first layer it is %q", told)
	}
	testDense(t, b)
	if told := b.job.device.state().Dense; told != "cuBLAS 12.34.5" {
		t.Errorf("it is %q", told)
	}
	if b.job.device.blas.handle == nil {
		t.Errorf("the library was not used: %v", b.job.device.blas.why)
	}
}

// Where cuBLAS does not start, kernels of ours serve; where it fails, the layer fails.
func TestDense_BLASFails(t *testing.T) {
	in := randomLayer(rand.New(rand.NewPCG(31, 32)), 70, 20, 90)
	for flag, told := range map[string]string{
		"-DLACKING": "there is no cublasSgemm_v2", "-DCREATE=1": "cublasCreate: status 1: not initialised", "-DWORKSPACE=3": "cublasSetWorkspace: status 3: out of memory",
	} {
		t.Run(flag, func(t *testing.T) {
			b := openBLAS(t, stubBLAS(t, flag))
			before := b.job.device.liveBytes()
			testLayer(t, b, in)
			if d := b.job.device; d.blas.why == nil || d.blas.handle != nil {
				t.Error("a broken library is used")
			} else if got := d.state().Dense; !strings.HasPrefix(got, "own kernel (") || !strings.Contains(got, told) {
				t.Errorf("it is %q", got)
			} else if got := d.liveBytes() - before; got >= blasWorkspace {
				t.Errorf("%d bytes stay for a library that is not used", got)
			}
		})
	}
	t.Run("product", func(t *testing.T) {
		b := openBLAS(t, stubBLAS(t, "-DSGEMM=13"))
		if err := b.Dense(in); err == nil || errors.Is(err, ErrDeviceLost) || !strings.Contains(err.Error(), "cublasSgemm: status 13: a kernel failed") {
			t.Errorf("error %v", err)
		}
	})
}

// Without cuBLAS the device adds in the order of the native tier, and layers stay on it.
func TestDense_Device(t *testing.T) {
	b := openBLAS(t, "none")
	in := randomLayer(rand.New(rand.NewPCG(33, 34)), 130, 77, 67)
	in.Activation = Sigmoid
	next := DenseInput{Rows: 130, Inner: 67, Cols: 5, A: in.Out, B: randomFloats(rand.New(rand.NewPCG(35, 36)), 67*5), Out: MakeBuffer[float32](130 * 5)}
	check(t, b.Dense(in))
	check(t, b.Dense(next))
	if got, want := b.Traffic(), (Traffic{Up: 4 * (130*77 + 77*67 + 67 + 67*5), Uploads: 4, Launches: 2}); got != want {
		t.Errorf("traffic %+v, want %+v", got, want)
	}
	got := slices.Clone(next.Out.Host())
	cpu, err := Open("native:avx2", 2)
	if err != nil {
		t.Skip(err)
	}
	in.A, in.B, in.Bias = NewBuffer(in.A.Host()), NewBuffer(in.B.Host()), NewBuffer(in.Bias.Host())
	in.Out = MakeBuffer[float32](130 * 67)
	next.A, next.B, next.Out = in.Out, NewBuffer(next.B.Host()), MakeBuffer[float32](130*5)
	check(t, cpu.Dense(in))
	check(t, cpu.Dense(next))
	if want := next.Out.Host(); !slices.Equal(got, want) {
		t.Errorf("%v, the native tier %v", got[:4], want[:4])
	}
}
