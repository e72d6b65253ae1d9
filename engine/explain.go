package engine

import (
	"context"
	"fmt"
	"strconv"

	"github.com/geyser-ml/geyser/engine/catalog"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/explain"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/job"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/table"
)

// PartialQuestion asks how the predictions of a model for a frame depend on some
// columns.
type PartialQuestion struct {
	Model, Frame string
	Dest         string     // key of the answer; "" makes one up
	Columns      []string   // one table each; without Pairs, none stands for the most important ones
	Pairs        [][]string // pairs of columns, one table each
	Bins         int        // points of a numeric column
	Weight       int        // place of the column of weights, -1 for none
	NA           bool       // a point for missing values, too
	Row          int        // the one row to look at, -1 for all
	Splits       []Split
	Targets      []string // classes of a multinomial model
}

// Split gives the points of one column: numbers, or the codes of levels.
type Split struct {
	Column string
	Values []float64
}

// Partial is the answer to a PartialQuestion: a table for each column (and class),
// then one for each pair.
type Partial struct {
	PartialQuestion
	Tables []*table.Table
}

// mostPartial is how many columns a question without any is about, and mostPoints how
// many points an answer may have: each of them scores the frame.
const (
	mostPartial = 10
	mostPoints  = 1_000_000
)

// PartialDependence starts the job that answers; the answer lasts as predictions do.
func (e *Engine) PartialDependence(q PartialQuestion) (*job.Job, error) {
	m, err := e.Model(q.Model, "model_id")
	if err != nil {
		return nil, err
	}
	f, unpin, err := e.Frame(q.Frame, "frame_id")
	if err != nil {
		return nil, err
	}
	p, err := q.resolve(m, f)
	if err == nil {
		err = p.Check(m, f)
	}
	if err != nil {
		unpin()
		return nil, err
	}
	if q.Dest == "" {
		q.Dest = "_" + newID(16)
	}
	return e.start(job.Spec{
		Description: "PartialDependence", Dest: q.Dest, DestKind: kindPartial, Memory: int64(f.NumRows()) * 64, Release: unpin,
	}, []string{q.Model, q.Frame}, "destination_key", func(ctx context.Context, j *job.Job) error {
		tables, err := explain.PartialDependence(ctx, m, f, p, e.cfg.Threads, func(share float64) { j.SetProgress(share, "") })
		if err != nil {
			return err
		}
		return publishResult(e, j.Key(), q.Dest, kindPartial, Partial{q, tables})
	})
}

// resolve turns places and codes into names.
func (q *PartialQuestion) resolve(m model.Model, f *frame.Frame) (explain.Partial, error) {
	p := explain.Partial{Bins: q.Bins, NA: q.NA, Row: q.Row, Targets: q.Targets, Values: map[string][]string{}}
	if len(q.Columns)+len(q.Pairs) == 0 {
		q.Columns = important(m)
	}
	p.Columns = q.Columns
	for _, pair := range q.Pairs {
		if len(pair) != 2 {
			return p, errs.Invalidf("col_pairs_2dpdp", "col_pairs_2dpdp must be pairs of columns; %v has %d", pair, len(pair))
		}
		p.Pairs = append(p.Pairs, [2]string(pair))
	}
	if q.Weight >= f.NumCols() || q.Weight < -1 {
		return p, errs.Invalidf("weight_column_index", "weight_column_index %d is not a column of %s, which has %d; -1 is none", q.Weight, q.Frame, f.NumCols())
	}
	if q.Weight >= 0 {
		p.Weight = f.Name(q.Weight)
	}
	for _, s := range q.Splits {
		col := f.Lookup(s.Column)
		if col == nil {
			return p, errs.Invalidf("user_cols", "user_cols: %s has no column '%s'", q.Frame, s.Column)
		}
		points := make([]string, len(s.Values))
		for i, v := range s.Values {
			points[i] = strconv.FormatFloat(v, 'g', -1, 64)
			if levels := col.Domain(); col.Kind() == frame.Enum {
				if v != float64(int(v)) || v < 0 || int(v) >= len(levels) {
					return p, errs.Invalidf("user_splits", "user_splits: %v is not the code of a level of column '%s', which has %d", v, s.Column, len(levels))
				}
				points[i] = levels[int(v)]
			}
		}
		p.Values[s.Column] = points
	}
	return p, q.bounded(p)
}

// bounded refuses a question with more points than can be answered.
func (q *PartialQuestion) bounded(p explain.Partial) error {
	points := func(column string) float64 {
		if given := len(p.Values[column]); given > 0 {
			return float64(given)
		}
		return float64(q.Bins)
	}
	total := 0.0
	for _, c := range p.Columns {
		total += points(c)
	}
	for _, c := range p.Pairs {
		total += points(c[0]) * points(c[1])
	}
	if total > mostPoints {
		return errs.Invalidf("nbins", "nbins %d makes %.0f points for %d columns and %d pairs of columns; at most %d can be answered", q.Bins, total, len(p.Columns), len(p.Pairs), mostPoints)
	}
	return nil
}

// important returns the most important predictors, or the first ones of a model
// that does not rank them.
func important(m model.Model) []string {
	info := m.Info()
	names := info.Names[:info.Predictors]
	if r, ok := m.(model.Importances); ok {
		names, _ = r.Importances()
	}
	return names[:min(len(names), mostPartial)]
}

// Partial returns what a job of PartialDependence has found.
func (e *Engine) Partial(key string) (Partial, error) {
	return catalog.Get[Partial](e.catalog, key, "name")
}

// Interactions returns tables of the predictors that meet on the paths of a model's
// trees, up to maxInteraction+1 of them, in nodes of depth maxDepth at most.
func (e *Engine) Interactions(key string, maxInteraction, maxDepth, maxDeepening int) ([]*table.Table, error) {
	m, err := e.Model(key, "model_id")
	if err != nil {
		return nil, err
	}
	return explain.Interactions(m, maxInteraction, maxDepth, maxDeepening)
}

// HStatistic returns Friedman's and Popescu's H: how much of what a model makes of
// some predictors together is interaction.
func (e *Engine) HStatistic(ctx context.Context, modelKey, frameKey string, variables []string) (float64, error) {
	m, err := e.Model(modelKey, "model_id")
	if err != nil {
		return 0, err
	}
	f, unpin, err := e.Frame(frameKey, "frame")
	if err != nil {
		return 0, err
	}
	defer unpin()
	return explain.HStatistic(ctx, m, f, variables, e.cfg.Threads)
}

// Tree returns one tree of a model, that of a class where there is one for each.
// rules ("AUTO", "TRUE", "FALSE") says whether it is put into words, too.
func (e *Engine) Tree(key string, number int, class, rules string) (*explain.Tree, error) {
	m, err := e.Model(key, "model")
	if err != nil {
		return nil, err
	}
	return explain.TreeOf(m, number, class, rules)
}

// publishResult keeps a result whole: its record first, then the catalog.
func publishResult[T any](e *Engine, owner, key, kind string, value T) error {
	body, err := model.Marshal(value)
	if err != nil {
		return fmt.Errorf("keeping %s %s: %w", kind, key, err)
	}
	r := ResultRecord{Key: key, Kind: kind, Body: body, Created: e.cfg.Now()}
	entry := catalog.Entry{Key: key, Kind: kind, Value: value, Meta: recorded{}, Created: r.Created}
	return e.publish(owner, entry, func() error { return e.cfg.Repo.PutResult(r) })
}

// recorded is the Meta of a catalog entry that has a ResultRecord.
type recorded struct{}

// restoreResults lists the results of earlier processes.
func (e *Engine) restoreResults() error {
	list, err := e.cfg.Repo.Results()
	if err != nil {
		return fmt.Errorf("reading the records of results: %w", err)
	}
	for _, r := range list {
		if r.Kind != kindPartial {
			e.cfg.Log.Warn("result of an unknown kind", "key", r.Key, "kind", r.Kind)
			continue
		}
		err := e.catalog.PutLazy(catalog.Entry{Key: r.Key, Kind: r.Kind, Meta: recorded{}, Created: r.Created}, func() (any, error) {
			body, err := e.cfg.Repo.ResultBody(r.Key)
			if err != nil {
				return nil, err
			}
			var p Partial
			err = model.Unmarshal(body, &p)
			return p, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
