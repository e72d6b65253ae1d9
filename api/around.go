package api

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
)

// normalise gives the path the form in which routes are registered.
func (s *Server) normalise(c *fiber.Ctx) error {
	was := c.Path()
	f := s.facade(was)
	now := f.canonical(was)
	if f.Rewrite != nil {
		now = f.Rewrite(now)
	}
	if now == was {
		return c.Next()
	}
	c.Path(now)
	return c.RestartRouting()
}

// requestKey is where the Request of a fiber.Ctx is kept.
type requestKey struct{}

// requestOf returns the request that around has made.
func requestOf(c *fiber.Ctx) *Request { return c.Locals(requestKey{}).(*Request) }

// around is what happens to every request: it gets a name, is admitted, is
// measured and logged, and its error or panic becomes an answer.
func (s *Server) around(c *fiber.Ctx) error {
	start := time.Now()
	q := &Request{
		ID:     newID(),
		Method: strings.Clone(c.Method()),
		Path:   asked(c.OriginalURL()),
		Agent:  strings.Clone(c.Get(fiber.HeaderUserAgent)),
		Common: map[string]string{},
		header: func(name string) string { return c.Get(name) },

		arriving: bodyOf(c),
	}
	c.Locals(requestKey{}, q)
	for k, v := range s.facade(q.Path).Headers {
		c.Set(k, v)
	}
	err := s.admit(c)
	if err == nil {
		err = s.guarded(q, c.Next)
	}
	if err != nil {
		err = s.fail(c, q, err)
	}
	if !q.arriving.drain(s.opt.FormLimit) {
		c.Context().SetConnectionClose()
	}
	took := time.Since(start)
	pattern := "none"
	if q.Route != nil {
		pattern = q.Route.Pattern()
	}
	status := c.Response().StatusCode()
	s.meter.observe(q.Method, pattern, status, took)
	s.log.Info("request", "id", q.ID, "method", q.Method, "path", q.Path, "status", status, "took", took)
	return err
}

// asked is the path of a request line, before it was given its normal form.
func asked(uri string) string {
	path, _, _ := strings.Cut(uri, "?")
	return strings.Clone(path)
}

// guarded runs a part of the work on a request and turns a panic into an error.
func (s *Server) guarded(q *Request, work func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			s.log.Error("panic in a handler", "id", q.ID, "panic", v, "stack", string(debug.Stack()))
			err = fmt.Errorf("this is a fault of the server; its log has more under request %s", q.ID)
		}
	}()
	return work()
}

// newID returns a name for a request.
func newID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
