//go:build cuda

package cublas

import (
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// stub builds testdata/stub.c and makes it the library to load.
func stub(t *testing.T, flags ...string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "libcublas.so")
	out, err := exec.Command("gcc", append(flags, "-shared", "-fPIC", "-o", path, "testdata/stub.c")...).CombinedOutput()
	require.NoError(t, err, string(out))
	t.Setenv("CUBLAS_LIBRARY", path)
}

func address[T any](v []T) uintptr { return uintptr(unsafe.Pointer(&v[0])) }

func TestHandle_Sgemm(t *testing.T) {
	stub(t)
	h, err := Open()
	require.NoError(t, err)
	memory := make([]byte, 512)
	require.NoError(t, h.Use((address(memory)+255)&^255, 256))
	a, b := []float32{1, 2, 3, 4, 5, 6}, []float32{1, 0, 2, 0, 1, 3} // columns of 2 x 3 and of 3 x 2
	c := make([]float32, 9)
	require.NoError(t, h.Sgemm(false, false, 2, 2, 3, address(a), 2, address(b), 3, address(c), 2))
	require.Equal(t, []float32{11, 14, 18, 22}, c[:4])
	require.NoError(t, h.Sgemm(true, true, 3, 3, 2, address(a), 2, address(b), 3, address(c), 3))
	require.Equal(t, []float32{1, 3, 5, 2, 4, 6, 8, 18, 28}, c)
	require.NoError(t, h.Sgemm(false, true, 2, 2, 3, address(a), 2, address(b), 2, address(c), 2))
	require.Equal(t, []float32{1*1 + 3*2 + 5*1, 2*1 + 4*2 + 6*1, 5 * 3, 6 * 3}, c[:4])
	err = h.Sgemm(false, false, 3, 2, 2, address(a), 2, address(b), 2, address(c), 3)
	require.EqualError(t, err, "cublasSgemm: status 7: wrong argument")
	require.Error(t, h.Use(address(memory)|1, 256))
	require.Equal(t, "12.34.5", h.Version())
	require.NoError(t, h.Close())
	runtime.KeepAlive([]any{a, b, c, memory})
}

func TestHandle_Doubles(t *testing.T) {
	stub(t)
	h, err := Open()
	require.NoError(t, err)
	memory := make([]byte, 512)
	require.NoError(t, h.Use((address(memory)+255)&^255, 256))
	a, b := []float64{1, 2, 3, 4, 5, 6}, []float64{1, 0, 2, 0, 1, 3} // columns of 2 x 3 and of 3 x 2
	c := make([]float64, 9)
	require.NoError(t, h.Dgemm(false, false, 2, 2, 3, address(a), 2, address(b), 3, address(c), 2))
	require.Equal(t, []float64{11, 14, 18, 22}, c[:4])
	require.NoError(t, h.Dgemm(true, true, 3, 3, 2, address(a), 2, address(b), 3, address(c), 3))
	require.Equal(t, []float64{1, 3, 5, 2, 4, 6, 8, 18, 28}, c)
	require.EqualError(t, h.Dgemm(false, false, 3, 2, 2, address(a), 2, address(b), 2, address(c), 3), "cublasDgemm: status 7: wrong argument")

	c = []float64{-1, -1, -1, -1}
	require.NoError(t, h.Dsyrk(false, 2, 3, address(a), 2, address(c), 2))
	require.Equal(t, []float64{1 + 9 + 25, 2 + 12 + 30, -1, 4 + 16 + 36}, c) // the lower triangle alone
	c = slices.Repeat([]float64{-1}, 9)
	require.NoError(t, h.Dsyrk(true, 3, 2, address(a), 2, address(c), 3))
	require.Equal(t, []float64{5, 11, 17, -1, 25, 39, -1, -1, 61}, c)
	require.EqualError(t, h.Dsyrk(false, 3, 2, address(a), 2, address(c), 3), "cublasDsyrk: status 7: wrong argument")
	require.NoError(t, h.Close())
	runtime.KeepAlive([]any{a, b, c, memory})
}

// A library that does not tell its version is as good as others.
func TestHandle_Version(t *testing.T) {
	stub(t, "-DPROPERTY=7")
	h, err := Open()
	require.NoError(t, err)
	require.Empty(t, h.Version())
	require.NoError(t, h.Close())
}

func TestOpen_Err(t *testing.T) {
	for _, c := range []struct {
		name, library, want string
		flags               []string
	}{
		{name: "off", library: "none", want: "switched off by CUBLAS_LIBRARY=none"},
		{name: "no such file", library: "/nonexistent/libcublas.so", want: "cannot open shared object file"},
		{name: "another library", library: "libm.so.6", want: "libm.so.6: there is no cublas"},
		{name: "half a library", flags: []string{"-DLACKING"}, want: "there is no cublasSgemm_v2"},
		{name: "no device", flags: []string{"-DCREATE=1"}, want: "cublasCreate: status 1: not initialised, by "},
		{name: "new status", flags: []string{"-DCREATE=99"}, want: "cublasCreate: status 99, by "},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("CUBLAS_LIBRARY", c.library)
			if c.flags != nil {
				stub(t, c.flags...)
			}
			_, err := Open()
			require.ErrorContains(t, err, c.want)
		})
	}
}

// Without a choice each library is tried, and the newest that starts is taken.
func TestOpen_Here(t *testing.T) {
	t.Setenv("CUBLAS_LIBRARY", "")
	h, err := Open()
	if err == nil {
		require.NoError(t, h.Close())
		return
	}
	at := []int{strings.Index(err.Error(), ".so.13"), strings.Index(err.Error(), ".so.12"), strings.Index(err.Error(), ".so.11")}
	require.GreaterOrEqual(t, at[0], 0)
	require.True(t, slices.IsSorted(at), err)
}
