package rapids

import (
	"context"
	"slices"
	"sync"

	"github.com/geyser-ml/geyser/engine/errs"
)

// Session evaluates expressions one at a time and owns the temporaries that they
// name. The zero Session is not valid; use NewSession.
type Session struct {
	id   string
	host Host

	eval sync.Mutex // held by the evaluation that runs

	mu    sync.Mutex
	temps map[string]bool
}

// NewSession makes a session; id names it to the host, and $name in an expression
// means name~id.
func NewSession(id string, h Host) *Session {
	return &Session{id: id, host: h, temps: map[string]bool{}}
}

// Eval evaluates one expression and returns its value, nil for blank text. What is
// wrong with an expression is an Invalid error, of field "ast" where it cannot be
// parsed. Temporaries that were stored before an error stay.
func (s *Session) Eval(ctx context.Context, ast string) (Result, error) {
	n, err := parse(ast)
	if n == nil || err != nil {
		return nil, err
	}
	s.eval.Lock()
	defer s.eval.Unlock()
	v, err := (&env{ctx: ctx, s: s}).eval(n)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case Row:
		return Nums(v.Values), nil
	case Object:
		return nil, errs.Invalidf("ast", "the result is %s", v.what())
	}
	return v, nil
}

// Temps returns the keys of the session's temporaries, sorted.
func (s *Session) Temps() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	keys := make([]string, 0, len(s.temps))
	for k := range s.temps {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// End waits for an evaluation that runs and removes the session's temporaries; the
// session can be used again. One that is in use stays: its owner removes it later.
func (s *Session) End() {
	s.eval.Lock()
	defer s.eval.Unlock()
	for _, k := range s.Temps() {
		if _, err := s.host.Remove(k); err == nil {
			s.own(k, false)
		}
	}
}

// own notes that key is a temporary of the session, or that it is none any more.
func (s *Session) own(key string, yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if yes {
		s.temps[key] = true
	} else {
		delete(s.temps, key)
	}
}

func (s *Session) owns(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.temps[key]
}
