package api

import (
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/geyser-ml/geyser/engine/param"
)

// Route is one row of a facade's table.
type Route struct {
	Method  string
	Path    string // "/3/Frames/{frame_id}"; {name?} may be empty
	Name    string // for people and generated clients
	Summary string // one sentence
	In, Out reflect.Type
	// Params describes what the route takes; nil when it takes anything.
	Params []param.Info
	// Upload says that the body is a file, left to Request.Body.
	Upload bool
	// Handler names the handler for the metadata; "" for none.
	Handler string

	call func(*Request) (any, error)
}

// Handle makes a route whose parameters, from path, query and body, are decoded
// into In by its param tags. In may be param.Raw, which takes anything but the
// path's parameters, or struct{}, which takes nothing. What f returns is
// encoded by the facade, unless it is a Reply.
func Handle[In, Out any](method, path, name, summary string, f func(*Request, In) (Out, error)) Route {
	r := Route{
		Method: method, Path: path, Name: name, Summary: summary,
		In: reflect.TypeFor[In](), Out: reflect.TypeFor[Out](),
	}
	if r.In == reflect.TypeFor[param.Raw]() {
		r.call = func(q *Request) (any, error) { return f(q, any(q.values).(In)) }
		return r
	}
	schema := param.Of[In]()
	r.Params = schema.Metadata()
	r.call = func(q *Request) (any, error) {
		in, issues := schema.Decode(q.raw())
		if err := issues.Err(); err != nil {
			return nil, err
		}
		return f(q, in)
	}
	return r
}

// As sets the name under which the route's handler is documented.
func (r Route) As(handler string) Route { r.Handler = handler; return r }

// Uploading marks the body of the route as a file that the handler reads.
func (r Route) Uploading() Route { r.Upload = true; return r }

// Reply is an answer as it goes onto the wire.
type Reply struct {
	Status int    // 0 means 200
	Type   string // content type; "" for none
	Header map[string]string
	Body   []byte
	// Stream writes the body instead of Body; it runs after the handler has
	// returned, and an error cuts the answer off.
	Stream func(w io.Writer) error
}

// Version is a first path segment: a number, and the words that mean it.
type Version struct {
	Number int
	Words  []string
}

// row is a route under one of its paths.
type row struct {
	path  string
	route Route
}

// expand lists the routes under all their paths, so that a path with fewer
// wildcards comes first.
func (f *Facade) expand() []row {
	var rows []row
	own := map[string]bool{}
	for _, r := range f.Routes {
		own[r.Method+shape(r.Path)] = true
	}
	for _, r := range f.Routes {
		rows = append(rows, row{r.Path, r})
		v, rest, ok := splitVersion(r.Path)
		if !ok {
			continue
		}
		// A row stays in force in the next versions until one of them has its own.
		for _, w := range f.Versions {
			p := "/" + strconv.Itoa(w.Number) + rest
			if w.Number <= v {
				continue
			}
			if own[r.Method+shape(p)] {
				break
			}
			rows = append(rows, row{p, r})
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int { return strings.Count(a.path, "{") - strings.Count(b.path, "{") })
	return rows
}

// canonical replaces the version word of a path by the highest known version
// that is not above it.
func (f *Facade) canonical(path string) string {
	word, rest, ok := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if !ok {
		return path
	}
	for _, v := range f.Versions {
		if slices.Contains(v.Words, word) {
			return "/" + strconv.Itoa(v.Number) + "/" + rest
		}
	}
	n, err := strconv.Atoi(word)
	if err != nil {
		return path
	}
	for i := len(f.Versions) - 1; i >= 0; i-- {
		if v := f.Versions[i].Number; v <= n {
			return "/" + strconv.Itoa(v) + "/" + rest
		}
	}
	return path
}

// splitVersion cuts "/3/Frames" into 3 and "/Frames".
func splitVersion(path string) (v int, rest string, ok bool) {
	word, rest, ok := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if !ok {
		return 0, "", false
	}
	v, err := strconv.Atoi(word)
	return v, "/" + rest, err == nil
}

// shape is a path without the names of its parameters.
func shape(path string) string {
	segs := strings.Split(path, "/")
	for i, s := range segs {
		if strings.HasPrefix(s, "{") {
			segs[i] = "{}"
		}
	}
	return strings.Join(segs, "/")
}

// fiberPath writes {name} as fiber writes parameters.
func fiberPath(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}

// PathParams lists the names of the parameters in the route's path.
func (r Route) PathParams() []string {
	var names []string
	for _, s := range strings.Split(r.Path, "/") {
		if strings.HasPrefix(s, "{") {
			names = append(names, strings.Trim(s, "{}?"))
		}
	}
	return names
}

// Pattern returns the path as it is documented.
func (r Route) Pattern() string { return strings.ReplaceAll(r.Path, "?}", "}") }

// serve makes the fiber handler of a route.
func (s *Server) serve(f *Facade, r Route) fiber.Handler {
	names := r.PathParams()
	return func(c *fiber.Ctx) error {
		q := requestOf(c)
		q.Route = &r
		if err := s.bind(c, q, f, names, r.Upload); err != nil {
			return err
		}
		out, err := r.call(q)
		if err != nil {
			return err
		}
		reply, ok := out.(Reply)
		if !ok {
			if reply, err = f.Encode(q, out); err != nil {
				return err
			}
		}
		return s.send(c, q, reply)
	}
}
