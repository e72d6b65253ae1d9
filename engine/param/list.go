package param

import (
	"encoding/json"
	"strings"
)

// split cuts the text of a list into the texts of its elements, without their
// quotes. Strict JSON is read as such. Else the text is what the H2O clients
// send: commas separate, except inside double quotes and brackets; text without
// brackets is a list of one.
//
// Elements that are lists themselves (nested) keep brackets and quotes. Bare null
// and na are empty elements.
//
// H2O: Schema.parse. A double quote opens only before an element and closes only
// after it, so that a name such as 5" pipe needs no escape; H2O's reader has no
// escapes.
func split(text string, nested bool) (parts []string, ok bool) {
	if !strings.HasPrefix(text, "[") || !strings.HasSuffix(text, "]") || len(text) < 2 {
		return []string{element(text, nested)}, true
	}
	if parts, ok = splitJSON(text, nested); ok {
		return parts, true
	}
	inner := strings.TrimSpace(text[1 : len(text)-1])
	if inner == "" {
		return []string{}, true
	}
	start, depth, quoted, fresh := 0, 0, false, true
	for i := range len(inner) {
		switch c := inner[i]; {
		case quoted:
			quoted = c != '"' || !closes(inner[i+1:])
		case c == '"' && fresh:
			quoted, fresh = true, false
		case c == '[':
			depth, fresh = depth+1, true
		case c == ']' && depth > 0:
			depth, fresh = depth-1, false
		case c == ',':
			fresh = true
			if depth == 0 {
				parts = append(parts, element(inner[start:i], nested))
				start = i + 1
			}
		case c != ' ' && c != '\t' && c != '\n' && c != '\r':
			fresh = false
		}
	}
	if quoted || depth > 0 {
		return nil, false
	}
	return append(parts, element(inner[start:], nested)), true
}

// closes reports whether a quote that is followed by rest ends an element.
func closes(rest string) bool {
	rest = strings.TrimLeft(rest, " \t\r\n")
	return rest == "" || rest[0] == ',' || rest[0] == ']'
}

// element trims one element of a list and takes its quotes away.
func element(s string, nested bool) string {
	s = strings.TrimSpace(s)
	if nested {
		return s
	}
	if strings.EqualFold(s, "null") || strings.EqualFold(s, "na") {
		return ""
	}
	return unquote(s)
}

// unquote takes one pair of double quotes away.
func unquote(s string) string {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}

func splitJSON(text string, nested bool) ([]string, bool) {
	var raw []json.RawMessage
	if json.Unmarshal([]byte(text), &raw) != nil {
		return nil, false
	}
	parts := make([]string, len(raw))
	for i, r := range raw {
		if nested {
			parts[i] = string(r)
			continue
		}
		parts[i] = scalarJSON(r)
	}
	return parts, true
}

// scalarJSON is the text of a JSON value: strings without quotes and escapes,
// null empty, the rest as it stands.
func scalarJSON(r json.RawMessage) string {
	var s string
	if json.Unmarshal(r, &s) == nil { // null leaves s empty
		return s
	}
	return string(r)
}

// objects reads one object or a list of objects with scalar members. Strict
// JSON is read as such; else names and values may stand in double quotes, single
// quotes or bare.
func objects(text string) ([]map[string]string, bool) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "{") && strings.HasSuffix(text, "}") {
		text = "[" + text + "]"
	}
	var strict []map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &strict) == nil {
		out := make([]map[string]string, len(strict))
		for i, o := range strict {
			out[i] = make(map[string]string, len(o))
			for k, v := range o {
				out[i][k] = scalarJSON(v)
			}
		}
		return out, true
	}
	r := reader{text}
	out := []map[string]string{}
	if !r.skip('[') {
		return nil, false
	}
	for !r.skip(']') {
		if len(out) > 0 && !r.skip(',') {
			return nil, false
		}
		o, ok := r.object()
		if !ok {
			return nil, false
		}
		out = append(out, o)
	}
	return out, strings.TrimSpace(r.rest) == ""
}

// reader consumes lenient JSON from its front.
type reader struct{ rest string }

// skip consumes blanks and then c, if it is next.
func (r *reader) skip(c byte) bool {
	r.rest = strings.TrimLeft(r.rest, " \t\r\n")
	if r.rest == "" || r.rest[0] != c {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

func (r *reader) object() (map[string]string, bool) {
	if !r.skip('{') {
		return nil, false
	}
	o := map[string]string{}
	for !r.skip('}') {
		if len(o) > 0 && !r.skip(',') {
			return nil, false
		}
		name, ok := r.scalar()
		if !ok || !r.skip(':') {
			return nil, false
		}
		if o[name], ok = r.scalar(); !ok {
			return nil, false
		}
	}
	return o, true
}

// scalar consumes a quoted or a bare word.
func (r *reader) scalar() (string, bool) {
	for _, q := range []byte{'"', '\''} {
		if !r.skip(q) {
			continue
		}
		for i := range len(r.rest) {
			if r.rest[i] == q && endsScalar(r.rest[i+1:]) {
				s := r.rest[:i]
				r.rest = r.rest[i+1:]
				return s, true
			}
		}
		return "", false
	}
	end := strings.IndexAny(r.rest, ",:{}[]")
	if end <= 0 {
		return "", false
	}
	s := strings.TrimSpace(r.rest[:end])
	r.rest = r.rest[end:]
	return s, s != ""
}

// endsScalar reports whether a quote followed by rest ends a name or a value.
func endsScalar(rest string) bool {
	rest = strings.TrimLeft(rest, " \t\r\n")
	return rest != "" && strings.IndexByte(",:}", rest[0]) >= 0
}
