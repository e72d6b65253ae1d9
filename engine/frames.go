package engine

import (
	"context"
	"time"

	"github.com/geyser-ml/geyser/engine/catalog"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/job"
	"github.com/geyser-ml/geyser/engine/parse"
)

// Parse starts the job that reads sources into a frame of key dest. With
// deleteOnDone the uploads among the sources go when the frame is there. With
// blocking it returns when the job has ended.
func (e *Engine) Parse(ctx context.Context, keys []string, dest string, s parse.Setup, deleteOnDone, blocking bool) (*job.Job, error) {
	src, err := e.sources(keys)
	if err != nil {
		return nil, err
	}
	if dest == "" {
		return nil, errs.Invalidf("destination_frame", "destination_frame is empty; name the frame to make")
	}
	key := newJobKey()
	var uploads []string
	for _, k := range keys {
		if _, ok := e.catalog.Entry(k); ok {
			uploads = append(uploads, k)
		}
	}
	release, err := e.catalog.Lock(key, uploads, []string{dest})
	if err != nil {
		return nil, inUse(err, "destination_frame")
	}
	zone := e.location()
	j, err := e.jobs.Start(job.Spec{
		Key: key, Description: "Parse", Dest: dest, DestKind: kindFrame,
		Memory: parse.Estimate(src), Release: release,
		Run: func(ctx context.Context, j *job.Job) error {
			file := newID(16) + ".arrow"
			f, warnings, err := parse.Parse(ctx, src, s, e.path("frames", file), parse.Options{
				Threads: e.cfg.Threads, Sync: true, Zone: zone,
				Progress: func(share float64) { j.SetProgress(share, "") },
			})
			if err != nil {
				return err
			}
			for _, w := range warnings {
				j.Warn(w)
			}
			if err := e.recordFrame(key, dest, file, f, true); err != nil {
				return err
			}
			if deleteOnDone {
				release()
				for _, k := range uploads {
					e.catalog.Remove(k) //nolint:errcheck // another parse may still read it
				}
			}
			return nil
		},
	})
	if err != nil {
		release()
		return nil, err
	}
	if blocking {
		select {
		case <-j.Done():
		case <-ctx.Done():
		}
	}
	return j, nil
}

// FrameInfo is a frame, or an uploaded file, as a list shows it. Frame is nil
// for an upload.
type FrameInfo struct {
	Key     string
	Frame   *frame.Frame
	IsText  bool
	Rows    int64
	Cols    int
	Bytes   int64
	Created time.Time
}

// Frame returns a frame and a function that lets go of it: until then its file
// stays mapped, even when it is deleted. field is the parameter that named it.
func (e *Engine) Frame(key, field string) (*frame.Frame, func(), error) {
	f, err := catalog.Get[*frame.Frame](e.catalog, key, field)
	if err != nil {
		return nil, func() {}, err
	}
	return f, f.Pin(), nil
}

// Frames lists frames and uploads, oldest first, without reading files.
func (e *Engine) Frames() []FrameInfo {
	var out []FrameInfo
	for _, x := range e.catalog.List("") {
		if x.Kind == kindFrame || x.Kind == kindUpload {
			out = append(out, frameInfo(x))
		}
	}
	return out
}

func frameInfo(x catalog.Entry) FrameInfo {
	i := FrameInfo{Key: x.Key, Created: x.Created}
	switch meta := x.Meta.(type) {
	case stored:
		i.Rows, i.Cols, i.Bytes = meta.rows, meta.cols, meta.bytes
	case upload:
		i.IsText, i.Bytes, i.Cols, i.Rows = true, meta.bytes, 1, meta.bytes
	}
	return i
}

// FrameInfo returns one frame or upload, the frame opened.
func (e *Engine) FrameInfo(key string) (FrameInfo, error) {
	x, ok := e.catalog.Entry(key)
	if ok && x.Kind == kindUpload {
		return frameInfo(x), nil
	}
	f, release, err := e.Frame(key, "key")
	if err != nil {
		return FrameInfo{}, err
	}
	defer release()
	i := frameInfo(x)
	i.Frame, i.Rows, i.Cols, i.Bytes = f, int64(f.NumRows()), f.NumCols(), f.SizeBytes()
	return i, nil
}

// RemoveFrame removes a frame or an upload.
func (e *Engine) RemoveFrame(key string) error {
	x, ok := e.catalog.Entry(key)
	if !ok || x.Kind != kindFrame && x.Kind != kindUpload {
		if _, err := catalog.Get[*frame.Frame](e.catalog, key, "key"); err != nil {
			return err
		}
	}
	return e.remove(key)
}

// RemoveFrames removes all frames and uploads that no job holds.
func (e *Engine) RemoveFrames() error {
	return e.removeWhere(func(x catalog.Entry) bool { return x.Kind == kindFrame || x.Kind == kindUpload })
}

// Remove removes whatever is under a key; an unknown one is fine. With cascade
// the models that a model's cross-validation made go too.
func (e *Engine) Remove(key string, cascade bool) error {
	if cascade {
		for _, k := range e.parts(key) {
			if err := e.remove(k); err != nil {
				return err
			}
		}
	}
	return e.remove(key)
}

// RemoveAll removes every object but those named and, of a retained model, what
// it is made of.
func (e *Engine) RemoveAll(retain []string) error {
	keep := map[string]bool{}
	for _, k := range retain {
		keep[k] = true
		for _, p := range e.parts(k) {
			keep[p] = true
		}
	}
	err := e.removeWhere(func(x catalog.Entry) bool { return !keep[x.Key] })
	e.mu.Lock()
	e.measured = nil
	e.mu.Unlock()
	return err
}

// remove takes one object out: record first, so that what is gone stays gone.
func (e *Engine) remove(key string) error {
	owner := "remove-" + newID(8)
	release, err := e.catalog.Lock(owner, nil, []string{key})
	if err != nil {
		return err
	}
	defer release()
	x, ok := e.catalog.Entry(key)
	if !ok {
		return nil
	}
	if err := e.forget(x); err != nil {
		return err
	}
	return e.catalog.Withdraw(owner, key)
}

// removeWhere removes what match picks; of the objects in use the first makes
// the error, after all others are gone.
func (e *Engine) removeWhere(match func(catalog.Entry) bool) error {
	var first error
	for _, x := range e.catalog.List("") {
		if !match(x) {
			continue
		}
		if err := e.remove(x.Key); err != nil && first == nil {
			first = err
		}
	}
	return first
}
