package parse

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/geyser-ml/geyser/engine/errs"
)

func gzipOf(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.String()
}

func zipOf(t *testing.T, namesAndTexts ...string) string {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(namesAndTexts); i += 2 {
		e, err := w.Create(namesAndTexts[i])
		if err == nil {
			_, err = e.Write([]byte(namesAndTexts[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	_ = w.Close()
	return b.String()
}

func TestParse_Compressed(t *testing.T) {
	const text, want = "a,b\n1,x\n2,y\n3,x\n", "a int 1 2 3\nb enum[\"x\" \"y\"] 0 1 0\n"
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	bz, err := base64.StdEncoding.DecodeString(bzip)
	if err != nil {
		t.Fatal(err)
	}
	for name, packed := range map[string]string{
		"gzip": gzipOf(text), "gzip twice": gzipOf(text[:8]) + gzipOf(text[8:]), "zstd": string(z.EncodeAll([]byte(text), nil)), "bzip2": string(bz),
		"zip": zipOf(t, "d/t.csv", text), "zip of two": zipOf(t, "d/", "", "__MACOSX/t", "junk", "d/.x", "junk", "a.csv", text[:8], "b.csv", "a,b\n"+text[8:]),
	} {
		t.Run(name, func(t *testing.T) {
			f, err := read(t, packed, Setup{}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := show(f); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}

// bzip is `a,b 1,x 2,y 3,x` in lines, as bzip2 packs it.
const bzip = "QlpoOTFBWSZTWYtvIHwAAAXZgAAQAAQ4ADAAAGAgACGgG1CDJiOZJwNIS8XckU4UJCLbyB8A"

func TestParse_CompressedError(t *testing.T) {
	s := Setup{Separator: ',', CheckHeader: -1, ColumnTypes: []ColumnType{Numeric}}
	dir := t.TempDir()
	parse := func(text string, opt Options) error {
		_, _, err := Parse(context.Background(), []Source{file(t, "t", text)}, s, filepath.Join(dir, "f"), opt)
		return err
	}
	whole := gzipOf(strings.Repeat("1,2\n", 100_000))
	if err := parse(whole[:len(whole)/2], Options{}); errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "cannot be decompressed") {
		t.Errorf("cut off: %v", err)
	}
	full := errors.New("full")
	if err := parse(whole, Options{Memory: func(int64) error { return full }}); !errors.Is(err, full) {
		t.Errorf("memory: %v", err)
	}
	if err := parse(zipOf(t, "d/", ""), Options{}); errs.KindOf(err) != errs.Invalid {
		t.Errorf("empty archive: %v", err)
	}
	if err := parse(zipOf(t, "[Content_Types].xml", "<"), Options{}); errs.KindOf(err) != errs.Unavailable {
		t.Errorf("spreadsheet: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestEstimate(t *testing.T) {
	text := strings.Repeat("1,2\n", 1000)
	src := []Source{file(t, "a", text), file(t, "b", text), {"c", "/nonexistent"}}
	if got := Estimate(src); got != 12_000 {
		t.Errorf("plain: %d, want 12000", got)
	}
	packed := gzipOf(text)
	if got := Estimate([]Source{file(t, "a", packed)}); got <= int64(len(packed)) {
		t.Errorf("gzip of %d bytes: %d", len(packed), got)
	}
}

func TestDestination(t *testing.T) {
	taken := map[string]bool{"mixed.hex": true, "mixed1.hex": true}
	for name, want := range map[string]string{
		"nfs://d/tab.tsv": "tab_tsv.hex", "nfs://d/a.csv": "a.hex", "nfs://d/mixed.csv": "mixed2.hex", "nfs://d/m.csv.gz": "m.hex",
		"h2o://iris.csv": "iris.hex", "upload_85": "Key_Frame__upload_85.hex", "mp.csv": "Key_Frame__mp.hex", "nfs://d/2012 x%y.csv": "X2012_x_y.hex",
		"nfs://d/größe.txt": "größe.hex", "nfs://d/.csv": "X_csv.hex", "nfs://d/a.svm": "a.hex", "nfs://d/": "X.hex",
	} {
		if got := Destination([]string{name, "other"}, func(k string) bool { return taken[k] }); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got := Destination(nil, nil); got != "Key_Frame__.hex" {
		t.Errorf("no names: %s", got)
	}
}

func TestParseWords(t *testing.T) {
	for word, want := range map[string]ColumnType{"Numeric": Numeric, "FLOAT": Numeric, "long": Numeric, "Categorical": Enum, "factor": Enum, "UUID": UUID, "BAD": Bad, "unknown": Unknown, "time": Time, "String": String} {
		if got, err := ParseColumnType(word); err != nil || got != want {
			t.Errorf("%s: %v %v", word, got, err)
		}
	}
	if _, err := ParseColumnType("foo"); errs.FieldOf(err) != "column_types" {
		t.Errorf("foo: %v", err)
	}
	if got, err := ParseType("svmlight"); err != nil || got != SVMLight {
		t.Errorf("svmlight: %v %v", got, err)
	}
	if got, err := ParseType(""); err != nil || got != GuessType {
		t.Errorf("nothing: %v %v", got, err)
	}
	if _, err := ParseType("foo"); errs.FieldOf(err) != "parse_type" {
		t.Errorf("foo: %v", err)
	}
}
