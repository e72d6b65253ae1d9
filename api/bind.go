package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/param"
)

// Request is what a handler sees of its HTTP request. Its strings are copies
// and outlive the request.
type Request struct {
	ID     string // names the request in logs and in faults
	Method string
	Path   string // as it came, escaped
	Agent  string // User-Agent
	JSON   bool   // the parameters came as a JSON body
	Route  *Route // nil when no route took the request
	// Common holds the parameters that the facade keeps apart.
	Common map[string]string

	path   param.Raw // parameters of the path
	values param.Raw // of query and body
	body   io.Reader // the file in it
	header func(name string) string

	arriving *body
}

// Header returns a header of the request.
func (r *Request) Header(name string) string { return strings.Clone(r.header(name)) }

// Param returns a parameter of the path.
func (r *Request) Param(name string) string { return r.path[name] }

// Body is the file that was sent to an uploading route: the body itself, or the
// first file part of a multipart form. It ends with an error when it exceeds
// the upload limit.
func (r *Request) Body() io.Reader { return r.body }

// raw joins the parameters of path, query and body; the path wins.
func (r *Request) raw() param.Raw {
	if len(r.path) == 0 {
		return r.values
	}
	all := make(param.Raw, len(r.path)+len(r.values))
	for k, v := range r.values {
		all[k] = v
	}
	for k, v := range r.path {
		all[k] = v
	}
	return all
}

// bind fills the request with the parameters that path, query and body give.
func (s *Server) bind(c *fiber.Ctx, q *Request, f *Facade, names []string, upload bool) error {
	q.path = make(param.Raw, len(names))
	for _, n := range names {
		v, err := url.PathUnescape(c.Params(n))
		if err != nil {
			return errs.Invalidf(n, "the path holds a broken escape: %v", err)
		}
		q.path[n] = strings.Clone(v)
	}
	var form values
	if err := form.parse(string(c.Context().URI().QueryString())); err != nil {
		return err
	}
	kind := strings.Clone(c.Get(fiber.HeaderContentType))
	switch {
	case upload:
		var err error
		if q.body, err = file(kind, &capped{q.arriving, s.opt.UploadLimit}); err != nil {
			return err
		}
	case strings.HasPrefix(kind, fiber.MIMEApplicationJSON):
		if err := form.json(&capped{q.arriving, s.opt.FormLimit}); err != nil {
			return err
		}
		q.JSON = true
	// H2O: any other body is ignored, whatever the method.
	case kind == "" || strings.HasPrefix(kind, fiber.MIMEApplicationForm):
		text, err := io.ReadAll(&capped{q.arriving, s.opt.FormLimit})
		if err != nil {
			return err
		}
		if err := form.parse(string(text)); err != nil {
			return err
		}
	}
	q.values = form.raw()
	for _, n := range f.Common {
		if v, ok := q.values[n]; ok {
			q.Common[n] = v
			delete(q.values, n)
		}
	}
	return nil
}

// file returns the content of an upload.
func file(kind string, body io.Reader) (io.Reader, error) {
	if !strings.HasPrefix(kind, fiber.MIMEMultipartForm) {
		return body, nil
	}
	_, boundary, ok := strings.Cut(kind, "boundary=")
	boundary, _, _ = strings.Cut(boundary, ";")
	if boundary = strings.Trim(boundary, `" `); !ok || boundary == "" {
		return nil, errs.Invalidf("", "the multipart body names no boundary")
	}
	p, err := multipart.NewReader(body, boundary).NextPart()
	if err != nil {
		return nil, errs.Invalidf("", "the multipart body has no part: %w", err)
	}
	return part{p}, nil
}

// part is the file in a multipart body.
type part struct{ r io.Reader }

// Read implements io.Reader.
func (p part) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	var ref *Refusal
	if err != nil && !errors.Is(err, io.EOF) && !errors.As(err, &ref) {
		err = errs.Invalidf("", "the multipart body has no end: %w", err)
	}
	return n, err
}

// values collects parameters; a name may come more than once.
type values map[string][]string

// parse adds the pairs of a query or a form.
func (v *values) parse(text string) error {
	if *v == nil {
		*v = values{}
	}
	for text != "" {
		var pair string
		pair, text, _ = strings.Cut(text, "&")
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		n, err1 := url.QueryUnescape(name)
		x, err2 := url.QueryUnescape(value)
		if err := errors.Join(err1, err2); err != nil {
			return errs.Invalidf(n, "the parameters hold a broken escape: %v", err)
		}
		(*v)[n] = append((*v)[n], x)
	}
	return nil
}

// json adds the fields of a JSON object: strings without their quotes, all else
// as JSON text. A null counts as absent.
func (v *values) json(body io.Reader) error {
	text, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return &MalformedBody{err}
	}
	for name, raw := range fields {
		if s := string(raw); s != "null" {
			if s[0] == '"' {
				if err := json.Unmarshal(raw, &s); err != nil {
					return &MalformedBody{err}
				}
			}
			(*v)[name] = []string{s}
		}
	}
	return nil
}

// raw joins the values of each name. H2O: a name that comes several times
// becomes a list.
func (v values) raw() param.Raw {
	out := make(param.Raw, len(v))
	for n, vs := range v {
		if len(vs) == 1 {
			out[n] = vs[0]
			continue
		}
		quoted := make([]string, len(vs))
		for i, x := range vs {
			quoted[i] = `"` + x + `"`
		}
		out[n] = "[" + strings.Join(quoted, ",") + "]"
	}
	return out
}
