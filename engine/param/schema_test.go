package param

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/errs"
)

type color string

type shared struct {
	Model  ModelKey   `param:"model_id" help:"name of the result"`
	Train  FrameKey   `param:"training_frame"`
	Weight ColumnName `param:"weights_column" of:"training_frame,validation_frame" excludes:"ignored_columns,offset_column" level:"secondary" grid:"true"`
}

// demo has a field of every supported type.
type demo struct {
	shared
	Flag     bool         `param:"flag" default:"true"`
	Count    int          `param:"count" default:"50" in:"[1,inf)" grid:"true"`
	Seed     int64        `param:"seed" default:"-1"`
	Rate     float64      `param:"rate" default:"0.1" in:"(0,1]" level:"expert"`
	Float    float64      `param:"max_size" default:"5" type:"float"`
	Note     string       `param:"note"`
	Text     string       `param:"text" default:""`
	Color    color        `param:"color" default:"DarkRed" values:"AUTO,DarkRed,light_blue"`
	Shade    string       `param:"shade" values:"On,Off"`
	Colors   []color      `param:"colors" values:"AUTO,DarkRed,light_blue"`
	Flags    []bool       `param:"flags"`
	Hidden   []int        `param:"hidden" default:"[200,200]" in:"[1,1000]"`
	Longs    []int64      `param:"longs"`
	Ratios   []float64    `param:"ratios"`
	Names    []string     `param:"names"`
	Ignored  []ColumnName `param:"ignored_columns" of:"training_frame"`
	Groups   [][]string   `param:"groups" default:"[[\"a\"],[b,c]]"`
	Monotone []Pair       `param:"monotone"`
	Couples  []Couple     `param:"couples"`
	Frames   []FrameKey   `param:"frames"`
	Bases    []ModelKey   `param:"base_models" default:"[]" type:"Key<Keyed>[]"`
	Result   string       `param:"result" direction:"out"`
	Private  func()       `param:"-"`
	_        int
}

var demoSchema = Of[demo]().Named("DemoV3")

func TestDecode_values(t *testing.T) {
	tests := []struct {
		name, param, text string
		want              any // nil: unset
	}{
		{"bool one", "flag", "1", true},
		{"bool zero", "flag", "0", false},
		{"bool Python", "flag", "True", true},
		{"bool R", "flag", "TRUE", true},
		{"bool other", "flag", "yes", false},
		{"int", "count", "7", 7},
		{"int point", "count", "10.0", 10},
		{"int exponent", "count", "1e3", 1000},
		{"int fraction and exponent", "count", "1.25E2", 125},
		{"int negative exponent", "count", "1000e-2", 10},
		{"int plus and blanks", "count", " +5 ", 5},
		{"int leading zeros", "count", "007", 7},
		{"int greatest", "count", "2147483647", math.MaxInt32},
		{"long greatest", "seed", "9223372036854775807", int64(math.MaxInt64)},
		{"long least exact", "seed", "-9223372036854775808.0", int64(math.MinInt64)},
		{"long beyond double", "seed", "9007199254740993.0", int64(9007199254740993)},
		{"long zero", "seed", "0e99999999", int64(0)},
		{"double", "rate", "1e-3", 0.001},
		{"double infinity", "max_size", "Infinity", math.Inf(1)},
		{"double Python inf", "max_size", "-inf", math.Inf(-1)},
		{"double R Inf", "max_size", "Inf", math.Inf(1)},
		{"double overflow", "max_size", "1e999", math.Inf(1)},
		{"string as is", "note", ` "x" `, ` "x" `},
		{"string empty is unset", "note", "", nil},
		{"string empty with default", "text", "", ""},
		{"enum lower case", "color", "dark_red", "DarkRed"},
		{"enum canonical", "color", "light_blue", "light_blue"},
		{"enum punctuation", "color", "Light-Blue", "light_blue"},
		{"enum unset", "shade", "", nil},
		{"enum list", "colors", "[auto,DARKRED]", []string{"AUTO", "DarkRed"}},
		{"key", "model_id", "m1", ModelKey("m1")},
		{"key quoted", "training_frame", `"a b.hex"`, FrameKey("a b.hex")},
		{"key empty", "model_id", `""`, nil},
		{"column", "weights_column", "w", ColumnName("w")},
		{"column object", "weights_column", `{"column_name": "w", "is_member_of_frames": null}`, ColumnName("w")},
		{"column lenient object", "weights_column", `{'column_name': "w"}`, ColumnName("w")},
		{"column in braces", "weights_column", "{w}", ColumnName("{w}")},
		{"column empty", "weights_column", "", nil},
		{"bools", "flags", "[True,0,1]", []bool{true, false, true}},
		{"ints", "hidden", "[10, 2e1,30.0]", []int{10, 20, 30}},
		{"ints one", "hidden", "10", []int{10}},
		{"ints none", "hidden", "[ ]", []int{}},
		{"ints unset", "hidden", "null", nil},
		{"longs", "longs", "[4294967296]", []int64{1 << 32}},
		{"doubles", "ratios", "[0.5,inf,1]", []float64{0.5, math.Inf(1), 1}},
		{"strings quoted", "names", `["a","b,c", "d]"]`, []string{"a", "b,c", "d]"}},
		{"strings bare", "names", `[a, b ,c d]`, []string{"a", "b", "c d"}},
		{"strings missing", "names", `[a,null,NA,"NA"]`, []string{"a", "", "", "NA"}},
		{"strings JSON escapes", "names", `["a\"b","\u00e9\n"]`, []string{`a"b`, "é\n"}},
		{"strings quote inside", "names", `["5" pipe","x"]`, []string{`5" pipe`, "x"}},
		{"strings backslash", "names", `["C:\data",b]`, []string{`C:\data`, "b"}},
		{"strings bracket inside", "names", `[a[1,2],b]`, []string{"a[1,2]", "b"}},
		{"strings stray bracket", "names", `[a],b]`, []string{"a]", "b"}},
		{"strings trailing comma", "names", `[a,]`, []string{"a", ""}},
		{"strings one", "names", "a,b", []string{"a,b"}},
		{"columns", "ignored_columns", `["a",{"column_name":"b"}]`, []ColumnName{"a", "b"}},
		{"groups", "groups", `[["a","b"],[c, "d,e"],f,[]]`, [][]string{{"a", "b"}, {"c", "d,e"}, {"f"}, {}}},
		{"groups JSON", "groups", `[["a]",null],null]`, [][]string{{"a]", ""}, nil}},
		{"pairs Python", "monotone", `[{'key': "a", 'value': 1},{'key': "b,}", 'value': -1.5}]`, []Pair{{"a", 1}, {"b,}", -1.5}}},
		{"pairs quote inside", "monotone", `[{'key': "5" pipe", 'value': 1}]`, []Pair{{`5" pipe`, 1}}},
		{"pairs JSON", "monotone", `[{"key":"a","value":1}]`, []Pair{{"a", 1}}},
		{"pairs bare", "monotone", `[{key: a b, value: 1}]`, []Pair{{"a b", 1}}},
		{"pairs one", "monotone", `{'key': "a", 'value': 1}`, []Pair{{"a", 1}}},
		{"pairs none", "monotone", `[]`, []Pair{}},
		{"couples tuple", "couples", `[{a: "x", b: "y"},{a: "u", b: "v"}]`, []Couple{{"x", "y"}, {"u", "v"}}},
		{"frames", "frames", `["f1", f2]`, []FrameKey{"f1", "f2"}},
		{"models", "base_models", `["m1","m2"]`, []ModelKey{"m1", "m2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, issues := demoSchema.Decode(Raw{tt.param: tt.text})
			require.Empty(t, issues)
			assert.Equal(t, tt.want, inputOf(demoSchema.Describe(p, p), tt.param))

			var q demo
			require.NoError(t, demoSchema.Set(&q, tt.param, tt.text))
			assert.Equal(t, tt.want, inputOf(demoSchema.Describe(q, q), tt.param))
		})
	}
}

func TestDecode_NaN(t *testing.T) {
	for _, text := range []string{"NaN", "nan"} {
		p, issues := demoSchema.Decode(Raw{"max_size": text})
		require.Empty(t, issues)
		assert.True(t, math.IsNaN(p.Float))
	}
}

func inputOf(infos []Info, name string) any {
	for _, i := range infos {
		if i.Name == name {
			return i.Input
		}
	}
	return "no such parameter"
}

func TestDecode_issues(t *testing.T) {
	malformed := func(field, bad, typ string) Issue {
		return Issue{Field: field, Cause: Malformed, Message: "Illegal argument for field: " + field +
			` of schema: DemoV3: cannot convert "` + bad + `" to type ` + typ}
	}
	tests := []struct {
		name, param, text string
		want              Issue
	}{
		{"word for int", "count", "many", malformed("count", "many", "int")},
		{"fraction for int", "count", "1.5", malformed("count", "1.5", "int")},
		{"empty int", "count", "", malformed("count", "", "int")},
		{"int too large", "count", "2147483648", malformed("count", "2147483648", "int")},
		{"int huge exponent", "count", "1e2000000000", malformed("count", "1e2000000000", "int")},
		{"int exponent alone", "count", "e5", malformed("count", "e5", "int")},
		{"int two signs", "count", "+-5.0", malformed("count", "+-5.0", "int")},
		{"int underscore", "count", "1_0.0", malformed("count", "1_0.0", "int")},
		{"nan for long", "seed", "nan", malformed("seed", "nan", "long")},
		{"long too large", "seed", "9223372036854775808.0", malformed("seed", "9223372036854775808.0", "long")},
		{"word for double", "rate", "fast", malformed("rate", "fast", "double")},
		{"word for float", "max_size", "NA", malformed("max_size", "NA", "float")},
		{"word in ints", "hidden", "[1,x]", malformed("hidden", "x", "int")},
		{"null in ints", "hidden", "[1,null]", malformed("hidden", "", "int")},
		{"open quote", "names", `["a]`, malformed("names", `["a]`, "string")},
		{"open bracket", "names", `[[a,b]`, malformed("names", `[[a,b]`, "string")},
		{"pair without value", "monotone", `[{'key': "a"}]`, malformed("monotone", `[{'key': "a"}]`, "KeyValue")},
		{"pair with word", "monotone", `[{'key': "a", 'value': up}]`, malformed("monotone", `[{'key': "a", 'value': up}]`, "KeyValue")},
		{"pair cut off", "monotone", `[{'key': "a", 'value': 1}`, malformed("monotone", `[{'key': "a", 'value': 1}`, "KeyValue")},
		{"pairs are words", "monotone", `[a,b]`, malformed("monotone", `[a,b]`, "KeyValue")},
		{"couple of one", "couples", `[{a: "x"}]`, malformed("couples", `[{a: "x"}]`, "StringPair")},
		{"enum word", "color", "green", Issue{Field: "color", Cause: BadWord,
			Message: "No enum constant green for field: color; accepted are AUTO, DarkRed, light_blue"}},
		{"enum empty", "color", "", Issue{Field: "color", Cause: BadWord,
			Message: "No enum constant  for field: color; accepted are AUTO, DarkRed, light_blue"}},
		{"enum punctuation only", "shade", "--", Issue{Field: "shade", Cause: BadWord,
			Message: "No enum constant -- for field: shade; accepted are On, Off"}},
		{"enum word in list", "colors", "[auto,green]", Issue{Field: "colors", Cause: BadWord,
			Message: "No enum constant green for field: colors; accepted are AUTO, DarkRed, light_blue"}},
		{"below open end", "rate", "0", Issue{Field: "rate", Message: "rate is 0, but must lie in (0,1]"}},
		{"above closed end", "rate", "1.5", Issue{Field: "rate", Message: "rate is 1.5, but must lie in (0,1]"}},
		{"NaN in range", "rate", "NaN", Issue{Field: "rate", Message: "rate is NaN, but must lie in (0,1]"}},
		{"int out of range", "count", "0", Issue{Field: "count", Message: "count is 0, but must lie in [1,inf)"}},
		{"list out of range", "hidden", "[5,0]", Issue{Field: "hidden", Message: "hidden is 0, but must lie in [1,1000]"}},
		{"unknown", "nosuch", "1", Issue{Field: "nosuch", Cause: Unknown, Message: "Unknown parameter: nosuch"}},
		{"output only", "result", "1", Issue{Field: "result", Cause: Unknown, Message: "Unknown parameter: result"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, issues := demoSchema.Decode(Raw{tt.param: tt.text})
			assert.Equal(t, Issues{tt.want}, issues)

			var q demo
			err := demoSchema.Set(&q, tt.param, tt.text)
			assert.EqualError(t, err, tt.want.Message)
			assert.Equal(t, errs.Invalid, errs.KindOf(err))
			assert.Equal(t, tt.param, errs.FieldOf(err))
		})
	}
}

func TestDecode_allProblems(t *testing.T) {
	p, issues := demoSchema.Decode(Raw{
		"zzz": "1", "rate": "7", "aaa": "1", "count": "x", "color": "green", "seed": "5",
	})
	var names []string
	for _, i := range issues {
		names = append(names, i.Field)
	}
	assert.Equal(t, []string{"count", "rate", "color", "aaa", "zzz"}, names)
	assert.Equal(t, 50, p.Count, "malformed keeps the default")
	assert.Equal(t, 7.0, p.Rate, "out of range has the value")
	assert.Equal(t, int64(5), p.Seed)
	assert.Len(t, strings.Split(issues.Error(), "; "), 6, "five messages, one with a semicolon of its own")
}

func TestDecode_required(t *testing.T) {
	type in struct {
		Ast   string   `param:"ast" required:"true"`
		Cols  []string `param:"cols" required:"true"`
		Count int      `param:"count" required:"true"`
	}
	s := Of[in]()
	_, issues := s.Decode(Raw{"ast": "", "cols": "null"})
	require.Len(t, issues, 3)
	for i, name := range []string{"ast", "cols", "count"} {
		assert.Equal(t, Issue{Field: name, Cause: Missing, Message: "Required field " + name + " not specified"}, issues[i])
	}
	_, issues = s.Decode(Raw{"ast": "(+ 1 2)", "cols": "[]", "count": "0"})
	assert.Empty(t, issues)
	_, issues = s.Decode(Raw{"ast": "x", "cols": "a", "count": "x"})
	require.Len(t, issues, 1, "a malformed value is not missing as well")
	assert.Equal(t, Malformed, issues[0].Cause)
}

func TestDefault_isFresh(t *testing.T) {
	p := demoSchema.Default()
	p.Hidden[0], p.Groups[1][0] = 1, "x"
	q, issues := demoSchema.Decode(nil)
	require.Empty(t, issues)
	assert.Equal(t, []int{200, 200}, q.Hidden)
	assert.Equal(t, [][]string{{"a"}, {"b", "c"}}, q.Groups)
}

func TestWithDefaults(t *testing.T) {
	s := demoSchema.WithDefaults(func(p *demo) { p.Count, p.Hidden[0] = 20, 7 })
	p, _ := s.Decode(nil)
	assert.Equal(t, 20, p.Count)
	info, ok := s.Lookup("hidden")
	require.True(t, ok)
	assert.Equal(t, []int{7, 200}, info.Default)
	assert.Equal(t, 50, demoSchema.Default().Count)
	assert.Equal(t, 200, demoSchema.Default().Hidden[0])
}

func TestMetadata(t *testing.T) {
	got := map[string]Info{}
	var order []string
	for _, i := range demoSchema.Metadata() {
		got[i.Name] = i
		order = append(order, i.Name)
	}
	assert.Equal(t, []string{"model_id", "training_frame", "weights_column", "flag", "count"}, order[:5])
	types := map[string]string{
		"model_id": "Key<Model>", "training_frame": "Key<Frame>", "weights_column": "VecSpecifier", "flag": "boolean",
		"count": "int", "seed": "long", "rate": "double", "max_size": "float", "note": "string", "text": "string",
		"color": "enum", "shade": "enum", "colors": "enum[]", "flags": "boolean[]", "hidden": "int[]", "longs": "long[]",
		"ratios": "double[]", "names": "string[]", "ignored_columns": "string[]", "groups": "string[][]",
		"monotone": "KeyValue[]", "couples": "StringPair[]", "frames": "Key<Frame>[]", "base_models": "Key<Keyed>[]",
		"result": "string",
	}
	require.Len(t, got, len(types))
	for name, typ := range types {
		assert.Equal(t, typ, got[name].Type, name)
	}
	assert.Equal(t, Info{
		Name: "weights_column", Type: "VecSpecifier", Level: "secondary", Gridable: true, Direction: "inout",
		MemberOf: []string{"training_frame", "validation_frame"}, ExclusiveOf: []string{"ignored_columns", "offset_column"},
	}, got["weights_column"])
	assert.Equal(t, Info{
		Name: "color", Type: "enum", Level: "critical", Direction: "inout", Values: []string{"AUTO", "DarkRed", "light_blue"},
		Default: "DarkRed", Actual: "DarkRed",
	}, got["color"])
	assert.Equal(t, "name of the result", got["model_id"].Help)
	assert.Equal(t, []ModelKey{}, got["base_models"].Default)
	assert.Equal(t, "", got["text"].Default)
	for _, unset := range []string{"note", "shade", "names", "model_id", "monotone"} {
		assert.Nil(t, got[unset].Default, unset)
	}
}

func TestDescribe(t *testing.T) {
	in, issues := demoSchema.Decode(Raw{"seed": "-1", "color": "auto"})
	require.Empty(t, issues)
	act := in
	act.Seed, act.Color = 1234, "light_blue"
	for _, i := range demoSchema.Describe(in, act) {
		switch i.Name {
		case "seed":
			assert.Equal(t, []any{int64(-1), int64(-1), int64(1234)}, []any{i.Default, i.Input, i.Actual})
		case "color":
			assert.Equal(t, []any{"DarkRed", "AUTO", "light_blue"}, []any{i.Default, i.Input, i.Actual})
		default:
			assert.Equal(t, i.Default, i.Input, i.Name)
			assert.Equal(t, i.Default, i.Actual, i.Name)
		}
	}
}

func TestRetell(t *testing.T) {
	was, ok := demoSchema.Lookup("count")
	require.True(t, ok)
	s := demoSchema.Retell("count", func(i *Info) {
		i.Name, i.Help, i.Level, i.ExclusiveOf = "other", "told otherwise", "expert", []string{"x"}
	})
	got, ok := s.Lookup("count")
	require.True(t, ok)
	assert.Equal(t, []any{"told otherwise", "expert", []string{"x"}}, []any{got.Help, got.Level, got.ExclusiveOf})
	assert.Equal(t, was.Default, got.Default)
	again, _ := demoSchema.Lookup("count")
	assert.Equal(t, was, again, "the schema it was made from stays")
	p, issues := s.Decode(Raw{"count": "3"})
	require.Empty(t, issues)
	assert.Equal(t, 3, p.Count)
	assert.Panics(t, func() { demoSchema.Retell("nope", func(*Info) {}) })
}

func TestOrder(t *testing.T) {
	s := demoSchema.Order("seed", "model_id")
	infos := s.Metadata()
	assert.Equal(t, []string{"seed", "model_id", "training_frame", "weights_column"},
		[]string{infos[0].Name, infos[1].Name, infos[2].Name, infos[3].Name})
	assert.Len(t, infos, len(demoSchema.Metadata()))
	p, issues := s.Decode(Raw{"count": "3", "seed": "4"})
	require.Empty(t, issues)
	assert.Equal(t, []any{3, int64(4)}, []any{p.Count, p.Seed})
	assert.Equal(t, "model_id", demoSchema.Metadata()[0].Name, "the receiver keeps its order")
	assert.Panics(t, func() { demoSchema.Order("nosuch") })
	assert.Panics(t, func() { demoSchema.Order("seed", "seed") })
}

func TestOf_panics(t *testing.T) {
	tests := []struct {
		name string
		of   func()
		want string
	}{
		{"ErrNotStruct", func() { Of[int]() }, "not a struct"},
		{"ErrNoTag", func() { Of[struct{ A int }]() }, "no param tag"},
		{"ErrMisspelt", func() {
			Of[struct {
				A int `parm:"a"`
			}]()
		}, "unknown tag key"},
		{"ErrNestedStruct", func() { Of[struct{ B struct{} }]() }, "no param tag"},
		{"ErrTwice", func() {
			Of[struct {
				A int `param:"a"`
				B int `param:"a"`
			}]()
		}, "two parameters named a"},
		{"ErrDefault", func() {
			Of[struct {
				A int `param:"a" default:"x"`
			}]()
		}, "default of a"},
		{"ErrDefaultRange", func() {
			Of[struct {
				A int `param:"a" default:"0" in:"[1,2]"`
			}]()
		}, "must lie in"},
		{"ErrInterval", func() {
			Of[struct {
				A int `param:"a" in:"1..2"`
			}]()
		}, "interval"},
		{"ErrIntervalEmpty", func() {
			Of[struct {
				A int `param:"a" in:"[2,1]"`
			}]()
		}, "interval"},
		{"ErrIntervalOfText", func() {
			Of[struct {
				A string `param:"a" in:"[1,2]"`
			}]()
		}, "needs a number"},
		{"ErrLevel", func() {
			Of[struct {
				A int `param:"a" level:"high"`
			}]()
		}, "none of critical"},
		{"ErrDirection", func() {
			Of[struct {
				A int `param:"a" direction:"up"`
			}]()
		}, "none of in"},
		{"ErrGrid", func() {
			Of[struct {
				A int `param:"a" grid:"maybe"`
			}]()
		}, "maybe"},
		{"ErrType", func() {
			Of[struct {
				A float32 `param:"a"`
			}]()
		}, "not supported"},
		{"ErrTypeMap", func() {
			Of[struct {
				A map[string]int `param:"a"`
			}]()
		}, "not supported"},
		{"ErrTypeDeep", func() {
			Of[struct {
				A [][]int `param:"a"`
			}]()
		}, "not supported"},
		{"ErrWordsOfInt", func() {
			Of[struct {
				A int `param:"a" values:"1,2"`
			}]()
		}, "not supported"},
		{"ErrWordsOfKey", func() {
			Of[struct {
				A ModelKey `param:"a" values:"x,y"`
			}]()
		}, "not supported"},
		{"ErrWordsAlike", func() {
			Of[struct {
				A string `param:"a" values:"One,ONE"`
			}]()
		}, "stands twice"},
		{"ErrNamedString", func() {
			Of[struct {
				A color `param:"a"`
			}]()
		}, "not supported"},
		{"ErrUnexported", func() {
			Of[struct {
				a int `param:"a"`
			}]()
		}, "not exported"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			defer func() { assert.Contains(t, recover(), tt.want) }()
			tt.of()
		})
	}
}

func TestParseTag_errors(t *testing.T) {
	for _, tag := range []string{`param`, `param:a`, `param:"a`, `:"a"`, `param:"a" param:"b"`} {
		_, err := parseTag(tag)
		assert.Error(t, err, tag)
	}
	got, err := parseTag(` param:"a"  help:"say \"x\"" `)
	require.NoError(t, err)
	assert.Equal(t, [][2]string{{"param", "a"}, {"help", `say "x"`}}, got)
}

func TestIssues_Err(t *testing.T) {
	assert.NoError(t, Issues(nil).Err())
	assert.NoError(t, Issues{{Severity: Warn, Message: "odd"}}.Err())
	tests := []struct {
		cause Cause
		want  errs.Kind
	}{{BadValue, errs.Invalid}, {Unknown, errs.Invalid}, {NoObject, errs.NotFound}, {Later, errs.Unavailable}}
	for _, tt := range tests {
		is := Issues{{Severity: Note, Message: "note"}, {Field: "f", Message: "one", Cause: tt.cause}, {Field: "g", Message: "two"}}
		err := is.Err()
		assert.True(t, is.Fatal())
		assert.Equal(t, tt.want, errs.KindOf(err))
		assert.Equal(t, "f", errs.FieldOf(err))
		assert.EqualError(t, err, "one; two")
		var back Issues
		require.True(t, errors.As(err, &back))
		assert.True(t, reflect.DeepEqual(is, back))
	}
	assert.Equal(t, "ERRR WARN INFO TRACE", strings.Join([]string{Error.String(), Warn.String(), Note.String(), Trace.String()}, " "))
}
