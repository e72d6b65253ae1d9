package parse

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

// naive reads text as columns of text, one row after another.
func naive(text []byte, s *Setup) (rows [][]token) {
	d := s.dialect(text)
	for p := d.skip(text, 0); p < len(text); p = d.skip(text, p) {
		var row []token
		var buf []byte
		for {
			cell, quoted, end := d.cell(text, p, &buf, false)
			row = append(row, token{string(clean(cell)), quoted})
			p = end + 1
			if end >= len(text) || text[end] == d.eol {
				break
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{mixed, table(20), "a,b\n\"x\ny\",1\n", "\"\"\"\n\",\"\n\"\"\n", "#\"\na,\"b\n#\"\"\nc\",\n", "\r\n\r\"\r\n\r\n,\r",
		"a b\n \"c\n \" d\n", "\\\"a\\\"\n\"\\\"\n\\\n\",x\n", "\"a\"\"\n\"x\",\"y\"\n \t\"z\n\"", "1,2,3\n-,.,-.\n1e9999,00000000000000000000000000001,1.00000000000000000000000001\n",
		"\xEF\xBB\xBF\xff,\"\xfe\"\n", "1\n\n\n2\n"} {
		f.Add([]byte(s), byte(0))
		f.Add([]byte(s), byte(1))
		f.Add([]byte(s), byte(6))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte, flags byte) {
		path := filepath.Join(dir, "f.csv")
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		src := []Source{{"f.csv", path}}
		guessed, err := Guess(context.Background(), src, Setup{CheckHeader: int(flags>>4&1) * -1})
		parse := func(s Setup, size, threads int) string {
			ranged(t, size)
			fr, _, err := Parse(context.Background(), src, s, "", Options{Threads: threads})
			if err != nil {
				return err.Error()
			}
			return show(fr)
		}
		if err == nil {
			if want, got := parse(guessed, 1<<20, 1), parse(guessed, 2, 3); got != want {
				t.Errorf("guessed: ranges of 2 bytes:\n%s\nwant:\n%s", got, want)
			}
		}
		s := Setup{Separator: ",;\t "[flags&3], SingleQuotes: flags>>2&1 == 1, CheckHeader: -1, ColumnTypes: []ColumnType{String, String, Enum, String}}
		if flags>>3&1 == 1 {
			s.EscapeChar = '\\'
		}
		want := parse(s, 1<<20, 1)
		for _, size := range []int{1, 3, 10} {
			if got := parse(s, size, 2); got != want {
				t.Fatalf("ranges of %d bytes:\n%s\nwant:\n%s", size, got, want)
			}
		}
		fr, _, err := Parse(context.Background(), src, s, "", Options{})
		if err != nil {
			return
		}
		rows := naive(newInput("", text).data, &s)
		if fr.NumRows() != len(rows) {
			t.Fatalf("%d rows, want %d", fr.NumRows(), len(rows))
		}
		for r, cells := range rows {
			for c := range 4 {
				missing := c >= len(cells) || cells[c].text == "" && !cells[c].quoted
				col := fr.Column(c)
				if col.Missing(r) != missing || !missing && col.Text(r) != cells[c].text {
					t.Fatalf("row %d column %d: %q, want %+v", r, c, col.Text(r), cells)
				}
			}
		}
	})
}
