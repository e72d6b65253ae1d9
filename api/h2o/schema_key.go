package h2o

import (
	"github.com/geyser-ml/geyser/engine/param"
)

// keyV3 names an object. H2O has one schema for each kind of object.
type keyV3 struct {
	object
	Name string `json:"name,null" help:"Key of the object."`
	Type string `json:"type,null" help:"Kind of the object, as Key<Kind>."`
	URL  string `json:"URL,null" help:"Path of the resource that shows the object."`

	name string // of the schema
	kind string
}

// schema implements named.
func (k keyV3) schema() (name, kind string) { return k.name, k.kind }

// keyOf makes a key of a kind; url "" means that no resource shows it.
func keyOf(schema, kind, url, name string) *keyV3 {
	if name == "" {
		return nil
	}
	k := &keyV3{Name: name, Type: "Key<" + kind + ">", name: schema, kind: "Key<" + kind + ">"}
	if url != "" {
		k.URL = url + name
	}
	return k
}

// The kinds of key. An empty name gives null.
func frameKey(name string) *keyV3 { return keyOf("FrameKeyV3", "Frame", "/3/Frames/", name) }
func modelKey(name string) *keyV3 { return keyOf("ModelKeyV3", "Model", "/3/Models/", name) }
func jobKey(name string) *keyV3   { return keyOf("JobKeyV3", "Job", "/3/Jobs/", name) }
func partialKey(name string) *keyV3 {
	return keyOf("PartialDependenceKeyV3", "PartialDependence", "/3/PartialDependence/", name)
}
func anyKey(name string) *keyV3 { return keyOf("KeyV3", "Keyed", "", name) }

// nameless is the key of a frame that is not stored.
func nameless() *keyV3 { return &keyV3{name: "FrameKeyV3", kind: "Key<Frame>"} }

// keyFor makes the key of a job's destination.
func keyFor(kind, name string) *keyV3 {
	switch kind {
	case "frame":
		return frameKey(name)
	case "model":
		return modelKey(name)
	case "partial dependence":
		return partialKey(name)
	}
	return anyKey(name)
}

// frameKeys and modelKeys make lists of keys; nil stays nil.
func frameKeys[T ~string](names []T) []*keyV3 { return keys(names, frameKey) }
func modelKeys[T ~string](names []T) []*keyV3 { return keys(names, modelKey) }

// keys maps names to keys.
func keys[T ~string](names []T, make1 func(string) *keyV3) []*keyV3 {
	if names == nil {
		return nil
	}
	out := make([]*keyV3, len(names))
	for i, n := range names {
		out[i] = make1(string(n))
	}
	return out
}

// ColSpecifierV3 is a column parameter.
type ColSpecifierV3 struct {
	object `meta:"VecSpecifier"`
	Column string   `json:"column_name" help:"Name of the column."`
	Member []string `json:"is_member_of_frames" help:"Parameters that name the frames of the column."`
}

// column makes a column parameter; an empty name gives null.
func column(name param.ColumnName) *ColSpecifierV3 {
	if name == "" {
		return nil
	}
	return &ColSpecifierV3{Column: string(name)}
}

// KeyValueV3 is an entry of a list such as monotone_constraints.
type KeyValueV3 struct {
	object `meta:"KeyValue"`
	Key    string  `json:"key" help:"Name."`
	Value  float64 `json:"value" help:"Value under that name."`
}

// keyValues puts keyed numbers on the wire; nil stays nil.
func keyValues(pairs []param.Pair) []KeyValueV3 {
	if pairs == nil {
		return nil
	}
	out := make([]KeyValueV3, len(pairs))
	for i, p := range pairs {
		out[i] = KeyValueV3{Key: p.Key, Value: p.Value}
	}
	return out
}

// StringPairV3 is a pair of names.
type StringPairV3 struct {
	object `meta:"StringPair"`
	A      string `json:"a" help:"First name."`
	B      string `json:"b" help:"Second name."`
}

// stringPairs puts pairs of names on the wire; nil stays nil.
func stringPairs(pairs []param.Couple) []StringPairV3 {
	if pairs == nil {
		return nil
	}
	out := make([]StringPairV3, len(pairs))
	for i, p := range pairs {
		out[i] = StringPairV3{A: p.A, B: p.B}
	}
	return out
}
