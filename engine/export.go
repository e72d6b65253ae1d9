package engine

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/job"
)

// ExportOptions says how a frame is written to a file.
type ExportOptions struct {
	Force       bool   // replace an existing file
	Format      string // "" or csv
	Compression string // "", none, gzip or zstd
	Parts       int    // 1, or -1 and 0 for the server's choice, which is 1
	CSV         CSVOptions
}

// Export starts the job that writes a frame below an export root.
func (e *Engine) Export(key, path string, o ExportOptions) (*job.Job, error) {
	if o.Format != "" && o.Format != "csv" {
		return nil, errs.Unavailablef("format", "format %q is not available in this release: csv is", o.Format)
	}
	if o.Parts > 1 {
		return nil, errs.Unavailablef("num_parts", "num_parts %d is not available in this release: leave it at 1", o.Parts)
	}
	switch o.Compression {
	case "", "none", "gzip", "zstd":
	default:
		return nil, errs.Unavailablef("compression", "compression %q is not available in this release: none, gzip and zstd are", o.Compression)
	}
	return e.writeFrame(key, path, "Export dataset", o.Force, func(ctx context.Context, f *frame.Frame, real string) error {
		return writeFile(ctx, real, func(w io.Writer) error {
			return writeCompressed(w, o.Compression, func(w io.Writer) error { return WriteCSV(w, f, o.CSV) })
		})
	})
}

// writeCompressed puts a compressor in front of w.
func writeCompressed(w io.Writer, how string, write func(io.Writer) error) error {
	var c io.WriteCloser
	switch how {
	case "gzip":
		c = gzip.NewWriter(w)
	case "zstd":
		z, err := zstd.NewWriter(w)
		if err != nil {
			return err
		}
		c = z
	default:
		return write(w)
	}
	if err := write(c); err != nil {
		return err
	}
	return c.Close()
}

// writeFrame starts a job that writes a frame to a file below an export root.
func (e *Engine) writeFrame(key, path, what string, force bool, write func(ctx context.Context, f *frame.Frame, real string) error) (*job.Job, error) {
	f, unpin, err := e.Frame(key, "frame_id")
	if err != nil {
		return nil, err
	}
	real, err := e.target(path, "path", force)
	if err != nil {
		unpin()
		return nil, err
	}
	j, err := e.jobs.Start(job.Spec{
		Description: what, Dest: key, DestKind: kindFrame, Release: unpin,
		Run: func(ctx context.Context, _ *job.Job) error { return write(ctx, f, real) },
	})
	if err != nil {
		unpin()
	}
	return j, err
}

// writeFile writes a file under a temporary name and renames it when it is
// whole and on disk.
func writeFile(ctx context.Context, path string, write func(io.Writer) error) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return errs.Invalidf("path", "cannot write to %s: %v", path, err)
	}
	defer func() {
		tmp.Close()
		if err != nil {
			os.Remove(tmp.Name()) //nolint:errcheck // best effort
		}
	}()
	w := bufio.NewWriterSize(writerOf(ctx, tmp), 1<<18)
	if err = write(w); err != nil {
		return err
	}
	if err = w.Flush(); err != nil {
		return err
	}
	if err = tmp.Chmod(0o644); err != nil {
		return err
	}
	if err = tmp.Sync(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// writerOf stops writing when ctx ends.
func writerOf(ctx context.Context, w io.Writer) io.Writer { return &ctxWriter{ctx, w} }

type ctxWriter struct {
	ctx context.Context
	w   io.Writer
}

func (c *ctxWriter) Write(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.w.Write(p)
}

// SaveFrame starts the job that writes a frame's Arrow file below an export
// root: dir/<key>.arrow.
func (e *Engine) SaveFrame(key, dir string, force bool) (*job.Job, error) {
	return e.writeFrame(key, filepath.Join(dir, savedName(key)), "Save frame", force, func(_ context.Context, f *frame.Frame, real string) error {
		// Why: two jobs that save to one path must not share a temporary name.
		own := filepath.Join(filepath.Dir(real), "."+newID(16))
		if _, err := frame.Write(f, own, true); err != nil {
			return err
		}
		if err := os.Rename(own, real); err != nil {
			return errors.Join(err, os.Remove(own))
		}
		return syncDir(filepath.Dir(real))
	})
}

// savedName is the file name of a saved frame.
func savedName(key string) string { return filepath.Base(key) + ".arrow" }

// LoadFrame starts the job that reads what SaveFrame wrote.
func (e *Engine) LoadFrame(key, dir string, force bool) (*job.Job, error) {
	if _, ok := e.catalog.Entry(key); ok && !force {
		return nil, errs.Invalidf("frame_id", "frame %s exists already; use force to replace it", key)
	}
	real, err := e.saved(filepath.Join(dir, savedName(key)))
	if err != nil {
		return nil, err
	}
	return e.start(job.Spec{Description: "Load frame", Dest: key, DestKind: kindFrame, Release: func() {}}, nil, "frame_id",
		func(ctx context.Context, j *job.Job) error { return e.adopt(ctx, j.Key(), key, real) })
}

// adopt publishes a copy of a frame file. Why: a file that is not ours may be
// shortened while it is mapped, and reading it would then end the process.
func (e *Engine) adopt(ctx context.Context, owner, key, real string) error {
	file := newID(16) + ".arrow"
	path := e.path("frames", file)
	err := writeFile(ctx, path, func(w io.Writer) error {
		in, err := os.Open(real)
		if err != nil {
			return err
		}
		defer in.Close()
		_, err = io.Copy(w, in)
		return err
	})
	if err != nil {
		return err
	}
	f, err := frame.Open(path)
	if err == nil {
		err = f.Verify()
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("loading %s: %w", real, err), os.Remove(path))
	}
	return e.recordFrame(owner, key, file, f, true)
}
