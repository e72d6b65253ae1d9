package xgboost

import (
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadUBJSON(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want any
	}{
		"null":            {"Z", nil},
		"no-ops":          {"NNT", true},
		"false":           {"F", false},
		"small":           {"i\xff", int64(-1)},
		"byte":            {"U\xff", int64(255)},
		"short":           {"I\xff\xfe", int64(-2)},
		"int":             {"l\x00\x01\x00\x00", int64(65536)},
		"long":            {"L\x80\x00\x00\x00\x00\x00\x00\x00", int64(math.MinInt64)},
		"float":           {"d\x3f\x80\x00\x00", 1.0},
		"double":          {"D\x3f\xf0\x00\x00\x00\x00\x00\x00", 1.0},
		"letter":          {"Cx", "x"},
		"text":            {"SU\x03abc", "abc"},
		"empty text":      {"Si\x00", ""},
		"array":           {"[i\x01TZ]", []any{int64(1), true, nil}},
		"counted":         {"[#i\x02i\x01F", []any{int64(1), false}},
		"empty":           {"[#L\x00\x00\x00\x00\x00\x00\x00\x00", []any{}},
		"nested":          {"[[]{}]", []any{[]any(nil), map[string]any{}}},
		"bytes":           {"[$U#i\x02\x01\xff", []byte{1, 255}},
		"shorts":          {"[$I#i\x01\xff\xff", []int32{-1}},
		"ints":            {"[$l#i\x02\x00\x00\x00\x07\xff\xff\xff\xff", []int32{7, -1}},
		"longs":           {"[$L#i\x01\x00\x00\x00\x00\x00\x00\x00\x09", []int64{9}},
		"floats":          {"[$d#i\x01\xbf\x80\x00\x00", []float32{-1}},
		"doubles":         {"[$D#i\x01\xbf\xf0\x00\x00\x00\x00\x00\x00", []float64{-1}},
		"object":          {"{i\x01ai\x05U\x02bc[]}", map[string]any{"a": int64(5), "bc": []any(nil)}},
		"counted object":  {"{#i\x01i\x01aZ", map[string]any{"a": nil}},
		"Err nothing":     {"", nil},
		"Err letter":      {"x", nil},
		"Err rest":        {"TT", nil},
		"Err cut":         {"I\x00", nil},
		"Err cut text":    {"Si\x05ab", nil},
		"Err below zero":  {"Si\xff", nil},
		"Err length type": {"SZ", nil},
		"Err huge array":  {"[#L\x7f\xff\xff\xff\xff\xff\xff\xff", nil},
		"Err huge typed":  {"[$D#l\x0f\xff\xff\xff", nil},
		"Err typed nulls": {"[$Z#i\x01", nil},
		"Err typed texts": {"[$S#i\x01", nil},
		"Err no count":    {"[$d", nil},
		"Err open array":  {"[TT", nil},
		"Err open object": {"{i\x01aT", nil},
		"Err no value":    {"{i\x01a", nil},
		"Err typed keys":  {"{$i#i\x01i\x01a\x01", nil},
		"Err too deep":    {strings.Repeat("[", deepest+2) + strings.Repeat("]", deepest+2), nil},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := readUBJSON([]byte(c.text))
			if strings.HasPrefix(name, "Err") {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, v)
		})
	}
}

// saved are models as the library writes them.
func saved(t testing.TB) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for _, name := range []string{"gbtree", "dart", "gblinear", "softprob", "1.7"} {
		b, err := os.ReadFile("testdata/" + name + ".ubj")
		require.NoError(t, err)
		out[name] = b
	}
	return out
}

func TestParseBooster(t *testing.T) {
	all := saved(t)
	for name, want := range map[string]booster{
		"gbtree":   {kind: "gbtree", objective: "binary:logistic", groups: 1, features: 4, margin: []float64{0}},
		"dart":     {kind: "dart", objective: "reg:squarederror", groups: 1, features: 4, margin: []float64{0.5}},
		"gblinear": {kind: "gblinear", objective: "count:poisson", groups: 1, features: 4, margin: []float64{math.Log(0.5)}},
		"softprob": {kind: "gbtree", objective: "multi:softprob", groups: 3, features: 4, margin: []float64{0.5, 0.5, 0.5}},
		"1.7":      {kind: "gbtree", objective: "reg:tweedie", groups: 1, features: 4, margin: []float64{math.Log(0.5)}},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := parseBooster(all[name], 0)
			require.NoError(t, err)
			trees, weights := b.trees, b.weights
			b.trees, b.weights = nil, nil
			require.Equal(t, want, *b)
			if name == "gblinear" {
				require.Len(t, weights, 5)
				return
			}
			require.Len(t, trees, 3*want.groups)
			for i, tree := range trees {
				require.Equal(t, i%want.groups, tree.group)
				require.NotEmpty(t, tree.left)
				require.Equal(t, name == "dart" && tree.scale < 1, tree.scale != 1)
			}
			b, err = parseBooster(all[name], 2)
			require.NoError(t, err)
			require.Nil(t, b.trees[1].left)
			require.Equal(t, trees[2].left, b.trees[2].left)
		})
	}
}

// Each place that a model may be wrong in is looked at.
func TestParseBooster_Errors(t *testing.T) {
	valid := string(saved(t)["gbtree"])
	for name, c := range map[string][2]string{
		"objective":  {"binary:logistic", "binary:logitraw"},
		"kind":       {"nameSL\x00\x00\x00\x00\x00\x00\x00\x06gbtree", "nameSL\x00\x00\x00\x00\x00\x00\x00\x06gbtroy"},
		"no learner": {"learner{", "learmer{"},
		"children":   {"left_children[$l#L\x00\x00\x00\x00\x00\x00\x00\x07\x00\x00\x00\x01", "left_children[$l#L\x00\x00\x00\x00\x00\x00\x00\x07\x00\x00\x00\x00"},
		"feature":    {"\x014L\x00\x00\x00\x00\x00\x00\x00\nnum_target", "\x010L\x00\x00\x00\x00\x00\x00\x00\nnum_target"},
		"classes":    {"num_classSL\x00\x00\x00\x00\x00\x00\x00\x010", "num_classSL\x00\x00\x00\x00\x00\x00\x00\x014"},
		"base score": {"base_scoreSL\x00\x00\x00\x00\x00\x00\x00\x06[5E-1]", "base_scoreSL\x00\x00\x00\x00\x00\x00\x00\x06[2E+0]"},
		"number":     {"base_scoreSL\x00\x00\x00\x00\x00\x00\x00\x06[5E-1]", "base_scoreSL\x00\x00\x00\x00\x00\x00\x00\x06[fiv]-"},
		"two scores": {"base_scoreSL\x00\x00\x00\x00\x00\x00\x00\x06[5E-1]", "base_scoreSL\x00\x00\x00\x00\x00\x00\x00\x06[.5,1]"},
		"own splits": {"split_type[$U#L\x00\x00\x00\x00\x00\x00\x00\x07\x00", "split_type[$U#L\x00\x00\x00\x00\x00\x00\x00\x07\x01"},
		"no info":    {"tree_info", "tree_imfo"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := strings.Replace(valid, c[0], c[1], 1)
			require.False(t, valid == bad, "nothing has changed")
			_, err := parseBooster([]byte(bad), 0)
			require.Error(t, err)
		})
	}
}

// Whatever is read makes a forest that keeps inside its arrays, or an error.
func FuzzLoad(f *testing.F) {
	for _, b := range saved(f) {
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := parseBooster(b, 0)
		if err != nil {
			return
		}
		require.NoError(t, plantable(x))
	})
}
