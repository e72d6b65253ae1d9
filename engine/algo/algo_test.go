// These tests hold for every algorithm: what is said here once need not be tested
// again in its own package.
package algo_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/algo"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/model"
)

var all = algo.All()

func find(name string) (*model.Algo, bool) {
	for _, a := range all {
		if a.Name == name {
			return a, true
		}
	}
	return nil, false
}

func TestAll_Metadata(t *testing.T) {
	name := regexp.MustCompile(`^[a-zA-Z0-9_]+$`)
	seen := map[string]bool{}
	for _, a := range all {
		require.False(t, seen[a.Name], a.Name)
		seen[a.Name] = true
		require.Equal(t, strings.ToLower(a.ID), a.Name)
		require.NotEmpty(t, a.Title)
		require.NotEmpty(t, a.Categories)
		require.Contains(t, []int{3, 99}, a.Version)
		params := map[string]bool{}
		for _, p := range a.Metadata() {
			require.False(t, params[p.Name], "%s.%s", a.Name, p.Name)
			params[p.Name] = true
			require.Regexp(t, name, p.Name)
			require.NotEmpty(t, p.Help, "%s.%s", a.Name, p.Name)
			require.Contains(t, []string{"critical", "secondary", "expert"}, p.Level)
		}
		require.True(t, params["model_id"] && params["training_frame"])
	}
}

// Names, order, types, defaults, levels and words are those of H2O, see
// testdata/README.md of each algorithm.
func TestAll_MetadataGolden(t *testing.T) {
	for _, a := range all {
		t.Run(a.Name, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join(a.Name, "testdata", "params.json"))
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
			got := a.Metadata()
			require.Len(t, got, len(want))
			for i, w := range want {
				g := got[i]
				require.Equal(t, w.Name, g.Name, "parameter %d", i)
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
				require.Equal(t, g.Default, g.Actual, w.Name)
			}
		})
	}
}

func TestAll_Train(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		m := s.train(t)
		info := m.Info()
		require.ElementsMatch(t, []string{"real", "whole", "gaps", "when", "level", "many"}, info.Names[:info.Predictors])
		require.Equal(t, s.category, info.Category)
		require.Equal(t, s.Name, info.Algo)
		require.Equal(t, s.Title, info.Title)
		require.NotNil(t, info.Summary)
		require.NotEmpty(t, info.Parameters)
		require.False(t, info.Identity.Running)
		p, warnings := predict(t, m, s.frames["test"])
		require.Empty(t, warnings)
		if classes := info.Classes(); classes != nil {
			require.Len(t, p, len(classes)+1)
			for i := range p[0] {
				sum := 0.0
				for _, c := range p[1:] {
					require.True(t, c[i] >= 0 && c[i] <= 1)
					sum += c[i]
				}
				require.InDelta(t, 1, sum, 1e-12)
			}
		}
		if x, ok := m.(model.Importances); ok {
			names, values := x.Importances()
			require.ElementsMatch(t, info.Names[:info.Predictors], names)
			require.IsNonIncreasing(t, values)
			require.Equal(t, len(names), info.Importance.Rows())
		}
	})
}

// It has learnt something: better than the best guess without predictors.
func TestAll_Learns(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		if !s.Supervised {
			return
		}
		kv := []string{"ignored_columns", "[w,many" + others(s.category) + "]"} // too many levels for so few rows
		if s.has("learn_rate") {
			kv = append(kv, "learn_rate", "0.5")
		}
		m, _, _, err := model.Performance(t.Context(), s.train(t, kv...), s.frames["test"], metrics.Options{})
		require.NoError(t, err)
		require.Greater(t, m.R2, 0.2)
	})
}

func TestAll_SameSeedSameBytes(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
		want := bytesOf(t, s.train(t))
		for _, threads := range []int{1, 2, 7} {
			runtime.GOMAXPROCS(threads)
			require.True(t, want == bytesOf(t, s.train(t, "model_id", "another")), "GOMAXPROCS %d", threads)
		}
		if s.has("sample_rate") {
			kv := []string{"sample_rate", "0.7"}
			want = bytesOf(t, s.train(t, kv...))
			require.True(t, want == bytesOf(t, s.train(t, kv...)))
			a, b := s.train(t, kv...), s.train(t, append(kv, "seed", "2")...)
			pa, _ := predict(t, a, s.frames["test"])
			pb, _ := predict(t, b, s.frames["test"])
			require.NotEqual(t, pa, pb, "another seed")
		}
	})
}

func TestAll_Cancel(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		run, issues := s.prepare()
		require.NoError(t, issues.Err())
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := run.Train(ctx, model.Hooks{})
		require.ErrorIs(t, err, context.Canceled)

		ctx, cancel = context.WithCancel(t.Context())
		calls := 0
		res, err := run.Train(ctx, model.Hooks{Progress: func(float64, string) { calls++; cancel() }})
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, 1, calls, "it goes on after the end of its context")
		if res.Model != nil {
			predict(t, res.Model, s.frames["test"])
			require.NotEmpty(t, res.Model.Info().Parameters)
		}
	})
}

// Frames that differ from the training frame can be scored where that makes sense.
func TestAll_OtherFrames(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		m := s.train(t)
		f := s.frames["test"]
		replaced := func(name string, c *frame.Column) *frame.Frame { return f.Replace(f.Index(name), c) }
		unseen := make([]int32, f.NumRows())
		for i := range unseen {
			unseen[i] = int32(i % 3)
		}
		for _, c := range []struct {
			name string
			f    *frame.Frame
			warn string
		}{
			{"unseen levels", replaced("level", frame.NewCodes(unseen, []string{"b", "new", "a"})), "levels not trained on: [\"new\"]"},
			{"only unseen levels", replaced("many", frame.NewCodes(make([]int32, f.NumRows()), []string{"new"})), "levels not trained on: [\"new\"]"},
			{"a column less", f.Without(f.Index("real")), "missing column 'real'"},
			{"a column without values", replaced("whole", frame.NewBad(f.NumRows())), ""},
			{"numbers far away", replaced("real", frame.NewConst(1e300, f.NumRows())), ""},
			{"infinite numbers", replaced("real", frame.NewFloats(fill(math.Inf(-1), f.NumRows()))), ""},
			{"no rows", f.Slice(0, 0), ""},
			{"one row", f.Slice(3, 4), ""},
		} {
			_, warnings := predict(t, m, c.f)
			require.Contains(t, strings.Join(warnings, "\n"), c.warn, c.name)
		}
		// Missing, unseen and absent are the same.
		missing, _ := predict(t, m, replaced("level", frame.NewBad(f.NumRows())))
		for _, c := range []*frame.Frame{f.Without(f.Index("level")), replaced("level", frame.NewCodes(make([]int32, f.NumRows()), []string{"new"}))} {
			p, _ := predict(t, m, c)
			require.Equal(t, missing, p)
		}
		// The order of columns, and of levels, does not matter.
		want, _ := predict(t, m, f)
		var order []int
		for i := range f.NumCols() {
			order = append(order, f.NumCols()-1-i)
		}
		turned, err := f.Select(order)
		require.NoError(t, err)
		codes := f.Lookup("level").Codes(0, f.NumRows(), nil)
		for i, c := range codes {
			if c >= 0 {
				codes[i] = 3 - c
			}
		}
		turned = turned.Replace(turned.Index("level"), frame.NewCodes(codes, []string{"d", "c", "b", "a"}))
		got, _ := predict(t, m, turned)
		require.Equal(t, want, got)
	})
}

func fill(v float64, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = v
	}
	return out
}

// The metrics of training are those of scoring the training frame, to the bit.
func TestAll_TrainingMetrics(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		for _, kv := range [][]string{nil, {"weights_column", "w"}, append([]string{"sample_rate", "0.6"}, s.validated()...)} {
			if kv != nil && !s.has(kv[0]) {
				continue
			}
			if kv != nil && kv[0] == "weights_column" {
				kv = append(kv, "ignored_columns", "[text"+others(s.category)+"]")
			}
			m := s.train(t, kv...)
			require.Equal(t, m.Info().Valid != nil, len(kv) >= 4 && kv[2] == "validation_frame")
			for key, want := range map[string]*metrics.Metrics{"train": m.Info().Train, "test": m.Info().Valid} {
				if want == nil || strings.Contains(want.Description, "Out-Of-Bag") {
					continue // by the trees that have not seen the row
				}
				got, _, _, err := model.Performance(t.Context(), m, s.frames[key], metrics.Options{GainsLiftBins: -1})
				require.NoError(t, err)
				got.Description = want.Description
				a, err := model.Marshal(want)
				require.NoError(t, err)
				b, err := model.Marshal(got)
				require.NoError(t, err)
				require.True(t, bytes.Equal(a, b), "%v, %s: %v and %v", kv, key, want.MSE, got.MSE)
			}
		}
	})
}

// A weight of k is the row k times, to within the rounding of sums.
func TestAll_WeightsAreRepetition(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		if !s.has("weights_column") {
			return
		}
		f := s.frames["train"]
		var rows []int
		for i, w := range f.Lookup("w").Floats(0, f.NumRows(), nil) {
			for range int(w) {
				rows = append(rows, i)
			}
		}
		s.frames["repeated"] = f.Gather(rows)
		ignored := "[gaps" + others(s.category) // gaps has more values than bins: other rows, other bins
		var all []string                        // copies of a row would be drawn each by itself
		if s.has("sample_rate") {
			all = []string{"sample_rate", "1", "min_rows", "10"} // splits of few rows are often equally good
		}
		a := s.train(t, append(all, "weights_column", "w", "ignored_columns", ignored+"]")...)
		b := s.train(t, append(all, "training_frame", "repeated", "ignored_columns", ignored+",w]")...)
		if !strings.Contains(a.Info().Train.Description, "Out-Of-Bag") {
			require.InEpsilon(t, b.Info().Train.MSE, a.Info().Train.MSE, 1e-6)
			require.Equal(t, b.Info().Train.Weight, a.Info().Train.Weight)
		}
		// Of rows that were trained on: where cuts lie between values goes by all rows, those of weight 0 too.
		pa, _ := predict(t, a, s.frames["repeated"])
		pb, _ := predict(t, b, s.frames["repeated"])
		require.InDeltaSlice(t, pb[len(pb)-1], pa[len(pa)-1], 1e-6)
	})
}

func TestAll_SaveLoad(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		m := s.train(t, append(s.validated(), "model_id", "mine")...)
		var b bytes.Buffer
		require.NoError(t, model.Write(&b, m))
		whole := bytes.Clone(b.Bytes())
		got, err := model.Read(&b, find)
		require.NoError(t, err)
		require.Zero(t, b.Len())
		var again bytes.Buffer
		require.NoError(t, model.Write(&again, got))
		require.True(t, bytes.Equal(whole, again.Bytes()), "written again")
		require.Equal(t, m.Info().Parameters, got.Info().Parameters)
		require.Equal(t, m.Info().Identity.Key, got.Info().Identity.Key)
		require.Equal(t, len(m.Info().History), len(got.Info().History))
		require.IsType(t, m, got)
		for _, key := range []string{"train", "test"} {
			want, _ := predict(t, m, s.frames[key])
			have, _ := predict(t, got, s.frames[key])
			require.Equal(t, want, have)
		}
		if x, ok := m.(model.Importances); ok {
			names, values := x.Importances()
			n, v := got.(model.Importances).Importances()
			require.Equal(t, names, n)
			require.Equal(t, values, v)
		}
		for i := range 40 {
			at := len(whole) * i / 40
			_, err := model.Read(bytes.NewReader(whole[:at]), find)
			require.Equal(t, errs.Invalid, errs.KindOf(err), "cut at %d", at)
			bad := bytes.Clone(whole)
			bad[at] ^= 0x10
			_, err = model.Read(bytes.NewReader(bad), find)
			require.Equal(t, errs.Invalid, errs.KindOf(err), "changed at %d", at)
		}
	})
}

// FuzzRead changes the files of real models: one that is still read can be scored,
// shown and written.
func FuzzRead(f *testing.F) {
	frames := map[string]*frame.Frame{"train": toy(1, 120), "test": toy(2, 20)}
	for _, a := range all {
		for _, c := range a.Categories {
			s := subject{a, c, frames}
			if s.unavailable() != "" {
				continue
			}
			var b bytes.Buffer
			require.NoError(f, model.Write(&b, s.train(f)))
			for _, at := range []int{0, b.Len() / 2, b.Len() - 100} {
				f.Add(b.Bytes(), at, byte(0x55))
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, at int, x byte) {
		b = bytes.Clone(b)
		if len(b) > 0 {
			b[uint(at)%uint(len(b))] ^= x
		}
		mend(b)
		m, err := model.Read(bytes.NewReader(b), find)
		if err != nil {
			require.Contains(t, []errs.Kind{errs.Invalid, errs.Unavailable}, errs.KindOf(err))
			return
		}
		m.Info().HistoryTable()
		require.NoError(t, model.Write(new(bytes.Buffer), m))
		model.Performance(t.Context(), m, frames["test"], metrics.Options{GainsLiftBins: -1}) //nolint:errcheck // it must not panic
	})
}

// mend corrects the checksums of a model file, so that changes get past them.
func mend(b []byte) {
	for at := 12; len(b)-at >= 12; {
		n := binary.LittleEndian.Uint64(b[at:])
		if n > uint64(len(b)-at-12) {
			return
		}
		s := b[at+12 : at+12+int(n)]
		binary.LittleEndian.PutUint32(b[at+8:], crc32.Checksum(s, crc32.MakeTable(crc32.Castagnoli)))
		at += 12 + int(n)
	}
}
