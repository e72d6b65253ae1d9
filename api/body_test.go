package api

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// dial serves the demo facade, and routes whose answers break off, on loopback
// and connects to it.
func dial(t *testing.T, opt Options) net.Conn {
	t.Helper()
	s := newServer(t, opt)
	s.Mount(Facade{Prefix: "/broken", Fail: demo().Fail, Routes: []Route{
		Handle("GET", "/broken/error", "", "", func(*Request, struct{}) (Reply, error) {
			return Reply{Stream: func(w io.Writer) error {
				_, err := io.WriteString(w, strings.Repeat("x", 1<<17))
				return errors.Join(err, errors.New("the disk is gone"))
			}}, nil
		}),
		Handle("GET", "/broken/panic", "", "", func(*Request, struct{}) (Reply, error) {
			return Reply{Stream: func(io.Writer) error { panic("boom") }}, nil
		}),
	}})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	conn, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() {
		conn.Close()
		assert.NoError(t, s.Shutdown(context.Background()))
		ln.Close()
		<-served
	})
	return conn
}

// answers reads n answers from a connection; fewer when it ends before.
func answers(t *testing.T, conn net.Conn, n int) (status []int, bodies []string) {
	t.Helper()
	r := bufio.NewReader(conn)
	for range n {
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			return status, bodies
		}
		b, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		status, bodies = append(status, res.StatusCode), append(bodies, string(b))
	}
	return status, bodies
}

// A body that nobody reads must not be taken for the next request: it would come
// past the check that refused the first one.
func TestBody_unreadIsNoRequest(t *testing.T) {
	hidden := "GET /3/Echo?name=smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
	for _, c := range []struct {
		name  string
		limit int64
		kept  bool // the connection
	}{{"drained", 1 << 20, true}, {"too long to drain", 1 << 10, false}} {
		t.Run(c.name, func(t *testing.T) {
			conn := dial(t, Options{FormLimit: c.limit})
			body := strings.Repeat("x", 100_000) + hidden
			fmt.Fprintf(conn, "POST /3/Echo HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
			fmt.Fprint(conn, "GET /3/Echo?name=next HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
			status, bodies := answers(t, conn, 3)
			require.NotEmpty(t, status)
			assert.Equal(t, http.StatusForbidden, status[0])
			assert.NotContains(t, strings.Join(bodies, ""), "smuggled")
			if c.kept {
				require.Len(t, status, 2)
				assert.Contains(t, bodies[1], "next")
			} else {
				assert.Len(t, status, 1)
			}
		})
	}
}

func TestBody_breaksOff(t *testing.T) {
	const cut = "POST /3/File HTTP/1.1\r\nHost: localhost\r\n"
	for _, c := range []struct{ name, request, says string }{
		{"short", cut + "Content-Length: 100\r\n\r\nabc", ""},
		{"long", cut + "Content-Length: 1000000\r\n\r\n" + strings.Repeat("x", 50_000), "breaks off after 50000 of 1000000 bytes"},
		{"multipart", cut + "Content-Type: multipart/form-data; boundary=B\r\nContent-Length: 1000000\r\n\r\n--B\r\n\r\n" + strings.Repeat("x", 50_000), "breaks off"},
		{"multipart without end", cut + "Content-Type: multipart/form-data; boundary=B\r\nContent-Length: 9\r\n\r\n--B\r\n\r\nab", "has no end"},
		{"chunk", cut + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "breaks off after 0 bytes"},
		{"form", "POST /3/Echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + formType + "\r\nContent-Length: 1000000\r\n\r\nname=" + strings.Repeat("x", 50_000), "breaks off"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := dial(t, Options{})
			fmt.Fprint(conn, c.request)
			require.NoError(t, conn.(*net.TCPConn).CloseWrite())
			status, bodies := answers(t, conn, 1)
			require.Len(t, status, 1)
			assert.Less(t, status[0], 500, bodies[0])
			assert.GreaterOrEqual(t, status[0], 400, bodies[0])
			assert.Contains(t, bodies[0], c.says)
		})
	}
}

func TestSend_brokenStreamIsNotWhole(t *testing.T) {
	for _, path := range []string{"/broken/error", "/broken/panic"} {
		t.Run(path, func(t *testing.T) {
			conn := dial(t, Options{})
			fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path)
			got, err := io.ReadAll(conn) // the server ends the connection
			require.NoError(t, err)
			assert.False(t, strings.HasSuffix(string(got), "0\r\n\r\n"), "the last chunk would say that the answer is whole")
		})
	}
}

func TestFailConnection_words(t *testing.T) {
	conn := dial(t, Options{})
	fmt.Fprint(conn, "GET /3/Echo HTTP/1.1\r\nHost: localhost\r\nX: "+strings.Repeat("x", headerLimit)+"\r\n\r\n")
	status, bodies := answers(t, conn, 1)
	if len(status) == 1 { // else the end of the connection came first
		assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, status[0])
		assert.Contains(t, bodies[0], "Request Header Fields Too Large")
	}
}

func TestMetrics_takesNoBody(t *testing.T) {
	s := newServer(t, Options{})
	status, _, _ := ask(t, s, "GET", "/metrics", "", strings.Repeat("x", 100_000))
	assert.Equal(t, http.StatusRequestEntityTooLarge, status)
	status, body, _ := ask(t, s, "GET", "/metrics", "", "")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, "geyser_http_requests_total")
}

func TestRing_longLine(t *testing.T) {
	ring := NewRing(slog.DiscardHandler, 10)
	slog.New(ring).Info("path", "path", strings.Repeat("x", 1<<20))
	lines := ring.Lines(slog.LevelInfo)
	require.Len(t, lines, 1)
	assert.LessOrEqual(t, len(lines[0]), lineLimit)
}
