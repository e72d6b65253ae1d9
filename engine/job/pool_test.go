package job

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/errs"
)

// ticks is a clock that moves one second at each reading.
func ticks() func() time.Time {
	var n atomic.Int64
	return func() time.Time { return time.Unix(n.Add(1), 0) }
}

// journal records states, and checks that nobody sees them yet.
type journal struct {
	mu       sync.Mutex
	seen     []string
	started  error
	ended    error
	observer func(Snapshot)
}

func (r *journal) record(event string, s Snapshot) {
	r.mu.Lock()
	r.seen = append(r.seen, event+" "+s.Key+" "+s.State.String())
	r.mu.Unlock()
	if r.observer != nil {
		r.observer(s)
	}
}

func (r *journal) JobStarted(s Snapshot) error { r.record("start", s); return r.started }
func (r *journal) JobEnded(s Snapshot) error   { r.record("end", s); return r.ended }

func nothing(context.Context, *Job) error { return nil }

// untilCancelled runs until its context ends and tells started when it runs.
func untilCancelled(started chan<- string) func(context.Context, *Job) error {
	return func(ctx context.Context, j *Job) error {
		started <- j.Key()
		<-ctx.Done()
		return ctx.Err()
	}
}

func wait(t *testing.T, j *Job) Snapshot {
	t.Helper()
	require.True(t, j.Wait(t.Context(), time.Minute))
	return j.Snapshot()
}

func TestRun_outcomes(t *testing.T) {
	tests := []struct {
		name  string
		spec  Spec
		state State
		msg   string
		share float64
		err   string
		stack string
	}{
		{"done", Spec{Run: nothing}, Done, "Done.", 1, "", ""},
		{"ErrRun", Spec{Run: func(_ context.Context, j *Job) error {
			j.SetProgress(0.25, "half way to half way")
			return errors.New("no rows")
		}}, Failed, "Failed.", 0.25, "no rows", ""},
		{"ErrPanic", Spec{Run: func(context.Context, *Job) error { panic("shape mismatch") }},
			Failed, "Failed.", 0, "internal error: shape mismatch", "pool_test.go"},
		{"ErrGoexit", Spec{Run: func(context.Context, *Job) error { runtime.Goexit(); return nil }},
			Failed, "Failed.", 0, "internal error: the work left without a result", ""},
		{"ErrDeadline", Spec{Timeout: time.Nanosecond, Run: func(ctx context.Context, _ *Job) error {
			<-ctx.Done()
			return fmt.Errorf("tree 3: %w", ctx.Err())
		}}, Failed, "Failed.", 0, "exceeded its time limit of 1ns", ""},
		{"done at the deadline", Spec{Timeout: time.Nanosecond, Run: func(ctx context.Context, _ *Job) error {
			<-ctx.Done()
			return nil
		}}, Done, "Done.", 1, "", ""},
		{"ErrOwnContext", Spec{Run: func(context.Context, *Job) error { return context.Canceled }},
			Failed, "Failed.", 0, "context canceled", ""},
		{"cancelled", Spec{Run: func(ctx context.Context, j *Job) error {
			j.Cancel()
			<-ctx.Done()
			return fmt.Errorf("tree 3: %w", ctx.Err())
		}}, Cancelled, "Cancelled.", 1, "", ""},
		{"cancelled too late", Spec{Run: func(_ context.Context, j *Job) error { j.Cancel(); return nil }},
			Cancelled, "Cancelled.", 1, "", ""},
		{"ErrWhileCancelled", Spec{Run: func(_ context.Context, j *Job) error { j.Cancel(); return errors.New("disk full") }},
			Failed, "Failed.", 0, "disk full", ""},
		{"ErrRelease", Spec{Run: nothing, Release: func() { panic("lock lost") }},
			Failed, "Failed.", 0, "internal error: lock lost", "pool_test.go"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := NewPool(1, 1, nil, ticks())
			tt.spec.Description, tt.spec.Dest, tt.spec.DestKind = "GBM", "m", "model"
			j, err := p.Start(tt.spec)
			require.NoError(t, err)
			s := wait(t, j)
			assert.Equal(t, tt.state, s.State)
			assert.Equal(t, tt.msg, s.Message)
			assert.Equal(t, tt.share, s.Progress)
			assert.Equal(t, tt.err, s.Err)
			assert.Contains(t, s.Stack, tt.stack)
			assert.Equal(t, tt.stack == "", s.Stack == "")
			assert.Equal(t, []string{"GBM", "m", "model"}, []string{s.Description, s.Dest, s.DestKind})
			assert.Equal(t, []int64{1, 2, 3}, []int64{s.Created.Unix(), s.Started.Unix(), s.Ended.Unix()})

			j.SetProgress(0.5, "late")
			j.Warn("late")
			j.Cancel()
			assert.Equal(t, s, j.Snapshot(), "the end is final")
			require.NoError(t, p.Close(t.Context()))
		})
	}
}

func TestJob_progress(t *testing.T) {
	p := NewPool(1, 0, nil, nil, WithKeys(func() string { return "$0$_1" }))
	release := make(chan struct{})
	j, err := p.Start(Spec{Run: func(context.Context, *Job) error { <-release; return nil }})
	require.NoError(t, err)
	assert.Equal(t, "$0$_1", j.Key())
	for _, step := range []struct{ give, want float64 }{{0.5, 0.5}, {-1, 0}, {7, 1}} {
		j.SetProgress(step.give, "at it")
		assert.Equal(t, step.want, j.Snapshot().Progress)
	}
	zero := 0.0
	j.SetProgress(zero/zero, "")
	assert.Equal(t, 1.0, j.Snapshot().Progress)
	assert.Equal(t, "at it", j.Snapshot().Message)
	j.Warn("a")
	j.Warn("b")
	j.Warn("a")
	s := j.Snapshot()
	assert.Equal(t, []string{"a", "b"}, s.Warnings)
	s.Warnings[0] = "x"
	assert.Equal(t, []string{"a", "b"}, j.Snapshot().Warnings)

	assert.False(t, j.Wait(t.Context(), 0))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.False(t, j.Wait(ctx, time.Hour))
	close(release)
	assert.Equal(t, Done, wait(t, j).State)
	assert.True(t, j.Wait(ctx, 0))
}

func TestCancel_pending(t *testing.T) {
	p := NewPool(1, 1, nil, ticks())
	started, cancelled, release := make(chan string, 1), make(chan struct{}), make(chan struct{})
	j, err := p.Start(Spec{Key: "run", Run: func(ctx context.Context, j *Job) error {
		started <- j.Key()
		<-ctx.Done()
		close(cancelled)
		<-release
		return ctx.Err()
	}})
	require.NoError(t, err)
	<-started
	released := false
	queued, err := p.Start(Spec{Key: "wait", Run: nothing, Release: func() { released = true }})
	require.NoError(t, err)
	assert.Equal(t, Queued, queued.Snapshot().State)

	assert.True(t, p.Cancel("wait"))
	s := queued.Snapshot()
	assert.Equal(t, Cancelled, s.State, "a queued job ends at once")
	assert.True(t, s.Started.IsZero())
	assert.True(t, released)

	assert.True(t, p.Cancel("run"))
	<-cancelled
	assert.Equal(t, CancelPending, j.Snapshot().State, "until its work has stopped")
	close(release)
	assert.Equal(t, Cancelled, wait(t, j).State)
	assert.False(t, p.Cancel("nosuch"))
}

func TestJournal_beforeVisible(t *testing.T) {
	r := &journal{}
	p := NewPool(1, 1, r, ticks())
	released := false
	r.observer = func(s Snapshot) {
		j, ok := p.Get(s.Key)
		if s.State == Queued {
			assert.False(t, ok)
			assert.Empty(t, p.List())
			return
		}
		assert.Equal(t, Running, j.Snapshot().State)
		assert.False(t, j.Wait(t.Context(), 0))
		assert.True(t, released)
		assert.Equal(t, Done, s.State)
		assert.Equal(t, 1.0, s.Progress)
		assert.False(t, s.Ended.IsZero())
	}
	j, err := p.Start(Spec{Key: "a", Run: nothing, Release: func() { released = true }})
	require.NoError(t, err)
	wait(t, j)
	assert.Equal(t, []string{"start a QUEUED", "end a DONE"}, r.seen)
}

func TestJournal_errors(t *testing.T) {
	r := &journal{started: errors.New("disk full")}
	p := NewPool(1, 0, r, ticks())
	_, err := p.Start(Spec{Key: "a", Run: nothing, Release: func() { t.Error("released, though refused") }})
	assert.EqualError(t, err, "job a could not be recorded: disk full")
	assert.Empty(t, p.List())

	r.started, r.ended = nil, errors.New("disk full")
	j, err := p.Start(Spec{Key: "a", Run: nothing})
	require.NoError(t, err, "the refused job left neither key nor place")
	s := wait(t, j)
	assert.Equal(t, Failed, s.State)
	assert.Equal(t, "its end could not be recorded: disk full", s.Err)
	require.NoError(t, p.Close(t.Context()))
}

func TestStart_refusals(t *testing.T) {
	p := NewPool(1, 1, nil, nil, WithMemory(NewMemory(4096)))
	started := make(chan string, 1)
	a, err := p.Start(Spec{Key: "a", Run: untilCancelled(started)})
	require.NoError(t, err)
	<-started
	refused := func(s Spec, kind errs.Kind, msg string) {
		t.Helper()
		s.Run, s.Release = nothing, func() { t.Error("released, though refused") }
		_, err := p.Start(s)
		assert.EqualError(t, err, msg)
		assert.Equal(t, kind, errs.KindOf(err))
	}
	refused(Spec{Memory: 5000}, errs.Unavailable, "not enough memory: needs 4.9 KiB, limit 4.0 KiB, in use 0 B")
	refused(Spec{Key: "a"}, errs.Conflict, "job a exists already")
	_, err = p.Start(Spec{Key: "b", Run: nothing})
	require.NoError(t, err)
	refused(Spec{Key: "c"}, errs.Unavailable, "2 jobs are running and waiting, which is the limit; try again when one has ended")
	a.Cancel()
	wait(t, a)
	require.NoError(t, p.Close(t.Context()))
	refused(Spec{Key: "d"}, errs.Unavailable, "the server is shutting down")
}

func TestQueue_fair(t *testing.T) {
	p := NewPool(1, 100, nil, nil)
	gate, started := make(chan struct{}), make(chan string, 1)
	blocker, err := p.Start(Spec{Owner: "a", Run: func(context.Context, *Job) error { started <- ""; <-gate; return nil }})
	require.NoError(t, err)
	<-started
	var order []string // one worker: no lock needed, jobs follow each other
	var jobs []*Job
	for _, key := range []string{"a1", "a2", "a3", "a4", "b1", "b2", "c1"} {
		j, err := p.Start(Spec{Key: key, Owner: key[:1], Run: func(_ context.Context, j *Job) error {
			order = append(order, j.Key())
			return nil
		}})
		require.NoError(t, err)
		jobs = append(jobs, j)
	}
	jobs[2].Cancel() // a3
	close(gate)
	wait(t, blocker)
	for _, j := range jobs {
		wait(t, j)
	}
	assert.Equal(t, []string{"a1", "b1", "c1", "a2", "b2", "a4"}, order)
	assert.Empty(t, p.queue.jobs)
	assert.Empty(t, p.queue.owners)
}

func TestMemory_admission(t *testing.T) {
	m := NewMemory(100)
	p := NewPool(4, 100, nil, nil, WithMemory(m))
	require.NoError(t, m.Acquire(60)) // work outside the pool
	started := make(chan string, 100)
	big, err := p.Start(Spec{Key: "big", Owner: "a", Memory: 50, Run: untilCancelled(started)})
	require.NoError(t, err)
	small, err := p.Start(Spec{Key: "small", Owner: "b", Memory: 40, Run: untilCancelled(started)})
	require.NoError(t, err)
	assert.Equal(t, "small", <-started, "passes the one that has to wait")
	assert.Equal(t, Queued, big.Snapshot().State)
	assert.EqualValues(t, 100, m.Used())
	assert.ErrorContains(t, m.Acquire(1), "needs 1 B, limit 100 B, in use 100 B")

	m.Release(60)
	assert.Equal(t, "big", <-started, "freed memory wakes the queue")
	small.Cancel()
	big.Cancel()
	wait(t, small)
	wait(t, big)
	assert.Zero(t, m.Used())
	assert.Panics(t, func() { m.Release(1) })
}

func TestMemory_patience(t *testing.T) {
	m := NewMemory(100)
	p := NewPool(1, 100, nil, nil, WithMemory(m))
	require.NoError(t, m.Acquire(60))
	big, err := p.Start(Spec{Owner: "a", Memory: 50, Run: nothing})
	require.NoError(t, err)
	start := func() *Job {
		j, err := p.Start(Spec{Owner: "b", Memory: 1, Run: nothing})
		require.NoError(t, err)
		return j
	}
	for range patience {
		assert.Equal(t, Done, wait(t, start()).State)
	}
	last := start()
	assert.Equal(t, Queued, last.Snapshot().State, "nothing starts before the one that waits")
	assert.Equal(t, Queued, big.Snapshot().State)
	m.Release(60)
	wait(t, last)
	assert.Equal(t, Done, wait(t, big).State)
}

func TestKeep_bounded(t *testing.T) {
	p := NewPool(1, 0, nil, ticks(), WithKeep(2))
	for i := range 4 {
		j, err := p.Start(Spec{Key: fmt.Sprint(i), Run: nothing})
		require.NoError(t, err)
		wait(t, j)
	}
	var keys []string
	for _, j := range p.List() {
		keys = append(keys, j.Key())
	}
	assert.Equal(t, []string{"2", "3"}, keys)
	_, ok := p.Get("0")
	assert.False(t, ok)
}

func TestRestore(t *testing.T) {
	r := &journal{}
	p := NewPool(1, 1, r, func() time.Time { return time.Unix(100, 0) })
	done := Snapshot{Key: "d", Description: "Parse", Dest: "f", DestKind: "frame", State: Done, Progress: 1, Message: "Done.", Created: time.Unix(2, 0)}
	require.NoError(t, p.Restore(done))
	require.NoError(t, p.Restore(Snapshot{Key: "r", State: Running, Progress: 0.5, Created: time.Unix(1, 0)}))
	assert.Equal(t, errs.Conflict, errs.KindOf(p.Restore(done)))
	_, err := p.Start(Spec{Key: "d", Run: nothing})
	assert.Equal(t, errs.Conflict, errs.KindOf(err))

	list := p.List()
	require.Len(t, list, 2)
	assert.Equal(t, Snapshot{Key: "r", State: Failed, Progress: 0.5, Message: "Failed.", Created: time.Unix(1, 0),
		Ended: time.Unix(100, 0), Err: "the server was restarted before the job ended"}, list[0].Snapshot())
	assert.Equal(t, done, list[1].Snapshot())
	key, kind := list[1].Dest()
	assert.Equal(t, []string{"f", "frame", "Parse"}, []string{key, kind, list[1].Description()})
	assert.True(t, list[0].Wait(t.Context(), 0))
	list[1].Cancel()
	assert.Equal(t, done, list[1].Snapshot())
	assert.Equal(t, []string{"end r FAILED"}, r.seen)

	r.ended = errors.New("disk full")
	assert.ErrorContains(t, p.Restore(Snapshot{Key: "x"}), "disk full")
}

func TestClose(t *testing.T) {
	p := NewPool(1, 1, nil, nil)
	started, causes, release := make(chan string, 1), make(chan error, 1), make(chan struct{})
	running, err := p.Start(Spec{Run: func(ctx context.Context, j *Job) error {
		started <- ""
		<-ctx.Done()
		causes <- context.Cause(ctx)
		<-release
		return ctx.Err()
	}})
	require.NoError(t, err)
	<-started
	queued, err := p.Start(Spec{Run: func(context.Context, *Job) error { t.Error("ran after Close"); return nil }})
	require.NoError(t, err)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.EqualError(t, p.Close(ctx), "1 jobs have not ended: context canceled")
	assert.ErrorIs(t, <-causes, ErrClosed)
	assert.Equal(t, Cancelled, queued.Snapshot().State)
	close(release)
	require.NoError(t, p.Close(t.Context()))
	assert.Equal(t, Cancelled, running.Snapshot().State)
}

// Many clients start, cancel, watch and list at once: every accepted job ends
// once, is released once, is journalled twice, and the workers are never overrun.
func TestPool_race(t *testing.T) {
	const workers, clients, each = 4, 16, 60
	r := &journal{}
	m := NewMemory(1000)
	p := NewPool(workers, 50, r, nil, WithMemory(m))
	var inside, accepted, releases, refused atomic.Int32
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			for i := range each {
				j, err := p.Start(Spec{
					Owner: fmt.Sprint(c % 5), Memory: int64((c*i)%7) * 100,
					Run: func(ctx context.Context, j *Job) error {
						if inside.Add(1) > workers || m.Used() > 1000 {
							t.Error("overrun")
						}
						defer inside.Add(-1)
						for k := range 10 {
							j.SetProgress(float64(k)/10, "at it")
							runtime.Gosched()
						}
						switch i % 5 {
						case 0:
							panic("five")
						case 1:
							return errors.New("one")
						}
						return ctx.Err()
					},
					Release: func() { releases.Add(1) },
				})
				if err != nil {
					assert.Equal(t, errs.Unavailable, errs.KindOf(err))
					refused.Add(1)
					continue
				}
				accepted.Add(1)
				switch i % 3 {
				case 0:
					p.Cancel(j.Key())
				case 1:
					assert.True(t, j.Wait(t.Context(), time.Minute))
				}
				for _, other := range p.List()[:1] {
					other.Snapshot()
				}
			}
		})
	}
	wg.Wait()
	for _, j := range p.List() {
		assert.True(t, wait(t, j).State.Ended())
	}
	require.NoError(t, p.Close(t.Context()))
	assert.EqualValues(t, clients*each, accepted.Load()+refused.Load())
	assert.Equal(t, accepted.Load(), releases.Load())
	assert.Len(t, r.seen, 2*int(accepted.Load()))
	assert.Zero(t, m.Used())
	assert.Zero(t, p.alive)
	assert.Zero(t, p.running)
}

func TestState_String(t *testing.T) {
	assert.Equal(t, "QUEUED RUNNING CANCEL_PENDING DONE FAILED CANCELLED STATE(9)",
		fmt.Sprint(Queued, Running, CancelPending, Done, Failed, Cancelled, State(9)))
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 12 << 30: "12.0 GiB", 1 << 62: "4.0 EiB"} {
		assert.Equal(t, want, size(n))
	}
}
