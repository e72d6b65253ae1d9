// Package par runs loops over row ranges in parallel. Work is cut into chunks
// whose borders depend on the number of rows alone, and results come back in
// chunk order: whatever is merged from them is the same at any number of threads.
package par

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// Rows is the usual size of a chunk.
const Rows = 65536

// Chunks returns the number of chunks of the given size that cover n rows.
func Chunks(n, size int) int { return (n + size - 1) / size }

var spare atomic.Int64

// Spare gives Go's scheduler n processors more than it has, which no loop takes for
// itself.
//
// Why: while one is idle, the runtime leaves a thread in C alone. Otherwise it takes
// the processor of each that has been there for 20 µs, up to 50,000 times a second,
// which makes trainings a sixth slower; and a request need not wait for a loop.
func Spare(n int) {
	spare.Add(int64(n))
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + n)
}

// Threads returns t, or the number of processors, those to spare not counted, when t
// is not positive.
func Threads(t int) int {
	if t <= 0 {
		return max(1, runtime.GOMAXPROCS(0)-int(spare.Load()))
	}
	return t
}

// Do calls f for each i in [0, tasks), on at most threads goroutines (the
// caller's is one of them). A panic in f is raised again in the caller once all
// have stopped.
func Do(threads, tasks int, f func(i int)) {
	threads = min(Threads(threads), tasks)
	if threads <= 1 {
		for i := range tasks {
			f(i)
		}
		return
	}
	c := &call{f: f, tasks: int64(tasks), done: make(chan struct{}, 1)}
	c.hire(threads - 1)
	c.work()
	c.wait()
	if c.caught != nil {
		panic(c.caught)
	}
}

// For calls f for each chunk [lo, hi) of n rows.
func For(threads, n, size int, f func(chunk, lo, hi int)) {
	Do(threads, Chunks(n, size), func(c int) { f(c, c*size, min(n, (c+1)*size)) })
}

// ForErr is For with a context and errors: no new chunk starts after an error or
// the context's end. Of several errors that of the lowest chunk is returned.
func ForErr(ctx context.Context, threads, n, size int, f func(chunk, lo, hi int) error) error {
	var (
		mu    sync.Mutex
		first error
		at    int
		stop  atomic.Bool
	)
	For(threads, n, size, func(c, lo, hi int) {
		if stop.Load() {
			return
		}
		err := ctx.Err()
		if err == nil {
			err = f(c, lo, hi)
		}
		if err != nil {
			mu.Lock()
			if first == nil || c < at {
				first, at = err, c
			}
			mu.Unlock()
			stop.Store(true)
		}
	})
	return first
}

// Map calls f for each chunk and returns the results in chunk order.
func Map[T any](threads, n, size int, f func(chunk, lo, hi int) T) []T {
	out := make([]T, Chunks(n, size))
	For(threads, n, size, func(c, lo, hi int) { out[c] = f(c, lo, hi) })
	return out
}
