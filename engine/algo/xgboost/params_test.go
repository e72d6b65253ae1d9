package xgboost_test

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/algo/xgboost"
)

// Names, order, types, defaults, levels and words are those of H2O, see
// testdata/README.md.
func TestMetadata_Golden(t *testing.T) {
	raw, err := os.ReadFile("testdata/params.json")
	require.NoError(t, err)
	var want []struct {
		Name        string
		Type        string
		Default     any `json:"default_value"`
		Level       string
		Required    bool
		Gridable    bool
		Values      []string
		MemberOf    []string `json:"is_member_of_frames"`
		ExclusiveOf []string `json:"is_mutually_exclusive_with"`
	}
	require.NoError(t, json.Unmarshal(raw, &want))
	got := xgboost.Algo.Metadata()
	require.Len(t, got, len(want))
	for i, w := range want {
		g := got[i]
		require.Equal(t, w.Name, g.Name, "parameter %d", i)
		require.NotEmpty(t, g.Help, w.Name)
		def, err := json.Marshal(g.Default)
		require.NoError(t, err)
		wantDef, err := json.Marshal(w.Default)
		require.NoError(t, err)
		require.JSONEq(t, string(wantDef), string(def), w.Name)
		require.Equal(t, []any{w.Type, w.Level, w.Required, w.Gridable}, []any{g.Type, g.Level, g.Required, g.Gridable}, w.Name)
		for _, l := range [][2][]string{{w.Values, g.Values}, {w.MemberOf, g.MemberOf}, {w.ExclusiveOf, g.ExclusiveOf}} {
			require.Equal(t, append([]string{}, l[0]...), append([]string{}, l[1]...), w.Name)
		}
		require.Nil(t, g.Input, w.Name)
		require.True(t, reflect.DeepEqual(g.Default, g.Actual), w.Name)
	}
}
