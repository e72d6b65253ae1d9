package h2o

import (
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/param"
)

// ModelBuilderSchema is a training or the description of one. Its schema is
// named after the algorithm.
type ModelBuilderSchema struct {
	request
	Job        *JobV3                   `json:"job" help:"The job that trains."`
	Algo       string                   `json:"algo" help:"Name of the algorithm."`
	Title      string                   `json:"algo_full_name" help:"Its title."`
	CanBuild   []string                 `json:"can_build" type:"enum[]" help:"What its models predict."`
	Visibility string                   `json:"visibility" type:"enum" help:"Stable, Beta or Experimental."`
	Supervised bool                     `json:"supervised" help:"Whether it needs a response."`
	Messages   []ValidationMessageV3    `json:"messages" help:"What was found about the parameters."`
	ErrorCount int                      `json:"error_count" help:"How many of these are errors."`
	Parameters []ModelParameterSchemaV3 `json:"parameters" help:"The parameters."`

	id      string // of the algorithm, "GBM"
	version string
}

// schema implements named.
func (b ModelBuilderSchema) schema() (name, kind string) { return b.id + "V" + b.version, b.id }

// ValidationMessageV3 is a finding about a parameter.
type ValidationMessageV3 struct {
	object  `meta:"ValidationMessage"`
	Type    string `json:"message_type" type:"enum" help:"ERRR, WARN, INFO or TRACE."`
	Field   string `json:"field_name" help:"Parameter."`
	Message string `json:"message" help:"What was found."`
}

// messages puts findings on the wire.
func messages(issues param.Issues) []ValidationMessageV3 {
	out := make([]ValidationMessageV3, len(issues))
	for i, x := range issues {
		out[i] = ValidationMessageV3{Type: x.Severity.String(), Field: x.Field, Message: x.Message}
	}
	return out
}

// errorCount counts the errors among findings.
func errorCount(issues param.Issues) int {
	n := 0
	for _, i := range issues {
		if i.Severity == param.Error {
			n++
		}
	}
	return n
}

// builder describes an algorithm.
func builder(a *model.Algo, params []param.Info, issues param.Issues) ModelBuilderSchema {
	out := ModelBuilderSchema{
		Algo: a.Name, Title: a.Title, Visibility: "Stable", Supervised: a.Supervised, Messages: messages(issues),
		ErrorCount: errorCount(issues), Parameters: parameters(params), id: a.ID, version: "3",
	}
	if a.Version == 99 {
		out.version = "99"
	}
	for _, c := range a.Categories {
		out.CanBuild = append(out.CanBuild, string(c))
	}
	return out
}

// ModelBuildersV3 describes algorithms.
type ModelBuildersV3 struct {
	request
	Builders map[string]any `json:"model_builders" type:"Map<string,ModelBuilder>" schema:"ModelBuilderSchema" help:"The algorithms by name."`
}

// algoIn names an algorithm.
type algoIn struct {
	Algo string `param:"algo" direction:"in" help:"Name of an algorithm."`
}

// ModelIdV3 is a key for a model to be. H2O spells it so.
type ModelIdV3 struct {
	object
	ID string `json:"model_id" help:"A key that no model has."`
}

// ModelsInfoV4 lists the algorithms in the form of version 4.
type ModelsInfoV4 struct {
	Schema string        `json:"__schema" help:"Path of this schema."`
	Models []ModelInfoV4 `json:"models" help:"The algorithms."`
}

// ModelInfoV4 is one algorithm.
type ModelInfoV4 struct {
	Schema      string `json:"__schema" help:"Path of this schema."`
	Algo        string `json:"algo" help:"Name."`
	Maturity    string `json:"maturity" help:"stable, beta or experimental."`
	Pojo        bool   `json:"have_pojo" help:"Whether its models can be had as Java source."`
	Mojo        bool   `json:"have_mojo" help:"Whether its models can be had as MOJO files."`
	MojoVersion string `json:"mojo_version,null" help:"Version of these files."`
}
