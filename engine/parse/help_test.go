package parse

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/geyser-ml/geyser/engine/frame"
)

// file writes text to a new file and returns it as a source.
func file(t testing.TB, name, text string) Source {
	t.Helper()
	path := filepath.Join(t.TempDir(), filepath.Base(name))
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return Source{Name: name, Path: path}
}

// ranged sets the size of a range for the rest of a test.
func ranged(t testing.TB, size int) {
	old := rangeSize
	rangeSize = size
	t.Cleanup(func() { rangeSize = old })
}

// show writes a frame as one line a column: name, kind, domain, cells; NA is a
// missing value.
func show(f *frame.Frame) string {
	var sb strings.Builder
	for i := range f.NumCols() {
		c := f.Column(i)
		fmt.Fprintf(&sb, "%s %s", f.Name(i), c.Kind())
		if c.Kind() == frame.Enum {
			fmt.Fprintf(&sb, "%q", c.Domain())
		}
		for r := range f.NumRows() {
			switch {
			case c.Missing(r):
				sb.WriteString(" NA")
			case c.Kind() == frame.Enum:
				fmt.Fprintf(&sb, " %d", c.Code(r))
			case c.Kind() == frame.String:
				fmt.Fprintf(&sb, " %q", c.Text(r))
			case c.Kind() == frame.UUID:
				sb.WriteString(" " + c.Text(r))
			default:
				fmt.Fprintf(&sb, " %v", c.Float(r))
			}
		}
		sb.WriteByte('\n')
	}
	return sb.String()
}

// read guesses and parses a text.
func read(t testing.TB, text string, s Setup, opt Options) (*frame.Frame, error) {
	t.Helper()
	src := []Source{file(t, "t.csv", text)}
	s, err := Guess(context.Background(), src, s)
	if err != nil {
		return nil, err
	}
	f, _, err := Parse(context.Background(), src, s, "", opt)
	return f, err
}

func words2types(t testing.TB, list string) (out []ColumnType) {
	t.Helper()
	for _, w := range strings.Fields(list) {
		c, err := ParseColumnType(w)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	return out
}

func join(types []ColumnType) string {
	words := make([]string, len(types))
	for i, c := range types {
		words[i] = c.String()
	}
	return strings.Join(words, " ")
}
