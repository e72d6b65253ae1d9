package gbm

import (
	"context"
	"fmt"

	"github.com/geyser-ml/geyser/engine/model"
)

// train is Friedman 2001, algorithm 1, with the step of each loss in dist.
func train(ctx context.Context, t *model.Task, p Params) (model.Model, error) {
	b, err := newBooster(t, &p)
	if err != nil {
		return nil, err
	}
	defer b.close()
	stop := model.NewStopper(p.Stopping)
	every := p.Every(p.NTrees, t.Rows(), p.Stopping.Rounds)
	if b.done == 0 {
		if err := b.measure(0); err != nil {
			return nil, err
		}
		t.Publish(b.snapshot())
	}
	for b.done < p.NTrees {
		rate := rateAt(&p, b.done)
		if err := b.boost(ctx, rate); err != nil {
			return nil, err
		}
		step := b.done
		if p.Stopping.Rounds == 0 && t.Deadline.IsZero() {
			b.forest.Reserve(p.NTrees * len(b.in.Scores))
		}
		last := step == p.NTrees || rate < leastRate || t.Late()
		if step%every == 0 || last {
			if err := b.measure(step); err != nil {
				return nil, err
			}
			if b.valid != nil {
				last = stop.Stop(b.onValid) || last
			} else {
				last = stop.Stop(b.onTrain) || last
			}
			t.Publish(b.snapshot())
		}
		if err := b.save(step); err != nil {
			return nil, err
		}
		t.Progress(float64(step)/float64(p.NTrees), fmt.Sprintf("Built %d trees.", step))
		if last {
			break
		}
	}
	return b.snapshot(), nil
}

// leastRate is the learn rate below which training ends.
// H2O: GBM.buildNextKTrees.
const leastRate = 1e-6

// rateAt returns the learn rate of a step, counted from 0.
func rateAt(p *Params, step int) float64 {
	rate := p.LearnRate
	for range step {
		rate *= p.LearnRateAnnealing
	}
	return rate
}

// save writes the growing model to the folder for checkpoints, when it is due.
// H2O: SharedTree names the file so.
func (b *booster) save(step int) error {
	if b.p.InTrainingDir == "" || step%b.p.InTrainingInterval != 0 {
		return nil
	}
	return b.t.Save(b.snapshot(), b.p.InTrainingDir, fmt.Sprintf("%s.ntrees_%d", b.t.Key, step))
}
