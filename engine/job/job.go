package job

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"
)

// State is where a job is in its life; doc.go draws the way.
type State uint8

// States. The first three are alive, the last three are final.
const (
	Queued State = iota
	Running
	CancelPending
	Done
	Failed
	Cancelled
)

var stateNames = [...]string{"QUEUED", "RUNNING", "CANCEL_PENDING", "DONE", "FAILED", "CANCELLED"}

// String returns the state in capitals, as records and the wire have it.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("STATE(%d)", s)
}

// Ended reports whether the state is final.
func (s State) Ended() bool { return s >= Done }

// Snapshot is a job at one moment.
type Snapshot struct {
	Key         string
	Description string
	Dest        string // key of the result
	DestKind    string // frame, model …
	State       State
	Progress    float64 // in [0,1]
	Message     string  // what it is doing; Done., Failed. or Cancelled. at the end
	Warnings    []string
	Err         string    // of a failed job
	Stack       string    // of a job that panicked
	Created     time.Time // when it was accepted
	Started     time.Time // when it began to run, zero before
	Ended       time.Time // zero before
}

// Job is one piece of work of a Pool. All methods are safe for concurrent use.
type Job struct {
	spec    Spec
	pool    *Pool
	created time.Time
	seq     uint64        // order of arrival
	done    chan struct{} // closed at the end

	mu   sync.Mutex
	snap Snapshot
	stop context.CancelCauseFunc // while running

	passed int // how often the queue let another owner's job pass for want of memory; guarded by Pool.mu
}

// Key returns the job's key.
func (j *Job) Key() string { return j.spec.Key }

// Description returns what the job does, for people.
func (j *Job) Description() string { return j.spec.Description }

// Dest returns key and kind of the job's result.
func (j *Job) Dest() (key, kind string) { return j.spec.Dest, j.spec.DestKind }

// Snapshot returns the job as it is now.
func (j *Job) Snapshot() Snapshot {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := j.snap
	s.Warnings = slices.Clone(s.Warnings)
	return s
}

// SetProgress reports the share done, which is cut to [0,1], and what is being
// done; an empty msg keeps the last one. It does nothing once the job has ended.
func (j *Job) SetProgress(share float64, msg string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.snap.State.Ended() {
		return
	}
	if !math.IsNaN(share) {
		j.snap.Progress = min(max(share, 0), 1)
	}
	if msg != "" {
		j.snap.Message = msg
	}
}

// Warn adds a warning for the caller; one that is there already is not repeated.
// It does nothing once the job has ended, and reports whether the job has the
// warning.
func (j *Job) Warn(msg string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	has := slices.Contains(j.snap.Warnings, msg)
	if !has && !j.snap.State.Ended() {
		j.snap.Warnings = append(j.snap.Warnings, msg)
		has = true
	}
	return has
}

// Done is closed when the job has ended.
func (j *Job) Done() <-chan struct{} { return j.done }

// Cancel asks the job to end. It returns at once when the job is running, which
// then is CancelPending until its work has stopped; a queued job has ended when
// Cancel returns. A job that has ended stays as it is.
func (j *Job) Cancel() { j.pool.cancel(j, context.Canceled) }

// Wait waits until the job has ended, for d at most and no longer than ctx lasts.
// It reports whether the job has ended.
func (j *Job) Wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-j.done:
	case <-timer.C:
	case <-ctx.Done():
	}
	select {
	case <-j.done:
		return true
	default:
		return false
	}
}
