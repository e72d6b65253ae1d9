package parse

import "bytes"

// tally counts the cells of one column by what they look like; empty ones do not
// count.
type tally struct {
	numbers, zeros, dates, uuids, strings int
	distinct                              map[string]bool // strings
}

// kind returns what a cell looks like by itself; Bad is an empty cell.
func (t token) kind() ColumnType { return kindOf([]byte(t.text), t.quoted) }

func kindOf(s []byte, quoted bool) ColumnType {
	switch {
	case len(s) == 0 && !quoted:
		return Bad
	case number(s).kind != none:
		return Numeric
	}
	if _, ok := instant(s, nil); ok {
		return Time
	}
	if _, ok := uuid(s); ok {
		return UUID
	}
	return String
}

// count adds the lines of a file's beginning to the tallies of its columns, but
// for the first skip lines.
//
// H2O: all lines of the first chunk take part, not only those of the preview.
func (h head) count(d *dialect, skip int, tallies []tally) {
	var buf []byte
	p := d.skip(h.data, 0)
	for line := 0; p < len(h.data); line++ {
		end := 0
		for col := 0; ; col++ {
			var text []byte
			var quoted bool
			if text, quoted, end = d.cell(h.data, p, &buf, false); end >= len(h.data) && !h.whole {
				return // a line that may go on behind the head
			}
			done := end == len(h.data) || h.data[end] == d.eol
			if done && !quoted {
				text = bytes.TrimRight(text, " \t")
			}
			if line >= skip && col < len(tallies) {
				tallies[col].add(text, quoted)
			}
			if done {
				break
			}
			p = end + 1
		}
		p = d.skip(h.data, min(end+1, len(h.data)))
	}
}

// add counts one cell.
func (t *tally) add(s []byte, quoted bool) {
	switch kindOf(s, quoted) {
	case Bad:
	case Numeric:
		if number(s) == (value{kind: whole}) {
			t.zeros++
		} else {
			t.numbers++
		}
	case Time:
		t.dates++
	case UUID:
		t.uuids++
	default:
		t.strings++
		if t.distinct == nil {
			t.distinct = make(map[string]bool)
		}
		if !t.distinct[string(s)] {
			t.distinct[string(s)] = true
		}
	}
}

// choose picks the type that suits most cells.
//
// H2O: the same order of rules (water.parser.PreviewParseWriter.guessTypes). Zeros
// count less than other numbers because they may stand for missing categories.
func (t *tally) choose() ColumnType {
	numeric := t.numbers + t.zeros
	levels := len(t.distinct)
	few := float64(levels) <= 0.95*float64(t.strings) // strings repeat
	switch {
	case numeric >= t.dates && numeric >= t.uuids && t.numbers >= t.strings:
		return Numeric
	case levels == 1 && t.dates == 0:
		if t.distinct["NA"] || t.distinct["na"] || t.distinct["Na"] || t.distinct["N/A"] || t.strings < numeric {
			return Numeric
		}
		return Enum
	case levels <= 1 && numeric > t.dates+t.uuids:
		return Numeric
	case t.dates > t.uuids && t.dates > numeric && (t.dates > t.strings || levels <= 1):
		return Time
	case t.uuids > t.dates && t.uuids > numeric && (t.uuids > t.strings || levels <= 1):
		return UUID
	case t.strings > t.dates && t.strings > t.uuids && t.strings > numeric && float64(levels) >= 0.95*float64(t.strings):
		return String
	case t.zeros > 0 && t.numbers+t.dates+t.uuids <= 1 && few:
		return Enum
	case t.strings >= numeric && few:
		return Enum
	}
	return Numeric
}
