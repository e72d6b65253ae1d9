// Package geyser_test checks the house rules: who may import whom, package
// comments, sizes of files, and where names may be spelled. The tables here are
// the architecture.
package geyser_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/geyser-ml/geyser"

// rule forbids imports. Names are those of our folders; others are import paths.
type rule struct {
	from   string   // the folder it binds, with all below
	never  []string // what must not be imported, with all below
	except []string // exceptions from never, and folders below from that are free
	deep   bool     // indirect imports count, too
	why    string
}

var rules = []rule{
	{from: "engine", never: []string{"api", "store", "cmd", "bench"}, why: "the engine serves the edges and knows none"},
	{from: "engine", never: []string{"cgo"}, except: []string{"engine/algo/xgboost"}, why: "C stays behind kernels; only one algorithm has a library of its own"},
	{from: "engine", never: []string{"github.com/mattn/go-sqlite3", "github.com/gofiber/fiber", "github.com/valyala/fasthttp"}, deep: true,
		why: "no HTTP and no SQL in the engine"},
	{from: "engine", never: []string{"database/sql", "net/http"}, why: "no HTTP and no SQL in the engine"},
	{from: "api", never: []string{"store", "kernels", "cgo", "cmd", "bench"}, except: []string{"kernels/par"}, why: "HTTP speaks to the engine only"},
	{from: "api", never: []string{"database/sql", "github.com/mattn/go-sqlite3"}, why: "no SQL in HTTP"},
	{from: "store", never: []string{"api", "kernels", "cgo", "cmd", "bench"}, why: "records know neither HTTP nor hot loops"},
	{from: "kernels", never: []string{"engine", "api", "store", "cmd", "bench"}, deep: true, why: "kernels know slices and numbers"},
	{from: "cgo", never: []string{"engine", "api", "store", "kernels", "cmd", "bench"}, deep: true, why: "a C border has nothing of ours on the other side"},
	{from: "cmd", never: []string{"bench", "cgo"}, why: "a command joins api, store, engine and kernels"},
}

// soleImporters are the only folders that may import a package.
var soleImporters = map[string]string{
	"cgo/cudashim":    "kernels", // the CUDA driver is behind a tier
	"cgo/cublas":      "kernels",
	"gorgonia.org/cu": "kernels",
}

// layers of the engine: a package imports its own layer and lower ones.
var layers = []struct {
	level int
	names []string
}{
	{0, []string{"errs", "number", "param", "table"}},
	{1, []string{"frame", "job", "catalog", "dist", "linalg"}},
	{2, []string{"parse", "metrics", "design", "tree"}},
	{3, []string{"model"}},
	{4, []string{"algo"}},
	{5, []string{"grid", "automl", "explain", "rapids", "experiment"}},
	{6, []string{""}},
}

// algorithmImports are the only imports from one algorithm to another.
var algorithmImports = map[string]string{
	"pca": "glrm", // its GLRM method is that algorithm
	"gam": "glm",  // a GAM is a penalised GLM on an expanded basis
}

// commonNames are wire names that several algorithms declare, each its own,
// and that a package below them may word an error with.
var commonNames = map[string]string{
	"distribution": "dist reads the names of families",
	"gamma":        "a family and a function are called so, too",

	"tweedie_power":  "dist refuses what its families cannot take",
	"quantile_alpha": "dist refuses what its families cannot take",
	"huber_alpha":    "dist refuses what its families cannot take",
}

// buildTags are the builds whose imports are checked.
var buildTags = []string{"", "cuda"}

// pkg is what go list tells about one of our packages.
type pkg struct {
	Dir, ImportPath, Name, Doc string
	Imports, Deps              []string
	GoFiles, CgoFiles          []string
	TestGoFiles, XTestGoFiles  []string
}

// folder is the path below the repository, "" for the root.
func (p pkg) folder() string {
	return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
}

func packages(t *testing.T, tags string) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-tags", tags,
		"-json=Dir,ImportPath,Name,Doc,Imports,Deps,GoFiles,CgoFiles,TestGoFiles,XTestGoFiles", "./...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	var all []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		all = append(all, p)
	}
}

// below reports whether an import path or folder is name or lies below it;
// major versions (v2) count as below.
func below(path, name string) bool {
	return path == name || strings.HasPrefix(path, name+"/")
}

func within(path string, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return below(path, name) })
}

// ours turns an import path of ours into a folder; others stay as they are.
func ours(path string) string { return strings.TrimPrefix(path, module+"/") }

func TestImports(t *testing.T) {
	for _, tags := range buildTags {
		for _, p := range packages(t, tags) {
			for _, r := range rules {
				if !below(p.folder(), r.from) || within(p.folder(), r.except) {
					continue
				}
				imports := p.Imports
				if r.deep {
					imports = p.Deps
				}
				for _, path := range imports {
					if within(ours(path), r.never) && !within(ours(path), r.except) {
						t.Errorf("%s imports %s (tags %q): %s", p.folder(), ours(path), tags, r.why)
					}
				}
			}
			for _, path := range p.Imports {
				if only, ok := soleImporters[ours(path)]; ok && p.folder() != only {
					t.Errorf("%s imports %s: only %s does", p.folder(), ours(path), only)
				}
				if below(ours(path), "bench") && !below(p.folder(), "bench") {
					t.Errorf("%s imports %s: nothing imports bench", p.folder(), ours(path))
				}
			}
			if len(p.CgoFiles) > 0 && !below(p.folder(), "cgo") {
				t.Errorf("%s uses C in %v: only packages below cgo do", p.folder(), p.CgoFiles)
			}
		}
	}
}

// layerOf returns the layer of a folder below engine, -1 if the table lacks it.
func layerOf(folder string) int {
	name, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(folder, "engine"), "/"), "/")
	for _, l := range layers {
		if slices.Contains(l.names, name) {
			return l.level
		}
	}
	return -1
}

func TestEngineLayers(t *testing.T) {
	for _, p := range packages(t, "") {
		if !below(p.folder(), "engine") {
			continue
		}
		from := layerOf(p.folder())
		if from < 0 {
			t.Errorf("%s has no layer: add it to the table", p.folder())
		}
		for _, path := range p.Imports {
			to := ours(path)
			if !below(to, "engine") {
				continue
			}
			if layerOf(to) > from {
				t.Errorf("%s (layer %d) imports %s (layer %d)", p.folder(), from, to, layerOf(to))
			}
			if algo := algorithm(p.folder()); algo != "" {
				if to == "engine/algo" {
					t.Errorf("%s imports the list of algorithms: ask for another one by name", p.folder())
				}
				if other := algorithm(to); other != "" && other != algo && algorithmImports[algo] != other {
					t.Errorf("algorithm %s imports algorithm %s", algo, other)
				}
			}
			if f := p.folder(); layerOf(f) == 5 && algorithm(to) != "" && f != "engine/automl" {
				t.Errorf("%s imports %s: it knows algorithms by model.Algo only", f, to)
			}
		}
	}
}

// algorithm is gbm for engine/algo/gbm and what is below it.
func algorithm(folder string) string {
	rest, ok := strings.CutPrefix(folder, "engine/algo/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}

func TestPackageComments(t *testing.T) {
	for _, p := range packages(t, "") {
		if len(p.GoFiles)+len(p.CgoFiles) == 0 {
			continue // tests only
		}
		first, _, _ := strings.Cut(p.Doc, " ")
		want := "Package"
		if p.Name == "main" {
			want = "Command"
		}
		if first != want {
			t.Errorf("%s: the package comment begins with %q, expected %q", p.folder(), first, want)
		}
		if last := path.Base(p.folder()); p.Name != "main" && p.Name != last {
			t.Errorf("%s is package %s: folder and package have one name", p.folder(), p.Name)
		}
		if slices.Contains([]string{"util", "utils", "common", "helper", "helpers", "types", "models", "misc"}, p.Name) {
			t.Errorf("%s: a package is named for what it holds", p.folder())
		}
	}
}

// sourceFiles calls f with each file of the repository that people write.
func sourceFiles(t *testing.T, f func(name string, content []byte)) {
	t.Helper()
	ignored := []string{".git", ".cache", "build", "testdata", "__pycache__", ".pytest_cache"}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains(ignored, d.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() || filepath.Ext(name) == ".gz" {
			return nil
		}
		content, err := os.ReadFile(name)
		if err == nil {
			f(filepath.ToSlash(name), content)
		}
		return err
	})
	require.NoError(t, err)
}

func TestFileSizes(t *testing.T) {
	generated := regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)
	sourceFiles(t, func(name string, content []byte) {
		limit := 700
		switch {
		case !slices.Contains([]string{".go", ".c", ".h", ".cu", ".cpp", ".py", ".sql"}, path.Ext(name)) || generated.Match(content):
			return
		case strings.HasSuffix(name, "_test.go"):
			limit = 900
		}
		if n := bytes.Count(content, []byte("\n")); n > limit {
			t.Errorf("%s has %d lines, the limit is %d: it holds more than one noun", name, n, limit)
		}
	})
}

// TestWords keeps texts about the making of the repository, and about machines
// that it was made on, out of it.
func TestWords(t *testing.T) {
	// Why: the words are in pieces so that this file passes.
	forbidden := regexp.MustCompile(`(^|[\s"'(=:])(/wo` + `rk/|/tmp/w` + `/|/ro` + `ot/|\.\./sha` + `red)|proxy\.gol` + `ang|py` + `pi\.org|reg` + `istry\.npm|TO` + `DO`)
	allowed := regexp.MustCompile(`^(Makefile|\.ci/.*)$`) // they say how to use the optional scripts beside the checkout
	sourceFiles(t, func(name string, content []byte) {
		lines := bufio.NewScanner(bytes.NewReader(content))
		lines.Buffer(nil, 1<<20)
		for n := 1; lines.Scan(); n++ {
			if m := forbidden.FindString(lines.Text()); m != "" && !(allowed.MatchString(name) && strings.Contains(m, "sha"+"red")) {
				t.Errorf("%s:%d: %q", name, n, strings.TrimSpace(m))
			}
		}
	})
}

// TestParamsFiles: a params.go is a table. It may have long lines, and nothing
// in it runs but the building of a schema.
func TestParamsFiles(t *testing.T) {
	goFiles(t, func(name string, file *ast.File, _ *token.FileSet) {
		if path.Base(name) != "params.go" {
			return
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				t.Errorf("%s declares func %s: a params.go holds declarations only", name, f.Name.Name)
			}
		}
	})
}

// TestWireNames: a parameter that belongs to one algorithm is spelled in that
// algorithm's folder and nowhere else in the engine.
func TestWireNames(t *testing.T) {
	owners := map[string][]string{} // wire name to folders
	shared := map[string]bool{}     // names of blocks below the algorithms
	goFiles(t, func(name string, file *ast.File, _ *token.FileSet) {
		ast.Inspect(file, func(n ast.Node) bool {
			field, ok := n.(*ast.Field)
			if !ok || field.Tag == nil || strings.HasSuffix(name, "_test.go") {
				return true
			}
			text, err := strconv.Unquote(field.Tag.Value)
			wire := reflect.StructTag(text).Get("param")
			if err != nil || wire == "" {
				return true
			}
			if algo := algorithm(path.Dir(name)); algo != "" {
				owners[wire] = append(owners[wire], "engine/algo/"+algo)
			} else if below(name, "engine") {
				shared[wire] = true
			}
			return true
		})
	})
	goFiles(t, func(name string, file *ast.File, set *token.FileSet) {
		if !below(name, "engine") || strings.HasSuffix(name, "_test.go") {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(lit.Value)
			if err == nil && len(owners[text]) > 0 && !shared[text] && commonNames[text] == "" && !within(name, owners[text]) {
				t.Errorf("%s: %q belongs to %s", set.Position(lit.Pos()), text, owners[text])
			}
			return true
		})
	})
}

// goFiles calls f with each parsed Go file.
func goFiles(t *testing.T, f func(name string, file *ast.File, set *token.FileSet)) {
	t.Helper()
	sourceFiles(t, func(name string, content []byte) {
		if path.Ext(name) != ".go" {
			return
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, content, parser.SkipObjectResolution)
		require.NoError(t, err)
		f(name, file, set)
	})
}
