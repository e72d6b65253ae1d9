package parse

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/geyser-ml/geyser/engine/errs"
)

// The expectations of the tests in this file were observed on H2O 3.46.0.12.

func TestGuess_ColumnType(t *testing.T) {
	const id, id2 = "6f1ed002-ab59-11e7-8f1a-0800200c9a66", "6F1ED003-ab59-11e7-8f1a-0800200c9a66"
	for _, c := range []struct{ cells, want string }{
		{"1 2 a", "Numeric"}, {"1 a a", "Enum"}, {"1 a b", "String"}, {"a a a", "Enum"}, {"a b c", "String"}, {"a b a", "Enum"},
		{"0 0 a", "Numeric"}, {"1 2 NA", "Numeric"}, {"NA NA NA", "Numeric"}, {"NA NA 1", "Numeric"},
		{"_ _ a", "Enum"}, {"_ _ 1", "Numeric"}, {"_ _ _", "Numeric"},
		{"2024-01-05 a a", "Time"}, {"2024-01-05 1 1", "Numeric"}, {"2024-01-05 2024-01-06 1", "Time"},
		{"2024-01-05 2024-01-06 x", "Time"}, {"2024-01-05 x y", "String"},
		{id + " x x", "Enum"}, {id + " " + id + " x", "Enum"}, {id + " 1 2", "Numeric"}, {id + " " + id2 + " _", "UUID"},
		{`"" "" ""`, "Enum"}, {`"" a b`, "String"}, {`"1" "2" "3"`, "Numeric"}, {`a "" ""`, "Enum"},
		{"1 1 a a", "Numeric"}, {"1 1 a b", "Numeric"}, {"1 a b c", "String"}, {"1 1 1 a b", "Numeric"},
		{"a 1 _ _", "Numeric"}, {"a b _ _ _ _", "String"}, {"a b a _ _", "Enum"},
		{"na 1 2", "Numeric"}, {"null null 1", "Enum"}, {"? 1 2", "Numeric"}, {"? ? 1", "Enum"}, {"? ? ?", "Enum"},
		{"- 1 2", "Numeric"}, {". 1 2", "Numeric"}, {"nan nan nan", "Enum"}, {"nan nan 1", "Enum"}, {"1 2 inf", "Numeric"},
		{"true false true", "Enum"}, {"yes yes yes", "Enum"}, {"1% 2% 3%", "Numeric"}, {"$1 $2 $3", "Numeric"},
		{"0x1 0x2 0x3", "String"}, {"a b c d e f g h a", "Enum"}, {"a b c d e f g a a", "Enum"},
		{"12:00:00 12:00:01 x", "Time"}, {"UNKNOWN UNKNOWN 1", "Enum"}, {"N/A N/A 1", "Numeric"}, {"-1 x", "Numeric"},
		{"+1 +2", "Numeric"}, {"1. 2.", "Numeric"}, {"0 0 0", "Numeric"}, {"0 0 x x", "Enum"}, {"0 x y y", "Enum"},
		{"inf -inf nan", "String"}, {"2024/01/05 2024/02/06", "String"}, {"05-Jan-24 06-Feb-24", "Time"},
	} {
		t.Run(c.cells, func(t *testing.T) {
			text := "id,v,w\n"
			for i, v := range strings.Fields(c.cells) {
				text += fmt.Sprintf("%d,%s,7\n", i, strings.ReplaceAll(v, "_", ""))
			}
			s, err := Guess(context.Background(), []Source{file(t, "t.csv", text)}, Setup{})
			if err != nil {
				t.Fatal(err)
			}
			if got := join(s.ColumnTypes); got != "Numeric "+c.want+" Numeric" {
				t.Errorf("types %s, want Numeric %s Numeric", got, c.want)
			}
		})
	}
}

func TestGuess_LooksBeyondThePreview(t *testing.T) {
	column := func(distinct, repeats int) string {
		var b strings.Builder
		b.WriteString("a,b\n")
		for i := range distinct {
			fmt.Fprintf(&b, "v%d,1\n", i)
		}
		return b.String() + strings.Repeat("v0,1\n", repeats)
	}
	for _, c := range []struct {
		name, text string
		want       ColumnType
	}{
		{"preview all distinct, levels repeat behind", column(10, 20), Enum},
		{"91 % distinct", column(100, 10), Enum},
		{"97 % distinct", column(100, 3), String},
		{"half of many distinct", column(20_000, 20_000), Enum},
		{"repeats too far behind", column(600_000, 600_000), String},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := Guess(context.Background(), []Source{file(t, "t.csv", c.text)}, Setup{})
			if err != nil {
				t.Fatal(err)
			}
			if s.ColumnTypes[0] != c.want {
				t.Errorf("type %s, want %s", s.ColumnTypes[0], c.want)
			}
		})
	}
}

func TestGuess_OtherFormats(t *testing.T) {
	for _, c := range []struct {
		name, text string
		later      bool
	}{
		{"ErrARFF", "% a comment\n\n@RELATION flowers\n@attribute a numeric\n@data\n1\n", true},
		{"ErrSVMLight", "1 1:0.5 3:2\n-1 2:1e-3 # note\n", true},
		{"one line of pairs", "1 1:0.5 3:2\n", false},
		{"times are no pairs", "a,12:30\nb,12:31\n", false},
		{"mail address", "@relations,b\n1,2\n", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Guess(context.Background(), []Source{file(t, "t.csv", c.text)}, Setup{})
			if later := errs.KindOf(err) == errs.Unavailable && err != nil; later != c.later {
				t.Errorf("err = %v", err)
			}
		})
	}
}

func TestGuess_Shape(t *testing.T) {
	for _, c := range []struct {
		text   string
		sep    byte
		header int
		names  string // by |
		types  string
		data   string
	}{
		{"a;b;c\n1;2,5;x\n3;4,5;y\n", ';', 1, "a|b|c", "Numeric String String", `[["1" "2,5" "x"] ["3" "4,5" "y"]]`},
		{"a\tb\tc\n1\t2\tx\n3\t4\ty\n", '\t', 1, "a|b|c", "Numeric Numeric String", `[["1" "2" "x"] ["3" "4" "y"]]`},
		{"a|b|c\n1|2|x\n3|4|y\n", '|', 1, "a|b|c", "Numeric Numeric String", `[["1" "2" "x"] ["3" "4" "y"]]`},
		{"a b c\n1 2 x\n3 4 y\n", ' ', 1, "a|b|c", "Numeric Numeric String", `[["1" "2" "x"] ["3" "4" "y"]]`},
		{"a  b   c\n1  2   x\n3 4 y\n 5 6 x\n", ' ', 1, "a|b|c", "Numeric Numeric Enum", `[["1" "2" "x"] ["3" "4" "y"] ["5" "6" "x"]]`},
		{"1,2,x\n3,4,y\n5,6,x\n", ',', -1, "", "Numeric Numeric Enum", `[["1" "2" "x"] ["3" "4" "y"] ["5" "6" "x"]]`},
		{"v\n1\n2\n3\n", ' ', 1, "v", "Numeric", `[["1"] ["2"] ["3"]]`},
		{"h1,h2\naa,bb\ncc,dd\nee,ff\n", ',', -1, "", "String String", `[["h1" "h2"] ["aa" "bb"] ["cc" "dd"] ["ee" "ff"]]`},
		{"a,b,c\n", ',', 1, "a|b|c", "Numeric Numeric Numeric", `[]`},
		{"a,b\r\n1,x\r\n2,y\r\n", ',', 1, "a|b", "Numeric String", `[["1" "x"] ["2" "y"]]`},
		{"a,b\r1,x\r2,y\r1,x\r", ',', 1, "a|b", "Numeric Enum", `[["1" "x"] ["2" "y"] ["1" "x"]]`},
		{"# note\na,b\n1,2\n3,4\n", ',', 1, "a|b", "Numeric Numeric", `[["1" "2"] ["3" "4"]]`},
		{"a,b\n'x,1',2\n'y',3\n", ',', 1, "a|b", "String Numeric", `[["'x" "1'" "2"] ["'y'" "3"]]`},
		{"naïve,größe\nä,1\né,2\n日本,3\n", ',', 1, "naïve|größe", "String Numeric", `[["ä" "1"] ["é" "2"] ["日本" "3"]]`},
		{"a,b\n1,2\n\n3,4\n\n", ',', 1, "a|b", "Numeric Numeric", `[["1" "2"] ["3" "4"]]`},
		{"a,b\n1,2\n   \n\t\n3,4\n,\n", ',', 1, "a|b", "Numeric Numeric", `[["1" "2"] ["3" "4"] ["" ""]]`},
		{"a,b,c\n1,2\n3,4,5\n6,7,8,9\n", ',', 1, "a|b|c", "Numeric Numeric Numeric", `[["1" "2"] ["3" "4" "5"] ["6" "7" "8" "9"]]`},
		{"a,b\n1,\"line one\nline two\"\n2,z\n", ',', 1, "a|b", "Numeric String", `[["1" "line one\nline two"] ["2" "z"]]`},
		{"a,a,b\n1,2,3\n4,5,6\n", ',', 1, "a|a|b", "Numeric Numeric Numeric", `[["1" "2" "3"] ["4" "5" "6"]]`},
		{"a,,c\n1,2,3\n4,5,6\n", ',', 1, "a||c", "Numeric Numeric Numeric", `[["1" "2" "3"] ["4" "5" "6"]]`},
		{"a,b,\n1,2,\n3,4,\n", ',', 1, "a|b|", "Numeric Numeric Numeric", `[["1" "2" ""] ["3" "4" ""]]`},
		{"a,b\n1,2,\n3,4,\n", ',', 1, "a|b", "Numeric Numeric Numeric", `[["1" "2" ""] ["3" "4" ""]]`},
		{"a,b\n1,2\n3,4,5\n", ',', 1, "a|b", "Numeric Numeric", `[["1" "2"] ["3" "4" "5"]]`},
		{"1,2\n1,2,3\n1,2,3,4\n", ',', -1, "", "Numeric Numeric", `[["1" "2"] ["1" "2" "3"] ["1" "2" "3" "4"]]`},
		{"a,b\n1,2,3\n", ',', 1, "a|b", "Numeric Numeric", `[["1" "2" "3"]]`},
		{"a,b,c\n1,2\n1,2\n", ',', 1, "a|b|c", "Numeric Numeric Numeric", `[["1" "2"] ["1" "2"]]`},
		{" 1, x ,  y\n2 ,z,w w \n", ',', -1, "", "Numeric String String", `[["1" "x " "y"] ["2 " "z" "w w"]]`},
		{" a , b b \n1,2\n", ',', 1, "a |b b", "Numeric Numeric", `[["1" "2"]]`},
		{"a,1\n1,2\n3,4\n", ',', -1, "", "Numeric Numeric", `[["a" "1"] ["1" "2"] ["3" "4"]]`},
		{"a,b\nc,1\nd,2\n", ',', 1, "a|b", "String Numeric", `[["c" "1"] ["d" "2"]]`},
		{"x,y\na,b\nc,d\n1,2\n", ',', -1, "", "String String", `[["x" "y"] ["a" "b"] ["c" "d"] ["1" "2"]]`},
		{"a,b\nNA,NA\n1,2\n", ',', -1, "", "String String", `[["a" "b"] ["NA" "NA"] ["1" "2"]]`},
		{"a,b\nx,2024-01-05\ny,2024-01-06\n", ',', 1, "a|b", "String Time", `[["x" "2024-01-05"] ["y" "2024-01-06"]]`},
		{"h,2024-01-05\nx,2024-01-06\n", ',', -1, "", "String Time", `[["h" "2024-01-05"] ["x" "2024-01-06"]]`},
		{",,\n1,2,3\n", ',', 1, "||", "Numeric Numeric Numeric", `[["1" "2" "3"]]`},
		{"h,\nx,2\ny,3\n", ',', 1, "h|", "String Numeric", `[["x" "2"] ["y" "3"]]`},
		{"id,name\nx,\ny,\n", ',', -1, "", "String Enum", `[["id" "name"] ["x" ""] ["y" ""]]`},
		{"2020,b\n1,2\n", ',', -1, "", "Numeric Numeric", `[["2020" "b"] ["1" "2"]]`},
		{"\n\na,b\n1,2\n", ',', 1, "a|b", "Numeric Numeric", `[["1" "2"]]`},
		{"a,1\n", ',', -1, "", "Enum Numeric", `[["a" "1"]]`},
		{"%note\na,b\n1,2\n3,4\n", ',', -1, "", "Numeric Numeric", `[["%note"] ["a" "b"] ["1" "2"] ["3" "4"]]`},
		{"a,b\n1,say \"\"\n2,\"say \"\"hi\"\"\"\n", ',', 1, "a|b", "Numeric String", `[["1" "say \"\""] ["2" "say \"\"hi\"\""]]`},
		// Not H2O's: it keeps the mark in the name, and overlooks a last line without an end.
		{"\xEF\xBB\xBFa,b\n1,2\n3,4", ',', 1, "a|b", "Numeric Numeric", `[["1" "2"] ["3" "4"]]`},
	} {
		t.Run(c.text, func(t *testing.T) {
			s, err := Guess(context.Background(), []Source{file(t, "t.csv", c.text)}, Setup{})
			if err != nil {
				t.Fatal(err)
			}
			names := strings.Join(s.ColumnNames, "|")
			if s.Separator != c.sep || s.CheckHeader != c.header || names != c.names || join(s.ColumnTypes) != c.types {
				t.Errorf("separator %q header %d names %q types %s, want %q %d %q %s",
					s.Separator, s.CheckHeader, names, join(s.ColumnTypes), c.sep, c.header, c.names, c.types)
			}
			if got := fmt.Sprintf("%q", s.Data); got != c.data {
				t.Errorf("data %s, want %s", got, c.data)
			}
			if s.Type != CSV || s.NumberColumns != len(s.ColumnTypes) || s.ChunkSize != 4194304 {
				t.Errorf("type %s, %d columns, chunk size %d", s.Type, s.NumberColumns, s.ChunkSize)
			}
		})
	}
}

func TestGuess_Given(t *testing.T) {
	text := "a,b\n'x;1',2\n%c\n'y',3\n"
	in := Setup{Separator: ';', SingleQuotes: true, CheckHeader: -1, NonDataMarkers: "%", ColumnTypes: words2types(t, "enum"), Skipped: []int{0}}
	s, err := Guess(context.Background(), []Source{file(t, "t.csv", text)}, in)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%q", s.Data); got != `[["a,b"] ["x;1,2"] ["y,3"]]` || s.ColumnNames != nil || join(s.ColumnTypes) != "Enum" || len(s.Skipped) != 1 {
		t.Errorf("data %s, names %q, types %s, skipped %v", got, s.ColumnNames, join(s.ColumnTypes), s.Skipped)
	}
}

func TestGuess_Sources(t *testing.T) {
	a, b := file(t, "a.csv", "a,b\n10,u\n11,v\n12,w\n13,u\n"), file(t, "b.csv", "a,b\n20,u\n21,v\n22,w\n23,u\n")
	c, d := file(t, "c.csv", "a,b\n0,u\n1,v\n2,w\n3,u\n"), file(t, "d.csv", "a,b,c\n0,u,1\n")
	s, err := Guess(context.Background(), []Source{a, b, c}, Setup{})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Data) != 9 || s.Data[8][0] != "0" || join(s.ColumnTypes) != "Numeric Enum" {
		t.Errorf("data %q, types %s", s.Data, join(s.ColumnTypes))
	}
	_, err = Guess(context.Background(), []Source{a, d}, Setup{})
	if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "a.csv has 2 columns, d.csv has 3") {
		t.Errorf("error %v", err)
	}
}

func TestGuess_Error(t *testing.T) {
	for _, c := range []struct {
		name, text string
		in         Setup
		kind       errs.Kind
		want       string
	}{
		{"empty", "", Setup{}, errs.Invalid, "Cannot determine file type. for dir/t.csv"},
		{"newline", "\n", Setup{}, errs.Invalid, "Cannot determine file type. for dir/t.csv"},
		{"comments", "# a\n#b\n  \n", Setup{}, errs.Invalid, "Cannot determine file type."},
		{"garbage", "\x00\x01\x02\x03\x04\n\x05\x00\x00", Setup{}, errs.Invalid, "Cannot determine file type."},
		{"utf-16", "\xFF\xFEa\x00,\x00b\x00\n\x00", Setup{}, errs.Invalid, "UTF-16"},
		{"parquet", "PAR1abc", Setup{}, errs.Unavailable, "PARQUET"},
		{"arff", "a\n1\n", Setup{Type: ARFF}, errs.Unavailable, "ARFF"},
		{"damaged gzip", "\x1F\x8Bxyz", Setup{}, errs.Invalid, "cannot be decompressed"},
		{"damaged zip", "PK\x03\x04xyz", Setup{}, errs.Invalid, "cannot be decompressed"},
		{"separator", "a\n1\n", Setup{Separator: '"'}, errs.Invalid, "separator 34"},
		{"escape", "a\n1\n", Setup{EscapeChar: '"'}, errs.Invalid, "escape character 34"},
		{"header", "a\n1\n", Setup{CheckHeader: 2}, errs.Invalid, "check_header is 2"},
		{"columns", strings.Repeat(",", maxColumns+1) + "\n1\n", Setup{}, errs.Invalid, "more than 1000000 columns"},
		{"one line", strings.Repeat("a", windows[1]+1), Setup{}, errs.Invalid, "the first line of dir/t.csv does not end"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Guess(context.Background(), []Source{file(t, "dir/t.csv", c.text)}, c.in)
			if err == nil || errs.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v (%v), want %v %q", err, errs.KindOf(err), c.kind, c.want)
			}
		})
	}
	if _, err := Guess(context.Background(), nil, Setup{}); errs.KindOf(err) != errs.Invalid {
		t.Errorf("no sources: %v", err)
	}
	if _, err := Guess(context.Background(), []Source{{"x", "/nonexistent/x"}}, Setup{}); errs.KindOf(err) != errs.NotFound {
		t.Errorf("no such file: %v", err)
	}
	if _, err := Guess(context.Background(), []Source{{"x", t.TempDir()}}, Setup{}); errs.KindOf(err) != errs.Invalid {
		t.Errorf("directory: %v", err)
	}
}
