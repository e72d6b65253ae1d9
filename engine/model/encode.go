package model

import (
	"fmt"
	"slices"

	"github.com/geyser-ml/geyser/engine/design"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/param"
)

// encode replaces the predictors of a training by encoded ones, those of a continued
// model in its way. itself names the schemes that the algorithm does on its own.
// H2O: ModelBuilder.init, SharedTree.init.
func (r *Run) encode(f *param.Issues, scheme string, itself []string) {
	t := r.Task
	switch {
	case slices.Contains(itself, scheme):
		return
	case scheme == "OneHotInternal":
		f.Fail("categorical_encoding", "Cannot use OneHotInternal categorical encoding for tree methods.")
		return
	case !design.Encodes(scheme):
		return
	case scheme == design.SortByResponse && t.Train.Response == nil:
		f.Fail("categorical_encoding", "Categorical encoding scheme cannot be SortByResponse - no response column available.")
		return
	}
	var e *design.Encoding
	if t.Continue != nil {
		e = t.Continue.Info().Encoding
	} else {
		var err error
		if e, err = t.Train.fit(scheme); err != nil {
			f.Fail("categorical_encoding", "%s", err.Error())
			return
		}
	}
	if made := int64(t.Train.Rows) * int64(len(e.Encoded())); r.env.Memory > 0 && made > r.env.Memory {
		f.Fail("categorical_encoding", "%s makes %d columns of %d rows, at least %d bytes, and a training may take %d; choose Enum, Binary or EnumLimited",
			scheme, len(e.Encoded()), t.Train.Rows, made, r.env.Memory)
		return
	}
	t.Train = t.Train.encoded(e, t.Threads)
	if t.Valid != nil {
		t.Valid = t.Valid.encoded(e, t.Threads)
	}
	if r.calibration != nil {
		r.calibration = r.calibration.encoded(e, t.Threads)
	}
}

// fit makes the encoding of training data.
func (d *Data) fit(scheme string) (*design.Encoding, error) {
	e, err := design.Fit(scheme, d.Names, d.Columns, d.Response, d.Weights)
	if err != nil {
		return nil, fmt.Errorf("categorical_encoding: %w", err)
	}
	return e, nil
}

// encoded returns the data with encoded predictors.
func (d *Data) encoded(e *design.Encoding, threads int) *Data {
	out := *d
	out.Names, out.Columns = e.Encoded(), e.Apply(d.Columns, threads)
	out.encoding, out.plain = e, d
	return &out
}

// encodedBytes returns what encoding has added to the frame in memory.
func (d *Data) encodedBytes() int64 {
	if d.plain == nil {
		return 0
	}
	sum := int64(0)
	for _, c := range d.Columns {
		if !slices.Contains(d.plain.Columns, c) {
			sum += c.SizeBytes()
		}
	}
	return sum
}

// arranged returns the columns called names in the order of want, which has the same
// names: an algorithm may have put its predictors into an order of its own.
func arranged(names []string, cols []*frame.Column, want []string) []*frame.Column {
	if slices.Equal(names, want) {
		return cols
	}
	at := make(map[string]*frame.Column, len(names))
	for i, n := range names {
		at[n] = cols[i]
	}
	out := make([]*frame.Column, len(want))
	for i, n := range want {
		out[i] = at[n]
	}
	return out
}

// arrange is arranged for data.
func (d *Data) arrange(want []string) *Data {
	out := *d
	out.Names, out.Columns = want, arranged(d.Names, d.Columns, want)
	return &out
}
