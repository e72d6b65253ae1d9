package engine

import (
	"context"
	"runtime"
	"slices"
	"time"

	"github.com/geyser-ml/geyser/engine/catalog"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/rapids"
)

// Bounds of the sessions that are open at a time, and of the bytes of their ids.
const (
	maxSessions  = 10000
	maxSessionID = 1000
)

// NewSession opens a session and returns its id.
// H2O: RapidsHandler.startSession; five characters after "_sid".
func (e *Engine) NewSession() (string, error) {
	id := "_sid_" + newID(2)
	_, err := e.session(id)
	return id, err
}

// session returns the session of that id, opened when there is none.
func (e *Engine) session(id string) (*rapids.Session, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.sessions[id]
	if s == nil {
		if len(id) > maxSessionID {
			return nil, errs.Invalidf("session_id", "session_id has %d bytes; %d are accepted", len(id), maxSessionID)
		}
		if len(e.sessions) >= maxSessions {
			return nil, errs.Unavailablef("session_id", "%d sessions are open, which is the limit; end some", maxSessions)
		}
		s = rapids.NewSession(id, host{e})
		e.sessions[id] = s
	}
	return s, nil
}

// EndSession removes a session's temporaries and forgets it.
func (e *Engine) EndSession(id string) {
	e.mu.Lock()
	s := e.sessions[id]
	delete(e.sessions, id)
	e.mu.Unlock()
	if s != nil {
		s.End()
	}
}

// Rapids evaluates one expression in a session, which it opens when there is
// none.
func (e *Engine) Rapids(ctx context.Context, session, ast string) (rapids.Result, error) {
	s, err := e.session(session)
	if err != nil {
		return nil, err
	}
	return s.Eval(ctx, ast)
}

// host shows the engine's objects to expressions.
type host struct{ e *Engine }

func (h host) Frame(key string) (*frame.Frame, bool, error) {
	x, ok := h.e.catalog.Entry(key)
	if !ok || x.Kind != kindFrame {
		return nil, false, nil
	}
	f, err := catalog.Get[*frame.Frame](h.e.catalog, key, "ast")
	if errs.KindOf(err) == errs.NotFound {
		return nil, false, nil
	}
	return f, err == nil, err
}

func (h host) Object(key string) (any, bool) {
	x, ok := h.e.catalog.Entry(key)
	if !ok || x.Kind == kindFrame || x.Kind == kindUpload {
		return nil, false
	}
	v, err := catalog.Get[any](h.e.catalog, key, "ast")
	return v, err == nil
}

// Put keeps temporaries in memory and seals what is assigned.
func (h host) Put(key string, f *frame.Frame, session string) error {
	if session == "" {
		_, err := h.e.publishFrame("", key, f, true)
		return err
	}
	meta := stored{rows: int64(f.NumRows()), cols: f.NumCols(), bytes: f.SizeBytes()}
	return h.e.catalog.Put(catalog.Entry{Key: key, Kind: kindFrame, Value: f, Meta: meta, Temp: session, Created: h.e.cfg.Now()})
}

func (h host) Remove(key string) (bool, error) {
	if _, ok := h.e.catalog.Entry(key); !ok {
		return false, nil
	}
	return true, h.e.Remove(key, true) // H2O: Keyed.remove takes a model's folds with it
}

func (h host) Keys() []string {
	var keys []string
	for _, x := range h.e.catalog.List("") {
		if x.Kind == kindFrame || x.Kind == kindModel {
			keys = append(keys, x.Key)
		}
	}
	slices.Sort(keys)
	return keys
}

func (h host) Room(bytes int64) error { return h.e.room("ast", bytes) }

// room is an Unavailable error when bytes more do not fit into memory. It compares
// Go's heap, where frames are until they are published, with the limit of all jobs.
func (e *Engine) room(field string, bytes int64) error {
	limit := e.memory.Limit()
	if limit <= 0 || heapBytes()+bytes <= limit {
		return nil
	}
	runtime.GC()
	if used := heapBytes(); used+bytes > limit {
		return errs.Unavailablef(field, "not enough memory: the result takes it to %d MiB, the limit is %d MiB; remove frames, end sessions or start the server with more --memory",
			(used+bytes)>>20, limit>>20)
	}
	return nil
}

// ResetThreshold publishes a copy of a model with another threshold in its place.
func (h host) ResetThreshold(key string, threshold float64) (float64, error) {
	return h.e.ResetThreshold(key, threshold)
}

func (h host) Zone() string {
	h.e.mu.Lock()
	defer h.e.mu.Unlock()
	return h.e.zone
}

func (h host) SetZone(name string) {
	h.e.mu.Lock()
	defer h.e.mu.Unlock()
	h.e.zone = name
}

// location returns the time zone in which text is read as time.
func (e *Engine) location() *time.Location {
	if l, err := time.LoadLocation(host{e}.Zone()); err == nil {
		return l
	}
	return time.UTC
}
