package catalog

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/geyser-ml/geyser/engine/errs"
)

// Entry is one object of the catalog.
type Entry struct {
	Key     string
	Kind    string    // frame, model, upload, job, pdp …
	Value   any       // nil while a lazy value is not loaded
	Meta    any       // what can be shown without the value; its owner's business
	Created time.Time // Put fills a zero time in
	Temp    string    // session that owns a temporary, "" for a global object
}

// Catalog is safe for concurrent use. Make one with New.
type Catalog struct {
	mu    sync.RWMutex
	slots map[string]*slot
	locks map[string]*lock
	hooks []func(Entry)
}

// slot holds an entry; it is replaced, never reused for another object.
type slot struct {
	Entry
	load func() (any, error) // nil, or loads once; guarded by Catalog.mu together with Value
}

// WrongType says that a key names an object of another kind than was asked for.
// It comes wrapped in an *errs.Error of kind Invalid.
type WrongType struct {
	Key  string
	Want string // frame, model …: the name of the Go type in lower case
	Got  string // Entry.Kind
}

// Error names the key and both kinds.
func (w *WrongType) Error() string {
	return fmt.Sprintf("%s names a %s, expected a %s", w.Key, w.Got, w.Want)
}

// New makes an empty catalog.
func New() *Catalog {
	return &Catalog{slots: map[string]*slot{}, locks: map[string]*lock{}}
}

// OnRemove registers a function that is called with every entry that has left
// the catalog, removed or replaced, after the fact and outside of all locks:
// files are unlinked there. Register before the catalog is shared.
func (c *Catalog) OnRemove(hook func(Entry)) { c.hooks = append(c.hooks, hook) }

func (c *Catalog) removed(entries ...Entry) {
	for _, e := range entries {
		for _, hook := range c.hooks {
			hook(e)
		}
	}
}

// Put publishes an object, or replaces the one of that key atomically. It is a
// Conflict when any job holds the key; the job that writes it uses Publish.
func (c *Catalog) Put(e Entry) error { return c.put("", &slot{Entry: e}) }

// PutLazy is Put for a value that load fetches at the first Get. load runs once;
// if it fails, each Get returns its error.
func (c *Catalog) PutLazy(e Entry, load func() (any, error)) error {
	e.Value = nil
	return c.put("", &slot{Entry: e, load: sync.OnceValues(load)})
}

// Publish is Put for the owner of a write lock on the key: it puts the object,
// or a newer snapshot of it, into the catalog while the lock is held. It is a
// Conflict when owner does not hold the key.
func (c *Catalog) Publish(owner string, e Entry) error { return c.put(owner, &slot{Entry: e}) }

func (c *Catalog) put(owner string, s *slot) error {
	if s.Key == "" {
		return errs.Invalidf("key", "an object needs a key, but this one's is empty")
	}
	if err := tooLong(s.Key); err != nil {
		return err
	}
	if s.Created.IsZero() {
		s.Created = time.Now()
	}
	c.mu.Lock()
	l := c.locks[s.Key]
	if owner == "" && l != nil || owner != "" && (l == nil || l.writer != owner) {
		err := c.busy(s.Key)
		c.mu.Unlock()
		return err
	}
	old := c.slots[s.Key]
	c.slots[s.Key] = s
	c.mu.Unlock()
	if old != nil {
		c.removed(old.Entry)
	}
	return nil
}

// maxKey is how many bytes a key may have.
const maxKey = 64 << 10

func tooLong(key string) error {
	if len(key) <= maxKey {
		return nil
	}
	return errs.Invalidf("key", "the key %.40s… has %d bytes; %d are accepted", key, len(key), maxKey)
}

// busy is the Conflict about a key. The caller holds c.mu.
// H2O: Lockable words it so, with its class in front.
func (c *Catalog) busy(key string) error {
	kind := "object"
	if s := c.slots[key]; s != nil && s.Kind != "" {
		kind = s.Kind
	}
	err := errs.Conflictf("key", "%s %s is already in use.  Unable to use it now.  Consider using a different destination name.", kind, key)
	err.Value = key
	return err
}

// missing is the NotFound about a key.
func missing(key, field string) error {
	err := errs.NotFoundf(field, "Object '%s' not found for argument: %s", key, field)
	err.Value = key
	return err
}

// Get returns the object of a key, loading a lazy one. field is the parameter
// that named the key, for messages. It is NotFound when there is none, Invalid
// around a *WrongType when the object is no T.
func Get[T any](c *Catalog, key, field string) (T, error) {
	var zero T
	e, err := c.value(key, field)
	if err != nil {
		return zero, err
	}
	v, ok := e.Value.(T)
	if !ok {
		wrong := &WrongType{Key: key, Want: typeName(reflect.TypeFor[T]()), Got: e.Kind}
		return zero, &errs.Error{Kind: errs.Invalid, Field: field, Value: key, Msg: wrong.Error(), Err: wrong}
	}
	return v, nil
}

// value returns the entry of a key with its value loaded.
func (c *Catalog) value(key, field string) (Entry, error) {
	c.mu.RLock()
	s := c.slots[key]
	if s == nil {
		c.mu.RUnlock()
		return Entry{}, missing(key, field)
	}
	e, load := s.Entry, s.load
	c.mu.RUnlock()
	if load == nil {
		return e, nil
	}
	v, err := load()
	if err != nil {
		return Entry{}, fmt.Errorf("loading %s %s: %w", e.Kind, key, err)
	}
	c.mu.Lock()
	s.Value, s.load = v, nil
	c.mu.Unlock()
	e.Value = v
	return e, nil
}

func typeName(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Name() == "" {
		return t.String()
	}
	return strings.ToLower(t.Name())
}

// Entry returns the entry of a key as it is, without loading a lazy value.
func (c *Catalog) Entry(key string) (Entry, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	s := c.slots[key]
	if s == nil {
		return Entry{}, false
	}
	return s.Entry, true
}

// List returns the entries of one kind, or all for "", by time of creation, then
// by key. Lazy values are not loaded.
func (c *Catalog) List(kind string) []Entry {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.list(kind)
}

// list is List for a caller who holds c.mu.
func (c *Catalog) list(kind string) []Entry {
	out := make([]Entry, 0, len(c.slots))
	for _, s := range c.slots {
		if kind == "" || s.Kind == kind {
			out = append(out, s.Entry)
		}
	}
	slices.SortFunc(out, func(a, b Entry) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.Key, b.Key))
	})
	return out
}

// Len returns the number of objects.
func (c *Catalog) Len() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.slots)
}

// Remove takes an object out and returns it; false when there is none. It is a
// Conflict when any job holds the key.
func (c *Catalog) Remove(key string) (Entry, bool, error) {
	c.mu.Lock()
	s := c.slots[key]
	if c.locks[key] != nil {
		err := c.busy(key)
		c.mu.Unlock()
		return Entry{}, false, err
	}
	delete(c.slots, key)
	c.mu.Unlock()
	if s == nil {
		return Entry{}, false, nil
	}
	c.removed(s.Entry)
	return s.Entry, true, nil
}

// Withdraw is Remove for the owner of a write lock on the key: nobody can come
// between the lock and the removal. An absent object is fine. It is a Conflict
// when owner does not hold the key.
func (c *Catalog) Withdraw(owner, key string) error {
	c.mu.Lock()
	if l := c.locks[key]; l == nil || l.writer != owner {
		err := c.busy(key)
		c.mu.Unlock()
		return err
	}
	s := c.slots[key]
	delete(c.slots, key)
	c.mu.Unlock()
	if s != nil {
		c.removed(s.Entry)
	}
	return nil
}

// RemoveAll removes at one moment every entry that keep (nil: none) does not
// want. Objects that jobs hold stay, and the first of them by List's order makes
// the Conflict that is returned beside what was removed. keep must not call the
// catalog.
func (c *Catalog) RemoveAll(keep func(Entry) bool) (removed []Entry, err error) {
	c.mu.Lock()
	for _, e := range c.list("") {
		switch {
		case keep != nil && keep(e):
		case c.locks[e.Key] == nil:
			delete(c.slots, e.Key)
			removed = append(removed, e)
		case err == nil:
			err = c.busy(e.Key)
		}
	}
	c.mu.Unlock()
	c.removed(removed...)
	return removed, err
}
