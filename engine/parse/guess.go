package parse

import (
	"bytes"
	"context"
	"errors"
	"io"
	"regexp"
	"strconv"

	"github.com/geyser-ml/geyser/engine/errs"
)

const (
	previewLines = 10 // of all sources together, the header with them
	chunkSize    = 4 << 20
)

// windows are the lengths of a file's beginning that Guess looks at: the second
// when the first holds too few lines.
var windows = [...]int{chunkSize, 64 << 20}

// separators in the order in which they are tried.
var separators = []byte{1, ',', ';', '|', '\t', ' '}

// Guess looks at the first lines of each source and returns in with what it leaves
// unknown filled in, a preview with it. Sources must agree in their number of columns.
func Guess(ctx context.Context, sources []Source, in Setup) (Setup, error) {
	if err := in.check(); err != nil {
		return in, err
	}
	if len(sources) == 0 {
		return in, errNoSources()
	}
	out := in
	out.Type, out.Data, out.Warnings = CSV, nil, nil
	if out.ChunkSize <= 0 {
		out.ChunkSize = chunkSize
	}
	var first string // file, once there was one
	var tallies []tally
	for _, s := range sources {
		heads, err := readHeads(ctx, s)
		if err != nil {
			return in, err
		}
		for _, h := range heads {
			n := out.NumberColumns
			rows, err := h.rows(&out)
			if err != nil {
				return in, err
			}
			if first != "" && columns(rows.cells) != n {
				return in, errs.Invalidf("source_frames", "%s has %d columns, %s has %d: parse them apart", first, n, h.name, columns(rows.cells))
			}
			header := first != "" && out.CheckHeader == 1 && out.named(rows.cells[0])
			if first == "" {
				first = h.name
				out.begin(rows.cells)
				tallies = make([]tally, out.NumberColumns)
				header = out.CheckHeader == 1
			}
			skip := 0
			if header {
				skip = 1
			}
			out.preview(rows.raw[skip:])
			d := out.dialect(h.data)
			h.count(&d, skip, tallies)
		}
	}
	out.finish(in.ColumnTypes, tallies)
	return out, nil
}

// head is the beginning of a file's text.
type head struct {
	name  string
	data  []byte
	whole bool // there is no more
}

// sample is the lines of a file's preview.
type sample struct {
	cells [][]token
	raw   [][]token // with doubled quotes as they stand
}

// columns guesses the number of columns: the first line's cells, or more if the
// next two agree on more.
func columns(cells [][]token) int {
	n := len(cells[0])
	if len(cells) > 2 && len(cells[1]) == len(cells[2]) {
		n = max(n, len(cells[1]))
	}
	return n
}

// readHeads returns the beginnings of the texts in a source.
func readHeads(ctx context.Context, s Source) ([]head, error) {
	f, magic, size, err := openFile(s)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if t := foreign(magic); t != "" {
		return nil, errs.Unavailablef("parse_type", "%s is of type %s, which cannot be read yet: convert it to CSV", s.Name, t)
	}
	list := []part{{s.Name, func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(f, 0, size)), nil }, size}}
	if kind := formatOf(magic); kind != plain {
		if list, err = parts(s, f, kind, size); err != nil {
			return nil, err
		}
	}
	var out []head
	for _, p := range list {
		for _, n := range windows {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			h, err := p.head(n)
			if err != nil {
				return nil, err
			}
			if h.whole || bytes.Count(h.data, []byte{lineEnd(h.data)}) > 2*previewLines || n == windows[len(windows)-1] {
				out = append(out, h)
				break
			}
		}
	}
	return out, nil
}

// head reads the first n bytes of a part.
func (p part) head(n int) (head, error) {
	r, err := p.open()
	if err != nil {
		return head{}, damaged(p.name, err)
	}
	defer r.Close()
	var buf bytes.Buffer
	// Why: a buffer that grows by itself leaves twice its size behind.
	buf.Grow(int(min(int64(n), p.size)) + bytes.MinRead)
	got, err := io.Copy(&buf, io.LimitReader(r, int64(n)))
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return head{}, damaged(p.name, err)
	}
	return head{p.name, bytes.TrimPrefix(buf.Bytes(), byteOrderMark), got < int64(n)}, nil
}

// rows reads the first lines, having guessed the separator if s has none.
func (h head) rows(s *Setup) (sample, error) {
	if err := h.text(); err != nil {
		return sample{}, err
	}
	d := s.dialect(h.data)
	var out sample
	if h.whole || bytes.IndexByte(h.data, d.eol) >= 0 {
		if s.Separator == 0 {
			s.Separator = h.separator(s)
		}
		d.sep = s.Separator
		out = sample{cells: h.lines(&d, false), raw: h.lines(&d, true)}
	}
	if len(out.cells) == 0 {
		if d.skip(h.data, 0) == len(h.data) {
			return out, errFileType(h.name)
		}
		return out, errs.Invalidf("source_frames", "the first line of %s does not end within %d bytes: is it delimited text?", h.name, len(h.data))
	}
	if n := columns(out.cells); n > maxColumns {
		return out, errs.Invalidf("source_frames", "%s has more than %d columns", h.name, maxColumns)
	}
	return out, nil
}

func errFileType(name string) error {
	return errs.Invalidf("source_frames", "Cannot determine file type. for %s", name)
}

// text checks that the bytes can be delimited text.
func (h head) text() error {
	if bytes.HasPrefix(h.data, []byte{0xFF, 0xFE}) || bytes.HasPrefix(h.data, []byte{0xFE, 0xFF}) {
		return errs.Invalidf("source_frames", "%s is UTF-16: convert it to UTF-8", h.name)
	}
	look, odd := h.data[:min(len(h.data), 64<<10)], 0
	for _, c := range look {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != 1 {
			odd++
		}
	}
	if odd*20 > len(look) {
		return errFileType(h.name)
	}
	if t := marked(look); t != "" {
		return errs.Unavailablef("parse_type", "%s is of type %s, which cannot be read yet: convert it to CSV", h.name, t)
	}
	return nil
}

// sparse is a line of an SVMLight file: a number, then index:value pairs.
var sparse = regexp.MustCompile(`^[-+]?[0-9.]+([eE][-+]?[0-9]+)?( (qid|[0-9]+):[-+0-9.eE]+)+ *(#.*)?\r?$`)

// marked returns the type of a text that is no table of delimited cells, "" for
// one that may be: ARFF, whose first word is @relation, or SVMLight, whose first
// two lines are pairs.
func marked(text []byte) Type {
	var seen int
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		switch {
		case len(line) == 0 || line[0] == '%' || line[0] == '#':
			continue
		case len(line) > 9 && bytes.EqualFold(line[:9], []byte("@relation")) && (line[9] == ' ' || line[9] == '\t'):
			return ARFF
		case !sparse.Match(line):
			return ""
		}
		if seen++; seen == 2 {
			return SVMLight
		}
	}
	return ""
}

// lines reads up to previewLines rows that end within the head.
func (h head) lines(d *dialect, raw bool) (rows [][]token) {
	p := d.skip(h.data, 0)
	for p < len(h.data) && len(rows) < previewLines {
		cells, next := d.line(h.data, p, maxColumns+1, raw)
		if next == len(h.data) && !h.whole && h.data[next-1] != d.eol {
			break
		}
		rows = append(rows, cells)
		p = d.skip(h.data, next)
	}
	return rows
}

// separator takes the first candidate that two lines in succession have equally
// often, if it is not far rarer than one before it; else the one that the first
// line has most often; else a space.
func (h head) separator(s *Setup) byte {
	n := len(separators)
	counts := make([][]int, n) // by candidate and line
	lines := 1
	for i, sep := range separators {
		try := *s
		try.Separator = sep
		d := try.dialect(h.data)
		for _, cells := range h.lines(&d, true) {
			counts[i] = append(counts[i], len(cells)-1)
		}
		if len(counts[i]) == 0 {
			counts[i] = []int{0}
		}
		lines = max(lines, len(counts[i]))
	}
	at := func(i, line int) int { return counts[i][min(line, len(counts[i])-1)] }
	for line := 0; line < max(1, lines-1); line++ {
		most := 0
		for i, sep := range separators {
			if c := at(i, line); c > 0 && c == at(i, line+1) && c >= most/2 {
				return sep
			}
			most = max(most, at(i, line))
		}
	}
	best := n - 1
	for i := n - 2; i >= 0; i-- {
		if at(i, 0) > 0 && at(i, 0) >= at(best, 0) {
			best = i
		}
	}
	return separators[best]
}

// begin sets what the first file's lines say of header, names and columns.
func (s *Setup) begin(cells [][]token) {
	if s.CheckHeader == 0 {
		s.CheckHeader = -1
		if words(cells[0]) && (len(cells) == 1 || !words(cells[1])) {
			s.CheckHeader = 1
		}
	}
	if s.CheckHeader == 1 && s.ColumnNames == nil {
		for _, c := range cells[0] {
			s.ColumnNames = append(s.ColumnNames, c.name())
		}
	}
	s.NumberColumns = max(columns(cells), len(s.ColumnNames))
}

// name returns the cell as a column's name.
func (t token) name() string { return string(clean([]byte(t.text))) }

// words reports whether no cell is a number, a time or a UUID, as in a header.
func words(cells []token) bool {
	for _, c := range cells {
		if c.kind() == Numeric || c.kind() == Time || c.kind() == UUID {
			return false
		}
	}
	return true
}

// named reports whether a line's cells are the columns' names, as a header's are.
func (s *Setup) named(cells []token) bool {
	for i, c := range cells {
		if i < len(s.ColumnNames) && s.ColumnNames[i] != c.name() && (c.text != "" || s.ColumnNames[i] != columnName(i)) {
			return false
		}
	}
	return true
}

// columnName is what column i is called when nothing else is known.
func columnName(i int) string { return "C" + strconv.Itoa(i+1) }

// preview adds lines to s.Data until there are enough.
//
// H2O: doubled quotes stay doubled here.
func (s *Setup) preview(lines [][]token) {
	limit := previewLines
	if s.CheckHeader == 1 {
		limit--
	}
	for _, cells := range lines[:min(len(lines), limit-len(s.Data))] {
		line := make([]string, len(cells))
		for i, c := range cells {
			line[i] = c.name()
		}
		s.Data = append(s.Data, line)
	}
}

// finish chooses the types that were not given.
func (s *Setup) finish(given []ColumnType, tallies []tally) {
	s.ColumnTypes = make([]ColumnType, max(s.NumberColumns, len(given)))
	s.NumberColumns = len(s.ColumnTypes)
	for i := range s.ColumnTypes {
		switch {
		case i < len(given) && given[i] != Unknown:
			s.ColumnTypes[i] = given[i]
		case i < len(tallies):
			s.ColumnTypes[i] = tallies[i].choose()
		default:
			s.ColumnTypes[i] = Numeric
		}
	}
}
