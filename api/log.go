package api

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"sync"
)

// Ring is a slog.Handler that passes records on and keeps the last lines in
// memory, for whoever asks over HTTP.
type Ring struct {
	next slog.Handler
	text slog.Handler // writes into the store
	mem  *lines
}

// NewRing keeps up to n lines of what next receives.
func NewRing(next slog.Handler, n int) *Ring {
	mem := &lines{max: n}
	return &Ring{next: next, mem: mem, text: slog.NewTextHandler(mem, &slog.HandlerOptions{Level: slog.LevelDebug})}
}

// Lines returns the kept lines at or above a level, oldest first.
func (r *Ring) Lines(level slog.Level) []string { return r.mem.from(level) }

// Enabled implements slog.Handler: the ring keeps what next would drop from
// Info upwards.
func (r *Ring) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelInfo || r.next.Enabled(ctx, l)
}

// Handle implements slog.Handler.
func (r *Ring) Handle(ctx context.Context, rec slog.Record) error {
	r.mem.mu.Lock()
	r.mem.level = rec.Level
	err := r.text.Handle(ctx, rec)
	r.mem.mu.Unlock()
	if err == nil && r.next.Enabled(ctx, rec.Level) {
		return r.next.Handle(ctx, rec)
	}
	return err
}

// WithAttrs implements slog.Handler.
func (r *Ring) WithAttrs(as []slog.Attr) slog.Handler {
	return &Ring{next: r.next.WithAttrs(as), text: r.text.WithAttrs(as), mem: r.mem}
}

// WithGroup implements slog.Handler.
func (r *Ring) WithGroup(name string) slog.Handler {
	return &Ring{next: r.next.WithGroup(name), text: r.text.WithGroup(name), mem: r.mem}
}

// lines is the memory of a Ring. Write is called with mu held.
type lines struct {
	mu    sync.Mutex
	max   int
	level slog.Level // of the record being written
	kept  []line
	head  int // oldest entry once kept is full
}

type line struct {
	level slog.Level
	text  string
}

// lineLimit is how many bytes of a line are kept. Why: clients choose what is in
// some of them, and a path may have a megabyte.
const lineLimit = 4 << 10

// Write implements io.Writer for the text handler: one call a record.
func (l *lines) Write(p []byte) (int, error) {
	e := line{l.level, string(bytes.TrimRight(p[:min(len(p), lineLimit)], "\n"))}
	if len(l.kept) < l.max {
		l.kept = append(l.kept, e)
	} else {
		l.kept[l.head] = e
		l.head = (l.head + 1) % l.max
	}
	return len(p), nil
}

// from returns the texts at or above a level.
func (l *lines) from(level slog.Level) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for _, e := range slices.Concat(l.kept[l.head:], l.kept[:l.head]) {
		if e.level >= level {
			out = append(out, e.text)
		}
	}
	return out
}
