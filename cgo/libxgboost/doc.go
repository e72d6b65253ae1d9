// Package libxgboost makes XGBoost's C interface a few Go values: a Matrix holds
// data, a Booster learns from it. The library is loaded when it is first asked
// for; a program that never finds it runs all the same, and every call says what
// is missing.
//
//	b, err := libxgboost.Find()            which library, or why none
//	m, err := libxgboost.Columns(cols, 0)  float32 columns, NaN is missing
//	x, err := libxgboost.NewBooster(params, m)
//	err = x.Update(0, m)                   one round
//
// A Matrix or Booster is used by one goroutine at a time. From NewBooster to its last
// Update that goroutine is locked to its thread (runtime.LockOSThread): the 1.x line
// keeps by thread what it knows of the matrices, and OpenMP its workers. Errors carry
// the first lines of the library's own message.
package libxgboost

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// ErrUnavailable is wrapped by every error that says that there is no usable
// library.
var ErrUnavailable = errors.New("no usable XGBoost library")

// Variable is the environment variable that names the library to load, and no
// other then.
const Variable = "XGBOOST_LIBRARY"

// Version is that of a library, or of the one that wrote a model.
type Version struct{ Major, Minor, Patch int }

// Oldest is the oldest library that works.
var Oldest = Version{1, 7, 0}

func (v Version) String() string { return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch) }

// Before reports whether v has a lower major or minor number than w.
func (v Version) Before(w Version) bool {
	return v.Major < w.Major || v.Major == w.Major && v.Minor < w.Minor
}

// Build describes the loaded library.
type Build struct {
	Version Version
	Path    string // as it was given to the loader
	CUDA    bool   // it was built with CUDA; a device may still be missing
	Columns bool   // it takes data by column (2.0 and later); else Columns copies it into rows
}

// find loads the first library that works.
func find() (Build, error) {
	var tried []error
	for _, path := range candidates() {
		b, err := load(path)
		if err == nil && b.Version.Before(Oldest) {
			err = fmt.Errorf("%s is version %v, at least %d.%d is needed", path, b.Version, Oldest.Major, Oldest.Minor)
		}
		if err == nil {
			return b, nil
		}
		tried = append(tried, err)
	}
	return Build{}, fmt.Errorf("%w: %w", ErrUnavailable, errors.Join(tried...))
}

var found = sync.OnceValues(find)

// Find loads the library on its first call and describes it; later calls answer the
// same. It looks at $XGBOOST_LIBRARY alone where that is set; else below the folder
// of the program and the folder above (lib/xgboost, .cache/xgboost: there the tree
// of a Python wheel, whose libraries find each other), then asks the loader for the
// names it may know.
func Find() (Build, error) { return found() }

// candidates lists where the library may be, best first. Files that do not exist
// are left out, so that a failure tells of the loader's names alone.
func candidates() []string {
	if path := os.Getenv(Variable); path != "" {
		return []string{path}
	}
	var out []string
	if exe, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		out = below(filepath.Dir(exe))
	}
	return append(out, "libxgboost.so.3", "libxgboost.so.0", "libxgboost.so")
}

// below lists the libraries that lie below a folder or the one above it.
func below(dir string) []string {
	var out []string
	for _, base := range []string{dir, filepath.Dir(dir)} {
		for _, place := range []string{"lib/xgboost", ".cache/xgboost"} {
			for _, name := range []string{"libxgboost.so", "lib/libxgboost.so", "xgboost/lib/libxgboost.so"} {
				path := filepath.Join(base, place, name)
				if _, err := os.Stat(path); err == nil {
					out = append(out, path)
				}
			}
		}
	}
	return out
}
