package engine

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/job"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/param"
	"github.com/geyser-ml/geyser/engine/parse"
)

// memRepo keeps records in memory: what the engine does with records, without
// SQL. It outlives the engines that use it.
type memRepo struct {
	mu      sync.Mutex
	frames  []FrameRecord
	models  []ModelRecord
	results []ResultRecord
	jobs    []job.Snapshot
	fail    error // of every Put, when set
}

func (r *memRepo) PutFrame(f FrameRecord) (*FrameRecord, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return nil, r.fail
	}
	r.frames = append(slices.DeleteFunc(r.frames, func(o FrameRecord) bool { return o.Key == f.Key }), f)
	return nil, nil
}

func (r *memRepo) DeleteFrame(key string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.frames = slices.DeleteFunc(r.frames, func(o FrameRecord) bool { return o.Key == key })
	return nil
}

func (r *memRepo) Frames() ([]FrameRecord, error) { return r.frames, nil }

func (r *memRepo) PutModel(m ModelRecord) (*ModelRecord, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return nil, r.fail
	}
	r.models = append(slices.DeleteFunc(r.models, func(o ModelRecord) bool { return o.Key == m.Key }), m)
	return nil, nil
}

func (r *memRepo) DeleteModel(key string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.models = slices.DeleteFunc(r.models, func(o ModelRecord) bool { return o.Key == key })
	return nil
}

func (r *memRepo) PutResult(x ResultRecord) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return r.fail
	}
	r.results = append(slices.DeleteFunc(r.results, func(o ResultRecord) bool { return o.Key == x.Key }), x)
	return nil
}

func (r *memRepo) DeleteResult(key string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.results = slices.DeleteFunc(r.results, func(o ResultRecord) bool { return o.Key == key })
	return nil
}

func (r *memRepo) ResultBody(key string) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, x := range r.results {
		if x.Key == key {
			return x.Body, nil
		}
	}
	return nil, fmt.Errorf("no result %s", key)
}

func (r *memRepo) Results() ([]ResultRecord, error)     { return r.results, nil }
func (r *memRepo) Models() ([]ModelRecord, error)       { return r.models, nil }
func (r *memRepo) Jobs() ([]job.Snapshot, error)        { return r.jobs, nil }
func (r *memRepo) DeleteAll([]string) error             { return nil }
func (r *memRepo) Setting(string) (string, bool, error) { return "", false, nil }
func (r *memRepo) SetSetting(string, string) error      { return nil }
func (r *memRepo) Close() error                         { return nil }

// open starts an engine over a data directory; files below work can be read and
// written.
func open(t *testing.T, dir, work string, repo *memRepo) *Engine {
	t.Helper()
	e, err := Open(Config{DataDir: dir, ImportRoots: []string{work}, ExportRoots: []string{work}, Repo: repo, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close(context.Background()) })
	return e
}

// flights writes a small file: a categorical, two numbers, a response that
// depends on all.
func flights(t *testing.T, dir string, rows int) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("carrier,dep,dist,late\n")
	for i := range rows {
		c, dep, dist := i*7%5, i*37%240, i*i%911
		late := "no"
		if (dep+40*c+dist/9)%300 > 150 {
			late = "yes"
		}
		fmt.Fprintf(&b, "c%d,%d,%d.5,%s\n", c, dep, dist, late)
	}
	path := filepath.Join(dir, "flights.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, e *Engine, path, key string) {
	t.Helper()
	imp, err := e.Import([]string{path}, "")
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := e.ParseSetup(context.Background(), imp.Keys, parse.Setup{})
	if err != nil {
		t.Fatal(err)
	}
	j, err := e.Parse(context.Background(), imp.Keys, key, s, true, true)
	if err != nil {
		t.Fatal(err)
	}
	done(t, j)
}

func done(t *testing.T, j *job.Job) {
	t.Helper()
	<-j.Done()
	if s := j.Snapshot(); s.State != job.Done {
		t.Fatalf("job %s ended as %s: %s\n%s", s.Description, s.State, s.Err, s.Stack)
	}
}

func train(t *testing.T, e *Engine, raw param.Raw) {
	t.Helper()
	tr, err := e.Train("gbm", raw, "")
	if err != nil {
		t.Fatal(err)
	}
	if tr.Issues.Fatal() {
		t.Fatal(tr.Issues.Error())
	}
	done(t, tr.Job)
}

func TestEngine_RestartFindsEverythingEqual(t *testing.T) {
	dir, work, repo := t.TempDir(), t.TempDir(), &memRepo{}
	e := open(t, dir, work, repo)
	load(t, e, flights(t, work, 2000), "air")
	train(t, e, param.Raw{"training_frame": "air", "response_column": "late", "model_id": "m", "ntrees": "5", "nfolds": "2", "seed": "1", "keep_cross_validation_predictions": "true"})
	p, err := e.Predict(context.Background(), Question{Model: "m", Frame: "air"})
	if err != nil {
		t.Fatal(err)
	}
	if p.Measured == nil || p.Measured.Metrics.Binomial.AUC < 0.7 {
		t.Errorf("measured %+v", p.Measured)
	}
	before, beforeKeys := payload(t, e, "m"), keys(e)
	if _, err := e.Rapids(context.Background(), "s", `(tmp= temp (cols_py air [0]))`); err != nil {
		t.Fatal(err)
	}
	// A process that was killed leaves files that no record names.
	for _, leftover := range []string{"frames/half.arrow.tmp", "frames/orphan.arrow", "models/x.model.1.tmp", "uploads/u"} {
		if err := os.WriteFile(filepath.Join(dir, leftover), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	again := open(t, dir, work, repo)
	if got := keys(again); !slices.Equal(got, beforeKeys) {
		t.Errorf("after the restart there are %v, before there were %v", got, beforeKeys)
	}
	if !bytes.Equal(payload(t, again, "m"), before) {
		t.Error("the model's payload changed")
	}
	q, err := again.Predict(context.Background(), Question{Model: "m", Frame: "air"})
	if err != nil {
		t.Fatal(err)
	}
	if p.Frame.Checksum() != q.Frame.Checksum() {
		t.Error("the restarted model predicts something else")
	}
	if n := countFiles(t, dir); n != len(repo.frames)+len(repo.models) {
		t.Errorf("%d files for %d records", n, len(repo.frames)+len(repo.models))
	}
}

func payload(t *testing.T, e *Engine, key string) []byte {
	t.Helper()
	m, err := e.Model(key, "model_id")
	if err != nil {
		t.Fatal(err)
	}
	b, err := model.PayloadBytes(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func keys(e *Engine) []string {
	var out []string
	for _, x := range e.catalog.List("") {
		if x.Temp == "" {
			out = append(out, x.Key)
		}
	}
	slices.Sort(out)
	return out
}

func countFiles(t *testing.T, dir string) int {
	t.Helper()
	n := 0
	err := filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestEngine_FailedRecordLeavesNothing(t *testing.T) {
	dir, work, repo := t.TempDir(), t.TempDir(), &memRepo{}
	e := open(t, dir, work, repo)
	path := flights(t, work, 100)
	repo.fail = errs.New(errs.Internal, "", "disk full")
	imp, _ := e.Import([]string{path}, "")
	j, err := e.Parse(context.Background(), imp.Keys, "air", parse.Setup{}, true, true)
	if err != nil {
		t.Fatal(err)
	}
	if s := j.Snapshot(); s.State != job.Failed || !strings.Contains(s.Err, "disk full") {
		t.Errorf("job is %s: %s", s.State, s.Err)
	}
	if _, _, err := e.Frame("air", "key"); errs.KindOf(err) != errs.NotFound {
		t.Errorf("the frame is there: %v", err)
	}
	if n := countFiles(t, dir); n != 0 {
		t.Errorf("%d files are left", n)
	}
}

func TestEngine_Import(t *testing.T) {
	dir, work, outside := t.TempDir(), t.TempDir(), t.TempDir()
	e := open(t, dir, work, &memRepo{})
	write := func(path, text string) {
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(work, "d/a.csv"), "x\n1\n")
	write(filepath.Join(work, "d/b.txt"), "x\n1\n")
	write(filepath.Join(work, "d/sub/c.csv"), "x\n1\n")
	write(filepath.Join(work, "d/empty.csv"), "")
	write(filepath.Join(outside, "secret.csv"), "x\n1\n")
	if err := os.Symlink(outside, filepath.Join(work, "d/link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(outside, "secret.csv"), filepath.Join(work, "d/secret.csv")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path, pattern string
		files               []string
		kind                errs.Kind
		failed              bool
	}{
		{name: "file", path: "d/a.csv", files: []string{"d/a.csv"}},
		{name: "folder", path: "d", files: []string{"d/a.csv", "d/b.txt", "d/sub/c.csv"}},
		{name: "folder with pattern", path: "d", pattern: `.*\.csv`, files: []string{"d/a.csv", "d/sub/c.csv"}},
		{name: "glob", path: "d/*.txt", files: []string{"d/b.txt"}},
		{name: "ErrPattern", path: "d", pattern: "(", kind: errs.Invalid, failed: true},
		{name: "ErrMissing", path: "d/none.csv", kind: errs.NotFound, failed: true},
		{name: "ErrGlobWithoutMatch", path: "d/*.nope", kind: errs.NotFound, failed: true},
		{name: "ErrParent", path: "../" + filepath.Base(outside) + "/secret.csv", kind: errs.Invalid, failed: true},
		{name: "ErrSymlinkedFile", path: "d/secret.csv", kind: errs.Invalid, failed: true},
		{name: "ErrSymlinkedFolder", path: "d/link/secret.csv", kind: errs.Invalid, failed: true},
		{name: "ErrMissingOutside", path: "../nowhere/none.csv", kind: errs.Invalid, failed: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := e.Import([]string{filepath.Join(work, c.path)}, c.pattern)
			if c.failed {
				if err == nil || errs.KindOf(err) != c.kind {
					t.Fatalf("err = %v (%s), want kind %s", err, errs.KindOf(err), c.kind)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, f := range c.files {
				want = append(want, filepath.Join(work, f))
			}
			if !slices.Equal(got.Files, want) {
				t.Errorf("files %v, want %v", got.Files, want)
			}
		})
	}
	if _, err := e.Import([]string{"s3://bucket/x.csv"}, ""); errs.KindOf(err) != errs.Unavailable {
		t.Errorf("s3: %v", err)
	}
}

func TestEngine_SourceKeyCannotLeaveTheRoots(t *testing.T) {
	work, outside := t.TempDir(), t.TempDir()
	e := open(t, t.TempDir(), work, &memRepo{})
	secret := flights(t, outside, 10)
	if _, _, err := e.ParseSetup(context.Background(), []string{"nfs:/" + secret}, parse.Setup{}); errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "out of reach") {
		t.Errorf("parse setup of a made-up key: %v", err)
	}
}

func TestEngine_TrainErrors(t *testing.T) {
	work := t.TempDir()
	e := open(t, t.TempDir(), work, &memRepo{})
	load(t, e, flights(t, work, 300), "air")
	for _, c := range []struct {
		name  string
		raw   param.Raw
		field string
	}{
		{"ErrUnknownFrame", param.Raw{"training_frame": "nosuch", "response_column": "late"}, "training_frame"},
		{"ErrNoResponse", param.Raw{"training_frame": "air"}, "response_column"},
		{"ErrUnknownResponse", param.Raw{"training_frame": "air", "response_column": "zz"}, "response_column"},
		{"ErrRange", param.Raw{"training_frame": "air", "response_column": "late", "learn_rate": "5"}, "learn_rate"},
		{"ErrExportElsewhere", param.Raw{"training_frame": "air", "response_column": "late", "export_checkpoints_dir": "/etc"}, "export_checkpoints_dir"},
		{"ErrUnknownName", param.Raw{"training_frame": "air", "nosuch": "1"}, "nosuch"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr, err := e.Train("gbm", c.raw, "")
			if err != nil {
				t.Fatal(err)
			}
			if tr.Job != nil || !slices.ContainsFunc(tr.Issues, func(i param.Issue) bool { return i.Severity == param.Error && i.Field == c.field }) {
				t.Errorf("job %v, issues %v", tr.Job, tr.Issues)
			}
		})
	}
	tr, err := e.Train("gbm", param.Raw{}, "")
	if err != nil || tr.Job == nil {
		t.Fatalf("without a training frame: %v, %v", tr.Issues, err)
	}
	<-tr.Job.Done()
	if s := tr.Job.Snapshot(); s.State != job.Failed || !strings.Contains(s.Err, "Missing training frame") {
		t.Errorf("without a training frame the job is %s: %s", s.State, s.Err)
	}
	if _, err := e.Train("gbm", param.Raw{"training_frame": "air", "response_column": "late", "model_id": "air"}, ""); errs.KindOf(err) != errs.Invalid {
		t.Errorf("a model under a frame's key: %v", err)
	}
	if _, err := e.Train("nosuch", nil, ""); errs.KindOf(err) != errs.NotFound {
		t.Errorf("unknown algorithm: %v", err)
	}
}

func TestEngine_SaveAndLoadModel(t *testing.T) {
	work := t.TempDir()
	e := open(t, t.TempDir(), work, &memRepo{})
	load(t, e, flights(t, work, 500), "air")
	train(t, e, param.Raw{"training_frame": "air", "response_column": "dep", "model_id": "m", "ntrees": "3", "seed": "1"})
	before := payload(t, e, "m")
	path, err := e.SaveModel("m", work, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.SaveModel("m", work, false); errs.KindOf(err) != errs.Invalid {
		t.Errorf("saved over a file without force: %v", err)
	}
	if err := e.RemoveModel("m"); err != nil {
		t.Fatal(err)
	}
	if _, err := e.LoadModel(path); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(payload(t, e, "m"), before) {
		t.Error("the loaded model differs")
	}
	if _, err := e.SaveModel("m", filepath.Join(work, "../elsewhere/m"), true); errs.KindOf(err) != errs.Invalid {
		t.Errorf("saved outside the roots: %v", err)
	}
}

func TestWriteCSV(t *testing.T) {
	f := frame.Must(frame.New([]string{"r", "i", "e", "s"}, []*frame.Column{
		frame.NewFloats([]float64{5.1, 3, math.NaN(), 1e-5, 1.5e7, -0.001}),
		frame.NewInts(frame.Int, []int16{1, -2, frame.MissingI16, 4, 5, 6}, nil),
		frame.NewCodes([]int32{0, 1, -1, 1, 0, 0}, []string{"a", `b"c`}),
		frame.NewStrings([]string{"x", "", "", "y,z", "w", "v"}, func(i int) bool { return i == 2 }),
	}))
	var b bytes.Buffer
	if err := WriteCSV(&b, f, CSVOptions{Header: true, QuoteHeader: true, EscapeQuotes: true}); err != nil {
		t.Fatal(err)
	}
	want := `"r","i","e","s"
5.1,1,"a","x"
3.0,-2,"b""c",""
,,,
1.0E-5,4,"b""c","y,z"
1.5E7,5,"a","w"
-0.001,6,"a","v"
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	b.Reset()
	if err := WriteCSV(&b, f.Slice(0, 1), CSVOptions{Separator: ';', Hex: true}); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != "0x1.4666666666666p+02;1;\"a\";\"x\"\n" {
		t.Errorf("got %q", got)
	}
}

func TestEngine_OldPredictionsGo(t *testing.T) {
	dir, work, repo := t.TempDir(), t.TempDir(), &memRepo{}
	e := open(t, dir, work, repo)
	load(t, e, flights(t, work, 500), "air")
	train(t, e, param.Raw{"training_frame": "air", "response_column": "dep", "model_id": "m", "ntrees": "2", "seed": "1"})
	p, err := e.Predict(context.Background(), Question{Model: "m", Frame: "air", Dest: "p0"})
	if err != nil {
		t.Fatal(err)
	}
	size := p.Frame.SizeBytes()
	defer func(old int64) { keepPredictions = old }(keepPredictions)
	keepPredictions = 3 * size
	for i := 1; i < 6; i++ {
		if _, err := e.Predict(context.Background(), Question{Model: "m", Frame: "air", Dest: fmt.Sprintf("p%d", i)}); err != nil {
			t.Fatal(err)
		}
	}
	if got := keys(e); !slices.Equal(got, []string{"air", "m", "p3", "p4", "p5"}) {
		t.Errorf("kept %v", got)
	}
	if got := e.kept.Load(); got != 3*size {
		t.Errorf("%d bytes counted for 3 predictions of %d", got, size)
	}
	again := open(t, dir, work, repo)
	if got := again.kept.Load(); got != 3*size {
		t.Errorf("%d bytes counted after a restart", got)
	}
	if err := again.RemoveFrame("p4"); err != nil {
		t.Fatal(err)
	}
	if got := again.kept.Load(); got != 2*size {
		t.Errorf("%d bytes counted after a removal", got)
	}
}
