package h2o

import (
	"context"

	"github.com/geyser-ml/geyser/api"
	"github.com/geyser-ml/geyser/engine"
	"github.com/geyser-ml/geyser/engine/errs"
)

// partialDependence answers POST /3/PartialDependence/.
func (f *facade) partialDependence(_ *api.Request, in partialIn) (JobV3, error) {
	splits, err := in.splits()
	if err != nil {
		return JobV3{}, err
	}
	return f.jobOrError(f.e.PartialDependence(engine.PartialQuestion{
		Model: string(in.Model), Frame: string(in.Frame), Dest: in.Dest, Columns: in.Columns, Pairs: in.Pairs, Bins: in.Bins,
		Weight: in.Weight, NA: in.NA, Row: in.Row, Splits: splits, Targets: in.Targets,
	}))
}

// showPartial answers GET /3/PartialDependence/{name}. H2O: an unknown name gives an
// answer without content.
func (f *facade) showPartial(_ *api.Request, in partialNameIn) (PartialDependenceV3, error) {
	p, err := f.e.Partial(in.Name)
	if errs.KindOf(err) == errs.NotFound {
		return PartialDependenceV3{}, nil
	}
	return partialV3(p), err
}

// interactions answers POST /3/FeatureInteraction.
func (f *facade) interactions(_ *api.Request, in interactionIn) (FeatureInteractionV3, error) {
	tables, err := f.e.Interactions(string(in.Model), in.Interaction, in.Depth, in.Deepening)
	return FeatureInteractionV3{interactionLimits: in.interactionLimits, Tables: tables}, err
}

// hStatistic answers POST /3/FriedmansPopescusH.
func (f *facade) hStatistic(_ *api.Request, in hIn) (FriedmanPopescusHV3, error) {
	h, err := f.e.HStatistic(context.Background(), string(in.Model), string(in.Frame), in.Variables)
	if err != nil {
		return FriedmanPopescusHV3{}, err
	}
	info, err := f.e.FrameInfo(string(in.Frame))
	if err != nil {
		return FriedmanPopescusHV3{}, err
	}
	return FriedmanPopescusHV3{Frame: f.frameV3(info, view{frameWindow{0, -1, 0, -1, -1}, false, false}), Variables: in.Variables, H: h}, nil
}

// tree answers GET /3/Tree.
func (f *facade) tree(_ *api.Request, in treeIn) (TreeV3, error) {
	t, err := f.e.Tree(string(in.Model), in.Number, in.Class, in.Rules)
	if err != nil {
		return TreeV3{}, err
	}
	return treeV3(in, t), nil
}
