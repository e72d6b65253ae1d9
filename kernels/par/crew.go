package par

import (
	"sync"
	"sync/atomic"
	"time"
)

// patience is how long somebody who waits looks again and again before sleeping.
//
// Why: a training calls Do thousands of times with little between; to wake a
// sleeping processor takes longer than many of those calls.
const patience = 100 * time.Microsecond

// call is one call of Do.
type call struct {
	f      func(i int)
	tasks  int64
	next   atomic.Int64 // first task that nobody has taken
	active atomic.Int64 // helpers at work
	asleep atomic.Bool  // the caller waits on done
	done   chan struct{}
	once   sync.Once
	caught any
}

// work does tasks until none is left.
func (c *call) work() {
	defer func() {
		if p := recover(); p != nil {
			c.once.Do(func() { c.caught = p })
			c.next.Store(c.tasks)
		}
	}()
	for {
		i := c.next.Add(1) - 1
		if i >= c.tasks {
			return
		}
		c.f(int(i))
	}
}

// help is work for helpers. One that comes late finds no task and touches nothing,
// so the caller waits only for those that are at work.
func (c *call) help() {
	c.active.Add(1)
	c.work()
	if c.active.Add(-1) == 0 && c.asleep.Load() {
		select {
		case c.done <- struct{}{}:
		default:
		}
	}
}

// wait returns when no helper is at work any more.
func (c *call) wait() {
	if patiently(func() bool { return c.active.Load() == 0 }) {
		return
	}
	c.asleep.Store(true)
	for c.active.Load() != 0 {
		<-c.done
	}
}

// patiently asks until the answer is yes or patience ends, and returns the last answer.
func patiently(ask func() bool) bool {
	var begin time.Time
	for i := 0; ; i++ {
		if ask() {
			return true
		}
		if i%64 != 63 {
			continue
		}
		if begin.IsZero() {
			begin = time.Now()
		} else if time.Since(begin) > patience {
			return false
		}
	}
}

// helper is a goroutine that waits for calls.
type helper struct {
	next   atomic.Pointer[call]
	asleep atomic.Bool // waits on wake
	wake   chan struct{}
}

// crew holds the helpers that have nothing to do, the latest last: it may still be awake.
var crew struct {
	sync.Mutex
	idle []*helper
}

// hire finds n helpers for a call.
func (c *call) hire(n int) {
	crew.Lock()
	defer crew.Unlock()
	for ; n > 0 && len(crew.idle) > 0; n-- {
		last := len(crew.idle) - 1
		h := crew.idle[last]
		crew.idle = crew.idle[:last]
		h.next.Store(c)
		if h.asleep.CompareAndSwap(true, false) {
			h.wake <- struct{}{}
		}
	}
	for ; n > 0; n-- {
		go (&helper{wake: make(chan struct{}, 1)}).run(c)
	}
}

// run helps with a call and those after it, until there are helpers enough.
func (h *helper) run(c *call) {
	for c != nil {
		c.help()
		c = nil
		crew.Lock()
		rest := len(crew.idle) < Threads(0)-1
		if rest {
			crew.idle = append(crew.idle, h)
		}
		crew.Unlock()
		if rest {
			c = h.wait()
		}
	}
}

// wait returns the next call.
func (h *helper) wait() *call {
	if !patiently(func() bool { return h.next.Load() != nil }) {
		h.asleep.Store(true)
		if h.next.Load() == nil || !h.asleep.CompareAndSwap(true, false) {
			<-h.wake
		}
	}
	return h.next.Swap(nil)
}
