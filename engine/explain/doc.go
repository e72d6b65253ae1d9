// Package explain shows what trained models do: the contributions of predictors to
// single predictions, the dependence of predictions on one or two columns, the
// importance of predictors by permutation, the interactions in trees, and the trees
// themselves. It takes models and frames and gives frames and tables; it knows
// models by their interfaces alone.
package explain

import (
	"strings"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/tree"
)

// chunkRows is the number of rows that are worked on together.
const chunkRows = 8192

// kind returns the name of the model's algorithm as messages have it.
// H2O: Model.Parameters.algoName.
func kind(m model.Model) string {
	if i := m.Info(); len(i.Algo) > 3 {
		return strings.ReplaceAll(i.Title, " ", "")
	}
	return strings.ToUpper(m.Info().Algo)
}

// forested returns the model as one made of trees.
func forested(m model.Model, what string) (model.Forested, error) {
	if t, ok := m.(model.Forested); ok {
		return t, nil
	}
	return nil, errs.Invalidf("model", "Model type %s doesn't support %s.", kind(m), what)
}

// classesOf returns the number of trees of one step.
func classesOf(f *tree.Forest) int {
	n := int32(0)
	for _, c := range f.Class {
		n = max(n, c)
	}
	return int(n) + 1
}

// sources returns the columns that the model's predictors are made from.
func sources(info *model.Info) []string {
	if info.Encoding != nil {
		return info.Encoding.Names
	}
	return info.Names[:info.Predictors]
}

// newFrame makes a frame of columns whose names are known to differ.
func newFrame(names []string, cols []*frame.Column) *frame.Frame {
	return frame.Must(frame.New(names, cols))
}
