package engine

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/geyser-ml/geyser/engine/catalog"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/parse"
)

// upload is the Meta of an uploaded file.
type upload struct {
	path  string
	bytes int64
}

// Imported is what an import found. Keys are references: nothing is read yet.
type Imported struct {
	Files, Keys []string
}

// importPrefix starts the key of a file that is read in place.
// H2O: PersistNFS.decodeFile.
const importPrefix = "nfs:/"

// Import finds files: each path is a file, a folder (with all below it) or a
// pattern as of filepath.Match. pattern keeps the files whose name matches the
// regular expression. Nothing outside the import roots is found, nor through
// symbolic links that lead outside.
func (e *Engine) Import(paths []string, pattern string) (Imported, error) {
	var out Imported
	keep, err := regexp.Compile("^(?:" + pattern + ")$")
	if err != nil {
		return out, errs.Invalidf("pattern", "pattern %q is not a regular expression: %v", pattern, err)
	}
	if pattern == "" {
		keep = regexp.MustCompile("")
	}
	if len(paths) == 0 || len(paths) == 1 && strings.TrimSpace(paths[0]) == "" {
		return out, errs.Invalidf("path", "path is empty; name a file or a folder of this server")
	}
	for _, p := range paths {
		files, err := e.find(p)
		if err != nil {
			return out, err
		}
		for _, f := range files {
			if keep.MatchString(filepath.Base(f)) {
				out.Files = append(out.Files, f)
				out.Keys = append(out.Keys, importPrefix+f)
			}
		}
	}
	return out, nil
}

// find returns the readable, non-empty files that a path stands for.
func (e *Engine) find(path string) ([]string, error) {
	if scheme, rest, ok := strings.Cut(path, "://"); ok && scheme != "file" && scheme != "nfs" {
		return nil, errs.Unavailablef("path", "cannot read %s: files of this server can be imported, not %s://%s", path, scheme, rest)
	}
	for _, prefix := range []string{"file://", "file:", "nfs://", importPrefix} {
		if strings.HasPrefix(path, prefix) {
			path = "/" + strings.TrimLeft(strings.TrimPrefix(path, prefix), "/")
			break
		}
	}
	if wild := strings.IndexAny(path, "*?["); wild >= 0 {
		if _, err := os.Lstat(path); err != nil {
			return e.glob(path, wild)
		}
	}
	return e.files(path)
}

// glob is find for a pattern whose first wildcard is at wild. What it matches
// outside the roots is passed over like what it does not match.
func (e *Engine) glob(pattern string, wild int) ([]string, error) {
	if _, err := e.allowed(filepath.Dir(pattern[:wild]+"x"), e.cfg.ImportRoots, "path"); err != nil {
		return nil, err
	}
	matches, err := filepath.Glob(pattern)
	if err != nil {
		return nil, errs.Invalidf("path", "path %q is not a file, and as a pattern it is malformed", pattern)
	}
	var out []string
	found := false
	for _, m := range matches {
		switch files, err := e.files(m); {
		case err == nil:
			out, found = append(out, files...), true
		case errors.Is(err, errTooMany):
			return nil, err
		}
	}
	if !found {
		return nil, errs.NotFoundf("path", "File %s does not exist", pattern)
	}
	slices.Sort(out)
	return out, nil
}

// maxImported is how many files an import may find. Tests lower it.
var maxImported = 100_000

var errTooMany = errors.New("too many files")

// files is find for one file or folder.
func (e *Engine) files(path string) ([]string, error) {
	real, err := e.allowed(path, e.cfg.ImportRoots, "path")
	if err != nil {
		return nil, err
	}
	st, err := os.Stat(real)
	switch {
	case err != nil:
		return nil, errs.NotFoundf("path", "File %s does not exist", path)
	case st.Mode().IsRegular() && st.Size() > 0:
		return []string{filepath.Clean(path)}, nil
	case st.Mode().IsRegular(): // H2O: an empty file is passed over without a word
		return nil, nil
	case !st.IsDir():
		return nil, errs.Invalidf("path", "%s is not a regular file", path)
	}
	var out []string
	err = filepath.WalkDir(real, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil // what cannot be read is not imported
		}
		if d.Type()&os.ModeSymlink != 0 {
			if _, err := e.allowed(p, e.cfg.ImportRoots, "path"); err != nil {
				return nil
			}
		} else if !d.Type().IsRegular() {
			return nil
		}
		if st, err := os.Stat(p); err != nil || !st.Mode().IsRegular() || st.Size() == 0 {
			return nil
		}
		if len(out) == maxImported {
			return errs.Invalidf("path", "%s holds more than %d files: name a folder further down, or a pattern: %w", path, maxImported, errTooMany)
		}
		out = append(out, filepath.Join(path, strings.TrimPrefix(p, real)))
		return nil
	})
	return out, err
}

// Complete lists up to limit files and folders (0: all) below the import roots
// whose path begins with prefix, or those in the folder prefix. Hidden ones are
// left out.
// H2O: PersistNFS.calcTypeaheadMatches.
func (e *Engine) Complete(prefix string, limit int) ([]string, error) {
	dir, name := prefix, ""
	if st, err := os.Stat(prefix); err != nil || !st.IsDir() {
		dir, name = filepath.Split(prefix)
	}
	real, err := e.allowed(dir, e.cfg.ImportRoots, "src")
	if err != nil {
		return nil, err
	}
	list, err := os.ReadDir(real)
	if err != nil {
		return nil, nil //nolint:nilerr // nothing begins so
	}
	var out []string
	for _, d := range list {
		if limit > 0 && len(out) == limit {
			break
		}
		p := filepath.Join(dir, d.Name())
		if _, err := e.allowed(p, e.cfg.ImportRoots, "src"); err == nil && strings.HasPrefix(d.Name(), name) && d.Name()[0] != '.' {
			out = append(out, p)
		}
	}
	return out, nil
}

// allowed returns the real path of p when it lies below one of the roots. A path
// outside is reported as such whether or not it exists.
func (e *Engine) allowed(p string, roots []string, field string) (string, error) {
	abs, err := filepath.Abs(p)
	if err != nil {
		return "", errs.Invalidf(field, "path %q: %v", p, err)
	}
	real, err := filepath.EvalSymlinks(abs)
	missing := errors.Is(err, os.ErrNotExist)
	if err != nil {
		// What is missing, or may be written, is judged by the folder it would be in.
		real = abs
		for dir := filepath.Dir(abs); ; dir = filepath.Dir(dir) {
			if r, err := filepath.EvalSymlinks(dir); err == nil {
				rel, _ := filepath.Rel(dir, abs)
				real = filepath.Join(r, rel)
				break
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	for _, root := range roots {
		r, rerr := filepath.EvalSymlinks(root)
		if rerr != nil {
			continue
		}
		if rel, rerr := filepath.Rel(r, real); rerr == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
			if err != nil && !missing {
				return "", errs.Invalidf(field, "cannot use %s: %v", p, err)
			}
			return real, nil
		}
	}
	if len(roots) == 0 {
		return "", errs.Invalidf(field, "%s is out of reach: this server allows no folder; start it with --import-root or --export-root", p)
	}
	return "", errs.Invalidf(field, "%s is out of reach: allowed are files below %s", p, strings.Join(roots, ", "))
}

// Upload stores a stream as a temporary file that parse can name; key "" makes
// one up. It returns the key and the number of bytes. An upload lasts until it is
// parsed, removed, or the server ends.
func (e *Engine) Upload(ctx context.Context, key string, r io.Reader) (string, int64, error) {
	if key == "" {
		key = "upload_" + newID(16)
	}
	f, err := os.Create(e.path("uploads", newID(16)))
	if err != nil {
		return "", 0, err
	}
	n, err := io.Copy(f, readerOf(ctx, r))
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = e.catalog.Put(catalog.Entry{Key: key, Kind: kindUpload, Value: upload{f.Name(), n}, Meta: upload{f.Name(), n}, Created: e.cfg.Now()})
	}
	if err != nil {
		os.Remove(f.Name()) //nolint:errcheck // best effort; dropped at the next start
		return "", 0, err
	}
	return key, n, nil
}

// readerOf stops reading when ctx ends.
func readerOf(ctx context.Context, r io.Reader) io.Reader { return &ctxReader{ctx, r} }

type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *ctxReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// sources resolves the keys of uploads and imported files.
func (e *Engine) sources(keys []string) ([]parse.Source, error) {
	if len(keys) == 0 {
		return nil, errs.Invalidf("source_frames", "source_frames is empty; name what was uploaded or imported")
	}
	out := make([]parse.Source, len(keys))
	for i, k := range keys {
		if u, err := catalog.Get[upload](e.catalog, k, "source_frames"); err == nil {
			out[i] = parse.Source{Name: k, Path: u.path}
			continue
		}
		if entry, ok := e.catalog.Entry(k); ok {
			return nil, errs.Invalidf("source_frames", "%s is a %s, not the text of a file; name what was uploaded or imported", k, entry.Kind)
		}
		path, ok := strings.CutPrefix(k, importPrefix)
		if !ok {
			return nil, errs.NotFoundf("source_frames", "Key not loaded: Key<Frame> %s", k)
		}
		real, err := e.allowed(path, e.cfg.ImportRoots, "source_frames")
		if err != nil {
			return nil, err
		}
		if st, err := os.Stat(real); err != nil || !st.Mode().IsRegular() {
			return nil, errs.NotFoundf("source_frames", "Key not loaded: Key<Frame> %s", k)
		}
		out[i] = parse.Source{Name: k, Path: real}
	}
	return out, nil
}

// ParseSetup guesses how to read sources and suggests a key for the frame.
func (e *Engine) ParseSetup(ctx context.Context, keys []string, in parse.Setup) (parse.Setup, string, error) {
	src, err := e.sources(keys)
	if err != nil {
		return parse.Setup{}, "", err
	}
	s, err := parse.Guess(ctx, src, in)
	if err != nil {
		return parse.Setup{}, "", err
	}
	return s, parse.Destination(keys, func(k string) bool { _, ok := e.catalog.Entry(k); return ok }), nil
}
