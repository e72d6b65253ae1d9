package h2o

import (
	"io"
	"strconv"

	"github.com/geyser-ml/geyser/api"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/param"
)

// showModel answers GET /3/Models/{model_id}.
func (f *facade) showModel(_ *api.Request, in modelIn) (ModelsV3, error) {
	m, err := f.e.Model(string(in.ID), "key")
	if err != nil {
		return ModelsV3{}, err
	}
	shown := f.modelV3(m)
	out := ModelsV3{}
	if in.Find {
		out.CompatibleFrames, shown.CompatibleFrames = []FrameV3{}, []string{}
		for _, info := range f.e.Frames() {
			full, err := f.e.FrameInfo(info.Key)
			if err == nil && full.Frame != nil && scores(m.Info(), full.Frame) {
				shown.CompatibleFrames = append(shown.CompatibleFrames, info.Key)
				out.CompatibleFrames = append(out.CompatibleFrames, f.frameV3(full, view{frameWindow{0, 0, 0, -1, -1}, true, false}))
			}
		}
	}
	out.Models = []any{shown}
	return out, nil
}

// listModels answers GET /3/Models.
func (f *facade) listModels(*api.Request, modelIn) (ModelsV3, error) {
	all, err := f.e.Models()
	out := ModelsV3{Models: make([]any, len(all))}
	for i, m := range all {
		out.Models[i] = f.synopsis(m.Info())
	}
	return out, err
}

// deleteModel answers DELETE /3/Models/{model_id}.
func (f *facade) deleteModel(_ *api.Request, in modelIn) (ModelsV3, error) {
	if _, err := f.e.Model(string(in.ID), "key"); err != nil {
		return ModelsV3{}, err
	}
	return ModelsV3{}, f.e.RemoveModel(string(in.ID))
}

// deleteModels answers DELETE /3/Models.
func (f *facade) deleteModels(*api.Request, modelIn) (ModelsV3, error) {
	return ModelsV3{}, f.e.RemoveModels()
}

// saveModel answers GET /99/Models.bin/{model_id}.
func (f *facade) saveModel(_ *api.Request, in exportModelIn) (ModelExportV3, error) {
	path, err := f.e.SaveModel(string(in.ID), in.Dir, in.Force)
	in.Dir = path
	return ModelExportV3{exportIn: in.exportIn}, err
}

// saveModelJSON answers GET /99/Models/{model_id}/json.
func (f *facade) saveModelJSON(_ *api.Request, in exportModelIn) (ModelExportV3, error) {
	m, err := f.e.Model(string(in.ID), "model_id")
	if err != nil {
		return ModelExportV3{}, err
	}
	return ModelExportV3{exportIn: in.exportIn}, f.e.SaveText(in.Dir, "dir", in.Force, encode(f.modelV3(m), ""))
}

// noJava answers the requests for Java source, also for models that are not there.
// H2O: this release of it refuses them, too.
func (f *facade) noJava(*api.Request, param.Raw) (api.Reply, error) {
	return api.Reply{}, errs.Unavailablef("", "models cannot be had as Java source; GET /3/Models.fetch.bin/{model_id} sends one to be loaded by this server")
}

// noMojo answers the requests for MOJO files in the same way.
func (f *facade) noMojo(*api.Request, param.Raw) (api.Reply, error) {
	return api.Reply{}, errs.Unavailablef("", "models cannot be had as MOJO files; GET /3/Models.fetch.bin/{model_id} sends one to be loaded by this server")
}

// loadModel answers POST /99/Models.bin/.
func (f *facade) loadModel(_ *api.Request, in modelFileIn) (ModelsV3, error) {
	return f.loaded(f.e.LoadModel(in.Dir))
}

// uploadModel answers POST /99/Models.upload.bin/.
func (f *facade) uploadModel(_ *api.Request, in modelFileIn) (ModelsV3, error) {
	return f.loaded(f.e.UploadModel(in.Dir))
}

// loaded shows a model that has been read.
func (f *facade) loaded(m model.Model, err error) (ModelsV3, error) {
	if err != nil {
		return ModelsV3{}, err
	}
	return ModelsV3{Models: []any{f.modelV3(m)}}, nil
}

// fetchModel answers GET /3/Models.fetch.bin/{model_id}.
func (f *facade) fetchModel(_ *api.Request, in modelIn) (api.Reply, error) {
	if _, err := f.e.Model(string(in.ID), "key"); err != nil {
		return api.Reply{}, err
	}
	return api.Attachment("application/octet-stream", strconv.Quote(string(in.ID)), func(w io.Writer) error {
		return f.e.WriteModel(w, string(in.ID))
	}), nil
}
