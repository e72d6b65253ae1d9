package h2o

import (
	"context"
	"time"

	"github.com/geyser-ml/geyser/api"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/job"
)

// Clients poll a job at once and then sleep, so most of the time that H2O takes
// for short work is that sleep. The request that starts a job waits a moment for
// its end, and a poll a little longer.
const (
	startWait = 50 * time.Millisecond
	pollWait  = time.Second
)

// started waits a moment for a job that has just been started, and puts it on
// the wire.
func (f *facade) started(j *job.Job) *JobV3 {
	if j != nil {
		f.e.Wait(context.Background(), j, startWait)
	}
	return jobV3(j)
}

// jobs answers GET /3/Jobs.
func (f *facade) jobs(*api.Request, jobIn) (JobsV3, error) {
	out := JobsV3{Jobs: []*JobV3{}}
	for _, j := range f.e.Jobs() {
		out.Jobs = append(out.Jobs, jobV3(j))
	}
	return out, nil
}

// findJob looks a job up.
func (f *facade) findJob(key string) (*job.Job, error) {
	if j, ok := f.e.Job(key); ok {
		return j, nil
	}
	if _, err := f.e.FrameInfo(key); err == nil {
		return nil, errs.Invalidf("job_id", "expected a Job under the key %s, found a Frame", key)
	}
	if _, err := f.e.Model(key, "job_id"); err == nil {
		return nil, errs.Invalidf("job_id", "expected a Job under the key %s, found a Model", key)
	}
	return nil, errs.NotFoundf("job_id", "Job is missing: %s", key)
}

// job answers GET /3/Jobs/{job_id}; it waits a little for the end of the job.
func (f *facade) job(_ *api.Request, in jobIn) (JobsV3, error) {
	j, err := f.findJob(in.ID)
	if err != nil {
		return JobsV3{}, err
	}
	f.e.Wait(context.Background(), j, pollWait)
	return JobsV3{ID: jobKey(in.ID), Jobs: []*JobV3{jobV3(j)}}, nil
}

// cancelJob answers POST /3/Jobs/{job_id}/cancel. H2O: the answer comes when the
// work has stopped.
func (f *facade) cancelJob(_ *api.Request, in jobIn) (JobsV3, error) {
	if _, err := f.findJob(in.ID); err != nil {
		return JobsV3{}, err
	}
	ctx, stop := context.WithTimeout(context.Background(), cancelWait)
	defer stop()
	return JobsV3{ID: jobKey(in.ID)}, f.e.Cancel(ctx, in.ID)
}

// cancelWait is how long a cancelled job may take to notice.
const cancelWait = time.Minute

// job4 answers GET /4/jobs/{job_id}.
func (f *facade) job4(_ *api.Request, in jobIn) (JobV4, error) {
	j, err := f.findJob(in.ID)
	if err != nil {
		return JobV4{}, err
	}
	v, s := jobV3(j), j.Snapshot()
	return JobV4{
		Schema: "/4/schemas/JobV4", ID: s.Key, Status: v.Status, Progress: v.Progress, Message: v.Message,
		Start: v.Start, Duration: v.Msec, Target: s.Dest, TargetType: s.DestKind,
		Exception: v.Exception, Stacktrace: v.Stacktrace,
	}, nil
}
