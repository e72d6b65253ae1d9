package bench_test

import (
	"bufio"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/geyser-ml/geyser/bench/data"
)

// BenchmarkStart measures the time from the start of the process named by
// GEYSER to its first answer, on an empty data directory and on one with 100
// frames and 100 models, and its resident memory when idle.
func BenchmarkStart(b *testing.B) {
	binary := os.Getenv("GEYSER")
	if binary == "" {
		b.Skip("GEYSER names no binary: make bench-start")
	}
	for _, objects := range []int{0, 100} {
		b.Run(fmt.Sprintf("objects=%d", objects), func(b *testing.B) {
			dir := b.TempDir()
			if objects > 0 {
				fill(b, binary, dir, objects)
			}
			var rss float64
			for b.Loop() {
				if objects == 0 {
					check(b, os.RemoveAll(dir))
				}
				p := launch(b, binary, dir)
				b.StopTimer()
				time.Sleep(300 * time.Millisecond) // idle means after the last work of the start
				rss = max(rss, resident(b, p.cmd.Process.Pid, "VmRSS"))
				p.stop(b)
				b.StartTimer()
			}
			b.ReportMetric(rss, "rss-bytes")
		})
	}
}

// process is a running server.
type process struct {
	cmd *exec.Cmd
	url string
}

// launch starts a server and returns when it has answered once.
func launch(b *testing.B, binary, dir string) process {
	b.Helper()
	cmd := exec.Command(binary, "serve", "--port", "0", "--data-dir", dir, "--log-level", "warn")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	check(b, err)
	check(b, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	check(b, err)
	p := process{cmd, strings.TrimSuffix(strings.Fields(line)[1], ",")}
	res, err := http.Get(p.url + "/3/Cloud")
	check(b, err)
	check(b, res.Body.Close())
	if res.StatusCode != http.StatusOK {
		b.Fatalf("first answer: %d", res.StatusCode)
	}
	return p
}

func (p process) stop(b *testing.B) {
	b.Helper()
	check(b, p.cmd.Process.Signal(syscall.SIGTERM))
	check(b, p.cmd.Wait())
}

// fill makes n frames and n models in a data directory.
func fill(b *testing.B, binary, dir string, n int) {
	b.Helper()
	p := launch(b, binary, dir)
	c := &client{tb: b, url: p.url}
	path, _ := csvFile(b, data.Flights(500, 1), "flights.csv")
	for i := range n {
		frame := fmt.Sprintf("frame%d", i)
		c.load(path, frame)
		c.train("gbm", url.Values{"training_frame": {frame}, "model_id": {fmt.Sprintf("model%d", i)}, "ntrees": {"10"}})
	}
	c.http.CloseIdleConnections()
	p.stop(b)
}

// resident returns the resident memory of a process.
func resident(b *testing.B, pid int, line string) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	check(b, err)
	for l := range strings.Lines(string(status)) {
		var kib float64
		if n, _ := fmt.Sscanf(l, line+": %f kB", &kib); n == 1 {
			return kib * 1024
		}
	}
	b.Fatalf("the process tells no %s", line)
	return 0
}
