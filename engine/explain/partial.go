package explain

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/table"
)

// Partial asks how the mean prediction for a frame depends on columns: each point
// of the answer is the mean over all rows, whose value of the column is replaced.
// Ref: Friedman 2001, section 8.2.
type Partial struct {
	Columns []string    // one table each
	Pairs   [][2]string // one table each, behind those of Columns
	// Bins is the number of points of a numeric column, evenly from its least to its
	// largest value; a column of fewer whole numbers has one for each. Categories have
	// one for each level, which Bins must not be less than. 0 means 20.
	Bins   int
	Weight string              // column of row weights; "" for none
	NA     bool                // a point for missing values, too
	Row    int                 // the one row to look at; negative for all
	Values map[string][]string // points by column, instead of Bins: numbers, or levels
	// Targets are classes, a table each; they must be given for more than two classes
	// and only then. Of two classes the probability of the second is shown.
	Targets []string
}

// missingText stands for a missing category.
const missingText = ".missing(NA)"

// Check reports what is wrong with the question, without answering it.
func (p *Partial) Check(m model.Model, f *frame.Frame) error {
	_, err := p.resolve(m, f)
	return err
}

// PartialDependence answers the question: tables with a column of points (or two)
// and the mean, the standard deviation and the standard error of the mean of the
// predictions. progress is told the share that is done; it may be nil.
// H2O: hex.PartialDependence.
func PartialDependence(ctx context.Context, m model.Model, f *frame.Frame, p Partial, threads int, progress func(float64)) ([]*table.Table, error) {
	d, err := p.resolve(m, f)
	if err != nil {
		return nil, err
	}
	d.threads = threads
	var out []*table.Table
	done, total := 0, 0
	for _, g := range d.grids {
		points := 1
		for _, a := range g {
			points *= len(a.text)
		}
		total += points
	}
	for _, g := range d.grids {
		tables := d.tables(g)
		for at := range g.points() {
			stats, err := d.at(ctx, g, at)
			if err != nil {
				return nil, err
			}
			for k, t := range tables {
				t.Append(append(g.cells(at), stats[k].mean, stats[k].sd, stats[k].se)...)
			}
			if done++; progress != nil {
				progress(float64(done) / float64(total))
			}
		}
		out = append(out, tables...)
	}
	return out, nil
}

// dependence is a question that is known to have an answer.
type dependence struct {
	Partial
	model   model.Model
	frame   *frame.Frame
	base    *model.Scoring
	grids   []grid
	classes []int     // columns of raw predictions, one a table
	weights []float64 // of the rows looked at; nil for ones
	rows    int       // of the whole frame
	threads int
}

func (p *Partial) resolve(m model.Model, f *frame.Frame) (*dependence, error) {
	info := m.Info()
	d := &dependence{Partial: *p, model: m, frame: f, rows: f.NumRows()}
	if d.Bins == 0 {
		d.Bins = 20
	}
	switch {
	case info.Response == "" || info.Category == model.Anomaly:
		return nil, errs.Invalidf("model_id", "Partial dependence plots are only implemented for supervised models")
	case d.Bins < 2:
		return nil, errs.Invalidf("nbins", "_nbins must be >=2.")
	case p.Row >= f.NumRows():
		return nil, errs.Invalidf("row_index", "row_index %d is not a row of the frame, which has %d", p.Row, f.NumRows())
	case f.NumRows() == 0:
		return nil, errs.Invalidf("frame_id", "the frame has no rows")
	case len(p.Columns)+len(p.Pairs) == 0:
		return nil, errs.Invalidf("cols", "no columns are given in cols or col_pairs_2dpdp")
	}
	if err := d.resolveTargets(info); err != nil {
		return nil, err
	}
	if p.Weight != "" {
		w := f.Lookup(p.Weight)
		if w == nil || !w.Kind().Numeric() {
			return nil, errs.Invalidf("weight_column_index", "Weight column %d must be a numerical column.", f.Index(p.Weight))
		}
		d.weights = w.Floats(0, f.NumRows(), nil)
	}
	axes := map[string]*axis{}
	find := func(name string) (*axis, error) {
		if a := axes[name]; a != nil {
			return a, nil
		}
		a, err := d.axis(name)
		axes[name] = a
		return a, err
	}
	for _, name := range p.Columns {
		a, err := find(name)
		if err != nil {
			return nil, err
		}
		d.grids = append(d.grids, grid{a})
	}
	for _, pair := range p.Pairs {
		a, err := find(pair[0])
		if err != nil {
			return nil, err
		}
		b, err := find(pair[1])
		if err != nil {
			return nil, err
		}
		d.grids = append(d.grids, grid{a, b})
	}
	if p.Row >= 0 {
		d.frame, d.weights = f.Slice(p.Row, p.Row+1), nil
	}
	return d, d.adapt()
}

func (d *dependence) resolveTargets(info *model.Info) error {
	if info.Category != model.Multinomial {
		if len(d.Targets) > 0 {
			return errs.Invalidf("targets", "Targets parameter is available only for multinomial classification or ordinal regression.")
		}
		d.classes = []int{max(1, len(info.Classes())) - 1}
		return nil
	}
	if len(d.Targets) == 0 {
		return errs.Invalidf("targets", "Targets parameter has to be set for multinomial classification or ordinal regression.")
	}
	for _, target := range d.Targets {
		k := slices.Index(info.Classes(), target)
		if k < 0 {
			return errs.Invalidf("targets", "Incorrect target class: %s.", target)
		}
		d.classes = append(d.classes, k)
	}
	return nil
}

// adapt makes the frame and the points fit for the model, once.
func (d *dependence) adapt() error {
	var err error
	if d.base, _, err = model.Adapt(d.model, d.frame); err != nil {
		return err
	}
	info := d.model.Info()
	if info.Encoding != nil {
		return nil // a column becomes several: frames are adapted point by point
	}
	for _, g := range d.grids {
		for _, a := range g {
			if a.predictor = slices.Index(info.Names[:info.Predictors], a.name); a.predictor < 0 || a.adapted != nil {
				continue
			}
			f := d.frame.Gather(make([]int, a.column.Len())).Replace(a.index, a.column)
			s, _, err := model.Adapt(d.model, f)
			if err != nil {
				return err
			}
			a.adapted = s.Columns[a.predictor]
		}
	}
	return nil
}

// moments describes the predictions at one point.
type moments struct{ mean, sd, se float64 }

// at scores the frame at one place of a grid, for each target.
func (d *dependence) at(ctx context.Context, g grid, at int) ([]moments, error) {
	s := *d.base
	s.Columns = slices.Clone(s.Columns)
	f := d.frame
	for k, i := range g.place(at) {
		a := g[k]
		same := make([]int, s.Rows)
		for r := range same {
			same[r] = i
		}
		if a.adapted != nil {
			s.Columns[a.predictor] = a.adapted.Gather(same)
		} else if d.model.Info().Encoding != nil {
			f = f.Replace(a.index, a.column.Gather(same))
		}
	}
	scoring := &s
	if f != d.frame {
		var err error
		if scoring, _, err = model.Adapt(d.model, f); err != nil {
			return nil, err
		}
	}
	raw, err := model.Raw(ctx, d.model, scoring, d.threads)
	if err != nil {
		return nil, err
	}
	out := make([]moments, len(d.classes))
	for k, class := range d.classes {
		out[k] = d.moments(raw[class])
	}
	return out, nil
}

// moments returns mean and deviation of predictions, by the weights where there are
// any.
// H2O: the deviation counts rows of weight 0 out, the standard error does not.
func (d *dependence) moments(x []float64) moments {
	n, sum, squares, total := 0.0, 0.0, 0.0, 0.0
	weight := func(i int) float64 {
		if d.weights == nil {
			return 1
		}
		return d.weights[i]
	}
	for i, v := range x {
		if w := weight(i); w != 0 && w == w {
			n++
			total += w
			sum += w * v
		}
	}
	mean := sum / total
	for i, v := range x {
		if w := weight(i); w != 0 && w == w {
			squares += w * (v - mean) * (v - mean)
		}
	}
	if n < 2 {
		return moments{mean: mean}
	}
	sd := math.Sqrt(squares / total * n / (n - 1))
	return moments{mean, sd, sd / math.Sqrt(float64(len(x)))}
}

// tables makes the tables of a grid, one a target.
func (d *dependence) tables(g grid) []*table.Table {
	var out []*table.Table
	for k := range d.classes {
		t := table.New("PartialDependence", d.describe(g, k))
		if len(g) > 1 {
			t.Name = "2D-PartialDependence"
		}
		for _, a := range g {
			if a.column.Kind() == frame.Enum {
				t.Add(a.name, table.String, "%s")
			} else {
				t.Add(a.name, table.Double, "%5f")
			}
		}
		for _, title := range []string{"mean_response", "stddev_response", "std_error_mean_response"} {
			t.Add(title, table.Double, "%5f")
		}
		out = append(out, t)
	}
	return out
}

// describe says what a table is about.
// H2O: down to the quotes.
func (d *dependence) describe(g grid, k int) string {
	of := "Partial Dependence Plot of model " + d.model.Info().Identity.Key
	class := ""
	if len(d.Targets) > 0 {
		class = " and class " + d.Targets[k]
	}
	switch {
	case len(g) > 1 && d.Row >= 0:
		return fmt.Sprintf("%s on columns '%s', '%s'%s for row %d", of, g[0].name, g[1].name, class, d.Row)
	case len(g) > 1:
		return fmt.Sprintf("2D %s on 1st column '%s' and 2nd column '%s'%s", of, g[0].name, g[1].name, class)
	case d.Row >= 0 && class != "":
		return fmt.Sprintf("%s on column '%s'%s for row index%d", of, g[0].name, class, d.Row)
	case d.Row >= 0:
		return fmt.Sprintf("%s on column '%s'' for row index%d", of, g[0].name, d.Row)
	case class != "":
		return fmt.Sprintf("%s on column '%s'%s", of, g[0].name, class)
	}
	return fmt.Sprintf("%s on column '%s'.", of, g[0].name)
}
