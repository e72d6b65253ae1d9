package param

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// errWord is an enum word that is not one of the field's.
var errWord = errors.New("no such word")

// errText is text that cannot be converted.
var errText = errors.New("cannot be converted")

// decode converts text into v, the field's own value, and checks its range. v
// is untouched when the text cannot be converted.
func (f *field) decode(v reflect.Value, text, schema string) *Issue {
	made := reflect.New(v.Type()).Elem()
	bad, err := f.convert(made, text)
	if err != nil {
		issue := Issue{Field: f.info.Name, Cause: Malformed}
		issue.Message = fmt.Sprintf("Illegal argument for field: %s of schema: %s: cannot convert \"%s\" to type %s",
			f.info.Name, schema, bad, strings.TrimSuffix(f.info.Type, "[]"))
		if errors.Is(err, errWord) {
			issue.Cause = BadWord
			issue.Message = fmt.Sprintf("No enum constant %s for field: %s; accepted are %s",
				bad, f.info.Name, strings.Join(f.info.Values, ", "))
		}
		return &issue
	}
	v.Set(made)
	if f.limit == nil {
		return nil
	}
	if n, ok := f.outside(v); ok {
		return &Issue{Field: f.info.Name, Cause: BadValue,
			Message: fmt.Sprintf("%s is %v, but must lie in %s", f.info.Name, n, f.limit.text)}
	}
	return nil
}

// outside finds the first number of v that is not in the field's interval.
func (f *field) outside(v reflect.Value) (any, bool) {
	if v.Kind() == reflect.Slice {
		for i := range v.Len() {
			if n, ok := f.outside(v.Index(i)); ok {
				return n, true
			}
		}
		return nil, false
	}
	x := 0.0
	if v.CanInt() {
		x = float64(v.Int())
	} else {
		x = v.Float()
	}
	return v.Interface(), !f.limit.contains(x)
}

// convert converts text into v. On an error it returns the piece of text to
// blame.
func (f *field) convert(v reflect.Value, text string) (string, error) {
	if v.Kind() != reflect.Slice {
		return text, f.scalar(v, text)
	}
	text = strings.TrimSpace(text)
	if text == "" || text == "null" {
		return "", nil
	}
	if v.Type().Elem().Kind() == reflect.Struct {
		return text, entries(v, text)
	}
	nested := v.Type().Elem().Kind() == reflect.Slice
	parts, ok := split(text, nested)
	if !ok {
		return text, errText
	}
	v.Set(reflect.MakeSlice(v.Type(), len(parts), len(parts)))
	for i, part := range parts {
		if bad, err := f.convert(v.Index(i), part); err != nil {
			return bad, err
		}
	}
	return "", nil
}

// scalar converts the text of one value.
func (f *field) scalar(v reflect.Value, text string) error {
	switch v.Kind() {
	case reflect.Bool:
		// H2O: Schema.parse; whatever is neither 1 nor true is false.
		word := strings.TrimSpace(text)
		v.SetBool(word == "1" || strings.EqualFold(word, "true"))
		return nil
	case reflect.Int, reflect.Int64:
		bits := 64
		if v.Kind() == reflect.Int {
			bits = 32
		}
		n, err := parseInt(strings.TrimSpace(text), bits)
		v.SetInt(n)
		return err
	case reflect.Float64:
		x, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return errText
		}
		v.SetFloat(x) // too large for a double is infinite, as in Java
		return nil
	}
	if f.words != nil {
		word, ok := f.words[normal(text)]
		if !ok && (text != "" || !f.unset) {
			return errWord
		}
		v.SetString(word)
		return nil
	}
	switch v.Type() {
	case reflect.TypeFor[FrameKey](), reflect.TypeFor[ModelKey]():
		text = strings.TrimSpace(unquote(strings.TrimSpace(text)))
	case reflect.TypeFor[ColumnName]():
		text = columnName(text)
	}
	v.SetString(text)
	return nil
}

// columnName reads a bare name or {"column_name": "x"}.
func columnName(text string) string {
	if !strings.HasPrefix(strings.TrimSpace(text), "{") {
		return text
	}
	if objs, ok := objects(text); ok && len(objs) == 1 {
		if name, ok := objs[0]["column_name"]; ok {
			return name
		}
	}
	return text
}

// entries converts the text of a list of objects into v, a []Pair or []Couple.
func entries(v reflect.Value, text string) error {
	objs, ok := objects(text)
	if !ok {
		return errText
	}
	switch out := v.Addr().Interface().(type) {
	case *[]Pair:
		*out = make([]Pair, len(objs))
		for i, o := range objs {
			x, err := strconv.ParseFloat(o["value"], 64)
			key, ok := o["key"]
			if err != nil || !ok || len(o) != 2 {
				return errText
			}
			(*out)[i] = Pair{key, x}
		}
	case *[]Couple:
		*out = make([]Couple, len(objs))
		for i, o := range objs {
			a, okA := o["a"]
			b, okB := o["b"]
			if !okA || !okB || len(o) != 2 {
				return errText
			}
			(*out)[i] = Couple{a, b}
		}
	}
	return nil
}

// parseInt reads a decimal number that is whole, exactly: 10, -1, 10.0, 1e3.
func parseInt(s string, bits int) (int64, error) {
	if n, err := strconv.ParseInt(s, 10, bits); err == nil {
		return n, nil
	}
	mantissa, exponent, scientific := s, "0", false
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, exponent, scientific = s[:i], s[i+1:], true
	}
	whole, fraction, point := strings.Cut(mantissa, ".")
	shift, err := strconv.Atoi(exponent)
	if err != nil || !scientific && !point {
		return 0, errText
	}
	sign := ""
	if strings.HasPrefix(whole, "-") || strings.HasPrefix(whole, "+") {
		sign, whole = whole[:1], whole[1:]
	}
	digits := whole + fraction
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, errText
	}
	digits = strings.TrimLeft(digits, "0")
	if digits == "" {
		return 0, nil
	}
	trimmed := strings.TrimRight(digits, "0")
	zeros := shift - len(fraction) + len(digits) - len(trimmed)
	if zeros < 0 || zeros > 19 {
		return 0, errText
	}
	n, err := strconv.ParseInt(sign+trimmed+strings.Repeat("0", zeros), 10, bits)
	if err != nil {
		return 0, errText
	}
	return n, nil
}

// value returns the field's value in the struct v for an Info: nil when unset.
func (f *field) value(v reflect.Value) any {
	fv := v.FieldByIndex(f.index)
	switch fv.Kind() {
	case reflect.Slice:
		if fv.IsNil() {
			return nil
		}
		if f.words != nil {
			out := make([]string, fv.Len())
			for i := range out {
				out[i] = fv.Index(i).String()
			}
			return out
		}
	case reflect.String:
		if fv.String() == "" && (f.unset || f.words != nil || fv.Type() != reflect.TypeFor[string]()) {
			return nil
		}
		if f.words != nil {
			return fv.String()
		}
	}
	return fv.Interface()
}
