package param

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// field is one parameter: its description and where it lives in the struct.
type field struct {
	info  Info              // without values
	index []int             // path for reflect.Value.FieldByIndex
	text  string            // of the default
	unset bool              // no default tag: an empty string means unset
	words map[string]string // enum: normalised word → canonical word
	limit *interval         // nil for none
}

// fields lists the parameters of a struct type in order of declaration,
// embedded structs in place.
func fields(t reflect.Type) []field {
	var all []field
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct && f.Tag == "" {
			for _, inner := range fields(f.Type) {
				inner.index = append([]int{i}, inner.index...)
				all = append(all, inner)
			}
			continue
		}
		if f.Tag.Get("param") == "-" || !f.IsExported() && f.Tag == "" {
			continue
		}
		made, err := parseField(f)
		if err != nil {
			panic(fmt.Sprintf("param: field %s of %s: %v", f.Name, t, err))
		}
		all = append(all, made)
	}
	return all
}

func parseField(f reflect.StructField) (field, error) {
	out := field{index: f.Index, unset: true}
	out.info.Level, out.info.Direction = "critical", "inout"
	if !f.IsExported() {
		return out, fmt.Errorf("has a tag, but is not exported")
	}
	tags, err := parseTag(string(f.Tag))
	if err != nil {
		return out, err
	}
	var limit string
	for _, kv := range tags {
		key, val := kv[0], kv[1]
		switch key {
		case "param":
			out.info.Name = val
		case "default":
			out.text, out.unset = val, false
		case "in":
			limit = val
		case "values":
			err = out.enum(val)
		case "level":
			out.info.Level, err = oneOf(val, "critical", "secondary", "expert")
		case "direction":
			out.info.Direction, err = oneOf(val, "in", "out", "inout")
		case "grid":
			out.info.Gridable, err = strconv.ParseBool(val)
		case "required":
			out.info.Required, err = strconv.ParseBool(val)
		case "help":
			out.info.Help = val
		case "of":
			out.info.MemberOf = strings.Split(val, ",")
		case "excludes":
			out.info.ExclusiveOf = strings.Split(val, ",")
		case "type":
			out.info.Type = val
		default:
			err = fmt.Errorf("unknown tag key %q", key)
		}
		if err != nil {
			return out, err
		}
	}
	if out.info.Name == "" {
		return out, fmt.Errorf("has no param tag")
	}
	wire := wireType(f.Type, out.words != nil)
	if wire == "" {
		return out, fmt.Errorf("type %s is not supported", f.Type)
	}
	if out.info.Type == "" {
		out.info.Type = wire
	}
	if limit != "" {
		if !strings.HasPrefix(wire, "int") && !strings.HasPrefix(wire, "long") && !strings.HasPrefix(wire, "double") {
			return out, fmt.Errorf("an interval needs a number, not %s", wire)
		}
		out.limit, err = parseInterval(limit)
	}
	return out, err
}

// parseTag splits a struct tag into its keys and values, strictly.
func parseTag(tag string) ([][2]string, error) {
	var out [][2]string
	for tag = strings.TrimSpace(tag); tag != ""; tag = strings.TrimSpace(tag) {
		key, rest, ok := strings.Cut(tag, ":")
		quoted, err := strconv.QuotedPrefix(rest)
		if !ok || err != nil || key == "" {
			return nil, fmt.Errorf("bad tag at %q", tag)
		}
		val, err := strconv.Unquote(quoted)
		if err != nil {
			return nil, fmt.Errorf("bad tag at %q", tag)
		}
		if slices.ContainsFunc(out, func(kv [2]string) bool { return kv[0] == key }) {
			return nil, fmt.Errorf("tag key %q stands twice", key)
		}
		out = append(out, [2]string{key, val})
		tag = rest[len(quoted):]
	}
	return out, nil
}

func oneOf(val string, words ...string) (string, error) {
	if !slices.Contains(words, val) {
		return "", fmt.Errorf("%q is none of %s", val, strings.Join(words, ", "))
	}
	return val, nil
}

// enum takes the words of a values tag.
func (f *field) enum(list string) error {
	f.info.Values = strings.Split(list, ",")
	f.words = make(map[string]string, len(f.info.Values))
	for _, w := range f.info.Values {
		n := normal(w)
		if n == "" || f.words[n] != "" {
			return fmt.Errorf("enum word %q is empty or stands twice", w)
		}
		f.words[n] = w
	}
	return nil
}

// normal is the form in which enum words are compared.
// H2O: EnumUtils upper-cases and keeps letters and digits only.
func normal(word string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, word)
}

var wireTypes = map[reflect.Type]string{
	reflect.TypeFor[bool]():       "boolean",
	reflect.TypeFor[int]():        "int",
	reflect.TypeFor[int64]():      "long",
	reflect.TypeFor[float64]():    "double",
	reflect.TypeFor[string]():     "string",
	reflect.TypeFor[FrameKey]():   "Key<Frame>",
	reflect.TypeFor[ModelKey]():   "Key<Model>",
	reflect.TypeFor[ColumnName](): "VecSpecifier",
}

// wireType names a Go type on the wire; "" when it is not supported.
func wireType(t reflect.Type, enum bool) string {
	switch {
	case t == reflect.TypeFor[[]Pair]():
		return "KeyValue[]"
	case t == reflect.TypeFor[[]Couple]():
		return "StringPair[]"
	case t == reflect.TypeFor[[][]string]() && !enum:
		return "string[][]"
	case t == reflect.TypeFor[[]ColumnName]() && !enum:
		return "string[]"
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Slice:
		if elem := wireType(t.Elem(), enum); elem != "" {
			return elem + "[]"
		}
		return ""
	case enum:
		_, taken := wireTypes[t]
		if t.Kind() == reflect.String && (!taken || t == reflect.TypeFor[string]()) {
			return "enum"
		}
		return ""
	}
	return wireTypes[t]
}

// interval is a range of numbers; ends are included unless open, so [1,inf)
// refuses infinity and [1,inf] takes it.
type interval struct {
	lo, hi         float64
	loOpen, hiOpen bool
	text           string
}

func parseInterval(s string) (*interval, error) {
	bad := fmt.Errorf("interval %q is not of the form [lo,hi], with ( or ) for an open end", s)
	if len(s) < 5 || !strings.ContainsRune("[(", rune(s[0])) || !strings.ContainsRune("])", rune(s[len(s)-1])) {
		return nil, bad
	}
	lo, hi, ok := strings.Cut(s[1:len(s)-1], ",")
	if !ok {
		return nil, bad
	}
	iv := &interval{loOpen: s[0] == '(', hiOpen: s[len(s)-1] == ')', text: s}
	var err1, err2 error
	iv.lo, err1 = strconv.ParseFloat(strings.TrimSpace(lo), 64)
	iv.hi, err2 = strconv.ParseFloat(strings.TrimSpace(hi), 64)
	if err1 != nil || err2 != nil || !(iv.lo <= iv.hi) {
		return nil, bad
	}
	return iv, nil
}

// contains is false for NaN.
func (iv *interval) contains(v float64) bool {
	if !(v >= iv.lo && v <= iv.hi) {
		return false
	}
	return !(iv.loOpen && v == iv.lo) && !(iv.hiOpen && v == iv.hi)
}
