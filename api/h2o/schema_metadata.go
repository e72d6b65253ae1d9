package h2o

// MetadataV3 describes the API itself.
type MetadataV3 struct {
	request
	Routes   []RouteV3          `json:"routes" help:"Routes that were asked for."`
	Schemas  []SchemaMetadataV3 `json:"schemas" help:"Schemas that were asked for."`
	Markdown string             `json:"markdown,null" help:"Not given."`
}

// RouteV3 describes a route.
type RouteV3 struct {
	object        `meta:"Route"`
	Method        string   `json:"http_method" help:"Method."`
	Pattern       string   `json:"url_pattern" help:"Path, parameters in braces."`
	Summary       string   `json:"summary" help:"What it does."`
	Name          string   `json:"api_name" help:"Name for generated clients."`
	HandlerClass  string   `json:"handler_class" help:"Where it is handled."`
	HandlerMethod string   `json:"handler_method" help:"Where it is handled."`
	Input         string   `json:"input_schema" help:"Schema of the parameters."`
	Output        string   `json:"output_schema" help:"Schema of the answer."`
	PathParams    []string `json:"path_params" help:"Parameters of the path."`
	Markdown      string   `json:"markdown,null" help:"Not given."`
}

// SchemaMetadataV3 describes a schema.
type SchemaMetadataV3 struct {
	object     `meta:"SchemaMetadata"`
	Version    int               `json:"version" help:"Version of the schema."`
	Name       string            `json:"name" help:"Name of the schema."`
	Label      string            `json:"label" help:"The name once more."`
	Superclass string            `json:"superclass" help:"Schema whose fields it has too."`
	Type       string            `json:"type" help:"What it describes."`
	Fields     []FieldMetadataV3 `json:"fields" help:"Its fields."`
	Markdown   string            `json:"markdown,null" help:"Not given."`
}

// FieldMetadataV3 describes a field.
type FieldMetadataV3 struct {
	object      `meta:"FieldMetadata"`
	Name        string   `json:"name" help:"Name on the wire."`
	Type        string   `json:"type" help:"Type."`
	IsSchema    bool     `json:"is_schema" help:"Whether the value is an object with a schema."`
	Schema      string   `json:"schema_name,null" help:"That schema."`
	Value       any      `json:"value" type:"Polymorphic" help:"Value when nothing is given."`
	Help        string   `json:"help" help:"Meaning."`
	Label       string   `json:"label" help:"The name once more."`
	Required    any      `json:"required" type:"boolean" help:"Whether it must be given."`
	Level       string   `json:"level" help:"How often it is needed: critical, secondary or expert."`
	Direction   string   `json:"direction" help:"INPUT, OUTPUT or INOUT."`
	Inherited   bool     `json:"is_inherited" help:"Whether the parent schema has it."`
	From        string   `json:"inherited_from,null" help:"That schema."`
	Gridable    any      `json:"is_gridable" type:"boolean" help:"Whether grid search may vary it."`
	Values      []string `json:"values" help:"Accepted words."`
	JSON        bool     `json:"json" help:"Whether it is in answers."`
	MemberOf    []string `json:"is_member_of_frames" help:"Frames whose column the value names."`
	ExclusiveOf []string `json:"is_mutually_exclusive_with" help:"Parameters that may not name the same column."`
}

// metadataIn names what to describe.
type metadataIn struct {
	Schema string `param:"schemaname" direction:"in" help:"Name of the schema."`
	Path   string `param:"path" direction:"in" help:"Number of the route in the list, its name, or its method and path joined by an underscore."`
	Class  string `param:"classname" direction:"in" help:"Accepted and not used."`
	Method string `param:"http_method" direction:"in" help:"Accepted and not used."`
	Number int    `param:"num" direction:"in" help:"Accepted and not used."`
}

// EndpointsListV4 lists the routes of version 4.
type EndpointsListV4 struct {
	Schema    string       `json:"__schema" help:"Path of this schema."`
	Endpoints []EndpointV4 `json:"endpoints" help:"The routes."`
}

// EndpointV4 describes a route.
type EndpointV4 struct {
	Schema      string `json:"__schema" help:"Path of this schema."`
	URL         string `json:"url" help:"Method and path."`
	Description string `json:"description" help:"What it does."`
	Name        string `json:"name" help:"Name for generated clients."`
	Input       string `json:"input_schema" help:"Schema of the parameters."`
	Output      string `json:"output_schema" help:"Schema of the answer."`
}
