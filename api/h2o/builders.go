package h2o

import (
	"fmt"
	"strings"

	"github.com/geyser-ml/geyser/api"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/param"
)

// client is the word for the kind of client that generated keys carry.
// H2O: ModelBuilderHandler takes it from the user agent.
func client(r *api.Request) string {
	switch agent := r.Agent; {
	case strings.HasPrefix(agent, "H2O Python client"):
		return "python"
	case strings.HasPrefix(agent, "R "), strings.HasPrefix(agent, "R/"):
		return "R"
	}
	return ""
}

// builderRoutes are the routes that train: two rows for each algorithm.
func (f *facade) builderRoutes() []api.Route {
	var out []api.Route
	for _, a := range f.e.Algos() {
		path := fmt.Sprintf("/%d/ModelBuilders/%s", a.Version, a.Name)
		out = append(out,
			api.Handle(post, path, "train_"+a.Name, "Trains a model of the algorithm "+a.ID+".",
				func(r *api.Request, raw param.Raw) (ModelBuilderSchema, error) {
					return f.build(r, raw, a.Name, false)
				}),
			// It does not train, and what it finds is no error of the request.
			api.Handle(post, path+"/parameters", "validate_"+a.Name, "Checks the parameters of the algorithm "+a.ID+".",
				func(r *api.Request, raw param.Raw) (ModelBuilderSchema, error) {
					return f.build(r, raw, a.Name, true)
				}))
	}
	return out
}

// noBuilder answers the same for an algorithm that is not there.
func (f *facade) noBuilder(r *api.Request, _ param.Raw) (ModelBuilderSchema, error) {
	if name := r.Param("algo"); otherAlgos[name] {
		return ModelBuilderSchema{}, later("the algorithm " + name)
	}
	return ModelBuilderSchema{}, errs.NotFoundf("algo", "%s %s not found", r.Method, r.Path)
}

// build trains, or checks only.
func (f *facade) build(r *api.Request, raw param.Raw, name string, validate bool) (ModelBuilderSchema, error) {
	do := f.e.Train
	if validate {
		do = f.e.Validate
	}
	slashed := strings.Contains(raw["model_id"], "/")
	if slashed { // H2O: ModelBuilderHandler keeps slashes out of keys
		raw["model_id"] = strings.ReplaceAll(raw["model_id"], "/", "_")
	}
	t, err := do(name, raw, client(r))
	if err != nil {
		return ModelBuilderSchema{}, err
	}
	// H2O: what cannot be read at all is an error of its own, before any check.
	for _, i := range t.Issues {
		if i.Severity == param.Error && i.Cause != param.BadValue && i.Cause != param.Later {
			return ModelBuilderSchema{}, param.Issues{i}.Err()
		}
	}
	if t.Issues.Fatal() && !validate {
		return ModelBuilderSchema{}, &builderError{t.Algo.ID, t.Dest, t.Issues, t.Params}
	}
	if slashed {
		msg := "slashes in model_id were replaced by underscores: the model is called " + t.Dest
		if t.Job == nil || !t.Job.Warn(msg) { // once: the clients show what the answer says and what the job says
			t.Issues = append(t.Issues, param.Issue{Severity: param.Warn, Field: "model_id", Message: msg})
		}
	}
	out := builder(t.Algo, t.Params, t.Issues)
	out.Job = f.started(t.Job)
	return out, nil
}

// otherAlgos are H2O's algorithms that this release does not have.
var otherAlgos = map[string]bool{
	"deeplearning": true, "glm": true, "glrm": true, "kmeans": true, "naivebayes": true, "pca": true, "svd": true,
	"drf": true, "gbm": true, "isolationforest": true, "extendedisolationforest": true, "aggregator": true,
	"word2vec": true, "stackedensemble": true, "coxph": true, "generic": true, "gam": true, "anovaglm": true,
	"psvm": true, "rulefit": true, "upliftdrf": true, "modelselection": true, "isotonicregression": true, "dt": true,
	"hglm": true, "adaboost": true, "xgboost": true, "targetencoder": true, "infogram": true,
}

// builders answers GET /3/ModelBuilders.
func (f *facade) builders(*api.Request, algoIn) (ModelBuildersV3, error) {
	out := ModelBuildersV3{Builders: map[string]any{}}
	for _, a := range f.e.Algos() {
		out.Builders[a.Name] = builder(a, a.Metadata(), nil)
	}
	return out, nil
}

// builderOf answers GET /3/ModelBuilders/{algo}.
func (f *facade) builderOf(_ *api.Request, in algoIn) (ModelBuildersV3, error) {
	a, ok := f.e.Algo(in.Algo)
	if !ok {
		if otherAlgos[in.Algo] {
			return ModelBuildersV3{}, later("the algorithm " + in.Algo)
		}
		return ModelBuildersV3{}, errs.NotFoundf("algo", "Algorithm %q is not registered", in.Algo)
	}
	return ModelBuildersV3{Builders: map[string]any{a.Name: builder(a, a.Metadata(), nil)}}, nil
}

// newModelID answers POST /3/ModelBuilders/{algo}/model_id.
func (f *facade) newModelID(r *api.Request, in algoIn) (ModelIdV3, error) {
	return ModelIdV3{ID: f.e.NewModelKey(in.Algo, client(r))}, nil
}

// modelsInfo answers GET /4/modelsinfo.
func (f *facade) modelsInfo(*api.Request, struct{}) (ModelsInfoV4, error) {
	out := ModelsInfoV4{Schema: "/4/schemas/ModelsInfoV4"}
	for _, a := range f.e.Algos() {
		out.Models = append(out.Models, ModelInfoV4{Schema: "/4/schemas/ModelInfoV4", Algo: a.Name, Maturity: "stable"})
	}
	return out, nil
}
