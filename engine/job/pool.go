package job

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/geyser-ml/geyser/engine/errs"
)

// Spec states a piece of work.
type Spec struct {
	Key         string // "" for a generated one
	Description string
	Dest        string // key of the result
	DestKind    string
	Owner       string        // whose turn in the queue it takes: the client
	Memory      int64         // estimate in bytes that is admitted before it runs
	Timeout     time.Duration // from when it begins to run; 0 for none
	// Run does the work. It ends soon after ctx does, then usually with ctx.Err().
	Run func(ctx context.Context, j *Job) error
	// Release gives back locks and pins. It is called exactly once for a job that
	// was accepted, after Run or when the job never runs, before the end is visible;
	// never when Start refuses. May be nil.
	Release func()
}

// Journal keeps record of jobs. It is called once when a job is accepted (state
// Queued) and once when it ends, each time before anybody can see the job in that
// state, from any goroutine. An error of JobStarted refuses the job, one of
// JobEnded fails it.
type Journal interface {
	JobStarted(Snapshot) error
	JobEnded(Snapshot) error
}

// ErrClosed is the cause (context.Cause) of the end of a job's context when the
// pool is being closed: work that can resume after a restart tells by it that
// nobody cancelled it.
var ErrClosed = errors.New("the server is shutting down")

// errDeadline is the cause of the end of a job's context at its timeout.
var errDeadline = errors.New("time limit")

// Pool runs jobs. It is safe for concurrent use. Make one with NewPool.
type Pool struct {
	workers, maxQueued, keep int
	journal                  Journal
	clock                    func() time.Time
	newKey                   func() string
	memory                   *Memory

	mu      sync.Mutex
	jobs    map[string]*Job // nil while a job is being journalled
	queue   queue
	alive   int      // accepted and not ended
	running int      // holding a worker
	ended   []string // keys in order of their end, at most keep
	seq     uint64
	closed  bool
	wg      sync.WaitGroup // one for each alive job
}

// Option changes a pool as it is made.
type Option func(*Pool)

// WithKeys sets what makes the keys of jobs that come without one. They must not
// repeat. Absent, keys are random.
func WithKeys(newKey func() string) Option { return func(p *Pool) { p.newKey = newKey } }

// WithMemory sets what admits Spec.Memory. Absent, there is no limit.
func WithMemory(m *Memory) Option { return func(p *Pool) { p.memory = m } }

// WithKeep sets how many ended jobs can still be looked up, 10000 when absent.
func WithKeep(n int) Option { return func(p *Pool) { p.keep = n } }

// NewPool makes a pool that runs up to workers jobs at a time and lets up to
// maxQueued more wait. A nil journal keeps no record, a nil clock is time.Now.
func NewPool(workers int, maxQueued int, j Journal, clock func() time.Time, options ...Option) *Pool {
	p := &Pool{
		workers: max(workers, 1), maxQueued: maxQueued, keep: 10000,
		journal: j, clock: clock, newKey: randomKey, memory: NewMemory(0),
		jobs: map[string]*Job{}, queue: queue{jobs: map[string][]*Job{}},
	}
	if clock == nil {
		p.clock = time.Now
	}
	for _, o := range options {
		o(p)
	}
	p.memory.onRelease(p.dispatch)
	return p
}

func randomKey() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return "job_" + hex.EncodeToString(b[:])
}

// Start accepts a job, which runs when a worker is free, its memory fits and it
// is its owner's turn. It is Unavailable when the queue is full, the pool is
// closed or the job's memory exceeds the whole limit; Conflict when its key is
// taken.
func (p *Pool) Start(spec Spec) (*Job, error) {
	if err := p.memory.never(spec.Memory); err != nil {
		return nil, err
	}
	if spec.Key == "" {
		spec.Key = p.newKey()
	}
	j := &Job{spec: spec, pool: p, created: p.clock(), done: make(chan struct{})}
	j.snap = Snapshot{
		Key: spec.Key, Description: spec.Description, Dest: spec.Dest, DestKind: spec.DestKind,
		State: Queued, Message: "Queued.", Created: j.created,
	}
	if err := p.reserve(spec.Key); err != nil {
		return nil, err
	}
	if p.journal != nil {
		if err := p.journal.JobStarted(j.snap); err != nil {
			p.mu.Lock()
			delete(p.jobs, spec.Key)
			p.alive--
			p.mu.Unlock()
			p.wg.Done()
			return nil, fmt.Errorf("job %s could not be recorded: %w", spec.Key, err)
		}
	}
	p.mu.Lock()
	p.add(j)
	p.queue.push(j)
	closed := p.closed
	p.mu.Unlock()
	if closed {
		p.cancel(j, ErrClosed)
	}
	p.dispatch()
	return j, nil
}

// reserve takes a place and a key for a job that is about to be journalled.
func (p *Pool) reserve(key string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return &errs.Error{Kind: errs.Unavailable, Err: ErrClosed}
	}
	if p.alive >= p.workers+p.maxQueued {
		return errs.Unavailablef("", "%d jobs are running and waiting, which is the limit; try again when one has ended", p.alive)
	}
	if _, taken := p.jobs[key]; taken {
		return errs.Conflictf("job_id", "job %s exists already", key)
	}
	p.jobs[key] = nil
	p.alive++
	p.wg.Add(1)
	return nil
}

// add makes a job visible. The caller holds p.mu.
func (p *Pool) add(j *Job) {
	p.seq++
	j.seq = p.seq
	p.jobs[j.spec.Key] = j
}

// dispatch starts every job that can start.
func (p *Pool) dispatch() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.running < p.workers && !p.closed {
		j := p.queue.next(func(j *Job) bool { return p.memory.Acquire(j.spec.Memory) == nil })
		if j == nil {
			return
		}
		p.running++
		ctx, stop := context.WithCancelCause(context.Background())
		j.mu.Lock()
		j.snap.State, j.snap.Message, j.snap.Started, j.stop = Running, "Running.", p.clock(), stop
		j.mu.Unlock()
		go p.work(ctx, j)
	}
}

// cancel ends a queued job and asks a running one to end.
func (p *Pool) cancel(j *Job, cause error) {
	p.mu.Lock()
	queued := p.queue.remove(j)
	j.mu.Lock()
	if j.snap.State < CancelPending {
		j.snap.State = CancelPending
	}
	stop := j.stop
	j.mu.Unlock()
	p.mu.Unlock()
	if queued {
		p.finish(j, outcome{err: context.Canceled}, false)
	} else if stop != nil {
		stop(cause)
	}
}

// Get returns the job of a key; false when there is none, or it ended too long
// ago.
func (p *Pool) Get(key string) (*Job, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	j := p.jobs[key]
	return j, j != nil
}

// Cancel is Job.Cancel by key; false when there is no such job.
func (p *Pool) Cancel(key string) bool {
	j, ok := p.Get(key)
	if ok {
		j.Cancel()
	}
	return ok
}

// List returns all jobs by time of creation, then in order of arrival.
func (p *Pool) List() []*Job {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := slices.DeleteFunc(slices.Collect(maps.Values(p.jobs)), func(j *Job) bool { return j == nil })
	slices.SortFunc(all, func(a, b *Job) int {
		return cmp.Or(a.created.Compare(b.created), cmp.Compare(a.seq, b.seq))
	})
	return all
}

// Restore shows a job of an earlier process. One that had not ended is journalled
// as failed first. It is a Conflict when the key is taken.
func (p *Pool) Restore(s Snapshot) error {
	if !s.State.Ended() {
		s.State, s.Message, s.Err, s.Ended = Failed, "Failed.", "the server was restarted before the job ended", p.clock()
		if p.journal != nil {
			if err := p.journal.JobEnded(s); err != nil {
				return fmt.Errorf("end of job %s could not be recorded: %w", s.Key, err)
			}
		}
	}
	j := &Job{pool: p, created: s.Created, snap: s, done: make(chan struct{})}
	j.spec = Spec{Key: s.Key, Description: s.Description, Dest: s.Dest, DestKind: s.DestKind}
	close(j.done)
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, taken := p.jobs[s.Key]; taken {
		return errs.Conflictf("job_id", "job %s exists already", s.Key)
	}
	p.add(j)
	p.retire(j)
	return nil
}

// retire counts an ended job and forgets the oldest ones. The caller holds p.mu.
func (p *Pool) retire(j *Job) {
	p.ended = append(p.ended, j.spec.Key)
	for len(p.ended) > p.keep {
		delete(p.jobs, p.ended[0])
		p.ended = p.ended[1:]
	}
}

// Close refuses new jobs, cancels all with cause ErrClosed and waits until they
// have ended or ctx has; its error then says how many are left.
func (p *Pool) Close(ctx context.Context) error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	for _, j := range p.List() {
		p.cancel(j, ErrClosed)
	}
	ended := make(chan struct{})
	go func() { p.wg.Wait(); close(ended) }()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		p.mu.Lock()
		defer p.mu.Unlock()
		return fmt.Errorf("%d jobs have not ended: %w", p.alive, ctx.Err())
	}
}
