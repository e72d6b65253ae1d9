package rapids

import (
	"bufio"
	"context"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
)

// Scripts (testdata/*.rap) are lines of words, # starts a comment line:
//
//	load KEY FILE          a frame from a CSV file in testdata: numbers, or categories
//	given KEY              a frame; its columns follow, one a line, indented:
//	  NAME KIND CELL...    KIND is int, real, enum, string, time or bad; NA is missing.
//	                       enum(a,b) states the domain, which is otherwise the sorted labels
//	eval EXPRESSION        evaluated in the script's only session; then one of
//	num V | nums V... | str S | strs S... | fun S | nothing
//	error S                the message contains S
//	frame ROWS COLS        columns may follow as above: the first cells of those that
//	                       are named, and the kind; any matches all kinds
//
// Words with blanks are quoted as in Go.

// objects is a host in memory.
type objects struct {
	frames map[string]*frame.Frame
	models map[string]any
	zone   string
	room   int64 // 0 for no limit
}

func newObjects() *objects {
	return &objects{frames: map[string]*frame.Frame{}, models: map[string]any{}, zone: "UTC"}
}

func (o *objects) Frame(key string) (*frame.Frame, bool, error) {
	f, ok := o.frames[key]
	return f, ok, nil
}
func (o *objects) Object(key string) (any, bool) { v, ok := o.models[key]; return v, ok }
func (o *objects) Put(key string, f *frame.Frame, _ string) error {
	o.frames[key] = f
	return nil
}
func (o *objects) Remove(key string) (bool, error) {
	_, f := o.frames[key]
	_, m := o.models[key]
	delete(o.frames, key)
	delete(o.models, key)
	return f || m, nil
}
func (o *objects) Keys() []string { return append(sortedKeys(o.frames), sortedKeys(o.models)...) }
func (o *objects) Room(bytes int64) error {
	if o.room > 0 && bytes > o.room {
		return errs.Unavailablef("ast", "not enough memory")
	}
	return nil
}

// ResetThreshold has one model, whose threshold was a half.
func (o *objects) ResetThreshold(key string, threshold float64) (float64, error) {
	if threshold < 0 || threshold > 1 {
		return 0, errs.Invalidf("threshold", "%s cannot have it", key)
	}
	return 0.5, nil
}
func (o *objects) Zone() string        { return o.zone }
func (o *objects) SetZone(name string) { o.zone = name }

func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.rap")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".rap"), func(t *testing.T) { runScript(t, file) })
	}
}

func runScript(t *testing.T, file string) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	host := newObjects()
	host.models["model"] = 1
	s := NewSession("_sid_t", host)
	var ( // the block that is being read
		words []string
		rest  string
		lines [][]string
		got   Value
		fail  error
		line  int
		at    int
	)
	finish := func() {
		if len(words) == 0 {
			return
		}
		where := fmt.Sprintf("%s:%d", file, at)
		switch words[0] {
		case "load":
			host.frames[words[1]] = loadCSV(t, words[2])
		case "given":
			host.frames[words[1]] = given(t, lines)
		case "eval":
			got, fail = s.Eval(context.Background(), rest)
		default:
			check(t, where, words, lines, got, fail)
		}
		words, lines = nil, nil
	}
	for in := bufio.NewScanner(f); in.Scan(); {
		text := in.Text()
		line++
		switch {
		case strings.TrimSpace(text) == "" || text[0] == '#':
		case text[0] == ' ':
			lines = append(lines, split(t, text))
		default:
			finish()
			at = line
			if expr, ok := strings.CutPrefix(text, "eval "); ok {
				words, rest = []string{"eval"}, expr
			} else {
				words = split(t, text)
			}
		}
	}
	finish()
}

func split(t *testing.T, line string) []string {
	t.Helper()
	var out []string
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		if line[0] != '"' {
			w, rest, _ := strings.Cut(line, " ")
			out, line = append(out, w), rest
			continue
		}
		q, err := strconv.QuotedPrefix(line)
		if err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		w, _ := strconv.Unquote(q)
		out, line = append(out, w), line[len(q):]
	}
	return out
}

func numbers(t *testing.T, words []string) []float64 {
	t.Helper()
	out := make([]float64, len(words))
	for i, w := range words {
		v, err := strconv.ParseFloat(strings.Replace(w, "NA", "NaN", 1), 64)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = v
	}
	return out
}

func given(t *testing.T, lines [][]string) *frame.Frame {
	t.Helper()
	var names []string
	var cols []*frame.Column
	for _, l := range lines {
		names, cols = append(names, l[0]), append(cols, column(t, l[1], l[2:]))
	}
	return frame.Must(frame.New(names, cols))
}

func column(t *testing.T, kind string, cells []string) *frame.Column {
	t.Helper()
	kind, domain, stated := strings.Cut(kind, "(")
	switch kind {
	case "int":
		return frame.NewReals(numbers(t, cells))
	case "real":
		return frame.NewFloats(numbers(t, cells))
	case "time":
		return asTime(frame.NewReals(numbers(t, cells)))
	case "bad":
		return frame.NewBad(len(cells))
	case "string":
		return frame.NewStrings(cells, func(i int) bool { return cells[i] == "NA" })
	case "uuid":
		ids := make([][16]byte, len(cells))
		for i := range ids {
			ids[i][15] = byte(i)
		}
		return frame.NewUUIDs(ids, func(i int) bool { return cells[i] == "NA" })
	case "enum":
		levels := strings.Split(strings.TrimSuffix(domain, ")"), ",")
		if !stated {
			levels = slices.DeleteFunc(slices.Clone(cells), func(s string) bool { return s == "NA" })
			slices.Sort(levels)
			levels = slices.Compact(levels)
		}
		codes := make([]int32, len(cells))
		for i, c := range cells {
			codes[i] = int32(slices.Index(levels, c))
		}
		return frame.NewCodes(codes, levels)
	}
	t.Fatalf("kind %s", kind)
	return nil
}

func loadCSV(t *testing.T, name string) *frame.Frame {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var lines [][]string
	for k, title := range rows[0] {
		l := []string{title, "int"}
		for _, r := range rows[1:] {
			cell := r[k]
			if cell == "" {
				cell = "NA"
			} else if _, err := strconv.ParseFloat(cell, 64); err != nil {
				l[1] = "enum"
			}
			l = append(l, cell)
		}
		lines = append(lines, l)
	}
	return given(t, lines)
}

func check(t *testing.T, where string, want []string, lines [][]string, got Value, err error) {
	t.Helper()
	if want[0] == "error" {
		switch {
		case err == nil:
			t.Errorf("%s: got %v, want error %q", where, got, want[1])
		case !strings.Contains(err.Error(), want[1]):
			t.Errorf("%s: got error %q, want %q", where, err, want[1])
		case errs.KindOf(err) == errs.Internal:
			t.Errorf("%s: error %q is internal", where, err)
		}
		return
	}
	if err != nil {
		t.Errorf("%s: %v", where, err)
		return
	}
	var text string
	switch got := got.(type) {
	case nil:
		text = "nothing"
	case Num:
		if want[0] == "num" && near(float64(got), numbers(t, want[1:])[0]) {
			return
		}
		text = fmt.Sprintf("num %v", float64(got))
	case Nums:
		if want[0] == "nums" && slices.EqualFunc(got, numbers(t, want[1:]), near) {
			return
		}
		text = fmt.Sprintf("nums %v", []float64(got))
	case Str:
		text = "str " + string(got)
	case Strs:
		text = "strs " + strings.Join(got, " ")
	case Func:
		text = "fun " + got.String()
	case Frame:
		if text = fmt.Sprintf("frame %d %d", got.NumRows(), got.NumCols()); text == strings.Join(want, " ") {
			checkColumns(t, where, lines, got.Frame)
			return
		}
	}
	if text != strings.Join(want, " ") {
		t.Errorf("%s: got %s, want %s", where, text, strings.Join(want, " "))
	}
}

func near(a, b float64) bool {
	return a == b || a != a && b != b || math.Abs(a-b) <= 1e-12*max(1, math.Abs(a), math.Abs(b))
}

func checkColumns(t *testing.T, where string, lines [][]string, f *frame.Frame) {
	t.Helper()
	at := -1
	for _, l := range lines {
		i := f.Index(l[0])
		if i <= at {
			t.Errorf("%s: columns are %q, want %s behind column %d", where, f.Names(), l[0], at)
			continue
		}
		at = i
		kind, domain, stated := strings.Cut(l[1], "(")
		c := f.Column(i)
		if k := c.Kind().String(); k != kind && kind != "any" {
			t.Errorf("%s: %s is %s, want %s", where, l[0], k, kind)
			continue
		}
		if d := strings.Join(c.Domain(), ","); stated && d+")" != domain {
			t.Errorf("%s: %s has levels %s, want %s", where, l[0], d, domain)
		}
		for row, want := range l[2:] {
			if row >= c.Len() {
				t.Errorf("%s: %s has only %d rows", where, l[0], c.Len())
				break
			}
			switch {
			case c.Missing(row) || want == "NA":
				if !c.Missing(row) || want != "NA" {
					t.Errorf("%s: %s[%d] is %q, want %q", where, l[0], row, c.Text(row), want)
				}
			case kind == "enum" || kind == "string" || kind == "uuid":
				if c.Text(row) != want {
					t.Errorf("%s: %s[%d] is %q, want %q", where, l[0], row, c.Text(row), want)
				}
			case !near(c.Float(row), numbers(t, []string{want})[0]):
				t.Errorf("%s: %s[%d] is %v, want %s", where, l[0], row, c.Float(row), want)
			}
		}
	}
}
