package model

import (
	"reflect"
	"slices"

	"github.com/geyser-ml/geyser/engine/design"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/param"
)

// checkpoint looks up the model whose training is to be continued, and takes its
// predictors in its order; further columns of the frame are left out.
// H2O: CheckpointUtils.getAndValidateCheckpointModel.
func (r *Run) checkpoint(f *param.Issues, algo string, b blocks) {
	key := string(b.continuing.Checkpoint)
	if key == "" {
		return
	}
	m, err := r.env.model(key)
	if err != nil {
		cause := param.BadValue
		if errs.KindOf(err) == errs.NotFound {
			cause = param.NoObject
		}
		*f = append(*f, param.Issue{Severity: param.Error, Field: "checkpoint", Message: err.Error(), Cause: cause, Err: err})
		return
	}
	info := m.Info()
	switch {
	case info.Algo != algo:
		f.Fail("checkpoint", "checkpoint %s is of algorithm %s; only a model of %s can be continued", key, info.Algo, algo)
	case info.Identity.Running:
		f.Fail("checkpoint", "checkpoint %s is still being trained; wait for its job to end", key)
	case b.folded():
		f.Fail("checkpoint", "a checkpoint cannot be continued with cross-validation, since its trees know all rows; leave nfolds at 0 and fold_column unset")
	case !sameScheme(info.Encoding, b.encoding.CategoricalEncoding):
		f.Fail("checkpoint", "Categorical factor levels of the training data must be the same as for the checkpointed model")
	default:
		if r.Task.Train.follow(f, info, r.Task.Roles) {
			r.Task.Continue = m
		}
	}
}

// sameScheme reports whether an encoding is what a word of categorical_encoding asks
// for.
func sameScheme(e *design.Encoding, scheme string) bool {
	if e == nil {
		return !design.Encodes(scheme)
	}
	return e.Scheme == scheme
}

// follow takes the predictors of a model, in its order, and reports whether columns
// and levels are those that it was trained on.
func (d *Data) follow(f *param.Issues, info *Info, roles Roles) bool {
	names, kinds, domains := info.Sources()
	cols := make([]*frame.Column, len(names))
	same := info.Response == roles.Response && info.Weights == roles.Weights && info.Offset == roles.Offset
	for i, name := range names {
		at := slices.Index(d.Names, name)
		if at < 0 {
			same = false
			break
		}
		cols[i] = d.Columns[at]
	}
	if !same {
		f.Fail("checkpoint", "The columns of the training data must be the same as for the checkpointed model")
		return false
	}
	levels := slices.Equal(info.domain(), d.Domain)
	for i, c := range cols {
		levels = levels && (c.Kind() == frame.Enum) == (kinds[i] == frame.Enum) && slices.Equal(c.Domain(), domains[i])
	}
	if !levels {
		f.Fail("checkpoint", "Categorical factor levels of the training data must be the same as for the checkpointed model")
		return false
	}
	d.Names, d.Columns = slices.Clone(names), cols
	return true
}

// unchanged checks that the fixed parameters are those that a continued model was
// asked for: an AUTO stays the same AUTO.
func unchanged[P any](f *param.Issues, s *Spec[P], actual P, m Model) {
	var before P
	if err := Unmarshal(m.Info().Input, &before); err != nil {
		f.Fail("checkpoint", "cannot read the parameters of the checkpoint: %v", err)
		return
	}
	for _, p := range s.Schema.Describe(before, actual) {
		if slices.Contains(s.Fixed, p.Name) && !reflect.DeepEqual(p.Input, p.Actual) {
			f.Fail(p.Name, "Field _%s cannot be modified if checkpoint is specified!", p.Name)
		}
	}
}
