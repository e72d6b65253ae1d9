package engine

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/geyser-ml/geyser/engine/catalog"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model"
)

// stored is the Meta of a catalog entry that has a file: enough to list it
// without reading the file.
type stored struct {
	file    string // file name below frames or models; "" for memory alone
	rows    int64
	cols    int
	bytes   int64
	algo    string
	durable bool
}

// keepPredictions is how many bytes of prediction frames are kept on disk before
// the oldest go.
var keepPredictions int64 = 4 << 30 // tests lower it

// publishFrame seals a frame into a file of its own, records it and puts it into
// the catalog. owner is the job that holds the key, "" for none. A durable frame
// outlives a power loss, another one only a killed process.
func (e *Engine) publishFrame(owner, key string, f *frame.Frame, durable bool) (*frame.Frame, error) {
	file := newID(16) + ".arrow"
	sealed, err := frame.Write(f, e.path("frames", file), durable)
	if err != nil {
		return nil, err
	}
	return sealed, e.recordFrame(owner, key, file, sealed, durable)
}

// recordFrame publishes a frame whose file is in place. The order is file,
// record, catalog: what the catalog shows is always recorded. When the record or
// the catalog refuses, the file goes.
func (e *Engine) recordFrame(owner, key, file string, f *frame.Frame, durable bool) error {
	r := FrameRecord{
		Key: key, File: file, Rows: int64(f.NumRows()), Cols: f.NumCols(), Bytes: f.SizeBytes(),
		Created: e.cfg.Now(), Durable: durable,
	}
	meta := stored{file: file, rows: r.Rows, cols: r.Cols, bytes: r.Bytes, durable: durable}
	err := e.publish(owner, catalog.Entry{Key: key, Kind: kindFrame, Value: f, Meta: meta, Created: r.Created}, func() error {
		_, err := e.cfg.Repo.PutFrame(r)
		return err
	})
	if err != nil {
		os.Remove(e.path("frames", file)) //nolint:errcheck // best effort; dropped at the next start
		return err
	}
	if !durable && e.kept.Add(meta.bytes) > keepPredictions {
		e.evictPredictions()
	}
	return nil
}

// publishModel writes a model file, records it and puts it into the catalog.
func (e *Engine) publishModel(owner string, m model.Model) error {
	key := m.Info().Identity.Key
	file := newID(16) + ".model"
	size, err := writeModel(e.path("models", file), m)
	if err != nil {
		return err
	}
	info := m.Info()
	r := ModelRecord{Key: key, File: file, Algo: info.Algo, Category: string(info.Category), Created: e.cfg.Now(), Bytes: size}
	meta := stored{file: file, bytes: size, algo: info.Algo, durable: true}
	err = e.publish(owner, catalog.Entry{Key: key, Kind: kindModel, Value: m, Meta: meta, Created: r.Created}, func() error {
		_, err := e.cfg.Repo.PutModel(r)
		return err
	})
	if err != nil {
		os.Remove(e.path("models", file)) //nolint:errcheck // best effort; dropped at the next start
	}
	return err
}

// publish records an object and shows it.
func (e *Engine) publish(owner string, entry catalog.Entry, record func() error) error {
	e.disk.Lock()
	defer e.disk.Unlock()
	if owner == "" {
		// A lock of its own keeps others out between the record and the catalog.
		owner = "publish-" + newID(8)
		release, err := e.catalog.Lock(owner, nil, []string{entry.Key})
		if err != nil {
			return err
		}
		defer release()
	}
	if err := record(); err != nil {
		return fmt.Errorf("recording %s %s: %w", entry.Kind, entry.Key, err)
	}
	return e.catalog.Publish(owner, entry)
}

// writeModel writes a model file and returns its size. It is on disk, under its
// own name, when writeModel returns.
func writeModel(path string, m model.Model) (int64, error) {
	if err := writeFile(context.Background(), path, func(w io.Writer) error { return model.Write(w, m) }); err != nil {
		return 0, err
	}
	st, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return st.Size(), syncDir(filepath.Dir(path))
}

// syncDir makes a rename in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// readModel reads a model file.
func (e *Engine) readModel(path string) (model.Model, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return model.Read(bufio.NewReaderSize(f, 1<<20), e.Algo)
}

// dropped removes the file of an entry that has left the catalog. Mappings of it
// stay valid until their last user lets go.
func (e *Engine) dropped(entry catalog.Entry) {
	var path string
	switch meta := entry.Meta.(type) {
	case stored:
		if meta.file == "" {
			return
		}
		if entry.Kind == kindFrame && !meta.durable {
			e.kept.Add(-meta.bytes)
		}
		path = e.path(entry.Kind+"s", meta.file)
	case upload:
		path = meta.path
	default:
		return
	}
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		e.cfg.Log.Warn("file not removed", "key", entry.Key, "path", path, "error", err)
	}
}

// forget removes records of an entry that the catalog no longer has.
func (e *Engine) forget(entry catalog.Entry) error {
	if _, ok := entry.Meta.(recorded); ok {
		return e.cfg.Repo.DeleteResult(entry.Key)
	}
	meta, ok := entry.Meta.(stored)
	if !ok || meta.file == "" {
		return nil
	}
	if entry.Kind == kindModel {
		return e.cfg.Repo.DeleteModel(entry.Key)
	}
	return e.cfg.Repo.DeleteFrame(entry.Key)
}

// evictPredictions removes the oldest prediction frames beyond the size that is
// kept. Those in use stay.
func (e *Engine) evictPredictions() {
	var total int64
	list := e.catalog.List(kindFrame)
	for i := len(list) - 1; i >= 0; i-- {
		meta, ok := list[i].Meta.(stored)
		if !ok || meta.durable || meta.file == "" {
			continue
		}
		if total += meta.bytes; total > keepPredictions {
			if err := e.remove(list[i].Key); err != nil && errs.KindOf(err) != errs.Conflict {
				e.cfg.Log.Warn("prediction not evicted", "key", list[i].Key, "error", err)
			}
		}
	}
}

// restore lists the frames, models and results of earlier processes and removes files
// that no record names.
func (e *Engine) restore() error {
	frames, err := e.cfg.Repo.Frames()
	if err != nil {
		return fmt.Errorf("reading the records of frames: %w", err)
	}
	models, err := e.cfg.Repo.Models()
	if err != nil {
		return fmt.Errorf("reading the records of models: %w", err)
	}
	known := map[string]bool{}
	for _, r := range frames {
		path := e.path("frames", r.File)
		if _, err := os.Stat(path); os.IsNotExist(err) {
			// A prediction that a power loss took: it was never promised.
			e.cfg.Log.Warn("frame lost its file", "key", r.Key, "durable", r.Durable)
			if err := e.cfg.Repo.DeleteFrame(r.Key); err != nil {
				return err
			}
			continue
		}
		known[path] = true
		if !r.Durable {
			e.kept.Add(r.Bytes)
		}
		meta := stored{file: r.File, rows: r.Rows, cols: r.Cols, bytes: r.Bytes, durable: r.Durable}
		err := e.catalog.PutLazy(catalog.Entry{Key: r.Key, Kind: kindFrame, Meta: meta, Created: r.Created}, func() (any, error) {
			return frame.Open(path)
		})
		if err != nil {
			return err
		}
	}
	for _, r := range models {
		path := e.path("models", r.File)
		if _, err := os.Stat(path); os.IsNotExist(err) {
			e.cfg.Log.Error("model lost its file", "key", r.Key)
			if err := e.cfg.Repo.DeleteModel(r.Key); err != nil {
				return err
			}
			continue
		}
		known[path] = true
		meta := stored{file: r.File, bytes: r.Bytes, algo: r.Algo, durable: true}
		err := e.catalog.PutLazy(catalog.Entry{Key: r.Key, Kind: kindModel, Meta: meta, Created: r.Created}, func() (any, error) {
			return e.readModel(path)
		})
		if err != nil {
			return err
		}
	}
	if err := e.restoreResults(); err != nil {
		return err
	}
	for _, dir := range []string{"frames", "models", "uploads"} {
		e.sweep(e.path(dir), known)
	}
	jobs, err := e.cfg.Repo.Jobs()
	if err != nil {
		return fmt.Errorf("reading the records of jobs: %w", err)
	}
	for _, s := range jobs {
		if err := e.jobs.Restore(s); err != nil {
			return err
		}
	}
	return nil
}

// sweep removes files of a folder that are not known.
func (e *Engine) sweep(dir string, known map[string]bool) {
	list, err := os.ReadDir(dir)
	if err != nil {
		e.cfg.Log.Warn("folder not read", "path", dir, "error", err)
		return
	}
	for _, f := range list {
		path := filepath.Join(dir, f.Name())
		if known[path] || f.IsDir() {
			continue
		}
		if err := os.Remove(path); err != nil {
			e.cfg.Log.Warn("leftover not removed", "path", path, "error", err)
		}
	}
}
