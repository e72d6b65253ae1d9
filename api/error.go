package api

import (
	"bufio"
	"errors"
	"io"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/geyser-ml/geyser/engine/errs"
)

// Refusal is an error of HTTP itself: who asks, how, or how much. It carries
// its status because no facade has a say in it.
type Refusal struct {
	Status int
	Msg    string
	Header map[string]string
}

// Error implements error.
func (e *Refusal) Error() string { return e.Msg }

// MalformedBody reports a body that is no JSON object.
type MalformedBody struct{ Err error }

// Error implements error.
func (e *MalformedBody) Error() string { return "the body is not a JSON object: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *MalformedBody) Unwrap() error { return e.Err }

// plain words errors where no facade does.
var plain = Facade{Fail: func(_ *Request, err error) Reply {
	status := fiber.StatusInternalServerError
	switch errs.KindOf(err) {
	case errs.Invalid:
		status = fiber.StatusBadRequest
	case errs.NotFound:
		status = fiber.StatusNotFound
	}
	return Reply{Status: status, Type: fiber.MIMETextPlainCharsetUTF8, Body: []byte(err.Error() + "\n")}
}}

// fail is the one path on which errors become answers.
func (s *Server) fail(c *fiber.Ctx, q *Request, err error) error {
	var ref *Refusal
	var body *MalformedBody
	if !errors.As(err, &ref) && !errors.As(err, &body) && errs.KindOf(err) == errs.Internal {
		s.log.Error("request failed", "id", q.ID, "method", q.Method, "path", q.Path, "error", err)
	}
	f := s.facade(q.Path)
	reply := f.Fail(q, err)
	if ref != nil {
		reply.Status = ref.Status
		for k, v := range ref.Header {
			c.Set(k, v)
		}
	}
	return s.send(c, q, reply)
}

// failConnection answers what fiber itself could not read as a request.
func (s *Server) failConnection(c *fiber.Ctx, err error) error {
	// Why: other messages repeat the bytes that could not be read.
	ref := &Refusal{Status: fiber.StatusBadRequest, Msg: "this is no HTTP request that the server can read"}
	var fe *fiber.Error
	if errors.As(err, &fe) && fe.Code != fiber.StatusBadRequest {
		ref.Status, ref.Msg = fe.Code, fe.Message
	}
	return s.fail(c, &Request{ID: newID(), Path: asked(c.OriginalURL())}, ref)
}

// missing answers when no route took the request.
func (s *Server) missing(c *fiber.Ctx) error {
	q := requestOf(c)
	f := s.facade(q.Path)
	if f.Missing == nil {
		return s.fail(c, q, errs.NotFoundf("", "%s %s is not served here", q.Method, q.Path))
	}
	reply, err := f.Missing(q)
	if err != nil {
		return err
	}
	return s.send(c, q, reply)
}

// send writes the reply to a request.
func (s *Server) send(c *fiber.Ctx, q *Request, r Reply) error {
	if r.Status != 0 {
		c.Status(r.Status)
	}
	if r.Type == "" {
		c.Context().Response.Header.SetNoDefaultContentType(true)
	} else {
		c.Set(fiber.HeaderContentType, r.Type)
	}
	for k, v := range r.Header {
		c.Set(k, v)
	}
	if r.Stream == nil {
		c.Response().SetBodyRaw(r.Body)
		return nil
	}
	// Why: a pipe can tell the connection of an error, fasthttp's stream writer
	// would end the answer as if it were whole.
	from, to := io.Pipe()
	go func() {
		w := bufio.NewWriterSize(to, 1<<16)
		err := s.guarded(q, func() error { return r.Stream(w) })
		if err == nil {
			err = w.Flush()
		}
		if err != nil && !errors.Is(err, io.ErrClosedPipe) {
			s.log.Error("answer cut off", "id", q.ID, "error", err)
		}
		to.CloseWithError(err) //nolint:errcheck // never fails
	}()
	c.Context().SetBodyStream(from, -1)
	return nil
}

// Attachment is a reply that a client stores as a file.
func Attachment(kind, disposition string, write func(io.Writer) error) Reply {
	return Reply{Type: kind, Header: map[string]string{
		fiber.HeaderContentDisposition: "attachment; filename=" + strings.ReplaceAll(disposition, "\n", " "),
	}, Stream: write}
}
