package engine

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/geyser-ml/geyser/engine/catalog"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/model"
)

// Model returns a model; a model that is being trained is its last snapshot.
// field is the parameter that named it.
func (e *Engine) Model(key, field string) (model.Model, error) {
	return catalog.Get[model.Model](e.catalog, key, field)
}

// Models lists the models, oldest first.
func (e *Engine) Models() ([]model.Model, error) {
	var out []model.Model
	for _, x := range e.catalog.List(kindModel) {
		m, err := e.Model(x.Key, "model_id")
		if errs.KindOf(err) == errs.NotFound {
			continue // removed meanwhile
		}
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// RemoveModel removes a model and what its cross-validation kept.
func (e *Engine) RemoveModel(key string) error {
	if _, err := e.Model(key, "model_id"); err != nil {
		return err
	}
	return e.Remove(key, true)
}

// RemoveModels removes all models that no job holds.
func (e *Engine) RemoveModels() error {
	return e.removeWhere(func(x catalog.Entry) bool { return x.Kind == kindModel })
}

// parts returns the keys of what a model's cross-validation kept; none for other
// objects.
func (e *Engine) parts(key string) []string {
	m, err := e.Model(key, "key")
	if err != nil {
		return nil
	}
	id := m.Info().Identity
	out := append(append([]string(nil), id.CVModels...), id.CVPredictions...)
	for _, k := range []string{id.CVHoldout, id.CVFolds} {
		if k != "" {
			out = append(out, k)
		}
	}
	return out
}

// SaveModel writes a model file below an export root: into dir under the model's
// key when dir is a folder or ends in a separator, else as dir itself. It returns
// the path. An existing file is replaced only by force.
func (e *Engine) SaveModel(key, dir string, force bool) (string, error) {
	m, err := e.Model(key, "model_id")
	if err != nil {
		return "", err
	}
	path := dir
	if st, err := os.Stat(dir); err == nil && st.IsDir() {
		path = filepath.Join(dir, filepath.Base(key))
	}
	real, err := e.target(path, "dir", force)
	if err != nil {
		return "", err
	}
	_, err = writeModel(real, m)
	return path, err
}

// target checks a path that is to be written and makes its folder.
func (e *Engine) target(path, field string, force bool) (string, error) {
	if strings.TrimSpace(path) == "" {
		return "", errs.Invalidf(field, "%s is empty; name a file below %v", field, e.cfg.ExportRoots)
	}
	if scheme, _, ok := strings.Cut(path, "://"); ok {
		return "", errs.Unavailablef(field, "cannot write %s: only files of this server can be written, without %s://", path, scheme)
	}
	real, err := e.allowed(path, e.cfg.ExportRoots, field)
	if err != nil {
		return "", err
	}
	if st, err := os.Stat(real); err == nil {
		if st.IsDir() {
			return "", errs.Invalidf(field, "%s is a folder; name a file", path)
		}
		if !force {
			return "", errs.Invalidf(field, "%s exists already; use force to replace it", path)
		}
	}
	if err := os.MkdirAll(filepath.Dir(real), 0o750); err != nil {
		return "", errs.Invalidf(field, "cannot write to %s: %v", path, err)
	}
	return real, nil
}

// LoadModel reads a model file below an import or export root and publishes the
// model under its own key.
func (e *Engine) LoadModel(path string) (model.Model, error) {
	real, err := e.saved(path)
	if err != nil {
		return nil, err
	}
	m, err := e.readModel(real)
	if err != nil {
		return nil, err
	}
	return m, e.publishModel("", m)
}

// saved returns the real path of a file that SaveModel or SaveFrame wrote, below an
// import or export root.
func (e *Engine) saved(path string) (string, error) {
	roots := append(append([]string(nil), e.cfg.ImportRoots...), e.cfg.ExportRoots...)
	real, err := e.allowed(path, roots, "dir")
	if err != nil {
		return "", err
	}
	// Why: to open a pipe would wait for its writer.
	if st, err := os.Stat(real); err != nil || !st.Mode().IsRegular() {
		return "", errs.NotFoundf("dir", "File %s does not exist", path)
	}
	return real, nil
}

// WriteModel writes a model in its own format.
func (e *Engine) WriteModel(w io.Writer, key string) error {
	m, err := e.Model(key, "model_id")
	if err != nil {
		return err
	}
	b := bufio.NewWriterSize(w, 1<<16)
	if err := model.Write(b, m); err != nil {
		return err
	}
	return b.Flush()
}

// UploadModel publishes the model in an uploaded file.
func (e *Engine) UploadModel(key string) (model.Model, error) {
	u, err := catalog.Get[upload](e.catalog, key, "dir")
	if err != nil {
		return nil, err
	}
	m, err := e.readModel(u.path)
	if err != nil {
		return nil, err
	}
	return m, e.publishModel("", m)
}

// ResetThreshold gives a binomial model another threshold between its classes and
// returns the one that it had. The model is replaced by a copy.
func (e *Engine) ResetThreshold(key string, threshold float64) (old float64, err error) {
	m, err := e.Model(key, "model_id")
	if err != nil {
		return 0, err
	}
	info := m.Info()
	switch {
	case info.Category != model.Binomial:
		return 0, errs.Invalidf("model_id", "%s is a %s model; only a Binomial one has a threshold", key, info.Category)
	case !(threshold >= 0 && threshold <= 1):
		return 0, errs.Invalidf("threshold", "threshold %v is outside 0 to 1", threshold)
	case info.Identity.Running:
		return 0, errs.Conflictf("model_id", "model %s is being trained; wait for its end", key)
	}
	old = info.Threshold
	if m, err = e.copied(m); err != nil {
		return 0, err
	}
	m.Info().Threshold = threshold
	return old, e.publishModel("", m)
}

// copied returns a model of its own with the content of m.
func (e *Engine) copied(m model.Model) (model.Model, error) {
	var b bytes.Buffer
	if err := model.Write(&b, m); err != nil {
		return nil, err
	}
	return model.Read(&b, e.Algo)
}

// SaveText writes a text file below an export root, replacing one only by force.
// field is the parameter that named it.
func (e *Engine) SaveText(path, field string, force bool, text []byte) error {
	real, err := e.target(path, field, force)
	if err != nil {
		return err
	}
	return writeFile(context.Background(), real, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}
