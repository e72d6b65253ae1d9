// Package native holds the hot loops of package kernels in C, for x86-64: each body
// is written once and compiled for several instruction sets, of which one is chosen
// at run time. The package has no logic of its own: callers keep all memory, and a
// call takes slices for its duration alone. Every call is bounded, to a chunk of
// rows or a subtree of a few thousand, so that it never holds up Go's scheduler for
// long.
//
// Without cgo, or on another processor, the package is empty.
package native
