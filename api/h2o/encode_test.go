package h2o

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/param"
	"github.com/geyser-ml/geyser/engine/table"
)

// Wire structs of the tests.
type (
	SampleV3 struct {
		request `meta:"Sample"`
		sampleIn
		Number  float64            `json:"number" help:"."`
		Small   float32            `json:"small" help:"."`
		List    []float64          `json:"list" help:"."`
		Words   []string           `json:"words" help:"."`
		Text    string             `json:"text" help:"."`
		Maybe   string             `json:"maybe,null" help:"."`
		Map     map[string]any     `json:"map" help:"."`
		Child   *ChildV99          `json:"child" help:"."`
		Key     *keyV3             `json:"key" help:"."`
		Extra   extras             `json:"-,inline"`
		Table   *table.Table       `json:"table" help:"."`
		Pairs   []param.Pair       `json:"pairs" help:"."`
		Couples []param.Couple     `json:"couples" help:"."`
		Cols    []param.ColumnName `json:"cols" help:"."`
		hidden  int
	}
	sampleIn struct {
		Frame  param.FrameKey   `param:"frame" help:"."`
		Column param.ColumnName `param:"column" help:"."`
		Count  int              `param:"count" help:"."`
		Note   string           `param:"note" help:"."`
	}
	ParentV3 struct {
		object `meta:"Parent"`
		A      int `json:"a" help:"."`
	}
	ChildV99 struct {
		ParentV3 `meta:"Child"`
		B        bool `json:"b" help:"."`
	}
)

func TestEncode(t *testing.T) {
	meta := func(version, name, kind string) string {
		return `"__meta":{"schema_version":` + version + `,"schema_name":"` + name + `","schema_type":"` + kind + `"}`
	}
	for _, c := range []struct {
		name string
		v    any
		want string
	}{
		{"number", 1.5, `1.5`},
		{"whole number stays a float", 2.0, `2.0`},
		{"tiny number", 1e-5, `1e-05`},
		{"huge number", 1e300, `1e+300`},
		{"NaN", math.NaN(), `"NaN"`},
		{"infinity", math.Inf(1), `"Infinity"`},
		{"negative infinity", math.Inf(-1), `"-Infinity"`},
		{"float32 is shortest as such", float32(0.1), `0.1`},
		{"integer", int64(math.MinInt64), `-9223372036854775808`},
		{"text", "a\"b\n\x01é", `"a\"b\n\u0001é"`},
		{"nil list", []float64(nil), `null`},
		{"list", []float64{1, math.NaN()}, `[1.0,"NaN"]`},
		{"cells", []any{nil, "x", int64(3), 0.5}, `[null,"x",3,0.5]`},
		{"nil", nil, `null`},
		{"map is sorted", map[string]any{"b": 1, "a": nil}, `{"a":null,"b":1}`},
		{"child takes its own name", ChildV99{}, `{` + meta("99", "ChildV99", "Child") + `,"a":0,"b":false}`},
		{"key", frameKey("a b"), `{` + meta("3", "FrameKeyV3", "Key<Frame>") + `,"name":"a b","type":"Key<Frame>","URL":"/3/Frames/a b"}`},
		{"key of anything has no URL", anyKey("k"), `{` + meta("3", "KeyV3", "Key<Keyed>") + `,"name":"k","type":"Key<Keyed>","URL":null}`},
		{"nameless key", nameless(), `{` + meta("3", "FrameKeyV3", "Key<Frame>") + `,"name":null,"type":null,"URL":null}`},
		{"pair", []param.Pair{{Key: "x", Value: 1}}, `[{` + meta("3", "KeyValueV3", "KeyValue") + `,"key":"x","value":1.0}]`},
		{"columns are texts", []param.ColumnName{"a"}, `["a"]`},
		{"no struct tag", uploaded{"k", 3}, `{"destination_frame":"k","total_bytes":3}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.want, string(encode(c.v, "")))
		})
	}
}

func TestEncode_Struct(t *testing.T) {
	v := SampleV3{
		sampleIn: sampleIn{Frame: "f", Count: 3}, Number: 1, Small: 2, Extra: extras{numbers: map[string]float64{"init_f": 0.5}},
		hidden: 1,
	}
	var got map[string]any
	require.NoError(t, json.Unmarshal(encode(v, ""), &got))
	assert.Equal(t, map[string]any{"schema_version": 3.0, "schema_name": "SampleV3", "schema_type": "Sample"}, got["__meta"])
	assert.Equal(t, "", got["_exclude_fields"])
	assert.Equal(t, "f", got["frame"].(map[string]any)["name"])
	assert.Equal(t, 3.0, got["count"])
	assert.Equal(t, 0.5, got["init_f"])
	for _, name := range []string{"column", "note", "list", "words", "maybe", "map", "child", "key", "table", "pairs", "couples", "cols"} {
		v, ok := got[name]
		assert.True(t, ok, "%s is sent", name)
		assert.Nil(t, v, "%s is null", name)
	}
	assert.Equal(t, "", got["text"], "a text is null only when its tag says so")
	assert.NotContains(t, got, "hidden")
}

func TestEncode_Exclude(t *testing.T) {
	v := FramesV3{Frames: []FrameV3{{FrameBaseV3: FrameBaseV3{ID: frameKey("f")}, Columns: []ColV3{{Label: "x", Data: []float64{1}}}}}}
	list := "frames/frame_id/URL,__meta, /frames/columns/data/,frames/chunk_summary"
	var got struct {
		Meta    any    `json:"__meta"`
		Exclude string `json:"_exclude_fields"`
		Frames  []struct {
			ID      map[string]any   `json:"frame_id"`
			Columns []map[string]any `json:"columns"`
			Exclude string           `json:"_exclude_fields"`
		}
	}
	require.NoError(t, json.Unmarshal(encode(v, list), &got))
	assert.Equal(t, list, got.Exclude)
	assert.Equal(t, "", got.Frames[0].Exclude)
	assert.Nil(t, got.Frames[0].ID["URL"])
	assert.Equal(t, "f", got.Frames[0].ID["name"])
	assert.Nil(t, got.Frames[0].Columns[0]["data"])
	assert.Equal(t, "x", got.Frames[0].Columns[0]["label"])
	assert.NotNil(t, got.Meta, "H2O keeps the introduction")
}

func TestTable(t *testing.T) {
	tab := table.New("Std. Tables", "of things").
		Add("", table.String, "", "", "").
		Add("Std. Error", table.Double, "", 1.0, math.NaN()).
		Add("Count", table.Long, "%10d", int64(3), nil)
	got := tableV3(tab)
	assert.Equal(t, 2, got.Rows)
	assert.Equal(t, ColumnSpecsBase{Name: "std_error", Type: "double", Format: "%.5f", Description: "Std. Error"}, got.Columns[1])
	assert.Equal(t, []any{"", ""}, got.Data[0])
	assert.Contains(t, string(encode(tab, "")), `"data":[["",""],[1.0,"NaN"],[3,null]]`)
	assert.Contains(t, string(encode(tab, "")), `{"schema_version":-1,"schema_name":"ColumnSpecsBase","schema_type":"Iced"}`)

	cm := tableV3(table.New("Confusion Matrix", "").Add("class A", table.Long, ""))
	assert.Equal(t, "class A", cm.Columns[0].Name, "labels stay as they are")
	assert.Equal(t, [][]any{{}}, cm.Data)
}

func TestColumnName(t *testing.T) {
	for title, want := range map[string]string{
		"Std. Error": "std_error", "#": "", "Cross-Validation RMSE": "crossvalidation_rmse", "PC1": "pc1",
		"": "", "Number of  Trees": "number_of_trees", "pr_auc": "pr_auc", "__a__b": "a_b",
	} {
		assert.Equal(t, want, columnName(title), title)
	}
}

func TestRewrite(t *testing.T) {
	for path, want := range map[string]string{
		"/3/Frames/a":                             "/3/Frames/a",
		"/3/Frames/a/summary":                     "/3/Frames/a/summary",
		"/3/Frames/a/b":                           "/3/Frames/a%2Fb",
		"/3/Frames/a/b/c/light":                   "/3/Frames/a%2Fb%2Fc/light",
		"/3/Frames/a/b/columns/x/domain":          "/3/Frames/a%2Fb/columns/x/domain",
		"/3/Frames/a/b/columns":                   "/3/Frames/a%2Fb/columns",
		"/3/Frames/a/export/f.csv/overwrite/true": "/3/Frames/a/export/f.csv/overwrite/true",
		"/3/Frames/a/export/f.csv/overwrite/no":   "/3/Frames/a%2Fexport%2Ff.csv%2Foverwrite%2Fno",
		"/3/Frames/a%2Fb/summary":                 "/3/Frames/a%2Fb/summary",
		"/3/Frames/load":                          "/3/Frames/load",
		"/3/Models/a/b":                           "/3/Models/a/b",
		"/3/ModelMetrics/predictions_frame/p/q/actuals_frame/a/b": "/3/ModelMetrics/predictions_frame/p%2Fq/actuals_frame/a%2Fb",
	} {
		got := rewrite(path)
		assert.Equal(t, want, got, path)
		assert.Equal(t, got, rewrite(got), "twice changes nothing")
	}
}
