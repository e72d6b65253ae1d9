package model

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/design"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/table"
)

func find(name string) (*Algo, bool) { return fake, name == "fake" }

// file returns the bytes of a model file.
func file(t testing.TB, m Model) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, Write(&b, m))
	return b.Bytes()
}

func trainedFile(t testing.TB, kv ...string) (Model, []byte) {
	run, issues := world(30).prepare(append([]string{"nfolds", "2", "weights_column", "w", "model_id", "m"}, kv...)...)
	require.NoError(t, issues.Err())
	res, err := run.Train(t.Context(), Hooks{})
	require.NoError(t, err)
	res.Model.Info().Numbers = map[string]float64{"b": math.NaN(), "a": math.Inf(1)}
	res.Model.Info().Tables = map[string]*table.Table{"x": table.New("X", "").Add("A", table.Double, "", 1.5, nil).Add("B", table.String, "", "t", int64(3))}
	return res.Model, file(t, res.Model)
}

func TestWriteRead(t *testing.T) {
	for _, response := range []string{"y", "yb", "ym"} {
		t.Run(response, func(t *testing.T) {
			m, b := trainedFile(t, "response_column", response, "validation_frame", "valid", "stopping_rounds", "3")
			got, err := Read(bytes.NewReader(b), find)
			require.NoError(t, err)
			require.Equal(t, b, file(t, got), "read and written again")
			want := *m.Info()
			want.Numbers, got.Info().Numbers = nil, nil // NaN
			require.Equal(t, want.Identity.Times[0].At, got.Info().Identity.Times[0].At.UTC())
			require.Equal(t, want.Parameters, got.Info().Parameters)
			require.Equal(t, want.Names, got.Info().Names)
			require.Equal(t, want.Tables, got.Info().Tables)
			require.Equal(t, fmt.Sprint(want.History), fmt.Sprint(got.Info().History), "as text: NaN differs from itself")
			require.Equal(t, m.(*fakeModel).seen, got.(*fakeModel).seen)
			a, err := Checksum(m)
			require.NoError(t, err)
			c, err := Checksum(got)
			require.NoError(t, err)
			require.Equal(t, a, c)
		})
	}
}

// The key and the clock are no part of what was learnt.
func TestPayloadBytes(t *testing.T) {
	payload := func(kv ...string) []byte {
		b, err := PayloadBytes(world(30).train(t, kv...).Model)
		require.NoError(t, err)
		return b
	}
	require.Equal(t, payload(), payload())
	require.Equal(t, payload(), payload("model_id", "m"))
	require.NotEqual(t, payload(), payload("response_column", "yb"))
}

func TestRead_Damaged(t *testing.T) {
	m, good := trainedFile(t)
	edit := func(f func(b []byte) []byte) []byte { return f(bytes.Clone(good)) }
	// section replaces section i and its checksum.
	section := func(i int, change func([]byte) []byte) []byte {
		out := bytes.Clone(good[:12])
		rest := good[12:]
		for k := range 3 {
			n := binary.LittleEndian.Uint64(rest)
			s := bytes.Clone(rest[12 : 12+n])
			rest = rest[12+n:]
			if k == i {
				s = change(s)
			}
			out = binary.LittleEndian.AppendUint64(out, uint64(len(s)))
			out = binary.LittleEndian.AppendUint32(out, crc32.Checksum(s, castagnoli))
			out = append(out, s...)
		}
		return out
	}
	info := func(change func(*Info)) []byte {
		return section(1, func(s []byte) []byte {
			var i Info
			require.NoError(t, Unmarshal(s, &i))
			change(&i)
			out, err := Marshal(&i)
			require.NoError(t, err)
			return out
		})
	}
	require.Equal(t, good, section(9, nil))
	for _, c := range []struct {
		name string
		file []byte
		text string
		kind errs.Kind
	}{
		{"Err empty", nil, "not a Geyser model file", errs.Invalid},
		{"Err other file", []byte("PK\x03\x04 and so on and so forth"), "not a Geyser model file", errs.Invalid},
		{"Err newer", edit(func(b []byte) []byte { b[8] = 3; return b }), "format version 3, this release reads versions 1 to 2", errs.Invalid},
		{"Err cut in a header", good[:15], "cut short", errs.Invalid},
		{"Err cut in a section", good[:len(good)-1], "cut short", errs.Invalid},
		{"Err a bit", edit(func(b []byte) []byte { b[len(b)-1] ^= 1; return b }), "wrong checksum", errs.Invalid},
		{"Err huge length", edit(func(b []byte) []byte { b[19] = 0x7f; return b }), "a section of", errs.Invalid},
		{"Err long length", edit(func(b []byte) []byte { b[15] = 0x10; return b }), "cut short", errs.Invalid},
		{"Err no CBOR", section(1, func([]byte) []byte { return []byte("xyz") }), "damaged", errs.Invalid},
		{"Err identity", section(0, func([]byte) []byte { return []byte{0x61} }), "damaged", errs.Invalid},
		{"Err payload", section(2, func([]byte) []byte { return []byte{0x61, 'x'} }), "damaged", errs.Invalid},
		{"Err array that claims to be long", section(2, func([]byte) []byte { return []byte{0x9b, 0, 0, 0, 0, 7, 0, 0, 0} }), "damaged", errs.Invalid},
		{"Err parameters", info(func(i *Info) { i.Actual = []byte{1} }), "damaged", errs.Invalid},
		{"Err other algorithm", info(func(i *Info) { i.Algo = "later" }), `algorithm "later", which this release does not have`, errs.Unavailable},
		{"Err kinds", info(func(i *Info) { i.Kinds = i.Kinds[1:] }), "names", errs.Invalid},
		{"Err predictors", info(func(i *Info) { i.Predictors = 99 }), "99 predictors", errs.Invalid},
		{"Err classes", info(func(i *Info) { i.Category = Binomial }), "category Binomial with 0 classes", errs.Invalid},
		{"Err nothing", info(func(i *Info) { *i = Info{Algo: "fake", Response: "y"} }), "is not among the names", errs.Invalid},
		{"Err history", info(func(i *Info) { i.History[0].Train = []float64{1} }), "scoring history of another width", errs.Invalid},
		{"Err encoding", info(func(i *Info) { i.Encoding = &design.Encoding{Scheme: "Binary"} }), "encoding makes 0 predictors", errs.Invalid},
		{"Err no encoding", info(func(i *Info) { i.Encoding = &design.Encoding{} }), "encoding", errs.Invalid},
		{"Err shares", info(func(i *Info) { i.Prior = []float64{1} }), "shares of 1 and 0 classes", errs.Invalid},
		{"Err shares of numbers", info(func(i *Info) { i.Prior, i.Sampled = []float64{1}, []float64{1} }), "shares of 1 and 1 classes, there are 0", errs.Invalid},
		{"Err calibration", info(func(i *Info) { i.Calibration = &Calibration{Method: platt} }), "calibration of category Regression", errs.Invalid},
		{"Err table", info(func(i *Info) { i.CVSummary.Columns[0].Cells = nil }), "table", errs.Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Read(bytes.NewReader(c.file), find)
			require.ErrorContains(t, err, c.text)
			require.Equal(t, c.kind, errs.KindOf(err))
			require.Equal(t, "dir", errs.FieldOf(err))
			require.Nil(t, got)
		})
	}
	require.NotNil(t, m)
}

// A file of version 1 has no encodings, balancing or calibration.
func TestRead_Version1(t *testing.T) {
	m, good := trainedFile(t)
	old := bytes.Clone(good[:12])
	old[8] = 1
	rest := good[12:]
	for k := range 3 {
		n := binary.LittleEndian.Uint64(rest)
		s := rest[12 : 12+n]
		rest = rest[12+n:]
		if k == 1 {
			var fields map[string]any
			require.NoError(t, Unmarshal(s, &fields))
			for _, name := range []string{"Encoding", "Prior", "Sampled", "Calibration"} {
				require.Contains(t, fields, name)
				delete(fields, name)
			}
			var err error
			s, err = Marshal(fields)
			require.NoError(t, err)
		}
		old = binary.LittleEndian.AppendUint64(old, uint64(len(s)))
		old = binary.LittleEndian.AppendUint32(old, crc32.Checksum(s, castagnoli))
		old = append(old, s...)
	}
	got, err := Read(bytes.NewReader(old), find)
	require.NoError(t, err)
	require.Equal(t, good, file(t, got))
	require.Equal(t, m.Info().Names, got.Info().Names)
	old[8] = 0
	_, err = Read(bytes.NewReader(old), find)
	require.ErrorContains(t, err, "format version 0")
}

// FuzzRead changes model files: none may panic, and one that is read can be
// looked at and written again.
func FuzzRead(f *testing.F) {
	_, good := trainedFile(f)
	f.Add(good, 0, byte(0))
	for _, scheme := range []string{"EnumLimited", "Eigen"} {
		_, encoded := trainedFile(f, "categorical_encoding", scheme)
		f.Add(encoded, len(encoded)/3, byte(1))
	}
	f.Add(good, len(good)/2, byte(0xff))
	f.Add(good[:20], 3, byte(1))
	f.Add([]byte(magic+"\x01\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\x7f"), 0, byte(0))
	f.Fuzz(func(t *testing.T, b []byte, at int, x byte) {
		b = bytes.Clone(b)
		if len(b) > 0 {
			b[uint(at)%uint(len(b))] ^= x
		}
		mend(b)
		m, err := Read(bytes.NewReader(b), find)
		if err != nil {
			require.Contains(t, []errs.Kind{errs.Invalid, errs.Unavailable}, errs.KindOf(err))
			return
		}
		info := m.Info()
		info.HistoryTable()
		info.FoldHistoryTables()
		file(t, m)
		if _, _, err := Adapt(m, frame.Must(frame.New([]string{"id", "c"}, []*frame.Column{frame.NewConst(1, 3), frame.NewCodes([]int32{0, 2, 1}, []string{"a", "b", "c"})}))); err != nil {
			require.Equal(t, errs.Invalid, errs.KindOf(err))
		}
	})
}

// mend corrects the checksums of a file, so that changes get past them.
func mend(b []byte) {
	for at := 12; len(b)-at >= 12; {
		n := binary.LittleEndian.Uint64(b[at:])
		if n > uint64(len(b)-at-12) {
			return
		}
		s := b[at+12 : at+12+int(n)]
		binary.LittleEndian.PutUint32(b[at+8:], crc32.Checksum(s, castagnoli))
		at += 12 + int(n)
	}
}
