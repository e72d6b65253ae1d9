package h2o

import (
	"archive/zip"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/geyser-ml/geyser/api"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/table"
)

// logAndEcho answers POST /3/LogAndEcho.
func (f *facade) logAndEcho(_ *api.Request, in messageIn) (LogAndEchoV3, error) {
	f.Log.Info("client says", "message", in.Message)
	return LogAndEchoV3{messageIn: in}, nil
}

// levels are the lowest levels in the files that H2O has.
var levels = map[string]slog.Level{
	"default": slog.LevelInfo, "trace": slog.LevelDebug, "debug": slog.LevelDebug, "info": slog.LevelInfo,
	"httpd": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError, "fatal": slog.LevelError,
}

// logs answers GET /3/Logs/nodes/{nodeidx}/files/{name}.
func (f *facade) logs(_ *api.Request, in logIn) (LogsV3, error) {
	if in.Node > 0 || in.Node < -1 {
		return LogsV3{}, errs.NotFoundf("nodeidx", "there is no node %d; the only one is 0", in.Node)
	}
	level, ok := levels[strings.ToLower(in.Name)]
	if !ok {
		return LogsV3{}, errs.Invalidf("name", "there is no log %q; accepted are default, trace, debug, info, warn, error, fatal and httpd", in.Name)
	}
	return LogsV3{Node: fmt.Sprint(in.Node), Name: in.Name, Log: f.lines(level)}, nil
}

// lines joins the lines that are kept.
func (f *facade) lines(level slog.Level) string {
	if f.Ring == nil {
		return ""
	}
	return strings.Join(f.Ring.Lines(level), "\n")
}

// downloadLogs answers GET /3/Logs/download.
func (f *facade) downloadLogs(_ *api.Request, in containerIn) (api.Reply, error) {
	text := f.lines(slog.LevelDebug)
	name := "h2ologs_" + time.Now().UTC().Format("20060102_150405")
	if in.Container == "LOG" {
		return api.Attachment("text/plain", name+".log", func(w io.Writer) error {
			_, err := io.WriteString(w, text+"\n")
			return err
		}), nil
	}
	return api.Attachment("application/octet-stream", name+".zip", func(w io.Writer) error {
		z := zip.NewWriter(w)
		file, err := z.Create(name + "/geyser.log")
		if err != nil {
			return err
		}
		if _, err := io.WriteString(file, text+"\n"); err != nil {
			return err
		}
		return z.Close()
	}), nil
}

// stacks is what every goroutine is doing.
func stacks() string {
	for n := 1 << 16; ; n *= 2 {
		buf := make([]byte, n)
		if m := runtime.Stack(buf, true); m < n {
			return string(buf[:m])
		}
	}
}

// jstack answers GET /3/JStack.
func (f *facade) jstack(*api.Request, struct{}) (JStackV3, error) {
	return JStackV3{Traces: []DStackTraceV3{{
		Node: f.Address, Time: time.Now().UnixMilli(), Traces: strings.Split(strings.TrimSpace(stacks()), "\n\n"),
	}}}, nil
}

// killMinus3 answers GET /3/KillMinus3.
func (f *facade) killMinus3(*api.Request, struct{}) (KillMinus3V3, error) {
	f.Log.Info("stacks", "goroutines", stacks())
	return KillMinus3V3{}, nil
}

// garbageCollect answers POST /3/GarbageCollect.
func (f *facade) garbageCollect(*api.Request, struct{}) (GarbageCollectV3, error) {
	debug.FreeOSMemory()
	return GarbageCollectV3{}, nil
}

// unlockKeys answers POST /3/UnlockKeys. A lock here is let go of with the job
// that holds it, so none is ever left over.
func (f *facade) unlockKeys(*api.Request, struct{}) (UnlockKeysV3, error) { return UnlockKeysV3{}, nil }

// cloudLock answers POST /3/CloudLock. A cluster of one is always locked.
func (f *facade) cloudLock(_ *api.Request, in reasonIn) (CloudLockV3, error) {
	return CloudLockV3{reasonIn: in}, nil
}

// stop answers POST /3/Shutdown. Running requests, this one too, end first.
func (f *facade) stop(r *api.Request, _ struct{}) (ShutdownV3, error) {
	if f.Shutdown == nil {
		return ShutdownV3{}, errs.Unavailablef("", "this server does not end on request")
	}
	f.shutdown.Do(func() {
		f.Log.Info("shutdown was asked for", "id", r.ID)
		go f.Shutdown()
	})
	return ShutdownV3{}, nil
}

// steamMetrics answers GET /3/SteamMetrics.
func (f *facade) steamMetrics(*api.Request, struct{}) (SteamMetricsV3, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return SteamMetricsV3{Idle: time.Since(f.last).Milliseconds()}, nil
}

// messageSizes are the bytes of the messages that are timed.
var messageSizes = []int{1, 1 << 10, 1 << 20}

// networkTest answers GET /3/NetworkTest. A cluster of one sends its messages to
// itself, which is to copy them.
func (f *facade) networkTest(*api.Request, struct{}) (NetworkTestV3, error) {
	out := NetworkTestV3{
		Nodes: []string{"/" + f.Address},
		Table: table.New("Network Test", "Launched from /"+f.Address).Add("Destination", table.String, ""),
	}
	row := make([]any, 0, 1+len(messageSizes))
	for _, n := range messageSizes {
		micros := copyTime(n)
		rate := float64(n) / micros * 1e6
		out.Collective, out.Bandwidth = append(out.Collective, micros), append(out.Bandwidth, rate)
		out.Microseconds, out.Bandwidths = append(out.Microseconds, []float64{micros}), append(out.Bandwidths, []float64{rate})
		out.Table.Add(fmt.Sprintf("%d bytes", n), table.String, "")
		row = append(row, fmt.Sprintf("%.3f usec, %s/S", micros, strings.TrimSpace(byteSize(rate))))
	}
	out.Table.Append(append([]any{"all - collective bcast/reduce"}, row...)...)
	out.Table.Append(append([]any{"self /" + f.Address}, row...)...)
	return out, nil
}

// copyTime is the mean time in microseconds to copy n bytes.
func copyTime(n int) float64 {
	const times = 32
	from, to := make([]byte, n), make([]byte, n)
	start := time.Now()
	for range times {
		copy(to, from)
	}
	return max(float64(time.Since(start).Nanoseconds()), 1) / times / 1000
}

// typeahead answers GET /3/Typeahead/files.
func (f *facade) typeahead(_ *api.Request, in typeaheadIn) (TypeaheadV3, error) {
	found, err := f.e.Complete(in.Source, in.Limit)
	return TypeaheadV3{typeaheadIn: in, Matches: list(found)}, err
}

// grids answers GET /99/Grids.
func (f *facade) grids(*api.Request, struct{}) (GridsV99, error) {
	return GridsV99{Grids: []any{}}, nil
}

// grid answers GET /99/Grids/{grid_id}.
func (f *facade) grid(_ *api.Request, in gridIn) (GridsV99, error) {
	return GridsV99{}, errs.NotFoundf("grid_id", "Object '%s' not found for argument: grid_id", in.ID)
}

// leaderboards answers GET /99/Leaderboards.
func (f *facade) leaderboards(*api.Request, leaderboardIn) (LeaderboardsV99, error) {
	return LeaderboardsV99{Leaderboards: []any{}}, nil
}

// redirect answers GET / with the way to the page.
func (f *facade) redirect(*api.Request, struct{}) (api.Reply, error) {
	return api.Reply{Status: 301, Type: "text/plain", Header: map[string]string{"Location": "/flow/index.html"}}, nil
}

// empty answers HEAD of a path that exists.
func empty[In any](kind string) func(*api.Request, In) (api.Reply, error) {
	return func(*api.Request, In) (api.Reply, error) { return api.Reply{Type: kind}, nil }
}
