package catalog

import (
	"slices"
	"sync"
)

// lock says who holds a key; a lock that nobody holds is not in the map.
//
//	held by →   nobody   readers A, B    writer A (who may read it too)
//	read by C   yes      yes             no
//	write by A  yes      no, unless all  yes
//	                     readers are A
type lock struct {
	writer  string         // owner, "" for none
	writes  int            // how often the writer holds it
	readers map[string]int // owner → how often
}

// mayWrite reports whether owner can hold l (nil: free) for writing.
func (l *lock) mayWrite(owner string) bool {
	if !l.mayRead(owner) {
		return false
	}
	return l == nil || len(l.readers) == 0 || len(l.readers) == 1 && l.readers[owner] > 0
}

// mayRead reports whether owner can hold l (nil: free) for reading.
func (l *lock) mayRead(owner string) bool {
	return l == nil || l.writer == "" || l.writer == owner
}

// Lock holds keys for a job: all of them or, when one is in use, none. Keys read
// must exist; keys written need not yet. Many owners may read a key, one may
// write it; an owner never stands in its own way, so a key may be in both lists
// or be held twice. release gives all back and may be called again. owner is the
// job's key and must not be empty.
func (c *Catalog) Lock(owner string, read []string, write []string) (release func(), err error) {
	if owner == "" {
		panic("catalog: lock without an owner")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, key := range read {
		if c.slots[key] == nil {
			return nil, missing(key, "key")
		}
		if !c.locks[key].mayRead(owner) {
			return nil, c.busy(key)
		}
	}
	for _, key := range write {
		if err := tooLong(key); err != nil {
			return nil, err
		}
		if !c.locks[key].mayWrite(owner) {
			return nil, c.busy(key)
		}
	}
	for _, key := range read {
		c.lockOf(key).readers[owner]++
	}
	for _, key := range write {
		l := c.lockOf(key)
		l.writer = owner
		l.writes++
	}
	read, write = slices.Clone(read), slices.Clone(write)
	return sync.OnceFunc(func() { c.unlock(owner, read, write) }), nil
}

func (c *Catalog) lockOf(key string) *lock {
	l := c.locks[key]
	if l == nil {
		l = &lock{readers: map[string]int{}}
		c.locks[key] = l
	}
	return l
}

func (c *Catalog) unlock(owner string, read, write []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, key := range read {
		l := c.locks[key]
		if l.readers[owner]--; l.readers[owner] == 0 {
			delete(l.readers, owner)
		}
		c.sweep(key, l)
	}
	for _, key := range write {
		l := c.locks[key]
		if l.writes--; l.writes == 0 {
			l.writer = ""
		}
		c.sweep(key, l)
	}
}

// sweep forgets a lock that nobody holds.
func (c *Catalog) sweep(key string, l *lock) {
	if l.writer == "" && len(l.readers) == 0 {
		delete(c.locks, key)
	}
}
