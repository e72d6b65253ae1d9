package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/job"
	"github.com/geyser-ml/geyser/engine/param"
)

// kindIs fails the test unless err is of the kind and its text has the words.
func kindIs(t *testing.T, err error, kind errs.Kind, words ...string) {
	t.Helper()
	if err == nil || errs.KindOf(err) != kind {
		t.Fatalf("err = %v, want kind %s", err, kind)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
}

func TestEngine_ImportPatterns(t *testing.T) {
	work, outside := t.TempDir(), t.TempDir()
	e := open(t, t.TempDir(), work, &memRepo{})
	flights(t, work, 3)
	flights(t, outside, 3)
	if err := errors.Join(os.Symlink(outside, filepath.Join(work, "out")), syscall.Mkfifo(filepath.Join(work, "pipe"), 0o600)); err != nil {
		t.Fatal(err)
	}
	got, err := e.Import([]string{filepath.Join(work, "*")}, "")
	if err != nil || !slices.Equal(got.Files, []string{filepath.Join(work, "flights.csv")}) {
		t.Errorf("what is no file, or outside, is passed over: %v %v", got.Files, err)
	}
	_, err = e.Import([]string{filepath.Join(outside, "*")}, "")
	kindIs(t, err, errs.Invalid, "out of reach")
	if strings.Contains(err.Error(), "flights") {
		t.Errorf("a name outside is told: %v", err)
	}
	_, err = e.Import([]string{filepath.Join(work, "out", "*")}, "")
	kindIs(t, err, errs.Invalid, "out of reach")
	_, err = e.Import([]string{filepath.Join(work, "o*", "*.csv")}, "")
	kindIs(t, err, errs.NotFound)
	_, err = e.Import([]string{filepath.Join(work, "pipe")}, "")
	kindIs(t, err, errs.Invalid, "not a regular file")
}

func TestEngine_ImportTooMany(t *testing.T) {
	work := t.TempDir()
	e := open(t, t.TempDir(), work, &memRepo{})
	for i := range 4 {
		if err := os.WriteFile(filepath.Join(work, fmt.Sprintf("%d.csv", i)), []byte("x\n1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	defer func(was int) { maxImported = was }(maxImported)
	maxImported = 3
	_, err := e.Import([]string{work}, "")
	kindIs(t, err, errs.Invalid, "more than 3 files", "further down")
	_, err = e.Import([]string{filepath.Dir(work) + "/" + filepath.Base(work)[:1] + "*"}, "")
	if err == nil {
		t.Error("a pattern does not help")
	}
}

func TestEngine_Complete(t *testing.T) {
	work, outside := t.TempDir(), t.TempDir()
	e := open(t, t.TempDir(), work, &memRepo{})
	flights(t, work, 3)
	if err := errors.Join(os.Mkdir(filepath.Join(work, "folder"), 0o700), os.WriteFile(filepath.Join(work, ".hidden"), nil, 0o600),
		os.Symlink(outside, filepath.Join(work, "fout"))); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, prefix string
		limit        int
		want         []string
	}{
		{"folder", "", 0, []string{"flights.csv", "folder"}},
		{"beginning", "/fl", 0, []string{"flights.csv"}},
		{"limit", "/f", 1, []string{"flights.csv"}},
		{"none", "/x", 0, nil},
		{"no such folder", "/x/y", 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := e.Complete(work+c.prefix, c.limit)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, w := range c.want {
				want = append(want, filepath.Join(work, w))
			}
			if !slices.Equal(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
	_, err := e.Complete(outside, 0)
	kindIs(t, err, errs.Invalid, "out of reach")
}

// To open a pipe would wait for its writer, for ever.
func TestEngine_LoadFromPipe(t *testing.T) {
	work := t.TempDir()
	e := open(t, t.TempDir(), work, &memRepo{})
	if err := syscall.Mkfifo(filepath.Join(work, "f.arrow"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := e.LoadModel(filepath.Join(work, "f.arrow"))
	kindIs(t, err, errs.NotFound)
	_, err = e.LoadFrame("f", work, false)
	kindIs(t, err, errs.NotFound)
}

func TestEngine_LoadFrameIsACopy(t *testing.T) {
	dir, work := t.TempDir(), t.TempDir()
	e := open(t, dir, work, &memRepo{})
	load(t, e, flights(t, work, 5000), "air")
	j, err := e.SaveFrame("air", work, false)
	if err != nil {
		t.Fatal(err)
	}
	done(t, j)
	saved := filepath.Join(work, "air.arrow")
	if j, err = e.LoadFrame("air", work, true); err != nil {
		t.Fatal(err)
	}
	done(t, j)
	if err := os.Truncate(saved, 10); err != nil {
		t.Fatal(err)
	}
	f, release, err := e.Frame("air", "key")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if f.NumRows() != 5000 || f.Column(1).Float(4999) != 4999*37%240 {
		t.Error("the frame lost rows with the file that it was loaded from")
	}
	if _, err = e.LoadFrame("cut", work, false); err == nil {
		t.Error("loaded a file of another key")
	}
	if err := os.Rename(saved, filepath.Join(work, "cut.arrow")); err != nil {
		t.Fatal(err)
	}
	if j, err = e.LoadFrame("cut", work, false); err != nil {
		t.Fatal(err)
	}
	<-j.Done()
	if s := j.Snapshot(); s.State != job.Failed || !strings.Contains(s.Err, "not a frame file") {
		t.Errorf("%s %s", s.State, s.Err)
	}
	if n := countFiles(t, dir); n != 1 {
		t.Errorf("%d files in the data directory, want the frame's", n)
	}
}

func TestEngine_TargetErrors(t *testing.T) {
	work := t.TempDir()
	e := open(t, t.TempDir(), work, &memRepo{})
	load(t, e, flights(t, work, 10), "air")
	for _, c := range []struct {
		name, path, says string
		kind             errs.Kind
	}{
		{"ErrBlank", "  ", "is empty", errs.Invalid},
		{"ErrScheme", "s3://bucket/x.csv", "only files of this server", errs.Unavailable},
		{"ErrFolder", work, "is a folder", errs.Invalid},
		{"ErrNul", filepath.Join(work, "a\x00b"), "cannot use", errs.Invalid},
		{"ErrLongName", filepath.Join(work, strings.Repeat("x", 300)), "cannot use", errs.Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := e.Export("air", c.path, ExportOptions{})
			kindIs(t, err, c.kind, c.says)
		})
	}
}

// A snapshot of a training is what clients read at that moment; the model that
// is left by a cancel is another object, which has ended.
func TestEngine_CancelledModelHasEnded(t *testing.T) {
	work := t.TempDir()
	e := open(t, t.TempDir(), work, &memRepo{})
	load(t, e, flights(t, work, 300), "air")
	tr, err := e.Train("gbm", param.Raw{"training_frame": "air", "response_column": "late", "ntrees": "100000", "model_id": "m", "score_tree_interval": "1"}, "")
	if err != nil || tr.Issues.Fatal() {
		t.Fatal(err, tr.Issues)
	}
	snapshot, err := e.Model("m", "key")
	for ; err != nil; snapshot, err = e.Model("m", "key") {
		runtime.Gosched()
	}
	tr.Job.Cancel()
	<-tr.Job.Done()
	m, err := e.Model("m", "key")
	if err != nil {
		t.Fatal(err)
	}
	if !snapshot.Info().Identity.Running {
		t.Error("the snapshot that a client may be reading has changed")
	}
	if id := m.Info().Identity; id.Running || id.Ended.IsZero() {
		t.Errorf("running %v, ended %v", id.Running, id.Ended)
	}
}

// A model that cannot be stored is not left in the catalog as a snapshot.
func TestEngine_UnstoredModelIsGone(t *testing.T) {
	work, repo := t.TempDir(), &memRepo{}
	e := open(t, t.TempDir(), work, repo)
	load(t, e, flights(t, work, 300), "air")
	repo.mu.Lock()
	repo.fail = errors.New("no space left")
	repo.mu.Unlock()
	tr, err := e.Train("gbm", param.Raw{"training_frame": "air", "response_column": "late", "ntrees": "3", "model_id": "m"}, "")
	if err != nil {
		t.Fatal(err)
	}
	<-tr.Job.Done()
	if s := tr.Job.Snapshot(); s.State != job.Failed || !strings.Contains(s.Err, "no space left") {
		t.Errorf("%s %s", s.State, s.Err)
	}
	if _, err := e.Model("m", "key"); errs.KindOf(err) != errs.NotFound {
		t.Errorf("the model is there: %v", err)
	}
}

// An ended job is remembered; the frames that it worked on are not held by it.
func TestEngine_EndedJobHoldsNoFrame(t *testing.T) {
	work := t.TempDir()
	e := open(t, t.TempDir(), work, &memRepo{})
	load(t, e, flights(t, work, 300), "air")
	tr, err := e.Train("gbm", param.Raw{"training_frame": "air", "response_column": "late", "ntrees": "2", "model_id": "m"}, "")
	if err != nil {
		t.Fatal(err)
	}
	done(t, tr.Job)
	f, release, err := e.Frame("air", "key")
	if err != nil {
		t.Fatal(err)
	}
	freed := make(chan struct{})
	runtime.AddCleanup(f, func(c chan struct{}) { close(c) }, freed)
	release()
	if err := e.RemoveAll(nil); err != nil {
		t.Fatal(err)
	}
	deadline := time.After(30 * time.Second)
	for {
		runtime.GC()
		select {
		case <-freed:
			runtime.KeepAlive(tr.Job)
			return
		case <-deadline:
			t.Fatal("the removed frame is still reachable")
		default:
			runtime.Gosched()
		}
	}
}

func TestEngine_RapidsBounds(t *testing.T) {
	work := t.TempDir()
	e, err := Open(Config{DataDir: t.TempDir(), ImportRoots: []string{work}, ExportRoots: []string{work}, Repo: &memRepo{}, Threads: 2, Memory: heapBytes() + 64<<20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close(context.Background()) })
	load(t, e, flights(t, work, 30_000), "air")
	_, err = e.Rapids(context.Background(), strings.Repeat("s", maxSessionID+1), "1")
	kindIs(t, err, errs.Invalid, "session_id")
	_, err = e.Rapids(context.Background(), "s", "(tmp= big (rbind"+strings.Repeat(" air", 1000)+"))")
	kindIs(t, err, errs.Unavailable, "not enough memory", "--memory")
	if r, err := e.Rapids(context.Background(), "s", "(nrow (rbind air air))"); err != nil || fmt.Sprint(r) != "60000" {
		t.Errorf("%v %v", r, err)
	}
}
