package param

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// Schema knows the parameters of the struct P. It is immutable and safe for
// concurrent use.
type Schema[P any] struct {
	name     string
	fields   []field
	byName   map[string]int // wire name → place in fields
	defaults P
}

// Of builds the schema of the struct P from the tags of its fields. It panics
// when a tag is wrong, a name stands twice or a default does not decode.
func Of[P any]() *Schema[P] {
	t := reflect.TypeFor[P]()
	if t.Kind() != reflect.Struct {
		panic(fmt.Sprintf("param: %s is not a struct", t))
	}
	s := &Schema[P]{name: t.Name(), fields: fields(t)}
	s.reindex()
	v := reflect.ValueOf(&s.defaults).Elem()
	for i := range s.fields {
		f := &s.fields[i]
		if f.unset {
			continue
		}
		if issue := f.decode(v.FieldByIndex(f.index), f.text, s.name); issue != nil {
			panic(fmt.Sprintf("param: default of %s: %s", f.info.Name, issue.Message))
		}
	}
	return s
}

func (s *Schema[P]) reindex() {
	s.byName = make(map[string]int, len(s.fields))
	for i, f := range s.fields {
		if _, dup := s.byName[f.info.Name]; dup {
			panic(fmt.Sprintf("param: %s has two parameters named %s", s.name, f.info.Name))
		}
		s.byName[f.info.Name] = i
	}
}

// Named returns the same schema under the name that messages about values that
// cannot be converted give it. Of uses the name of the Go type.
func (s *Schema[P]) Named(name string) *Schema[P] {
	out := *s
	out.name = name
	return &out
}

// Order returns the same schema with the named parameters first, in this order,
// and the others after them in their order of declaration. It panics on a name
// that is unknown or stands twice.
func (s *Schema[P]) Order(names ...string) *Schema[P] {
	out := *s
	out.fields = make([]field, 0, len(s.fields))
	for _, n := range names {
		i, ok := s.byName[n]
		if !ok {
			panic(fmt.Sprintf("param: %s has no parameter %s to order", s.name, n))
		}
		out.fields = append(out.fields, s.fields[i])
	}
	for _, f := range s.fields {
		if !slices.Contains(names, f.info.Name) {
			out.fields = append(out.fields, f)
		}
	}
	out.reindex()
	return &out
}

// WithDefaults returns the same schema with defaults that set has changed: for
// an algorithm that embeds a shared block and differs from it in a default.
func (s *Schema[P]) WithDefaults(set func(*P)) *Schema[P] {
	out := *s
	out.defaults = s.Default()
	set(&out.defaults)
	return &out
}

// Retell returns the same schema with what it tells about a parameter edited: for an
// algorithm that embeds a shared block and differs from it in level, help or the
// like. Name, type of the Go field, values and defaults stay. It panics on a name
// that is unknown.
func (s *Schema[P]) Retell(name string, edit func(*Info)) *Schema[P] {
	out := *s
	out.fields = slices.Clone(s.fields)
	i, ok := s.byName[name]
	if !ok {
		panic(fmt.Sprintf("param: %s has no parameter %s to retell", s.name, name))
	}
	edit(&out.fields[i].info)
	out.fields[i].info.Name = name
	return &out
}

// Default returns the parameters that Decode gives for an empty Raw.
func (s *Schema[P]) Default() P {
	p := s.defaults
	v := reflect.ValueOf(&p).Elem()
	for _, f := range s.fields {
		if fv := v.FieldByIndex(f.index); fv.Kind() == reflect.Slice && !fv.IsNil() {
			fv.Set(clone(fv))
		}
	}
	return p
}

// clone copies a slice and the slices in it.
func clone(v reflect.Value) reflect.Value {
	out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
	reflect.Copy(out, v)
	if v.Type().Elem().Kind() == reflect.Slice {
		for i := range out.Len() {
			if e := out.Index(i); !e.IsNil() {
				e.Set(clone(e))
			}
		}
	}
	return out
}

// Decode starts from the defaults and puts the given values over them. Issues
// reports every problem: of the parameters in their order, then names that are
// unknown or only ever given out. A field whose text cannot be converted keeps
// its default; one that is out of range has the value.
func (s *Schema[P]) Decode(raw Raw) (P, Issues) {
	p := s.Default()
	v := reflect.ValueOf(&p).Elem()
	var issues Issues
	known := 0
	for i := range s.fields {
		f := &s.fields[i]
		text, given := raw[f.info.Name]
		if f.info.Direction == "out" {
			continue
		}
		if given {
			known++
			if issue := f.decode(v.FieldByIndex(f.index), text, s.name); issue != nil {
				issues = append(issues, *issue)
				continue
			}
		}
		if f.info.Required && (!given || f.value(v) == nil || f.value(v) == "") {
			issues = append(issues, Issue{Field: f.info.Name, Cause: Missing,
				Message: fmt.Sprintf("Required field %s not specified", f.info.Name)})
		}
	}
	if known == len(raw) {
		return p, issues
	}
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		if i, ok := s.byName[name]; !ok || s.fields[i].info.Direction == "out" {
			issues = append(issues, unknown(name))
		}
	}
	return p, issues
}

func unknown(name string) Issue {
	return Issue{Field: name, Cause: Unknown, Message: "Unknown parameter: " + name}
}

// Set decodes one value into the field with a wire name, as Decode does. The
// error wraps Issues.
func (s *Schema[P]) Set(p *P, name, value string) error {
	i, ok := s.byName[name]
	if !ok || s.fields[i].info.Direction == "out" {
		return Issues{unknown(name)}.Err()
	}
	f := &s.fields[i]
	if issue := f.decode(reflect.ValueOf(p).Elem().FieldByIndex(f.index), value, s.name); issue != nil {
		return Issues{*issue}.Err()
	}
	return nil
}

// Lookup describes one parameter as Metadata does; false when there is none of
// that name.
func (s *Schema[P]) Lookup(name string) (Info, bool) {
	i, ok := s.byName[name]
	if !ok {
		return Info{}, false
	}
	return s.metadata(&s.fields[i]), true
}

// Metadata describes all parameters in wire order: Input is nil, Actual is the
// default.
func (s *Schema[P]) Metadata() []Info {
	out := make([]Info, len(s.fields))
	for i := range s.fields {
		out[i] = s.metadata(&s.fields[i])
	}
	return out
}

func (s *Schema[P]) metadata(f *field) Info {
	info := f.info
	info.Default = f.value(reflect.ValueOf(&s.defaults).Elem())
	info.Actual = info.Default
	return info
}

// Describe describes all parameters of one use in wire order: input as it was
// given, actual as it was used.
func (s *Schema[P]) Describe(input, actual P) []Info {
	out := s.Metadata()
	in, act := reflect.ValueOf(&input).Elem(), reflect.ValueOf(&actual).Elem()
	for i := range s.fields {
		out[i].Input = s.fields[i].value(in)
		out[i].Actual = s.fields[i].value(act)
	}
	return out
}
