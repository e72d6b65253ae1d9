package param

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzDecode decodes any text as a value of every type: it must not panic, an
// accepted list must survive a round trip through strict JSON, and Set must
// agree with Decode.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		"", "null", "1", "-1.5e3", "1e99999", "True", "[]", "[[]]", `["a","b,c"]`, `[a, "b]" ,[c,"d"]]`, `["5" pipe"]`,
		`[{'key': "k", 'value': 1},{"key":"l","value":-1}]`, `[{a: "x", b: "y"}]`, `{"column_name": "x"}`,
		`[[`, `]]`, `[,]`, `["]`, `{{}}`, `[{'a':}]`, "[\"\\u0000\"]", "[\x00\xff]", "NA", `""`, `"`, "[null,na]", "light-blue",
	} {
		f.Add(seed)
	}
	infos := demoSchema.Metadata()
	f.Fuzz(func(t *testing.T, text string) {
		for _, info := range infos {
			if info.Direction == "out" {
				continue
			}
			p, issues := demoSchema.Decode(Raw{info.Name: text})
			var q demo
			if err := demoSchema.Set(&q, info.Name, text); (err == nil) != (len(issues) == 0) {
				t.Fatalf("%s: Decode says %v, Set says %v", info.Name, issues, err)
			}
			if len(issues) > 0 {
				if len(issues) != 1 || issues[0].Field != info.Name || issues[0].Cause == Unknown {
					t.Fatalf("%s: %v", info.Name, issues)
				}
				continue
			}
			roundTrip(t, info, p)
		}
	})
}

func roundTrip(t *testing.T, info Info, p demo) {
	value := inputOf(demoSchema.Describe(p, p), info.Name)
	if value == nil || !strings.HasPrefix(info.Type, "string[]") && !strings.HasPrefix(info.Type, "Key<") && info.Type != "int[]" {
		return
	}
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if !utf8.ValidString(strings.Trim(string(text), `"`)) || strings.Contains(string(text), `\u`) || strings.Contains(string(text), `{`) {
		return // JSON cannot carry it, or a column name in braces reads as an object
	}
	if info.Type == "Key<Frame>" || info.Type == "Key<Model>" {
		return // scalar keys are plain text, without escapes
	}
	var q demo
	if err := demoSchema.Set(&q, info.Name, string(text)); err != nil {
		t.Fatalf("%s: %s: %v", info.Name, text, err)
	}
	// A key's or name's own quotes are taken away once more.
	if back := inputOf(demoSchema.Describe(q, q), info.Name); !strings.Contains(string(text), `\"`) && !reflect.DeepEqual(back, value) {
		t.Fatalf("%s: %#v became %#v", info.Name, value, back)
	}
}
