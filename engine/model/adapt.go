package model

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
)

// Adapt makes a frame fit for scoring by a model: predictors by name in the
// model's order, category codes in the model's levels. Predictors that the frame
// lacks become missing and levels that training has not seen become missing,
// both with a warning. A frame that shares no predictor with the model, or lacks
// its offset, is Invalid.
// An encoded model's frame is encoded then.
// H2O: Model.adaptTestForTrain.
func Adapt(m Model, f *frame.Frame) (*Scoring, []string, error) {
	info := m.Info()
	a := adapter{f: f, what: "Test/Validation"}
	s := &Scoring{Frame: f, Rows: f.NumRows()}
	names, kinds, domains := info.Sources()
	found := 0
	for i, name := range names {
		if f.Lookup(name) != nil {
			found++
		}
		col, err := a.column(name, kinds[i], domains[i])
		if err != nil {
			return nil, nil, err
		}
		s.Columns = append(s.Columns, col)
	}
	if e := info.Encoding; e != nil {
		s.Columns = arranged(e.Encoded(), e.Apply(s.Columns, 0), info.Names[:info.Predictors])
	}
	if found == 0 {
		return nil, nil, errs.Invalidf("frame", "%s dataset has no columns in common with the training set", a.what)
	}
	if info.Offset != "" {
		if s.Offset = f.Lookup(info.Offset); s.Offset == nil {
			return nil, nil, errs.Invalidf("frame", "%s dataset is missing offset column '%s'", a.what, info.Offset)
		}
		if !s.Offset.Kind().Numeric() {
			return nil, nil, errs.Invalidf("frame", "%s dataset has offset column '%s' of type %s; it must be numeric", a.what, info.Offset, s.Offset.Kind())
		}
	}
	return s, a.warnings, nil
}

// Sources returns the predictors as frames have them: before encoding. The caller must
// not change them.
func (i *Info) Sources() (names []string, kinds []frame.Kind, domains [][]string) {
	if e := i.Encoding; e != nil {
		return e.Names, e.Kinds, e.Domains
	}
	return i.Names[:i.Predictors], i.Kinds[:i.Predictors], i.Domains[:i.Predictors]
}

// adapter brings the columns of one frame into the form that training had.
type adapter struct {
	f        *frame.Frame
	what     string // how messages call the frame
	warnings []string
}

func (a *adapter) warn(format string, args ...any) {
	a.warnings = append(a.warnings, fmt.Sprintf(format, args...))
}

// column returns the named column with codes in the given domain; all missing
// when the frame has no such column.
func (a *adapter) column(name string, kind frame.Kind, domain []string) (*frame.Column, error) {
	col := a.f.Lookup(name)
	if col == nil {
		a.warn("%s dataset is missing column '%s': substituting in a column of NaN", a.what, name)
		return frame.NewBad(a.f.NumRows()), nil
	}
	switch {
	case col.Kind() == frame.Bad:
		return col, nil
	case kind == frame.Enum:
		return a.levels(name, col, domain)
	case col.Kind() == frame.Enum:
		return nil, errs.Invalidf("frame", "%s dataset has categorical column '%s' which is real-valued in the training data", a.what, name)
	case !col.Kind().Numeric():
		return nil, errs.Invalidf("frame", "%s dataset has column '%s' of type %s which is numeric in the training data", a.what, name, col.Kind())
	}
	return col, nil
}

// response returns the actual values of the named column, in the classes given;
// nil domain for numbers.
func (a *adapter) response(name string, kind frame.Kind, domain []string) (*frame.Column, error) {
	if domain != nil {
		kind = frame.Enum
	}
	return a.column(name, kind, domain)
}

// levels maps a column's categories to the codes of domain. Text counts as categories,
// and so do numbers by their text, where training has seen a level that is a number.
func (a *adapter) levels(name string, col *frame.Column, domain []string) (*frame.Column, error) {
	switch kind := col.Kind(); {
	case kind == frame.UUID:
		return nil, errs.Invalidf("frame", "%s dataset has column '%s' of type %s which is categorical in the training data", a.what, name, kind)
	case kind.Numeric() && !bad(col) && !slices.ContainsFunc(domain, numeral):
		return nil, errs.Invalidf("frame", "%s dataset has a non-categorical column '%s' which is categorical in the training data", a.what, name)
	}
	code := make(map[string]int32, len(domain))
	for i, l := range domain {
		code[l] = int32(i)
	}
	n := col.Len()
	codes := make([]int32, n)
	var unseen []string
	if col.Kind() == frame.Enum {
		if slices.Equal(col.Domain(), domain) {
			return col, nil
		}
		to := make([]int32, len(col.Domain()))
		for i, l := range col.Domain() {
			c, ok := code[l]
			if !ok {
				c = -1
				unseen = append(unseen, l)
			}
			to[i] = c
		}
		codes = col.Codes(0, n, codes)
		for i, c := range codes {
			if c >= 0 {
				codes[i] = to[c]
			}
		}
	} else {
		seen := map[string]bool{}
		for i := range n {
			codes[i] = -1
			if col.Missing(i) {
				continue
			}
			l := col.Text(i)
			if c, ok := code[l]; ok {
				codes[i] = c
			} else if !seen[l] {
				seen[l] = true
				unseen = append(unseen, l)
			}
		}
	}
	if len(unseen) > 0 {
		more := ""
		if len(unseen) > 20 {
			more = fmt.Sprintf(", … (%d more)", len(unseen)-20)
			unseen = unseen[:20]
		}
		for i, l := range unseen {
			unseen[i] = `"` + l + `"`
		}
		a.warn("%s dataset column '%s' has levels not trained on: [%s%s]", a.what, name, strings.Join(unseen, ", "), more)
	}
	return frame.NewCodes(codes, domain), nil
}

// numeral reports whether a level reads as a number.
func numeral(level string) bool {
	_, err := strconv.ParseFloat(level, 64)
	return err == nil
}
