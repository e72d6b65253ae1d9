package parse

import (
	"cmp"
	"slices"
	"strings"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/kernels/par"
)

// maxLevels bounds the levels of a category: with more it becomes text.
var maxLevels = 10_000_000

// merged is a column of the frame to be.
type merged struct {
	frame.Layout
	lane   int                   // in the scanners
	codes  map[*scanner][]int32  // Enum: final code by the scanner's code, -1 missing
	texts  map[*scanner][][]byte // Enum turned String: text by the scanner's code, nil missing
	starts []int64               // String: where each block's text starts
}

// merge finds out, from all blocks in order, how each column will be stored.
func (j *run) merge() []merged {
	skip := make([]bool, len(j.names))
	for _, i := range j.setup.Skipped {
		skip[i] = true
	}
	var out []merged
	for i, name := range j.names {
		if !skip[i] {
			out = append(out, merged{Layout: frame.Layout{Name: name}, lane: i})
		}
	}
	for _, t := range j.tasks {
		for _, b := range t.blocks {
			b.at, b.seq = j.rows, len(j.blocks)
			j.rows += b.rows
			j.blocks = append(j.blocks, b)
		}
	}
	par.Do(j.opt.Threads, len(out), func(i int) { out[i].from(j.blocks, j.all, j.setup) })
	return out
}

func (m *merged) from(blocks []*block, scanners []*scanner, s *Setup) {
	var widest frame.DType
	for _, b := range blocks {
		c := b.cols[m.lane]
		widest = max(widest, c.dtype)
		m.Missing = m.Missing || c.missing > 0
	}
	switch s.ColumnTypes[m.lane] {
	case Numeric:
		m.Kind, m.DType = frame.Int, max(widest, frame.I8)
		if widest == frame.F64 {
			m.Kind = frame.Real
		}
	case Time:
		m.Kind, m.DType = frame.Time, frame.I64
	case String:
		m.Kind, m.DType = frame.String, frame.Text
		for _, b := range blocks {
			m.starts = append(m.starts, m.TextBytes)
			m.TextBytes += int64(b.cols[m.lane].bytes)
		}
	case UUID:
		m.Kind, m.DType = frame.UUID, frame.U128
	case Enum:
		var nas []string
		if m.lane < len(s.NAStrings) {
			nas = s.NAStrings[m.lane]
		}
		m.levels(blocks, scanners, nas)
	default:
		m.Kind, m.DType = frame.Bad, frame.None
	}
}

// entry is one level of one scanner.
type entry struct {
	text    string
	scanner int
	code    int32
}

// levels sorts the union of the scanners' levels bytewise.
func (m *merged) levels(blocks []*block, scanners []*scanner, nas []string) {
	var all []entry
	m.codes = make(map[*scanner][]int32, len(scanners))
	for k, sc := range scanners {
		dict := sc.lanes[m.lane].dict
		joined := string(dict.text)
		for c := range dict.len() {
			from := 0
			if c > 0 {
				from = dict.ends[c-1]
			}
			s := joined[from:dict.ends[c]]
			if !ascii(dict.level(c)) {
				s = string(clean(dict.level(c)))
			}
			all = append(all, entry{s, k, int32(c)})
		}
		m.codes[sc] = make([]int32, dict.len())
	}
	slices.SortFunc(all, func(a, b entry) int {
		return cmp.Or(strings.Compare(a.text, b.text), a.scanner-b.scanner, int(a.code-b.code))
	})
	var domain []string
	code := int32(-1)
	for i, e := range all {
		if i == 0 || e.text != all[i-1].text {
			if slices.Contains(nas, e.text) {
				code, m.Missing = -1, true
			} else {
				code = int32(len(domain))
				domain = append(domain, e.text)
			}
		}
		m.codes[scanners[e.scanner]][e.code] = code
	}
	if len(domain) <= maxLevels {
		m.Kind, m.Domain, m.DType = frame.Enum, domain, intType(uint64(max(0, len(domain)-1)))
		return
	}
	m.spell(blocks, domain)
}

// spell turns the category into text: by code, which text it is.
func (m *merged) spell(blocks []*block, domain []string) {
	m.Kind, m.DType = frame.String, frame.Text
	m.texts = make(map[*scanner][][]byte, len(m.codes))
	for sc, codes := range m.codes {
		texts := make([][]byte, len(codes))
		for c, k := range codes {
			if k >= 0 {
				texts[c] = []byte(domain[k])
			}
		}
		m.texts[sc] = texts
	}
	for _, b := range blocks {
		texts := m.texts[b.from]
		m.starts = append(m.starts, m.TextBytes)
		b.codes(m.lane, func(_ int, c int) {
			if c >= 0 {
				m.TextBytes += int64(len(texts[c]))
			}
		})
	}
}

// codes calls f with each row's code in a categorical column, -1 if missing.
func (b *block) codes(lane int, f func(row, code int)) {
	c := b.cols[lane]
	switch c.dtype {
	case frame.None:
		for i := range b.rows {
			f(i, -1)
		}
	case frame.I8:
		for i, v := range view[int8](b, c.off, b.rows) {
			f(i, max(-1, int(v)))
		}
	case frame.I16:
		for i, v := range view[int16](b, c.off, b.rows) {
			f(i, max(-1, int(v)))
		}
	case frame.I32:
		for i, v := range view[int32](b, c.off, b.rows) {
			f(i, max(-1, int(v)))
		}
	}
}
