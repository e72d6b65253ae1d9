package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/param"
)

// echoIn has one parameter of each sort that a request can carry.
type echoIn struct {
	ID    string   `param:"id" help:"Of the path."`
	Name  string   `param:"name" help:"Text."`
	Count int      `param:"count" default:"7" in:"[0,100]" help:"Number."`
	Flag  bool     `param:"flag" help:"Switch."`
	List  []string `param:"list" help:"Texts."`
}

// demo is a facade whose routes echo what they are given.
func demo() Facade {
	echo := func(_ *Request, in echoIn) (echoIn, error) { return in, nil }
	return Facade{
		Versions: []Version{{Number: 3, Words: []string{"LATEST"}}, {Number: 4}, {Number: 99, Words: []string{"EXPERIMENTAL"}}},
		Common:   []string{"_hide"},
		Routes: []Route{
			Handle("GET", "/3/Echo", "echo", "Echoes.", echo),
			Handle("POST", "/3/Echo", "echoPost", "Echoes.", echo),
			Handle("GET", "/3/Echo/{id}", "echoPath", "Echoes.", echo),
			Handle("GET", "/3/Echo/fixed", "echoFixed", "Echoes.", func(*Request, struct{}) (string, error) { return "fixed", nil }),
			Handle("POST", "/3/Open/{id?}", "open", "May lack its end.", echo),
			Handle("GET", "/3/Only", "only3", "Is here in 3.", func(*Request, struct{}) (string, error) { return "three", nil }),
			Handle("GET", "/99/Only", "only99", "Is here in 99.", func(*Request, struct{}) (string, error) { return "ninety-nine", nil }),
			Handle("POST", "/3/Raw/{id}", "raw", "Takes anything.", func(r *Request, in param.Raw) (map[string]string, error) {
				return map[string]string{"path": r.Param("id"), "values": fmt.Sprint(map[string]string(in))}, nil
			}),
			Handle("POST", "/3/File", "file", "Takes a file.", func(r *Request, in echoIn) (string, error) {
				b, err := io.ReadAll(r.Body())
				return in.Name + ":" + string(b), err
			}).Uploading(),
			Handle("GET", "/3/Panic", "panic", "Panics.", func(*Request, struct{}) (string, error) { panic("boom") }),
			Handle("GET", "/3/Fail", "fail", "Fails.", func(*Request, struct{}) (string, error) {
				return "", errs.NotFoundf("id", "no such thing")
			}),
			Handle("GET", "/3/Stream", "stream", "Streams.", func(*Request, struct{}) (Reply, error) {
				return Attachment("text/csv", "a.csv", func(w io.Writer) error {
					_, err := io.WriteString(w, "a,b\n")
					return err
				}), nil
			}),
		},
		Headers: map[string]string{"X-Demo": "yes"},
		Encode: func(r *Request, v any) (Reply, error) {
			b, err := json.Marshal(v)
			return Reply{Type: "application/json", Body: b, Header: map[string]string{"X-Hide": r.Common["_hide"]}}, err
		},
		Fail: func(_ *Request, err error) Reply {
			return Reply{Status: 400 + int(errs.KindOf(err)), Type: "text/plain", Body: []byte(err.Error())}
		},
		Rewrite: func(path string) string { return strings.Replace(path, "/Old/", "/Echo/", 1) },
	}
}

// newServer makes a server with the demo facade that logs into the test.
func newServer(t *testing.T, opt Options) *Server {
	t.Helper()
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	s := New(opt)
	s.Mount(demo())
	return s
}

// ask sends a request and returns the status, the body and the headers.
func ask(t *testing.T, s *Server, method, target, kind, body string, headers ...string) (int, string, http.Header) {
	t.Helper()
	req := httptest.NewRequest(method, target, strings.NewReader(body))
	req.Host = "localhost:54321"
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
			continue
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := s.App().Test(req, -1)
	require.NoError(t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(b), res.Header
}

const formType = "application/x-www-form-urlencoded"

func TestBind(t *testing.T) {
	s := newServer(t, Options{})
	for _, c := range []struct {
		name, method, target, kind, body string
		want                             echoIn
	}{
		{"defaults", "GET", "/3/Echo", "", "", echoIn{Count: 7}},
		{"query", "GET", "/3/Echo?name=a%20b+c&count=5&flag=TRUE", "", "", echoIn{Name: "a b c", Count: 5, Flag: true}},
		{"form", "POST", "/3/Echo", formType, "name=x%26y&list=%5B%22a%22%2Cb%5D", echoIn{Name: "x&y", Count: 7, List: []string{"a", "b"}}},
		{"form with charset", "POST", "/3/Echo", formType + "; charset=UTF-8", "name=x", echoIn{Name: "x", Count: 7}},
		{"query and form", "POST", "/3/Echo?count=3", formType, "name=x", echoIn{Name: "x", Count: 3}},
		{"no content type", "POST", "/3/Echo", "", "name=x", echoIn{Name: "x", Count: 7}},
		{"other content type", "POST", "/3/Echo", "text/plain", "name=x", echoIn{Count: 7}},
		{"repeated name", "GET", "/3/Echo?list=a&list=b", "", "", echoIn{Count: 7, List: []string{"a", "b"}}},
		{"json", "POST", "/3/Echo", "application/json", `{"name":"q\"x","count":9,"flag":true,"list":["a","b"]}`,
			echoIn{Name: `q"x`, Count: 9, Flag: true, List: []string{"a", "b"}}},
		{"json null is absent", "POST", "/3/Echo", "application/json", `{"count":null}`, echoIn{Count: 7}},
		{"json empty body", "POST", "/3/Echo", "application/json", ``, echoIn{Count: 7}},
		{"path", "GET", "/3/Echo/train.hex", "", "", echoIn{ID: "train.hex", Count: 7}},
		{"path unescaped once", "GET", "/3/Echo/a%2Fb%2525+c", "", "", echoIn{ID: "a/b%25+c", Count: 7}},
		{"path beats query", "GET", "/3/Echo/p?id=q", "", "", echoIn{ID: "p", Count: 7}},
		{"rewritten path", "GET", "/3/Old/p", "", "", echoIn{ID: "p", Count: 7}},
		{"path may lack its end", "POST", "/3/Open/", "", "", echoIn{Count: 7}},
		{"path has its end", "POST", "/3/Open/x", "", "", echoIn{ID: "x", Count: 7}},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, body, _ := ask(t, s, c.method, c.target, c.kind, c.body)
			require.Equal(t, 200, status, body)
			var got echoIn
			require.NoError(t, json.Unmarshal([]byte(body), &got))
			assert.Equal(t, c.want, got)
		})
	}
}

func TestBind_Errors(t *testing.T) {
	s := newServer(t, Options{FormLimit: 100})
	for _, c := range []struct {
		name, target, kind, body, want string
		status                         int
	}{
		{"ErrUnknown", "/3/Echo?nosuch=1", "", "", "Unknown parameter: nosuch", 401},
		{"ErrNumber", "/3/Echo", formType, "count=many", "cannot convert", 401},
		{"ErrRange", "/3/Echo", formType, "count=101", "must lie in [0,100]", 401},
		{"ErrEscape", "/3/Echo?name=%zz", "", "", "broken escape", 401},
		{"ErrJSON", "/3/Echo", "application/json", `{bad`, "not a JSON object", 400},
		{"ErrJSONList", "/3/Echo", "application/json", `[1]`, "not a JSON object", 400},
		{"ErrTooLong", "/3/Echo", formType, "name=" + strings.Repeat("x", 200), "longer than", 413},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, body, _ := ask(t, s, "POST", c.target, c.kind, c.body)
			assert.Equal(t, c.status, status)
			assert.Contains(t, body, c.want)
		})
	}
}

func TestBind_Common(t *testing.T) {
	status, body, h := ask(t, newServer(t, Options{}), "GET", "/3/Echo?_hide=a/b", "", "")
	assert.Equal(t, 200, status, body)
	assert.Equal(t, "a/b", h.Get("X-Hide"))
}

func TestBind_Raw(t *testing.T) {
	_, body, _ := ask(t, newServer(t, Options{}), "POST", "/3/Raw/a?id=other&x=1", formType, "y=2")
	assert.JSONEq(t, `{"path":"a","values":"map[id:other x:1 y:2]"}`, body)
}

func TestUpload(t *testing.T) {
	s := newServer(t, Options{UploadLimit: 300})
	multi := "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\n1,2\r\n--B--\r\n"
	for _, c := range []struct {
		name, kind, body, want string
		status                 int
	}{
		{"plain", "", "1,2\n", `"k:1,2\n"`, 200},
		{"form type is still a file", formType, "name=x", `"k:name=x"`, 200},
		{"multipart", "multipart/form-data; boundary=B", multi, `"k:1,2"`, 200},
		{"multipart quoted boundary", `multipart/form-data; boundary="B"`, multi, `"k:1,2"`, 200},
		{"ErrBoundary", "multipart/form-data", multi, "names no boundary", 401},
		{"ErrNoPart", "multipart/form-data; boundary=C", "nothing", "has no part", 401},
		{"ErrTooLong", "", strings.Repeat("x", 301), "longer than", 413},
		{"just fits", "", strings.Repeat("x", 300), strings.Repeat("x", 300), 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, body, _ := ask(t, s, "POST", "/3/File?name=k", c.kind, c.body)
			assert.Equal(t, c.status, status)
			assert.Contains(t, body, c.want)
		})
	}
}

func TestVersions(t *testing.T) {
	s := newServer(t, Options{})
	for _, c := range []struct {
		path, want string
		status     int
	}{
		{"/3/Only", `"three"`, 200},
		{"/4/Only", `"three"`, 200},
		{"/9/Only", `"three"`, 200},
		{"/98/Only", `"three"`, 200},
		{"/99/Only", `"ninety-nine"`, 200},
		{"/1000/Only", `"ninety-nine"`, 200},
		{"/LATEST/Only", `"three"`, 200},
		{"/EXPERIMENTAL/Only", `"ninety-nine"`, 200},
		{"/99/Echo/fixed", `"fixed"`, 200},
		{"/2/Only", "not served here", 402},
		{"/Only", "not served here", 402},
		{"/3/only", "not served here", 402},
		{"/3/Only/", "not served here", 402},
		{"/latest/Only", "not served here", 402},
	} {
		t.Run(c.path, func(t *testing.T) {
			status, body, _ := ask(t, s, "GET", c.path, "", "")
			assert.Equal(t, c.status, status)
			assert.Contains(t, body, c.want)
		})
	}
}

func TestRouting(t *testing.T) {
	s := newServer(t, Options{})
	t.Run("fixed beats wildcard", func(t *testing.T) {
		_, body, _ := ask(t, s, "GET", "/3/Echo/fixed", "", "")
		assert.Equal(t, `"fixed"`, body)
	})
	t.Run("HEAD is no GET", func(t *testing.T) {
		status, _, _ := ask(t, s, "HEAD", "/3/Echo", "", "")
		assert.Equal(t, 402, status)
	})
	t.Run("wrong method", func(t *testing.T) {
		status, _, _ := ask(t, s, "DELETE", "/3/Echo", "", "")
		assert.Equal(t, 402, status)
	})
	t.Run("headers on every answer", func(t *testing.T) {
		_, _, h := ask(t, s, "GET", "/3/Fail", "", "")
		assert.Equal(t, "yes", h.Get("X-Demo"))
	})
	t.Run("stream", func(t *testing.T) {
		status, body, h := ask(t, s, "GET", "/3/Stream", "", "")
		assert.Equal(t, 200, status)
		assert.Equal(t, "a,b\n", body)
		assert.Equal(t, "attachment; filename=a.csv", h.Get("Content-Disposition"))
	})
}

func TestPanic(t *testing.T) {
	ring := NewRing(slog.DiscardHandler, 10)
	s := newServer(t, Options{Log: slog.New(ring)})
	status, body, _ := ask(t, s, "GET", "/3/Panic", "", "")
	assert.Equal(t, 400, status)
	assert.Contains(t, body, "fault of the server")
	assert.NotContains(t, body, "boom")
	log := strings.Join(ring.Lines(slog.LevelError), "\n")
	assert.Contains(t, log, "boom")
	assert.Contains(t, log, "api_test.go")
}

func TestGuard_Loopback(t *testing.T) {
	s := newServer(t, Options{})
	for _, c := range []struct {
		name, host, origin string
		status             int
	}{
		{"localhost", "localhost:54321", "", 200},
		{"no port", "127.0.0.1", "", 200},
		{"IPv6", "[::1]:54321", "", 200},
		{"IPv6 no port", "[::1]", "", 200},
		{"own page", "localhost:54321", "http://localhost:54321", 200},
		{"own page on another port", "localhost:54321", "http://127.0.0.1:8888", 200},
		{"ErrHost", "evil.example:54321", "", 403},
		{"ErrHostPrefix", "localhost.evil.example", "", 403},
		{"ErrOrigin", "localhost:54321", "https://evil.example", 403},
		{"ErrOriginNull", "localhost:54321", "null", 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			headers := []string{"Host", c.host}
			if c.origin != "" {
				headers = append(headers, "Origin", c.origin)
			}
			status, body, _ := ask(t, s, "GET", "/3/Echo", "", "", headers...)
			assert.Equal(t, c.status, status, body)
			if c.status == 403 {
				assert.Contains(t, body, "loopback")
			}
		})
	}
}

func TestGuard_Key(t *testing.T) {
	s := newServer(t, Options{CheckKey: func(secret string) bool { return secret == "s3cret:x" }})
	for _, c := range []struct {
		name, path, auth string
		status           int
	}{
		{"bearer", "/3/Echo", "Bearer s3cret:x", 200},
		{"basic", "/3/Echo", "Basic YW55Om9uZTpzM2NyZXQ6eA==", 401},  // user any, password one:s3cret:x
		{"basic password", "/3/Echo", "Basic YW55OnMzY3JldDp4", 200}, // user any, password s3cret:x
		{"ErrNone", "/3/Echo", "", 401},
		{"ErrWrong", "/3/Echo", "Bearer nope", 401},
		{"ErrScheme", "/3/Echo", "Digest s3cret:x", 401},
		{"ErrBase64", "/3/Echo", "Basic ???", 401},
		{"ErrMetrics", "/metrics", "", 401},
		{"ErrUnknownPath", "/nosuch", "", 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			headers := []string{"Host", "geyser.example"}
			if c.auth != "" {
				headers = append(headers, "Authorization", c.auth)
			}
			status, body, h := ask(t, s, "GET", c.path, "", "", headers...)
			assert.Equal(t, c.status, status, body)
			if c.status == 401 {
				assert.Contains(t, h.Get("WWW-Authenticate"), "Basic")
			}
		})
	}
}

func TestMetrics(t *testing.T) {
	s := newServer(t, Options{})
	ask(t, s, "GET", "/3/Echo/a", "", "")
	ask(t, s, "GET", "/3/Echo/b", "", "")
	ask(t, s, "GET", "/nosuch", "", "")
	status, body, _ := ask(t, s, "GET", "/metrics", "", "")
	assert.Equal(t, 200, status)
	assert.Contains(t, body, `geyser_http_requests_total{method="GET",route="/3/Echo/{id}",status="200"} 2`)
	assert.Contains(t, body, `geyser_http_requests_total{method="GET",route="none",status="402"} 1`)
}

func TestMetrics_Machine(t *testing.T) {
	var used, lost engine.Device
	used.Name, used.Model, used.Capability, used.Memory = "d:0", "Some GPU", "9.0", 1000
	used.Open, used.Free, used.Live, used.Jobs, used.Traffic.Launches = true, 600, 300, 2, 7
	lost.Name, lost.Fault = "d:1", "device lost"
	s := newServer(t, Options{Diagnose: func() engine.Diagnosis {
		return engine.Diagnosis{
			MemoryLimit: 50, MemoryUsed: 20, Running: 3, ScoringFaults: 4, Devices: []engine.Device{used, lost},
			Tiers: []engine.Tier{{Name: "d:0", Available: true}, {Name: "d:1"}, {Name: "go", Available: true}},
		}
	}})
	_, body, _ := ask(t, s, "GET", "/metrics", "", "")
	for _, line := range []string{
		`geyser_memory_limit_bytes 50`, `geyser_memory_used_bytes 20`, `geyser_jobs_running 3`, `geyser_scoring_faults_total 4`,
		`geyser_kernel_tier_available{tier="d:0"} 1`, `geyser_kernel_tier_available{tier="d:1"} 0`, `geyser_kernel_tier_available{tier="go"} 1`,
		`geyser_device_info{capability="9.0",device="d:0",model="Some GPU"} 1`, `geyser_device_lost{device="d:0"} 0`, `geyser_device_lost{device="d:1"} 1`,
		`geyser_device_memory_bytes{device="d:0"} 1000`, `geyser_device_memory_free_bytes{device="d:0"} 600`, `geyser_device_memory_live_bytes{device="d:0"} 300`,
		`geyser_device_jobs{device="d:0"} 2`, `geyser_device_launches_total{device="d:0"} 7`,
	} {
		assert.Contains(t, body, "\n"+line+"\n")
	}
	assert.NotContains(t, body, `geyser_device_memory_free_bytes{device="d:1"}`, "nobody has looked")
}

func TestRing(t *testing.T) {
	var below strings.Builder
	ring := NewRing(slog.NewTextHandler(&below, &slog.HandlerOptions{Level: slog.LevelWarn}), 3)
	log := slog.New(ring)
	for i := range 5 {
		log.Info("line", "i", i)
	}
	log.With("a", 1).WithGroup("g").Warn("last", "b", 2)
	got := ring.Lines(slog.LevelInfo)
	require.Len(t, got, 3)
	assert.Contains(t, got[0], "i=3")
	assert.Contains(t, got[2], "a=1 g.b=2")
	assert.Len(t, ring.Lines(slog.LevelWarn), 1)
	assert.Equal(t, 1, strings.Count(below.String(), "\n"), "only warnings are passed on")
}

func TestServe_Shutdown(t *testing.T) {
	s := newServer(t, Options{})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- s.Serve(ln) }()
	res, err := http.Get("http://" + ln.Addr().String() + "/3/Echo?name=over+the+wire")
	require.NoError(t, err)
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Contains(t, string(b), "over the wire")
	http.DefaultClient.CloseIdleConnections()
	require.NoError(t, s.Shutdown(context.Background()))
	require.NoError(t, <-done)
}

// TestRequest_OwnsItsText sends requests over one connection and checks that
// what a handler kept of the first is not overwritten by the next.
func TestRequest_OwnsItsText(t *testing.T) {
	var kept []*Request
	f := demo()
	f.Routes = []Route{Handle("POST", "/3/Keep/{id}", "keep", "Keeps.", func(r *Request, _ param.Raw) (string, error) {
		kept = append(kept, r)
		return "", nil
	})}
	s := New(Options{Log: slog.New(slog.DiscardHandler)})
	s.Mount(f)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- s.Serve(ln) }()
	for i := range 3 {
		letter := strings.Repeat(string(rune('a'+i)), 8)
		res, err := http.Post("http://"+ln.Addr().String()+"/3/Keep/"+letter, formType, strings.NewReader("v="+letter))
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
	}
	http.DefaultClient.CloseIdleConnections()
	require.NoError(t, s.Shutdown(context.Background()))
	require.NoError(t, <-done)
	for i, r := range kept {
		letter := strings.Repeat(string(rune('a'+i)), 8)
		assert.Equal(t, letter, r.Param("id"))
		assert.Equal(t, letter, r.values["v"])
		assert.Equal(t, "/3/Keep/"+letter, r.Path)
		assert.Equal(t, "POST", r.Method)
	}
}
