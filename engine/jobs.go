package engine

import (
	"context"
	"time"

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
