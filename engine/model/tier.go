package model

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/geyser-ml/geyser/kernels"
)

// tier returns the tier that a training computes on, and says so where it is not what
// was asked for.
func (s *Spec[P]) tier(p *P, t *Task) string {
	size := kernels.Size{}
	if s.Size != nil {
		size = s.Size(p, t)
	}
	name, why := kernels.Choose(t.Backend, size)
	if why != "" {
		t.Warn("The training runs on the processor. " + why)
	}
	return name
}

// perhapsTwice does a training, and does it once more on the processor where a device
// has failed. Why whole: its results then come from one tier.
func (r *Run) perhapsTwice(ctx context.Context, h Hooks, started time.Time) (Result, error) {
	t := *r.Task
	var once sync.Once // folds and the main model may all have the same to say
	t.Warn = func(msg string) { once.Do(func() { h.Warn(msg) }) }
	t.Deadline = r.deadline(started)
	res, err := r.train(ctx, h, t, started)
	if !kernels.DeviceFailed(err) || ctx.Err() != nil {
		return res, err
	}
	h.Warn(fmt.Sprintf("The training was done again on the processor. %v", err))
	t.Backend = kernels.Processor
	return r.train(ctx, h, t, started)
}
