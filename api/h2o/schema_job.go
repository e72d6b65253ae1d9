package h2o

import (
	"time"

	"github.com/geyser-ml/geyser/engine/job"
)

// JobV3 is one job.
type JobV3 struct {
	object      `meta:"Job"`
	Key         *keyV3   `json:"key" type:"Key<Job>" schema:"JobKeyV3" help:"Key of the job."`
	Description string   `json:"description" help:"What it does."`
	Status      string   `json:"status" help:"RUNNING, CANCEL_PENDING, CANCELLED, DONE or FAILED."`
	Progress    float32  `json:"progress" help:"Share that is done, 0 to 1."`
	Message     string   `json:"progress_msg,null" help:"What it is doing."`
	Start       int64    `json:"start_time" help:"When it started, in milliseconds since 1970."`
	Msec        int64    `json:"msec" help:"Milliseconds it has run."`
	Dest        *keyV3   `json:"dest" type:"Key<Keyed>" schema:"KeyV3" help:"Key of what it makes."`
	Warnings    []string `json:"warnings" help:"What the caller should know."`
	Exception   string   `json:"exception,null" help:"Why it failed."`
	Stacktrace  string   `json:"stacktrace,null" help:"Where it failed."`
	Recoverable bool     `json:"auto_recoverable" help:"Whether a restart takes it up again."`
	Ready       bool     `json:"ready_for_view" help:"Whether what it makes can be looked at."`
}

// statusWords are the states on the wire. H2O: work that waits its turn is
// running.
var statusWords = map[job.State]string{
	job.Queued: "RUNNING", job.Running: "RUNNING", job.CancelPending: "CANCEL_PENDING",
	job.Done: "DONE", job.Failed: "FAILED", job.Cancelled: "CANCELLED",
}

// jobV3 puts a job on the wire; nil stays nil.
func jobV3(j *job.Job) *JobV3 {
	if j == nil {
		return nil
	}
	s := j.Snapshot()
	out := &JobV3{
		Key: jobKey(s.Key), Description: s.Description, Status: statusWords[s.State], Progress: float32(s.Progress),
		Message: s.Message, Dest: keyFor(s.DestKind, s.Dest), Warnings: s.Warnings,
		Exception: s.Err, Stacktrace: s.Stack, Ready: true,
	}
	if s.State == job.Queued && out.Message == "" {
		out.Message = "queued"
	}
	start, end := s.Started, s.Ended
	if start.IsZero() {
		start = s.Created
	}
	if end.IsZero() {
		end = time.Now()
	}
	out.Start, out.Msec = start.UnixMilli(), max(end.Sub(start).Milliseconds(), 0)
	if out.Stacktrace == "" {
		out.Stacktrace = out.Exception
	}
	return out
}

// JobsV3 lists jobs.
type JobsV3 struct {
	request
	ID   *keyV3   `json:"job_id" type:"Key<Job>" schema:"JobKeyV3" help:"The job that was asked for."`
	Jobs []*JobV3 `json:"jobs" help:"The jobs."`
}

// jobIn names a job.
type jobIn struct {
	ID string `param:"job_id" type:"Key<Job>" help:"Key of the job."`
}

// JobV4 is a job in the form of version 4.
type JobV4 struct {
	Schema     string  `json:"__schema" help:"Path of this schema."`
	ID         string  `json:"job_id" help:"Key of the job."`
	Status     string  `json:"status" help:"As in JobV3."`
	Progress   float32 `json:"progress" help:"Share that is done, 0 to 1."`
	Message    string  `json:"progress_msg,null" help:"What it is doing."`
	Start      int64   `json:"start_time" help:"When it started, in milliseconds since 1970."`
	Duration   int64   `json:"duration" help:"Milliseconds it has run."`
	Target     string  `json:"target_id,null" help:"Key of what it makes."`
	TargetType string  `json:"target_type,null" help:"Kind of what it makes."`
	Exception  string  `json:"exception,null" help:"Why it failed."`
	Stacktrace string  `json:"stacktrace,null" help:"Where it failed."`
}
