package h2o

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/geyser-ml/geyser/api"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/param"
	"github.com/geyser-ml/geyser/engine/table"
)

// schemaInfo is what is known of a schema.
type schemaInfo struct {
	meta   *SchemaMetadataV3
	fields map[string]int // name → place
	echo   map[string]bool
}

// set puts a field in, in place of one of the same name.
func (s schemaInfo) set(f FieldMetadataV3) {
	if i, ok := s.fields[f.Name]; ok {
		s.meta.Fields[i] = f
		return
	}
	s.fields[f.Name] = len(s.meta.Fields)
	s.meta.Fields = append(s.meta.Fields, f)
}

// describe describes the schemas of a table of routes and all that they hold.
func describe(routes []api.Route) map[string]schemaInfo {
	all := map[string]schemaInfo{}
	for _, t := range []reflect.Type{reflect.TypeFor[H2OErrorV3](), reflect.TypeFor[H2OModelBuilderErrorV3]()} {
		describeType(t, all)
	}
	for _, r := range routes {
		if !isWire(r.Out) {
			continue
		}
		s := describeType(r.Out, all)
		for _, p := range r.Params {
			if _, ok := s.fields[p.Name]; !ok || s.echo[p.Name] {
				s.set(paramField(p))
			}
		}
	}
	return all
}

// isWire reports whether a type is a wire struct with a fixed schema.
func isWire(t reflect.Type) bool {
	if t.Kind() != reflect.Struct || t == reflect.TypeFor[api.Reply]() {
		return false
	}
	p := planOf(t)
	return p.head.meta && !p.dynamic
}

// describeType describes a wire struct and what it holds.
func describeType(t reflect.Type, all map[string]schemaInfo) schemaInfo {
	p := planOf(t)
	if s, ok := all[p.head.name]; ok {
		return s
	}
	s := schemaInfo{fields: map[string]int{}, echo: map[string]bool{}, meta: &SchemaMetadataV3{
		Version: p.head.version, Name: p.head.name, Label: p.head.name, Superclass: p.super, Type: p.head.kind,
	}}
	all[p.head.name] = s // a schema may hold itself
	for _, f := range p.fields {
		if f.inline {
			continue
		}
		s.set(fieldOf(f, all))
		s.echo[f.name] = f.echo
	}
	if p.head.exclude {
		s.set(FieldMetadataV3{
			Name: excludeFields, Label: excludeFields, Type: "string", Value: "", Required: false, Gridable: false,
			Help: "Paths of fields to leave out of the answer, separated by commas.", Level: "critical", Direction: "INPUT",
			Inherited: true, From: "RequestSchemaV3", Values: []string{}, JSON: true, MemberOf: []string{}, ExclusiveOf: []string{},
		})
	}
	s.set(FieldMetadataV3{
		Name: "__meta", Label: "__meta", Type: "Schema.Meta", Value: map[string]any{
			"schema_version": p.head.version, "schema_name": p.head.name, "schema_type": p.head.kind,
		},
		Help: "What this object is.", Level: "critical", Direction: "OUTPUT", Inherited: true, From: "SchemaV3",
		Values: []string{}, JSON: true, MemberOf: []string{}, ExclusiveOf: []string{},
	})
	return s
}

// fieldOf describes one field of a wire struct.
func fieldOf(f wireField, all map[string]schemaInfo) FieldMetadataV3 {
	typ, schema := wireType(f.typ, all)
	if t := f.tag.Get("type"); t != "" {
		typ = t
	}
	if s := f.tag.Get("schema"); s != "" {
		schema = s
	}
	return FieldMetadataV3{
		Name: f.name, Label: f.name, Type: typ, IsSchema: schema != "", Schema: schema, Value: zero(f),
		Help: f.tag.Get("help"), Level: "critical", Direction: "OUTPUT", Inherited: f.from != "", From: f.from,
		Values: []string{}, JSON: true, MemberOf: []string{}, ExclusiveOf: []string{},
	}
}

// zero is the value of a field before anything has been put into it.
func zero(f wireField) any {
	switch f.typ.Kind() {
	case reflect.Bool:
		return false
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return 0
	case reflect.Float32, reflect.Float64:
		return 0.0
	}
	return nil
}

// paramField describes a parameter.
func paramField(p param.Info) FieldMetadataV3 {
	direction := "INPUT"
	if p.Direction == "inout" {
		direction = "INOUT"
	}
	return FieldMetadataV3{
		Name: p.Name, Label: p.Name, Type: p.Type, IsSchema: schemaOfType[p.Type] != "", Schema: schemaOfType[p.Type],
		Value: p.Default, Help: p.Help, Required: p.Required, Level: p.Level, Direction: direction,
		Gridable: p.Gridable, Values: list(p.Values), JSON: true,
		MemberOf: list(p.MemberOf), ExclusiveOf: list(p.ExclusiveOf),
	}
}

// schemaOfType gives the schemas of parameter types that are objects.
var schemaOfType = map[string]string{
	"Key<Frame>": "FrameKeyV3", "Key<Model>": "ModelKeyV3", "Key<Job>": "JobKeyV3", "Key<Keyed>": "KeyV3",
	"Key<Frame>[]": "FrameKeyV3", "Key<Model>[]": "ModelKeyV3", "VecSpecifier": "ColSpecifierV3",
	"KeyValue[]": "KeyValueV3", "StringPair[]": "StringPairV3",
}

// list is s, or an empty list for nil.
func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// wireType names the type of a field, and its schema where it is an object.
func wireType(t reflect.Type, all map[string]schemaInfo) (typ, schema string) {
	switch t {
	case reflect.TypeFor[*table.Table](), reflect.TypeFor[*TwoDimTableV3]():
		describeType(reflect.TypeFor[TwoDimTableV3](), all)
		return "TwoDimTable", "TwoDimTableV3"
	case reflect.TypeFor[*keyV3]():
		return "Key<Keyed>", "KeyV3"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return wireType(t.Elem(), all)
	case reflect.Slice:
		typ, schema = wireType(t.Elem(), all)
		return typ + "[]", schema
	case reflect.Struct:
		if isWire(t) {
			s := describeType(t, all)
			return s.meta.Type, s.meta.Name
		}
		return "Iced", ""
	case reflect.Map:
		return "Map<string,string>", ""
	case reflect.Interface:
		return "Polymorphic", ""
	case reflect.Bool:
		return "boolean", ""
	case reflect.Int8:
		return "byte", ""
	case reflect.Int16:
		return "short", ""
	case reflect.Int, reflect.Int32:
		return "int", ""
	case reflect.Int64:
		return "long", ""
	case reflect.Float32:
		return "float", ""
	case reflect.Float64:
		return "double", ""
	}
	return "string", ""
}

// schema answers GET /3/Metadata/schemas/{schemaname}.
func (f *facade) schema(_ *api.Request, in metadataIn) (MetadataV3, error) {
	s, ok := f.shapes[in.Schema]
	if !ok {
		return MetadataV3{}, errs.NotFoundf("schemaname", "Failed to find schema for schema_name: %s", in.Schema)
	}
	return MetadataV3{Schemas: []SchemaMetadataV3{*s.meta}}, nil
}

// schemas answers GET /3/Metadata/schemas.
func (f *facade) schemas(*api.Request, metadataIn) (MetadataV3, error) {
	out := MetadataV3{Schemas: []SchemaMetadataV3{}}
	for _, name := range slices.Sorted(maps.Keys(f.shapes)) {
		out.Schemas = append(out.Schemas, *f.shapes[name].meta)
	}
	return out, nil
}

// schemaName is the name of a route's schema.
func schemaName(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[api.Reply]():
		return "StreamingSchema"
	case t.Kind() == reflect.Struct && t.Name() != "":
		return t.Name()
	}
	return "SchemaV3"
}

// routeV3 describes a route.
func routeV3(r api.Route) RouteV3 {
	out := schemaName(r.Out)
	return RouteV3{
		Method: r.Method, Pattern: r.Pattern(), Summary: r.Summary, Name: r.Name,
		HandlerClass: "geyser/api/h2o", HandlerMethod: r.Name,
		// H2O: a route takes what it gives, with the input fields filled.
		Input: out, Output: out, PathParams: list(r.PathParams()),
	}
}

// endpoints answers GET /3/Metadata/endpoints.
func (f *facade) endpoints(*api.Request, metadataIn) (MetadataV3, error) {
	out := MetadataV3{Routes: make([]RouteV3, len(f.routes))}
	for i, r := range f.routes {
		out.Routes[i] = routeV3(r)
	}
	return out, nil
}

// endpoint answers GET /3/Metadata/endpoints/{path}.
func (f *facade) endpoint(_ *api.Request, in metadataIn) (MetadataV3, error) {
	i, err := strconv.Atoi(in.Path)
	if err != nil {
		i = slices.IndexFunc(f.routes, func(r api.Route) bool {
			return strings.EqualFold(in.Path, r.Method+"_"+r.Pattern()) || in.Path == r.Name
		})
	}
	if i < 0 || i >= len(f.routes) {
		return MetadataV3{}, errs.NotFoundf("path", "there is no endpoint %q; there are %d, numbered from 0", in.Path, len(f.routes))
	}
	return MetadataV3{Routes: []RouteV3{routeV3(f.routes[i])}}, nil
}

// endpoints4 answers GET /4/endpoints.
func (f *facade) endpoints4(*api.Request, struct{}) (EndpointsListV4, error) {
	out := EndpointsListV4{Schema: "/4/schemas/EndpointsListV4"}
	for _, r := range f.routes {
		if strings.HasPrefix(r.Path, "/4/") {
			v := routeV3(r)
			out.Endpoints = append(out.Endpoints, EndpointV4{
				Schema: "/4/schemas/EndpointV4", URL: r.Method + " " + v.Pattern, Description: r.Summary, Name: r.Name,
				Input: "/4/schemas/" + v.Input, Output: "/4/schemas/" + v.Output,
			})
		}
	}
	return out, nil
}
