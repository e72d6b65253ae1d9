// Package api is HTTP and only HTTP: a server, a table of routes, one way of
// binding requests to tagged structs and one path for errors. What the routes
// mean is up to the facades that are mounted on it.
package api

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/geyser-ml/geyser/engine"
)

// Limits that hold for every request.
const (
	headerLimit = 1 << 20   // request line and headers: Rapids expressions may come in the query
	formLimit   = 256 << 20 // form and JSON bodies: a frame of a million names is a form, too
	uploadLimit = 1 << 40   // streamed files
)

// Options configures a Server. The zero value serves loopback without keys.
type Options struct {
	// Log receives requests and faults; nil means slog.Default().
	Log *slog.Logger
	// CheckKey is asked for the secret of every request. Nil means that no key
	// is needed; then only requests that name a loopback host are answered.
	CheckKey func(secret string) bool
	// Metrics is where the server registers its counters and what /metrics
	// shows; nil means a registry of its own, with the process and the runtime.
	Metrics *prometheus.Registry
	// Diagnose is asked by /metrics for memory, jobs and kernel tiers; nil
	// leaves them out.
	Diagnose func() engine.Diagnosis
	// FormLimit and UploadLimit bound the bodies of forms and of uploads in
	// bytes; 0 means the defaults.
	FormLimit, UploadLimit int64
}

// Server answers HTTP requests by the facades mounted on it.
type Server struct {
	opt     Options
	log     *slog.Logger
	app     *fiber.App
	facades []*Facade
	meter   *meter
	sealed  bool
}

// Facade is one API: its routes, and how its answers and errors look.
type Facade struct {
	// Prefix is the beginning of the paths for which this facade words the
	// errors; "" takes what no other facade takes.
	Prefix string
	Routes []Route
	// Versions are the version words, ascending, under which routes can be
	// reached; a route of a lower version also answers under the higher ones.
	// Empty means that paths are taken as they stand.
	Versions []Version
	// Common names the parameters that every route takes; they are kept apart
	// in Request.Common.
	Common []string
	// Headers are sent with each answer.
	Headers map[string]string
	// Rewrite gives a path its normal form before it is routed; nil leaves it.
	// Rewriting twice must change nothing.
	Rewrite func(path string) string
	// Encode turns what a handler returned into an answer.
	Encode func(r *Request, v any) (Reply, error)
	// Fail words an error as an answer. err is an *errs.Error, param.Issues, a
	// *Refusal, or anything else, which is a fault of ours.
	Fail func(r *Request, err error) Reply
	// Missing answers a request that no route takes.
	Missing func(r *Request) (Reply, error)
}

// New makes a server without routes except /metrics.
func New(opt Options) *Server {
	if opt.Log == nil {
		opt.Log = slog.Default()
	}
	if opt.Metrics == nil {
		opt.Metrics = prometheus.NewRegistry()
		opt.Metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	}
	if opt.FormLimit == 0 {
		opt.FormLimit = formLimit
	}
	if opt.UploadLimit == 0 {
		opt.UploadLimit = uploadLimit
	}
	s := &Server{opt: opt, log: opt.Log, meter: newMeter(opt.Metrics, opt.Diagnose)}
	s.app = fiber.New(fiber.Config{
		CaseSensitive:                true,
		StrictRouting:                true,
		UnescapePath:                 false,
		ReadBufferSize:               headerLimit,
		StreamRequestBody:            true,
		DisablePreParseMultipartForm: true,
		DisableStartupMessage:        true,
		ErrorHandler:                 s.failConnection,
	})
	s.app.Use(s.normalise, s.around)
	metrics := adaptor.HTTPHandler(promhttp.HandlerFor(opt.Metrics, promhttp.HandlerOpts{}))
	s.app.Add(fiber.MethodGet, "/metrics", func(c *fiber.Ctx) error {
		// Why: the adaptor reads a body into memory, however long it is.
		if !requestOf(c).arriving.drain(0) {
			return &Refusal{Status: fiber.StatusRequestEntityTooLarge, Msg: "/metrics takes no body"}
		}
		c.Request().ResetBody()
		return metrics(c)
	})
	return s
}

// Mount adds a facade. All facades are mounted before the first request.
func (s *Server) Mount(f Facade) {
	s.facades = append(s.facades, &f)
	slices.SortStableFunc(s.facades, func(a, b *Facade) int { return len(b.Prefix) - len(a.Prefix) })
	for _, e := range f.expand() {
		s.app.Add(e.route.Method, fiberPath(e.path), s.serve(&f, e.route))
	}
}

// seal adds what answers when no route does; it must come last in the router.
func (s *Server) seal() {
	if !s.sealed {
		s.sealed = true
		s.app.Use(s.missing)
	}
}

// App returns the router behind the server, ready for requests, for tests.
func (s *Server) App() *fiber.App {
	s.seal()
	return s.app
}

// Serve answers requests that arrive on ln until Shutdown, then returns nil.
func (s *Server) Serve(ln net.Listener) error {
	s.seal()
	err := s.app.Listener(ln)
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// Shutdown stops accepting connections and waits for running requests until ctx
// ends.
func (s *Server) Shutdown(ctx context.Context) error { return s.app.ShutdownWithContext(ctx) }

// facade returns the facade that words the answers for a path.
func (s *Server) facade(path string) *Facade {
	for _, f := range s.facades {
		if strings.HasPrefix(path, f.Prefix) {
			return f
		}
	}
	return &plain
}
