// Package frame holds immutable columnar data.
//
// A Column is one contiguous run of values in Arrow's layout: a typed slice, a
// validity bitmap where values are missing, and for categories a domain. The
// slot of a missing value also holds a sentinel, so that kernels never read the
// bitmap: NaN for floats, -1 for category codes, the width's minimum for
// integers and times.
//
// A Frame is an ordered list of named columns of equal length. Frames share
// columns; selecting, renaming and binding copies no data.
//
// Values live on the Go heap (small or derived data) or in a mapped Arrow IPC
// file (parsed and assigned frames). Such a file holds one record batch without
// compression: other programs read it, and a Builder fills it in place. The
// mapping is unmapped when no column that refers to it is reachable any more;
// whoever hands raw slices to a kernel keeps the column reachable until the kernel
// returns (Pin).
package frame
