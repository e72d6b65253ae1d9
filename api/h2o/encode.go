package h2o

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/geyser-ml/geyser/engine/param"
	"github.com/geyser-ml/geyser/engine/table"
)

// appender is a value that writes itself.
type appender interface {
	appendTo(b []byte) []byte
}

// inliner writes fields of its own among those of the struct that holds it,
// each after a comma. The field's tag is json:"-,inline".
type inliner interface {
	appendFields(b []byte) []byte
}

// exclusion is the set of paths that a request asks to leave out: field name →
// what is left out below it; an empty one leaves out the field itself.
type exclusion map[string]exclusion

// exclude reads a list such as "frames/columns/data,__meta".
func exclude(list string) exclusion {
	var root exclusion
	for _, path := range strings.Split(list, ",") {
		if path = strings.Trim(strings.TrimSpace(path), "/"); path == "" {
			continue
		}
		if root == nil {
			root = exclusion{}
		}
		at := root
		for _, name := range strings.Split(path, "/") {
			if at[name] == nil {
				at[name] = exclusion{}
			}
			at = at[name]
		}
	}
	return root
}

// encode writes v as H2O's JSON. H2O: NaN and infinities are strings, a left out
// field is null.
func encode(v any, leave string) []byte {
	b := appendValue(make([]byte, 0, 4096), reflect.ValueOf(v), exclude(leave))
	if leave != "" { // the root echoes what it left out
		b = []byte(strings.Replace(string(b), `"_exclude_fields":""`, `"_exclude_fields":`+strconv.Quote(leave), 1))
	}
	return b
}

// appendAny writes any value without leaving anything out.
func appendAny(b []byte, v any) []byte { return appendValue(b, reflect.ValueOf(v), nil) }

// appendValue writes one value.
func appendValue(b []byte, v reflect.Value, ex exclusion) []byte {
	if !v.IsValid() {
		return append(b, "null"...)
	}
	switch x := v.Interface().(type) {
	case appender:
		return x.appendTo(b)
	case float64:
		return appendFloat(b, x, 64)
	case string:
		return appendString(b, x)
	case []float64:
		if x != nil {
			return appendSlice(b, x, func(b []byte, f float64) []byte { return appendFloat(b, f, 64) })
		}
		return append(b, "null"...)
	case []string:
		if x != nil {
			return appendSlice(b, x, appendString)
		}
		return append(b, "null"...)
	case *table.Table:
		if x == nil {
			return append(b, "null"...)
		}
		return appendValue(b, reflect.ValueOf(tableV3(x)), ex)
	case param.FrameKey:
		return appendValue(b, reflect.ValueOf(frameKey(string(x))), ex)
	case param.ModelKey:
		return appendValue(b, reflect.ValueOf(modelKey(string(x))), ex)
	case param.ColumnName:
		return appendValue(b, reflect.ValueOf(column(x)), ex)
	case []param.ColumnName: // H2O: a list of columns is a list of strings
		if x != nil {
			return appendSlice(b, x, func(b []byte, c param.ColumnName) []byte { return appendString(b, string(c)) })
		}
		return append(b, "null"...)
	case []param.Pair:
		return appendValue(b, reflect.ValueOf(keyValues(x)), ex)
	case []param.Couple:
		return appendValue(b, reflect.ValueOf(stringPairs(x)), ex)
	}
	switch v.Kind() {
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.AppendInt(b, v.Int(), 10)
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.AppendUint(b, v.Uint(), 10)
	case reflect.Float32, reflect.Float64:
		return appendFloat(b, v.Float(), v.Type().Bits())
	case reflect.String:
		return appendString(b, v.String())
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return append(b, "null"...)
		}
		return appendValue(b, v.Elem(), ex)
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.IsNil() {
			return append(b, "null"...)
		}
		b = append(b, '[')
		for i := range v.Len() {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendValue(b, v.Index(i), ex)
		}
		return append(b, ']')
	case reflect.Map:
		return appendMap(b, v, ex)
	case reflect.Struct:
		return appendStruct(b, v, ex)
	}
	panic("h2o: cannot encode " + v.Type().String())
}

// appendStruct writes a wire struct.
func appendStruct(b []byte, v reflect.Value, ex exclusion) []byte {
	p := planOf(v.Type())
	start := len(b)
	b = append(b, '{')
	if p.head.meta {
		h := p.head
		if p.dynamic {
			h.name, h.kind = v.Interface().(named).schema()
			h.version = versionOf(h.name)
		}
		b = append(b, `,"__meta":{"schema_version":`...)
		b = strconv.AppendInt(b, int64(h.version), 10)
		b = append(b, `,"schema_name":`...)
		b = appendString(b, h.name)
		b = append(b, `,"schema_type":`...)
		b = appendString(b, h.kind)
		b = append(b, '}')
		if h.exclude {
			b = append(b, `,"_exclude_fields":""`...)
		}
	}
	for i := range p.fields {
		f := &p.fields[i]
		if f.inline {
			b = v.FieldByIndex(f.index).Interface().(inliner).appendFields(b)
			continue
		}
		b = append(b, f.prefix...)
		below, listed := ex[f.name]
		fv := v.FieldByIndex(f.index)
		if listed && len(below) == 0 || f.null && fv.IsZero() {
			b = append(b, "null"...)
			continue
		}
		b = appendValue(b, fv, below)
	}
	b = append(b, '}')
	if b[start+1] == ',' { // the first field has no comma before it
		b = slices.Delete(b, start+1, start+2)
	}
	return b
}

// appendMap writes a map with string keys, sorted.
func appendMap(b []byte, v reflect.Value, ex exclusion) []byte {
	if v.IsNil() {
		return append(b, "null"...)
	}
	keys := v.MapKeys()
	slices.SortFunc(keys, func(x, y reflect.Value) int { return strings.Compare(x.String(), y.String()) })
	b = append(b, '{')
	for i, k := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, k.String()), ':')
		b = appendValue(b, v.MapIndex(k), ex[k.String()])
	}
	return append(b, '}')
}

// appendSlice writes a list of values of a known type.
func appendSlice[T any](b []byte, xs []T, one func([]byte, T) []byte) []byte {
	b = append(b, '[')
	for i, x := range xs {
		if i > 0 {
			b = append(b, ',')
		}
		b = one(b, x)
	}
	return append(b, ']')
}

// appendFloat writes a float: whole numbers as 1.0, so that clients that look
// keep them floats.
// Why: powers of ten as JSON usually has them, 1e-05, and not as package number.
func appendFloat(b []byte, f float64, bits int) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(b, `"-Infinity"`...)
	}
	start := len(b)
	b = strconv.AppendFloat(b, f, 'g', -1, bits)
	if !strings.ContainsAny(string(b[start:]), ".e") {
		b = append(b, ".0"...)
	}
	return b
}

// appendString writes a JSON string.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			quoted, _ := json.Marshal(s) // strings always marshal
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
