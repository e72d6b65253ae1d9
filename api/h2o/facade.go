// Package h2o is the H2O-3 facade: the REST protocol of H2O 3.46 over the
// engine, such that the unmodified Python and R clients can drive it. It knows
// H2O's names, shapes and statuses, and nothing about data or models.
package h2o

import (
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/geyser-ml/geyser/api"
	"github.com/geyser-ml/geyser/engine"
	"github.com/geyser-ml/geyser/engine/errs"
)

// Version is the H2O release whose protocol this package speaks, and which it
// announces unless Options say otherwise.
const Version = "3.46.0.12"

// Options configures the facade.
type Options struct {
	Engine *engine.Engine
	// Log is written to by /3/LogAndEcho and read by /3/Logs.
	Log  *slog.Logger
	Ring *api.Ring
	// Version is the release to announce, for clients that insist on their own;
	// "" means Version.
	Version string
	// Name is the name of the cluster; "" means "geyser".
	Name string
	// Address is the host and port to show.
	Address string
	// Shutdown is called, once, when a client asks the server to end; nil
	// refuses such requests.
	Shutdown func()
}

// facade holds what the handlers share.
type facade struct {
	Options
	e      *engine.Engine
	routes []api.Route
	shapes map[string]schemaInfo // by schema name

	mu       sync.Mutex
	props    map[[2]string]string // session, name → value
	shutdown sync.Once
	last     time.Time // of the last request, for SteamMetrics
}

// New makes the facade; the server that it is mounted on owns nothing of it.
func New(opt Options) api.Facade {
	if opt.Version == "" {
		opt.Version = Version
	}
	if opt.Name == "" {
		opt.Name = "geyser"
	}
	f := &facade{Options: opt, e: opt.Engine, props: map[[2]string]string{}, last: time.Now()}
	f.routes = f.table()
	f.shapes = describe(f.routes)
	return api.Facade{
		Routes: f.routes,
		Versions: []api.Version{
			{Number: 3, Words: []string{"LATEST"}}, {Number: 4}, {Number: 99, Words: []string{"EXPERIMENTAL"}},
		},
		Common:  []string{excludeFields},
		Rewrite: rewrite,
		Encode:  f.encode,
		Fail:    f.fail,
		Missing: f.missing,
		Headers: map[string]string{
			"X-h2o-build-project-version": opt.Version,
			"X-h2o-rest-api-version-max":  "3",
			"X-h2o-cluster-id":            clusterID(opt.Engine.Started()),
			"X-h2o-cluster-good":          "true",
			"X-Frame-Options":             "deny",
			"X-XSS-Protection":            "1; mode=block",
			"X-Content-Type-Options":      "nosniff",
			"Content-Security-Policy":     "default-src 'self'; img-src 'self' data:",
		},
	}
}

// excludeFields is the parameter that every route takes.
const excludeFields = "_exclude_fields"

// jsonType is the content type of answers.
const jsonType = "application/json"

// encode implements api.Facade.Encode.
func (f *facade) encode(r *api.Request, v any) (api.Reply, error) {
	f.mu.Lock()
	f.last = time.Now()
	f.mu.Unlock()
	return api.Reply{Type: jsonType, Body: encode(v, r.Common[excludeFields])}, nil
}

// frameTail splits the path of a frame whose key holds slashes. The alternatives
// are H2O's, in its order; what none takes is the key as a whole.
var frameTail = regexp.MustCompile(`^/(3|4|99)/Frames/(.+?)(/export/[^/]+/overwrite/(?:true|false)|/export|/save|` +
	`/columns/[^/]+/summary|/columns/[^/]+/domain|/columns/[^/]+|/summary|/light|/columns|)$`)

// madeMetrics takes apart the path of metrics made of two frames.
var madeMetrics = regexp.MustCompile(`^(/(?:3|4|99)/ModelMetrics/predictions_frame)/(.+)/actuals_frame/(.+)$`)

// rewrite escapes the slashes that clients leave in the keys of frames.
func rewrite(path string) string {
	if m := frameTail.FindStringSubmatch(path); m != nil {
		return "/" + m[1] + "/Frames/" + escapeSlash(m[2]) + m[3]
	}
	if m := madeMetrics.FindStringSubmatch(path); m != nil {
		return m[1] + "/" + escapeSlash(m[2]) + "/actuals_frame/" + escapeSlash(m[3])
	}
	return path
}

// escapeSlash escapes the slashes of a path segment that has been escaped but
// for them.
func escapeSlash(s string) string { return strings.ReplaceAll(s, "/", "%2F") }

// missing implements api.Facade.Missing: what H2O answers to requests that no
// route takes.
func (f *facade) missing(r *api.Request) (api.Reply, error) {
	switch r.Method {
	case http.MethodOptions:
		return api.Reply{}, nil
	case http.MethodHead:
		return api.Reply{Status: http.StatusNotFound, Type: jsonType}, nil
	case http.MethodPut:
		return api.Reply{}, errs.Invalidf(badMethod, "Bad HTTP method: %s", r.Method)
	case http.MethodPost, http.MethodDelete:
		return api.Reply{}, errs.NotFoundf(noResource, "%s %s not found", r.Method, r.Path)
	case http.MethodGet:
		return api.Reply{}, errs.NotFoundf(noResource, "Resource %s not found", r.Path)
	}
	return api.Reply{Status: http.StatusNotImplemented}, nil
}
