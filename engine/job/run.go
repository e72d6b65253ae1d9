package job

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
)

// outcome is how a job's work ended.
type outcome struct {
	err   error
	stack string // of a panic
}

// work runs a job on a worker.
func (p *Pool) work(ctx context.Context, j *Job) {
	defer j.stop(nil)
	if d := j.spec.Timeout; d > 0 {
		timed, free := context.WithTimeoutCause(ctx, d, errDeadline)
		defer free()
		ctx = timed
	}
	out := guard(func() error { return j.spec.Run(ctx, j) })
	stopped := errors.Is(out.err, context.Canceled) || errors.Is(out.err, context.DeadlineExceeded)
	if stopped && errors.Is(context.Cause(ctx), errDeadline) {
		out.err = fmt.Errorf("exceeded its time limit of %s", j.spec.Timeout)
	}
	p.finish(j, out, true)
}

// guard turns a panic, or a goroutine's exit, into an outcome.
func guard(run func() error) (out outcome) {
	returned := false
	done := make(chan struct{})
	// Why: runtime.Goexit cannot be recovered from; it ends this inner goroutine
	// only, so that the job still ends.
	go func() {
		defer close(done)
		defer func() {
			if v := recover(); v != nil {
				out = outcome{fmt.Errorf("internal error: %v", v), string(debug.Stack())}
			} else if !returned {
				out.err = errors.New("internal error: the work left without a result")
			}
		}()
		out.err = run()
		returned = true
	}()
	<-done
	return out
}

// finish ends a job that has left the queue: release, journal, visible. ran tells
// whether it holds a worker and memory.
func (p *Pool) finish(j *Job, out outcome, ran bool) {
	if j.spec.Release != nil {
		if r := guard(func() error { j.spec.Release(); return nil }); r.err != nil && out.stack == "" {
			out = r
		}
	}
	if ran {
		p.memory.Release(j.spec.Memory)
	}
	snap := j.Snapshot()
	snap.end(out)
	snap.Ended = p.clock()
	if p.journal != nil {
		if err := p.journal.JobEnded(snap); err != nil {
			snap.fail(fmt.Errorf("its end could not be recorded: %w", err))
		}
	}
	p.mu.Lock()
	j.mu.Lock()
	j.snap = snap
	j.mu.Unlock()
	// Why: the job is remembered for long, the frames that its work held need not be.
	j.spec.Run, j.spec.Release = nil, nil
	p.retire(j)
	p.alive--
	if ran {
		p.running--
	}
	p.mu.Unlock()
	close(j.done)
	p.wg.Done()
	p.dispatch()
}

// end puts the final state into a snapshot of a living job.
func (s *Snapshot) end(out outcome) {
	cancelled := s.State == CancelPending && (out.err == nil || errors.Is(out.err, context.Canceled))
	switch {
	case cancelled:
		s.State, s.Progress, s.Message = Cancelled, 1, "Cancelled."
	case out.err == nil:
		s.State, s.Progress, s.Message = Done, 1, "Done."
	default:
		s.fail(out.err)
		s.Stack = out.stack
	}
}

func (s *Snapshot) fail(err error) {
	s.State, s.Message, s.Err = Failed, "Failed.", err.Error()
}
