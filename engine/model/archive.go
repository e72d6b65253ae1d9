package model

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/table"
)

// A model file is
//
//	magic "GEYSERM\n" | version u32 | three sections
//
// where each section is: length u64 | CRC-32C u32 | bytes. The sections are the
// Identity (who, when: differs between equal trainings), the Info without its
// Identity, and the algorithm's own payload. The last two are the model payload:
// same data, parameters and seed give the same bytes. Identity and Info are
// deterministic CBOR (RFC 8949, section 4.2), numbers are little-endian.
const (
	magic   = "GEYSERM\n"
	version = 2 // 1 knew no encodings, calibration and balancing
	// sectionLimit keeps a damaged length from asking for absurd memory.
	sectionLimit = 8 << 30
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	encoding   = must(cbor.EncOptions{
		Sort: cbor.SortBytewiseLexical, ShortestFloat: cbor.ShortestFloatNone,
		NaNConvert: cbor.NaNConvert7e00, InfConvert: cbor.InfConvertNone,
		Time: cbor.TimeRFC3339Nano, IndefLength: cbor.IndefLengthForbidden,
	}.EncMode())
	decoding = must(cbor.DecOptions{
		MaxArrayElements: 1 << 27, MaxMapPairs: 1 << 24, IndefLength: cbor.IndefLengthForbidden,
		IntDec: cbor.IntDecConvertSignedOrFail,
	}.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Marshal encodes a value as deterministic CBOR: for the payloads of algorithms.
func Marshal(v any) ([]byte, error) { return encoding.Marshal(v) }

// Unmarshal decodes what Marshal wrote.
func Unmarshal(b []byte, v any) error { return decoding.Unmarshal(b, v) }

// Write writes a model in Geyser's own format.
func Write(w io.Writer, m Model) error {
	identity, err := Marshal(m.Info().Identity)
	if err != nil {
		return err
	}
	info, payload, err := payloadOf(m)
	if err != nil {
		return err
	}
	var head [12]byte
	copy(head[:], magic)
	binary.LittleEndian.PutUint32(head[8:], version)
	if _, err := w.Write(head[:]); err != nil {
		return err
	}
	for _, s := range [][]byte{identity, info, payload} {
		var h [12]byte
		binary.LittleEndian.PutUint64(h[:], uint64(len(s)))
		binary.LittleEndian.PutUint32(h[8:], crc32.Checksum(s, castagnoli))
		if _, err := w.Write(h[:]); err != nil {
			return err
		}
		if _, err := w.Write(s); err != nil {
			return err
		}
	}
	return nil
}

// payloadOf returns the two deterministic sections of a model.
func payloadOf(m Model) (info, payload []byte, err error) {
	bare := *m.Info()
	bare.Identity = Identity{}
	if info, err = Marshal(&bare); err != nil {
		return nil, nil, err
	}
	payload, err = m.Payload()
	return info, payload, err
}

// Checksum identifies what a model has learnt: equal payloads, equal checksums.
func Checksum(m Model) (int64, error) {
	if sum := m.Info().checksum; sum != 0 {
		return sum, nil
	}
	payload, err := m.Payload()
	return checksum(payload), err
}

func checksum(payload []byte) int64 {
	return int64(crc32.Checksum(payload, castagnoli))<<32 | int64(crc32.ChecksumIEEE(payload))
}

// PayloadBytes returns the part of a model file that equal trainings share.
func PayloadBytes(m Model) ([]byte, error) {
	info, payload, err := payloadOf(m)
	return append(info, payload...), err
}

// Read reads a model file. find returns the algorithm of a name. A file that is
// damaged, of a newer version or of an unknown algorithm is Invalid.
func Read(r io.Reader, find func(algo string) (*Algo, bool)) (Model, error) {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil || string(head[:8]) != magic {
		return nil, errs.Invalidf("dir", "not a Geyser model file")
	}
	if v := binary.LittleEndian.Uint32(head[8:]); v < 1 || v > version {
		return nil, errs.Invalidf("dir", "the model file has format version %d, this release reads versions 1 to %d", v, version)
	}
	var sections [3][]byte
	var err error
	for i := range sections {
		if sections[i], err = readSection(r); err != nil {
			return nil, err
		}
	}
	info := new(Info)
	if err := Unmarshal(sections[1], info); err != nil {
		return nil, errs.Invalidf("dir", "the model file is damaged: %v", err)
	}
	if err := Unmarshal(sections[0], &info.Identity); err != nil {
		return nil, errs.Invalidf("dir", "the model file is damaged: %v", err)
	}
	if err := info.check(); err != nil {
		return nil, errs.Invalidf("dir", "the model file is damaged: %v", err)
	}
	a, ok := find(info.Algo)
	if !ok {
		return nil, errs.Unavailablef("dir", "the model is of algorithm %q, which this release does not have", info.Algo)
	}
	if info.Parameters, err = a.describe(info); err != nil {
		return nil, errs.Invalidf("dir", "the model file is damaged: %v", err)
	}
	info.checksum = checksum(sections[2])
	m, err := a.Load(info, sections[2])
	if err != nil {
		return nil, errs.Invalidf("dir", "the model file is damaged: %v", err)
	}
	return m, nil
}

// check reports what is wrong with an Info from a file: all that its readers
// take for granted.
func (i *Info) check() error {
	if len(i.Kinds) != len(i.Names) || len(i.Domains) != len(i.Names) || i.Predictors < 0 || i.Predictors > len(i.Names) {
		return fmt.Errorf("%d names, %d kinds, %d domains, %d predictors", len(i.Names), len(i.Kinds), len(i.Domains), i.Predictors)
	}
	if i.Response != "" && len(i.Names) == 0 {
		return fmt.Errorf("response %q is not among the names", i.Response)
	}
	if e := i.Encoding; e != nil {
		if err := e.Check(); err != nil {
			return err
		}
		names, made := e.Encoded(), map[string][]string{}
		for k, domain := range e.Levels() {
			made[names[k]] = domain
		}
		if len(made) != i.Predictors {
			return fmt.Errorf("encoding makes %d predictors, not the %d of the model", len(made), i.Predictors)
		}
		for k, name := range i.Names[:i.Predictors] {
			domain, ok := made[name]
			if !ok || (domain != nil) != (i.Kinds[k] == frame.Enum) || !slices.Equal(domain, i.Domains[k]) {
				return fmt.Errorf("encoding does not make predictor %q", name)
			}
		}
	}
	classes := len(i.Classes())
	if len(i.Prior) != len(i.Sampled) || i.Prior != nil && len(i.Prior) != classes {
		return fmt.Errorf("shares of %d and %d classes, there are %d", len(i.Prior), len(i.Sampled), classes)
	}
	if c := i.Calibration; c != nil {
		if i.Category != Binomial {
			return fmt.Errorf("calibration of category %s", i.Category)
		}
		if err := c.check(); err != nil {
			return err
		}
	}
	switch {
	case i.Category == Binomial && classes != 2, i.Category == Multinomial && classes < 2, i.Category == Regression && classes != 0:
		return fmt.Errorf("category %s with %d classes", i.Category, classes)
	}
	train, valid := historyMetrics(i.Category)
	for _, h := range append([][]Scored{i.History}, i.FoldHistory...) {
		for _, s := range h {
			if s.Train != nil && len(s.Train) != len(train) || s.Valid != nil && len(s.Valid) != len(valid) {
				return fmt.Errorf("scoring history of another width than %d and %d", len(train), len(valid))
			}
		}
	}
	tables := []*table.Table{i.Summary, i.Importance, i.CVSummary}
	for _, t := range i.Tables {
		tables = append(tables, t)
	}
	for _, t := range tables {
		if t == nil {
			continue
		}
		for _, c := range t.Columns {
			if len(c.Cells) != t.Rows() {
				return fmt.Errorf("table %q has columns of %d and %d rows", t.Name, t.Rows(), len(c.Cells))
			}
		}
	}
	return nil
}

// readSection reads one section and checks it.
func readSection(r io.Reader) ([]byte, error) {
	var h [12]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return nil, errs.Invalidf("dir", "the model file is cut short")
	}
	n := binary.LittleEndian.Uint64(h[:])
	if n > sectionLimit {
		return nil, errs.Invalidf("dir", "the model file is damaged: a section of %d bytes", n)
	}
	var b bytes.Buffer
	if got, err := io.CopyN(&b, r, int64(n)); err != nil {
		return nil, errs.Invalidf("dir", "the model file is cut short: %d bytes of %d", got, n)
	}
	if crc32.Checksum(b.Bytes(), castagnoli) != binary.LittleEndian.Uint32(h[8:]) {
		return nil, errs.Invalidf("dir", "the model file is damaged: wrong checksum")
	}
	return b.Bytes(), nil
}
