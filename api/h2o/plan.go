package h2o

import (
	"reflect"
	"strconv"
	"strings"
	"sync"
)

// A wire struct says on its first line, by what it embeds, how it introduces
// itself: object gives __meta alone, request also the _exclude_fields that
// every request schema echoes. Structs without either have no __meta.
//
//	type FramesV3 struct {
//		request `meta:"Frames"`
//		frameQuery                    // parameters, echoed
//		Job *JobV3 `json:"job" help:"…"`
//	}
//
// meta:"TYPE" is the schema_type, Iced when absent; meta:"TYPE,-1" also gives
// the schema_version, which else is the number at the end of the name. The tag
// json:"name,null" sends a zero value as null. Fields of parameter structs are
// sent under their param tag; an unset key, list or text is null.
type (
	object  struct{}
	request struct{}
)

// named is a wire struct whose schema depends on its content.
type named interface {
	schema() (name, kind string)
}

// plan is how a struct type is written.
type plan struct {
	head    head
	fields  []wireField
	dynamic bool   // implements named
	super   string // name of the parent schema
}

// head is the introduction of a wire struct.
type head struct {
	meta    bool // has __meta
	exclude bool // echoes _exclude_fields
	version int
	name    string
	kind    string
}

// wireField is one field of a plan.
type wireField struct {
	name   string
	prefix string // ,"name":
	index  []int
	null   bool   // zero is null
	from   string // schema of the parent that declares it, "" for the struct itself
	echo   bool   // a parameter, sent back
	inline bool   // writes fields of its own
	typ    reflect.Type
	tag    reflect.StructTag
}

var plans sync.Map // reflect.Type → *plan

// planOf returns the plan of a struct type.
func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	p := &plan{head: head{kind: "Iced", name: t.Name(), version: versionOf(t.Name())}}
	p.dynamic = t.Implements(reflect.TypeFor[named]())
	p.collect(t, nil, "")
	if p.super == "" && p.head.meta {
		p.super = "SchemaV3"
		if p.head.exclude {
			p.super = "RequestSchemaV3"
		}
	}
	got, _ := plans.LoadOrStore(t, p)
	return got.(*plan)
}

// collect adds the fields of t, which is reached over index.
func (p *plan) collect(t reflect.Type, index []int, from string) {
	for i := range t.NumField() {
		f := t.Field(i)
		at := append(append([]int(nil), index...), i)
		if f.Anonymous {
			p.embed(f, at, from)
			continue
		}
		w := wireField{index: at, from: from, typ: f.Type, tag: f.Tag}
		if name, ok := f.Tag.Lookup("param"); ok {
			w.name, w.null, w.echo = name, nullable(f.Type), true
		} else if name, ok := f.Tag.Lookup("json"); ok {
			name, opt, _ := strings.Cut(name, ",")
			w.name, w.null, w.inline = name, opt == "null", opt == "inline"
		} else {
			continue
		}
		w.prefix = "," + strconv.Quote(w.name) + ":"
		p.fields = append(p.fields, w)
	}
}

// embed handles an embedded struct: an introduction, a parent schema, or
// parameters.
func (p *plan) embed(f reflect.StructField, at []int, from string) {
	switch f.Type {
	case reflect.TypeFor[object](), reflect.TypeFor[request]():
		p.head.meta = true
		p.head.exclude = f.Type == reflect.TypeFor[request]()
		if from != "" {
			return // of the parent; the name and the type are the child's own
		}
		kind, version, cut := strings.Cut(f.Tag.Get("meta"), ",")
		if kind != "" {
			p.head.kind = kind
		}
		if cut {
			p.head.version, _ = strconv.Atoi(version)
		}
		return
	}
	if planOf(f.Type).head.meta {
		p.super, from = f.Type.Name(), f.Type.Name()
		if kind := f.Tag.Get("meta"); kind != "" {
			p.head.kind = kind
		}
	}
	p.collect(f.Type, at, from)
}

// nullable reports whether the zero value of a parameter type means unset.
func nullable(t reflect.Type) bool {
	return t.Kind() == reflect.String || t.Kind() == reflect.Slice
}

// versionOf is the number at the end of a schema's name, 3 if there is none.
func versionOf(name string) int {
	if i := strings.LastIndexByte(name, 'V'); i >= 0 {
		if v, err := strconv.Atoi(name[i+1:]); err == nil {
			return v
		}
	}
	return 3
}
