package bench_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/geyser-ml/geyser/api"
	"github.com/geyser-ml/geyser/api/h2o"
	"github.com/geyser-ml/geyser/engine"
	"github.com/geyser-ml/geyser/store"
)

// client speaks to one server as the Python client does: forms over one
// connection that stays open.
type client struct {
	tb   testing.TB
	url  string
	http http.Client
}

// serve runs a whole server in this process until the benchmark ends.
func serve(b *testing.B) *client {
	b.Helper()
	dir := b.TempDir()
	db, err := store.Open(dir)
	check(b, err)
	log := slog.New(slog.DiscardHandler)
	eng, err := engine.Open(engine.Config{
		DataDir: dir, Memory: 8 << 30, Backend: "auto", ImportRoots: []string{os.TempDir()}, Repo: db, Journal: db, Log: log, Now: time.Now,
	})
	check(b, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(b, err)
	server := api.New(api.Options{Log: log})
	server.Mount(h2o.New(h2o.Options{Engine: eng, Log: log, Ring: api.NewRing(log.Handler(), 10)}))
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	c := &client{tb: b, url: "http://" + ln.Addr().String()}
	b.Cleanup(func() {
		c.http.CloseIdleConnections()
		check(b, server.Shutdown(context.Background()))
		check(b, <-served)
		check(b, eng.Close(context.Background()))
		check(b, db.Close())
	})
	return c
}

// do sends one request, checks that it is answered with 200, and decodes the
// answer into out unless that is nil.
func (c *client) do(method, path string, form url.Values, out any) {
	c.tb.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequest(method, c.url+path, body)
	check(c.tb, err)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := c.http.Do(req)
	check(c.tb, err)
	text, err := io.ReadAll(res.Body)
	check(c.tb, err)
	check(c.tb, res.Body.Close())
	if res.StatusCode != http.StatusOK {
		c.tb.Fatalf("%s %s: %d: %.500s", method, path, res.StatusCode, text)
	}
	if out != nil {
		check(c.tb, json.Unmarshal(text, out))
	}
}

// started is the part of an answer that names the job it started.
type started struct {
	Job struct {
		Key struct{ Name string }
	}
}

// wait polls a job until it is done.
func (c *client) wait(s started) {
	c.tb.Helper()
	for {
		var answer struct {
			Jobs []struct {
				Status    string
				Exception string
			}
		}
		c.do("GET", "/3/Jobs/"+url.PathEscape(s.Job.Key.Name), nil, &answer)
		switch j := answer.Jobs[0]; j.Status {
		case "DONE":
			return
		case "FAILED", "CANCELLED":
			c.tb.Fatalf("job %s: %s", j.Status, j.Exception)
		}
	}
}

// load imports and parses a file.
func (c *client) load(path, key string) {
	c.tb.Helper()
	var imported struct {
		Keys []string `json:"destination_frames"`
	}
	c.do("POST", "/3/ImportFiles", url.Values{"path": {path}}, &imported)
	source := fmt.Sprintf("[%q]", imported.Keys[0])
	var setup struct {
		ParseType     string   `json:"parse_type"`
		Separator     int      `json:"separator"`
		NumberColumns int      `json:"number_columns"`
		CheckHeader   int      `json:"check_header"`
		Names         []string `json:"column_names"`
		Types         []string `json:"column_types"`
		ChunkSize     int      `json:"chunk_size"`
	}
	c.do("POST", "/3/ParseSetup", url.Values{"source_frames": {source}}, &setup)
	list := func(words []string) string {
		text, err := json.Marshal(words)
		check(c.tb, err)
		return string(text)
	}
	var s started
	c.do("POST", "/3/Parse", url.Values{
		"source_frames": {source}, "destination_frame": {key}, "parse_type": {setup.ParseType},
		"separator": {fmt.Sprint(setup.Separator)}, "number_columns": {fmt.Sprint(setup.NumberColumns)},
		"check_header": {fmt.Sprint(setup.CheckHeader)}, "single_quotes": {"false"}, "chunk_size": {fmt.Sprint(setup.ChunkSize)},
		"column_names": {list(setup.Names)}, "column_types": {list(setup.Types)}, "delete_on_done": {"true"},
	}, &s)
	c.wait(s)
}

// train trains an algorithm, on the column late if it takes one.
func (c *client) train(algo string, form url.Values) {
	c.tb.Helper()
	if algo != "isolationforest" {
		form.Set("response_column", "late")
	}
	var s started
	c.do("POST", "/3/ModelBuilders/"+algo, form, &s)
	c.wait(s)
}
