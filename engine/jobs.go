package engine

import (
	"context"
	"slices"
	"time"

	"github.com/geyser-ml/geyser/engine/catalog"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/job"
)

// Job returns a job by its key.
func (e *Engine) Job(key string) (*job.Job, bool) { return e.jobs.Get(key) }

// Jobs lists all jobs, oldest first.
func (e *Engine) Jobs() []*job.Job { return e.jobs.List() }

// Cancel asks a job to end and waits until it has, or ctx ends.
func (e *Engine) Cancel(ctx context.Context, key string) error {
	j, ok := e.jobs.Get(key)
	if !ok {
		return errs.NotFoundf("job_id", "No job with key %s", key)
	}
	j.Cancel()
	select {
	case <-j.Done():
	case <-ctx.Done():
	}
	return nil
}

// Wait waits up to d for a job's end: most clients sleep longer between two looks
// than a short job takes.
func (e *Engine) Wait(ctx context.Context, j *job.Job, d time.Duration) { j.Wait(ctx, d) }

// start starts a job that reads some objects, "" standing for none, and makes
// spec.Dest, which the parameter field has named. When it cannot start,
// spec.Release has been called.
func (e *Engine) start(spec job.Spec, reads []string, field string, run func(context.Context, *job.Job) error) (j *job.Job, err error) {
	spec.Key, spec.Run = newJobKey(), run
	defer func() {
		if err != nil {
			spec.Release()
		}
	}()
	reads = slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(reads))), func(k string) bool { return k == "" })
	unlock, busy := e.catalog.Lock(spec.Key, reads, []string{spec.Dest})
	if busy == nil {
		let := spec.Release
		spec.Release = func() { unlock(); let() }
	}
	// What the key names says more than that it is in use.
	if err := e.vacant(spec.Dest, spec.DestKind, field); err != nil {
		return nil, err
	}
	if busy != nil {
		return nil, inUse(busy, field)
	}
	return e.jobs.Start(spec)
}

// vacant is an error when a key that field has named holds an object of another
// kind than the one that is to take it.
func (e *Engine) vacant(key, kind, field string) error {
	x, ok := e.catalog.Entry(key)
	if !ok || x.Kind == kind {
		return nil
	}
	wrong := &catalog.WrongType{Key: key, Want: kind, Got: x.Kind}
	return &errs.Error{Kind: errs.Invalid, Field: field, Value: key, Msg: wrong.Error(), Err: wrong}
}
