package job

import (
	"fmt"
	"sync"

	"github.com/geyser-ml/geyser/engine/errs"
)

// Memory counts estimates of memory against a limit. It is safe for concurrent
// use; work outside a Pool may share the Pool's.
type Memory struct {
	limit int64

	mu    sync.Mutex
	used  int64
	freed []func() // called after each Release, outside mu
}

// NewMemory makes a Memory of limit bytes; limit <= 0 means no limit.
func NewMemory(limit int64) *Memory { return &Memory{limit: limit} }

// Limit returns the limit in bytes; 0 or less means none.
func (m *Memory) Limit() int64 { return m.limit }

// Used returns the bytes in use.
func (m *Memory) Used() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.used
}

// Acquire takes n bytes, or takes none and is Unavailable when they do not fit
// now. n <= 0 always fits.
func (m *Memory) Acquire(n int64) error {
	if n <= 0 {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.limit > 0 && n > m.limit-m.used {
		return m.refuse(n)
	}
	m.used += n
	return nil
}

// refuse is the Unavailable about n bytes. The caller holds m.mu.
func (m *Memory) refuse(n int64) error {
	return errs.Unavailablef("", "not enough memory: needs %s, limit %s, in use %s", size(n), size(m.limit), size(m.used))
}

// Release gives n bytes back that Acquire took.
func (m *Memory) Release(n int64) {
	if n <= 0 {
		return
	}
	m.mu.Lock()
	m.used -= n
	if m.used < 0 {
		panic("job: more memory released than acquired")
	}
	freed := m.freed
	m.mu.Unlock()
	for _, f := range freed {
		f()
	}
}

// onRelease registers what is called after memory has become free.
func (m *Memory) onRelease(f func()) {
	m.mu.Lock()
	m.freed = append(m.freed, f)
	m.mu.Unlock()
}

// never returns the Unavailable about n bytes that exceed the whole limit, or nil.
func (m *Memory) never(n int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.limit > 0 && n > m.limit {
		return m.refuse(n)
	}
	return nil
}

// size writes bytes for a person: 512 B, 1.5 KiB, 12.0 GiB.
func size(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	v, unit := float64(n)/1024, 0
	for v >= 1024 && unit < 5 {
		v, unit = v/1024, unit+1
	}
	return fmt.Sprintf("%.1f %ciB", v, "KMGTPE"[unit])
}
