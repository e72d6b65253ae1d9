package par

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDo_EachOnce(t *testing.T) {
	for _, threads := range []int{0, 1, 2, 5, 64} {
		for _, tasks := range []int{0, 1, 2, 3, 1000} {
			done := make([]atomic.Int32, tasks)
			Do(threads, tasks, func(i int) { done[i].Add(1) })
			for i := range done {
				require.EqualValues(t, 1, done[i].Load(), "%d threads, task %d of %d", threads, i, tasks)
			}
		}
	}
}

// Calls from many goroutines and within each other share the crew.
func TestDo_Nested(t *testing.T) {
	var sum atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				Do(4, 10, func(int) { Do(3, 7, func(i int) { sum.Add(int64(i)) }) })
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 8*50*10*21, sum.Load())
}

// A helper that sleeps is woken, and the caller waits for one that is at work.
func TestDo_AfterRest(t *testing.T) {
	for range 3 {
		Do(2, 2, func(int) {})
		require.Eventually(t, func() bool {
			crew.Lock()
			defer crew.Unlock()
			for _, h := range crew.idle {
				if !h.asleep.Load() {
					return false
				}
			}
			return true
		}, 5*time.Second, time.Millisecond)
		var met sync.WaitGroup // each waits for the other
		met.Add(2)
		Do(2, 2, func(int) {
			met.Done()
			met.Wait()
		})
	}
}

func TestDo_Panic(t *testing.T) {
	for range 100 {
		require.PanicsWithValue(t, "no", func() {
			Do(4, 100, func(i int) {
				if i%10 == 3 {
					panic("no")
				}
			})
		})
	}
	require.NotPanics(t, func() { Do(4, 100, func(int) {}) })
}

func TestDo_KeepsFewHelpers(t *testing.T) {
	var all sync.WaitGroup
	all.Add(200)
	Do(200, 200, func(int) {
		all.Done()
		all.Wait()
	})
	require.Eventually(t, func() bool {
		crew.Lock()
		defer crew.Unlock()
		return len(crew.idle) <= max(0, runtime.GOMAXPROCS(0)-1)
	}, 5*time.Second, time.Millisecond)
}

func TestForErr_LowestChunk(t *testing.T) {
	first, second := errors.New("first"), errors.New("second")
	var ready sync.WaitGroup
	ready.Add(2)
	err := ForErr(context.Background(), 2, 20, 10, func(c, _, _ int) error {
		ready.Done()
		ready.Wait()
		return []error{first, second}[c]
	})
	require.Equal(t, first, err)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.Equal(t, context.Canceled, ForErr(ctx, 2, 20, 10, func(int, int, int) error { return nil }))
}

func TestMap_Order(t *testing.T) {
	got := Map(3, 25, 10, func(c, lo, hi int) [3]int { return [3]int{c, lo, hi} })
	require.Equal(t, [][3]int{{0, 0, 10}, {1, 10, 20}, {2, 20, 25}}, got)
}

func TestSpare_IsNotTaken(t *testing.T) {
	before := Threads(0)
	Spare(2)
	defer Spare(-2)
	require.Equal(t, before, Threads(0))
	require.Equal(t, before+2, runtime.GOMAXPROCS(0))
	require.Equal(t, 5, Threads(5))
}
