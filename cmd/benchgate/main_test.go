package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lines makes benchmark output with one line per value.
func lines(unit string, values ...float64) string {
	var b strings.Builder
	for _, v := range values {
		fmt.Fprintf(&b, "BenchmarkX/rows=10-2 \t 1 \t %g %s\n", v, unit)
	}
	return b.String()
}

// around returns n values close to center, in a fixed order.
func around(center float64, n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = center * (1 + 0.001*float64((i*7)%n))
	}
	return values
}

func TestGate(t *testing.T) {
	for _, tc := range []struct {
		name       string
		base, head string
		worse      int
		shows      string
	}{
		{"same", lines("ns/op", around(100, 10)...), lines("ns/op", around(100, 10)...), 0, "ok"},
		{"slower within budget", lines("ns/op", around(100, 10)...), lines("ns/op", around(107, 10)...), 0, "ok"},
		{"slower beyond budget", lines("ns/op", around(100, 10)...), lines("ns/op", around(115, 10)...), 1, "WORSE"},
		{"slower but few runs", lines("ns/op", 100, 101), lines("ns/op", 150, 151), 0, "ok"},
		{"slower but noisy", lines("ns/op", 50, 100, 150, 300, 90, 80, 250, 60), lines("ns/op", 60, 130, 160, 290, 120, 85, 240, 50), 0, "ok"},
		{"faster", lines("ns/op", around(100, 10)...), lines("ns/op", around(50, 10)...), 0, "better"},
		{"less accurate", lines("auc", around(0.81, 10)...), lines("auc", around(0.79, 10)...), 1, "WORSE"},
		{"more accurate", lines("auc", around(0.79, 10)...), lines("auc", around(0.81, 10)...), 0, "better"},
		{"a lower loss", lines("logloss", around(0.5, 10)...), lines("logloss", around(0.4, 10)...), 0, "better"},
		{"two more allocations", lines("allocs/op", around(1, 10)...), lines("allocs/op", around(3, 10)...), 0, "ok"},
		{"many more allocations", lines("allocs/op", around(1, 10)...), lines("allocs/op", around(30, 10)...), 1, "WORSE"},
		{"unit without budget", lines("rows/s", around(100, 10)...), lines("rows/s", around(10, 10)...), 0, "not gated"},
		{"new", "", lines("ns/op", 1, 2), 0, "new"},
		{"gone", lines("ns/op", 1, 2), strings.ReplaceAll(lines("ns/op", 1, 2), "X", "Y"), 0, "gone"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			base, head := filepath.Join(dir, "base"), filepath.Join(dir, "head")
			require.NoError(t, os.WriteFile(base, []byte("pkg: x\n"+tc.base+"PASS\n"), 0o600))
			require.NoError(t, os.WriteFile(head, []byte("pkg: x\n"+tc.head+"PASS\n"), 0o600))
			var out strings.Builder
			worse, err := gate(&out, base, head)
			require.NoError(t, err)
			assert.Equal(t, tc.worse, worse, out.String())
			assert.Contains(t, out.String(), tc.shows)
		})
	}
}

func TestGate_Errors(t *testing.T) {
	dir := t.TempDir()
	empty, bad := filepath.Join(dir, "empty"), filepath.Join(dir, "bad")
	require.NoError(t, os.WriteFile(empty, []byte("PASS\n"), 0o600))
	require.NoError(t, os.WriteFile(bad, []byte("BenchmarkX 1 one ns/op\n"), 0o600))
	for name, files := range map[string][2]string{
		"ErrMissing": {filepath.Join(dir, "none"), empty},
		"ErrEmpty":   {empty, empty},
		"ErrSyntax":  {bad, empty},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := gate(&strings.Builder{}, files[0], files[1])
			assert.Error(t, err)
		})
	}
}
