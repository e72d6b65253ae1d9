// Package engine is the compute server without HTTP and without SQL: one method
// for each thing that an API can ask for. It joins the catalog of objects, the
// pool of jobs, the files of the data directory and the records that a Repo
// keeps, so that what an answer called done is there after a restart.
//
//	DataDir/frames/<id>.arrow   sealed frames         record: key → id
//	DataDir/models/<id>.model   trained models        record: key → id
//	DataDir/uploads/<id>        uploads of this process, dropped at start
//
// Results of explanations are small and lie whole in their records.
package engine

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/geyser-ml/geyser/engine/algo"
	"github.com/geyser-ml/geyser/engine/catalog"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/job"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/rapids"
	"github.com/geyser-ml/geyser/kernels"
)

// Config is what an engine runs on.
type Config struct {
	DataDir     string
	Memory      int64    // most bytes that jobs may be admitted for together; 0 for no limit
	Threads     int      // 0: all processors
	Backend     string   // tier of kernels: "auto" or "", or one that must be there
	ImportRoots []string // folders below which files may be read
	ExportRoots []string // folders below which files may be written
	Repo        Repo
	Journal     job.Journal
	Version     string
	Log         *slog.Logger
	Now         func() time.Time
}

// Engine answers everything that both APIs ask. It is safe for concurrent use.
type Engine struct {
	cfg     Config
	started time.Time
	catalog *catalog.Catalog
	jobs    *job.Pool
	memory  *job.Memory
	algos   []*model.Algo
	counter atomic.Int64 // of generated model keys

	mu       sync.Mutex
	sessions map[string]*rapids.Session
	measured []*Measured
	zone     string

	disk sync.Mutex   // one publication of a file at a time
	kept atomic.Int64 // bytes of prediction frames on disk

	opening sync.WaitGroup  // of scorer
	scorer  kernels.Backend // tier by which models are scored
}

// kinds of catalog entries.
const (
	kindFrame   = "frame"
	kindModel   = "model"
	kindUpload  = "upload"
	kindPartial = "partial dependence"
)

// Limits on jobs.
const (
	maxQueued  = 1000
	jobWorkers = 4
)

// Open starts an engine: it makes the data directory, removes what an earlier process
// left unfinished, lists what it finished without reading the files, and makes sure
// that the backend is there.
func Open(cfg Config) (*Engine, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	e := &Engine{
		cfg: cfg, started: cfg.Now(), catalog: catalog.New(), algos: algo.All(),
		sessions: map[string]*rapids.Session{}, zone: "UTC",
		memory: job.NewMemory(cfg.Memory),
	}
	for _, d := range []string{"frames", "models", "uploads", "export"} {
		if err := os.MkdirAll(filepath.Join(cfg.DataDir, d), 0o750); err != nil {
			return nil, fmt.Errorf("data directory: %w", err)
		}
	}
	e.jobs = job.NewPool(jobWorkers, maxQueued, cfg.Journal, cfg.Now, job.WithMemory(e.memory), job.WithKeys(newJobKey))
	e.catalog.OnRemove(e.dropped)
	if err := e.restore(); err != nil {
		return nil, err
	}
	if err := e.openKernels(); err != nil {
		return nil, errors.Join(err, e.jobs.Close(context.Background()))
	}
	return e, nil
}

// Close cancels what runs and waits for it until ctx ends.
func (e *Engine) Close(ctx context.Context) error {
	return errors.Join(e.jobs.Close(ctx), e.closeKernels())
}

// Started returns when the engine was opened.
func (e *Engine) Started() time.Time { return e.started }

// Keys returns the number of objects.
func (e *Engine) Keys() int { return e.catalog.Len() }

// Algos lists the algorithms.
func (e *Engine) Algos() []*model.Algo { return e.algos }

// Algo returns the algorithm of that wire name.
func (e *Engine) Algo(name string) (*model.Algo, bool) {
	for _, a := range e.algos {
		if a.Name == name {
			return a, true
		}
	}
	return nil, false
}

// path returns a path below the data directory.
func (e *Engine) path(parts ...string) string {
	return filepath.Join(append([]string{e.cfg.DataDir}, parts...)...)
}

// newID returns random hex digits for files and keys.
func newID(bytes int) string {
	b := make([]byte, bytes)
	rand.Read(b) //nolint:errcheck // never fails (crypto/rand)
	return hex.EncodeToString(b)
}

// newJobKey makes a key of the form that clients know.
// H2O: Job keys carry the home node's address and port in front.
func newJobKey() string { return "$03017f00000132d4ffffffff$_" + newID(16) }

// newSeed draws a seed, at least 0.
func newSeed() int64 {
	var b [8]byte
	rand.Read(b[:]) //nolint:errcheck // never fails (crypto/rand)
	return int64(binary.LittleEndian.Uint64(b[:]) >> 1)
}

// inUse turns a lock's conflict into the error of the field that named the key.
func inUse(err error, field string) error {
	if err == nil || errs.KindOf(err) != errs.Conflict {
		return err
	}
	return &errs.Error{Kind: errs.Conflict, Field: field, Msg: err.Error(), Err: err}
}
