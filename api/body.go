package api

import (
	"errors"
	"fmt"
	"io"

	"github.com/gofiber/fiber/v2"
)

// body is the body of a request as it arrives. Its errors are the sender's, as
// a Refusal, and stay.
type body struct {
	r    io.Reader // nil for none
	want int64     // bytes that were announced, -1 for chunks
	got  int64
	err  error
}

// bodyOf returns the body of a request.
func bodyOf(c *fiber.Ctx) *body {
	b := &body{want: -1}
	if r := c.Context().RequestBodyStream(); r != nil {
		b.r = r
		if n := c.Context().Request.Header.ContentLength(); n >= 0 {
			b.want = int64(n)
		}
	}
	return b
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if b.r == nil {
		b.err = io.EOF
	}
	// Why: after the last chunk the stream would take the next request for one more.
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.r.Read(p)
	b.got += int64(n)
	switch {
	case err == nil:
	case !errors.Is(err, io.EOF):
		b.err = &Refusal{Status: fiber.StatusBadRequest, Msg: fmt.Sprintf("the body breaks off after %d bytes: %v", b.got, err)}
	case b.want >= 0 && b.got < b.want:
		// Why: the stream reports the end of a connection like the end of a body.
		b.err = &Refusal{Status: fiber.StatusBadRequest, Msg: fmt.Sprintf("the body breaks off after %d of %d bytes", b.got, b.want)}
	default:
		b.err = io.EOF
	}
	return n, b.err
}

// drain reads what nobody wanted, up to limit bytes, and reports whether that
// was all. If not, the connection must end with the request: what is left would
// be taken for the next one, past whatever refused this one.
func (b *body) drain(limit int64) bool {
	_, err := io.CopyN(io.Discard, b, limit+1)
	return errors.Is(err, io.EOF)
}

// capped reads up to left bytes and then fails, unlike io.LimitReader, which
// would make a short file of a long one.
type capped struct {
	r    io.Reader
	left int64
}

// Read implements io.Reader.
func (l *capped) Read(p []byte) (int, error) {
	if l.left <= 0 {
		var one [1]byte
		if n, err := l.r.Read(one[:]); n == 0 {
			return 0, err
		}
		return 0, &Refusal{Status: fiber.StatusRequestEntityTooLarge, Msg: "the body is longer than this server accepts"}
	}
	if int64(len(p)) > l.left {
		p = p[:l.left]
	}
	n, err := l.r.Read(p)
	l.left -= int64(n)
	return n, err
}
