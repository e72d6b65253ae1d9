package h2o

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/api"
	"github.com/geyser-ml/geyser/engine"
	"github.com/geyser-ml/geyser/engine/job"
)

// noRepo forgets everything: the tests look at the API, not at restarts.
type noRepo struct{}

func (noRepo) PutFrame(engine.FrameRecord) (*engine.FrameRecord, error) { return nil, nil }
func (noRepo) DeleteFrame(string) error                                 { return nil }
func (noRepo) Frames() ([]engine.FrameRecord, error)                    { return nil, nil }
func (noRepo) PutModel(engine.ModelRecord) (*engine.ModelRecord, error) { return nil, nil }
func (noRepo) DeleteModel(string) error                                 { return nil }
func (noRepo) Models() ([]engine.ModelRecord, error)                    { return nil, nil }
func (noRepo) PutResult(engine.ResultRecord) error                      { return nil }
func (noRepo) DeleteResult(string) error                                { return nil }
func (noRepo) Results() ([]engine.ResultRecord, error)                  { return nil, nil }
func (noRepo) ResultBody(string) ([]byte, error)                        { return nil, nil }
func (noRepo) Jobs() ([]job.Snapshot, error)                            { return nil, nil }
func (noRepo) DeleteAll([]string) error                                 { return nil }
func (noRepo) Setting(string) (string, bool, error)                     { return "", false, nil }
func (noRepo) SetSetting(string, string) error                          { return nil }
func (noRepo) Close() error                                             { return nil }

// server is the facade over an engine of its own.
type server struct {
	*testing.T
	api  *api.Server
	face api.Facade
	work string // files below it can be imported and exported
	stop chan struct{}
}

// start makes a server that is gone at the end of the test.
func start(t *testing.T) *server {
	t.Helper()
	work := t.TempDir()
	e, err := engine.Open(engine.Config{
		DataDir: t.TempDir(), ImportRoots: []string{work}, ExportRoots: []string{work}, Repo: noRepo{}, Threads: 2, Version: "test",
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		assert.NoError(t, e.Close(ctx))
	})
	ring := api.NewRing(slog.DiscardHandler, 1000)
	s := &server{T: t, api: api.New(api.Options{Log: slog.New(ring)}), work: work, stop: make(chan struct{})}
	s.face = New(Options{
		Engine: e, Log: slog.New(ring), Ring: ring, Address: "127.0.0.1:54321", Shutdown: func() { close(s.stop) },
	})
	s.api.Mount(s.face)
	return s
}

// send sends a request and returns the answer.
func (s *server) send(method, path, kind, body string) (*http.Response, []byte) {
	s.Helper()
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.Host = "localhost:54321"
	req.Header.Set("User-Agent", "H2O Python client/3.46.0.12")
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	res, err := s.api.App().Test(req, -1)
	require.NoError(s, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	require.NoError(s, err)
	return res, b
}

// ask sends parameters, in the query of a GET or DELETE, else as a form, and
// returns the status and the JSON of the answer.
func (s *server) ask(method, path string, params ...string) (int, map[string]any) {
	s.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(params); i += 2 {
		form.Add(params[i], params[i+1])
	}
	kind, body := "", ""
	if method == "POST" {
		kind, body = "application/x-www-form-urlencoded", form.Encode()
	} else if len(form) > 0 {
		path += "?" + form.Encode()
	}
	res, b := s.send(method, path, kind, body)
	return res.StatusCode, s.object(b)
}

// ok is ask for a request that must succeed.
func (s *server) ok(method, path string, params ...string) map[string]any {
	s.Helper()
	status, got := s.ask(method, path, params...)
	require.Equal(s, 200, status, "%s %s: %v", method, path, got["msg"])
	return got
}

// object decodes a JSON object.
func (s *server) object(b []byte) map[string]any {
	s.Helper()
	var out map[string]any
	require.NoError(s, json.Unmarshal(b, &out), string(b))
	return out
}

// at looks a value up: names, and numbers for places in lists.
func at(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

// end waits for a job that an answer holds at a path.
func (s *server) end(answer map[string]any, path ...any) map[string]any {
	s.Helper()
	key := at(answer, append(path, "key", "name")...)
	require.IsType(s, "", key)
	for {
		j := at(s.ok("GET", "/3/Jobs/"+key.(string)), "jobs", 0).(map[string]any)
		if j["status"] != "RUNNING" && j["status"] != "CANCEL_PENDING" {
			return j
		}
	}
}

// routed reports whether a route takes a method and a path pattern.
func (s *server) routed(route string) bool {
	s.Helper()
	method, path, _ := strings.Cut(route, " ")
	if path == "/3/Shutdown" {
		return true // TestShutdown asks it
	}
	res, body := s.send(method, strings.NewReplacer("{", "", "}", "").Replace(path), "", "")
	if res.StatusCode != http.StatusNotFound {
		return true
	}
	msg, _ := s.object(body)["msg"].(string)
	return !strings.Contains(msg, "Resource /") && !strings.Contains(msg, method+" /")
}

// csv is a small table with a column of each sort; the response "y" depends on
// x, "b" has two classes and "m" three.
func csv(rows int) string {
	var b strings.Builder
	b.WriteString("x,z,c,t,y,b,m\n")
	for i := range rows {
		z := fmt.Sprint(i * 7 % 11)
		if i%13 == 5 {
			z = ""
		}
		fmt.Fprintf(&b, "%g,%s,%s,2024-01-%02d,%g,%s,%s\n", float64(i%17)/4, z, []string{"u", "v", "w"}[i%3], 1+i%28,
			float64(i%17)*2+float64(i%3), []string{"no", "yes"}[min(1, (i%17)/8)], []string{"p", "q", "r"}[(i%17)/6])
	}
	return b.String()
}

// load parses a table into a frame.
func (s *server) load(key string, rows int) {
	s.Helper()
	path := filepath.Join(s.work, key+".csv")
	require.NoError(s, os.WriteFile(path, []byte(csv(rows)), 0o600))
	found := s.ok("POST", "/3/ImportFilesMulti", "paths", "["+path+"]")
	src := fmt.Sprintf("[%q]", at(found, "destination_frames", 0))
	setup := s.ok("POST", "/3/ParseSetup", "source_frames", src)
	quoted := func(name string) string {
		b, err := json.Marshal(setup[name])
		require.NoError(s, err)
		return string(b)
	}
	parsed := s.ok("POST", "/3/Parse", "source_frames", src, "destination_frame", key, "parse_type", "CSV", "separator", "44",
		"check_header", "1", "number_columns", "7", "column_names", quoted("column_names"), "column_types", quoted("column_types"),
		"chunk_size", "4194304", "delete_on_done", "True", "blocking", "False")
	require.Equal(s, "DONE", s.end(parsed, "job")["status"])
}

// goldens are the shapes of H2O's answers.
func goldens(t *testing.T) map[string]any {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "answers.json"))
	require.NoError(t, err)
	var out map[string]any
	require.NoError(t, json.Unmarshal(b, &out))
	return out
}

// differences lists where an answer lacks what the shape has. Null fits all.
func differences(want, got any, path string) []string {
	if want == nil || got == nil {
		return nil
	}
	var out []string
	switch w := want.(type) {
	case string:
		if k := kindOf(got); k != w {
			out = append(out, fmt.Sprintf("%s is a %s, not a %s", path, k, w))
		}
	case []any:
		g, ok := got.([]any)
		if !ok {
			return []string{path + " is no list"}
		}
		if len(w) > 0 {
			for _, e := range g {
				out = append(out, differences(w[0], e, path+"[]")...)
			}
		}
	case map[string]any:
		if named, ok := w["[]"].(map[string]any); ok {
			return namedDifferences(named, got, path)
		}
		g, ok := got.(map[string]any)
		if !ok {
			return []string{path + " is no object"}
		}
		for name, shape := range w {
			if name == "__meta" {
				if text, ok := shape.(string); ok && strings.Contains(text, " ") {
					if have := fmt.Sprint(at(g, name, "schema_name"), " ", at(g, name, "schema_type")); have != text {
						out = append(out, fmt.Sprintf("%s is a %s, not a %s", path, have, text))
					}
					continue
				}
			}
			v, ok := g[name]
			if !ok {
				out = append(out, path+"."+name+" is missing")
				continue
			}
			out = append(out, differences(shape, v, path+"."+name)...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// namedDifferences compares a list of named things; those of both sides only.
func namedDifferences(want map[string]any, got any, path string) []string {
	var out []string
	list, ok := got.([]any)
	if !ok {
		return []string{path + " is no list"}
	}
	for _, e := range list {
		name, _ := at(e, "name").(string)
		if shape, ok := want[name]; ok {
			out = append(out, differences(shape, e, path+"["+name+"]")...)
		}
	}
	return out
}

// kindOf is the word for the JSON type of a value.
func kindOf(v any) string {
	switch v := v.(type) {
	case bool:
		return "boolean"
	case float64:
		return "number"
	case string:
		if v == "NaN" || v == "Infinity" || v == "-Infinity" {
			return "number"
		}
		return "string"
	case []any:
		return "array"
	}
	return "object"
}
