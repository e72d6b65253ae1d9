package xgboost

import (
	"strings"

	"github.com/geyser-ml/geyser/cgo/libxgboost"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/table"
	"github.com/geyser-ml/geyser/engine/tree"
)

// measure makes the entry of the scoring history for a step. With
// score_eval_metric_only it is in full only when it is said to be so.
func (b *training) measure(step int, full bool) error {
	if err := b.learn(step); err != nil {
		return err
	}
	entry := model.NewScored(step, b.t.Category, nil, nil)
	if b.p.EvalMetric != "" {
		if err := b.evaluate(step); err != nil {
			return err
		}
		entry.Custom = []float64{b.sides[0].own}
		if b.valid != nil {
			entry.Custom = append(entry.Custom, b.sides[1].own)
		}
	}
	if full || !b.p.ScoreEvalMetricOnly || b.p.EvalMetric == "" {
		for i := range b.sides {
			if s := &b.sides[i]; s.data != nil {
				s.on = b.t.MeasureBy(s.data, func(lo, hi int, dst [][]float64) {
					for k, to := range b.core.link.scores(dst) {
						copy(to, s.scores[k][lo:hi])
					}
					b.core.link.respond(dst)
				})
			}
		}
		if v := b.sides[1].on; v != nil {
			v.Description = "Validation metrics"
		}
		custom := entry.Custom
		entry = model.NewScored(step, b.t.Category, b.sides[0].on, b.sides[1].on)
		entry.Custom = custom
	}
	b.timeline.Add(b.t.Now(), entry)
	return nil
}

// learn reads back what the library has learnt and brings the scores up to date.
func (b *training) learn(step int) error {
	if b.core.rounds == step {
		return nil
	}
	saved, err := b.x.Save()
	if err != nil {
		return explained(err)
	}
	known := b.plant.forest.Trees()
	if b.p.Booster == "dart" { // every round weighs the earlier trees anew
		known = 0
	}
	got, err := parseBooster(saved, known)
	if err != nil {
		return err
	}
	b.core.saved, b.core.rounds, b.core.start = saved, step, got.startOf(b.t.Train.Offset != nil)
	if got.kind == "gblinear" {
		c := b.core
		b.linear = &Linear{core: &c, layout: b.layout, weights: got.weights}
	}
	if known == 0 {
		b.plant = newPlanter(b.layout, b.core.sparse)
	}
	for i := known; i < len(got.trees); i++ {
		if err := b.plant.add(&got.trees[i]); err != nil {
			return err
		}
	}
	for i := range b.sides {
		if s := &b.sides[i]; s.data != nil {
			if err := b.score(s, known == 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// score adds what is new to the scores of a side, or makes them afresh.
func (b *training) score(s *side, afresh bool) error {
	d := s.data
	if s.scores == nil {
		for range b.core.start {
			s.scores = append(s.scores, make([]float64, d.Rows))
		}
	}
	if afresh {
		b.core.begin(s.scores, d.Offset, 0, d.Rows)
		s.scored = 0
	}
	if b.linear != nil {
		b.linear.add(d.Columns, 0, d.Rows, s.scores)
		return nil
	}
	f := b.plant.forest
	err := f.Score(b.backend, d.Columns, 0, d.Rows, s.scored, s.scores)
	s.scored = f.Trees()
	return err
}

// evaluate asks the library for its own metric.
func (b *training) evaluate(step int) error {
	on := []*libxgboost.Matrix{b.train}
	if b.valid != nil {
		on = append(on, b.valid)
	}
	_, values, err := b.x.Eval(step, on...)
	if err != nil {
		return explained(err)
	}
	for i, v := range values {
		b.sides[i].own = v
	}
	return nil
}

// stopper decides about an early stop, by a metric of ours or of the library.
type stopper struct {
	by     *model.Stopper
	p      *Params
	values []float64 // of the library's metric
}

func newStopper(p *Params) *stopper { return &stopper{by: model.NewStopper(p.Stopping), p: p} }

// stop looks at the last measurement.
func (s *stopper) stop(b *training) bool {
	on := &b.sides[0]
	if b.sides[1].data != nil {
		on = &b.sides[1]
	}
	if st := s.p.Stopping; st.Rounds > 0 && strings.HasPrefix(st.Metric, "custom") {
		s.values = append(s.values, on.own)
		return model.StopEarly(s.values, st.Rounds, st.Tolerance, !rises(s.p.EvalMetric))
	}
	return s.by.Stop(on.on)
}

// snapshot returns the model as it was at the last measurement.
func (b *training) snapshot() model.Model {
	info := model.NewInfo(b.t)
	b.timeline.Show(info, "Number of Trees")
	info.Numbers = map[string]float64{"sparse": 0}
	if b.core.sparse {
		info.Numbers["sparse"] = 1
	}
	info.Summary = table.New("Model Summary", "").Add("", table.String, "", "").Add("Number of Trees", table.Long, "", int64(b.core.rounds))
	info.Tables = map[string]*table.Table{
		"native_parameters": nativeTable(b.native), "variable_importances_cover": nil, "variable_importances_frequency": nil,
	}
	info.Train, info.Valid = b.sides[0].on, b.sides[1].on
	info.SetThreshold(info.Train)
	info.SetThreshold(info.Valid)
	c := b.core
	c.info = info
	if b.linear != nil {
		m := *b.linear
		m.core = &c
		return &m
	}
	m := &Model{core: &c, forest: b.plant.forest.Snapshot()}
	info.Importance = importance("", m.forest, func(i int) float32 { return m.forest.Gain[i] })
	for name, t := range map[string]*table.Table{
		"variable_importances_cover":     importance(" - Cover", m.forest, func(i int) float32 { return m.forest.Cover[i] }),
		"variable_importances_frequency": importance(" - Frequency", m.forest, func(int) float32 { return 1 }),
	} {
		if t != nil {
			info.Tables[name] = t
		}
	}
	return m
}

// importance sums a value of the splits by feature and ranks those that have any;
// nil when none has.
func importance(title string, f *tree.Forest, of func(node int) float32) *table.Table {
	sums, used := make([]float32, len(f.Players)), make([]bool, len(f.Players))
	for i, j := range f.Player {
		if j >= 0 {
			sums[j] += of(i)
			used[j] = true
		}
	}
	var names []string
	var values []float64
	for j, name := range f.Players {
		if used[j] {
			names, values = append(names, name), append(values, float64(sums[j]))
		}
	}
	t := model.ImportanceTable(tree.Rank(names, values))
	if t != nil {
		t.Name += title
	}
	return t
}

// close gives back what the library and the kernels hold.
func (b *training) close() {
	b.x.Close()
	b.train.Close()
	b.valid.Close()
	if b.backend != nil {
		b.backend.Close() //nolint:errcheck // memory goes either way
	}
}
