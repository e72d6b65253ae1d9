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
	starts := []string{path}
	if strings.ContainsAny(path, "*?[") {
		if _, err := os.Lstat(path); err != nil {
			matches, err := filepath.Glob(path)
			if err != nil {
				return nil, errs.Invalidf("path", "path %q is not a file, and as a pattern it is malformed", path)
			}
			starts = matches
		}
	}
	var files []string
	for _, s := range starts {
		real, err := e.allowed(s, e.cfg.ImportRoots, "path")
		if err != nil {
			return nil, err
		}
		st, err := os.Stat(real)
		if err != nil {
			return nil, errs.NotFoundf("path", "File %s does not exist", path)
		}
		if !st.IsDir() {
			if !st.Mode().IsRegular() {
				return nil, errs.Invalidf("path", "%s is not a regular file", path)
			}
			if st.Size() > 0 { // H2O: an empty file is passed over without a word
				files = append(files, filepath.Clean(s))
			}
			continue
		}
		err = filepath.WalkDir(s, func(p string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return nil // what cannot be read is not imported
			}
			if _, err := e.allowed(p, e.cfg.ImportRoots, "path"); err != nil {
				return nil
			}
			if st, err := os.Stat(p); err == nil && st.Mode().IsRegular() && st.Size() > 0 {
				files = append(files, p)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if len(files) == 0 && len(starts) == 0 {
		return nil, errs.NotFoundf("path", "File %s does not exist", path)
	}
	slices.Sort(files)
	return files, nil
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
				return "", errs.Invalidf(field, "cannot read %s: %v", p, err)
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
