package h2o

import (
	"io"
	"strconv"
	"strings"

	"github.com/geyser-ml/geyser/api"
	"github.com/geyser-ml/geyser/engine"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/job"
)

// framesV3 starts the answer about one frame with the echo of the request.
func framesV3(in frameIn) FramesV3 {
	return FramesV3{frameWindow: in.frameWindow, frameOutput: in.frameOutput}
}

// show answers the requests that show a frame.
func (f *facade) show(light, summary bool) func(*api.Request, frameIn) (FramesV3, error) {
	return func(_ *api.Request, in frameIn) (FramesV3, error) {
		info, err := f.e.FrameInfo(string(in.ID))
		if err != nil {
			return FramesV3{}, err
		}
		out := framesV3(in)
		out.Frames = []FrameV3{f.frameV3(info, view{in.frameWindow, light, summary})}
		if in.FindCompatibleModels && info.Frame != nil {
			out.CompatibleModels = []*keyV3{}
			all, err := f.e.Models()
			if err != nil {
				return out, err
			}
			for _, m := range all {
				if scores(m.Info(), info.Frame) {
					out.CompatibleModels = append(out.CompatibleModels, modelKey(m.Info().Identity.Key))
				}
			}
			out.Frames[0].CompatibleModels = out.CompatibleModels
		}
		return out, nil
	}
}

// listFrames answers GET /3/Frames.
func (f *facade) listFrames(*api.Request, keyIn) (FramesListV3, error) {
	out := FramesListV3{Frames: []FrameSynopsisV3{}}
	for _, info := range f.e.Frames() {
		s := FrameSynopsisV3{FrameBaseV3: FrameBaseV3{ID: frameKey(info.Key), Bytes: info.Bytes, IsText: info.IsText}}
		s.Rows, s.Columns = info.Rows, info.Cols
		out.Frames = append(out.Frames, s)
	}
	return out, nil
}

// column looks a column of a frame up; the caller releases it.
func (f *facade) column(in frameIn) (*frame.Column, func(), error) {
	fr, release, err := f.e.Frame(string(in.ID), "key")
	if err != nil {
		return nil, nil, err
	}
	c := fr.Lookup(in.Column)
	if c == nil {
		release()
		err := errs.NotFoundf("column", "Column: %s not found in frame: %s", in.Column, in.ID)
		err.Value = in.Column
		return nil, nil, err
	}
	return c, release, nil
}

// showColumn answers the requests that show one column, as a frame without a
// name. H2O: only the summary has the histogram, both have percentiles.
func (f *facade) showColumn(summary bool) func(*api.Request, frameIn) (FramesV3, error) {
	return func(_ *api.Request, in frameIn) (FramesV3, error) {
		c, release, err := f.column(in)
		if err != nil {
			return FramesV3{}, err
		}
		defer release()
		out := framesV3(in)
		shown, err := f.columnFrame(in.Column, c, in.frameWindow)
		if !summary && err == nil {
			shown.Columns[0].Bins = nil
		}
		out.Frames = []FrameV3{shown}
		return out, err
	}
}

// columnFrame shows a column as a frame that is not stored.
func (f *facade) columnFrame(name string, c *frame.Column, w frameWindow) (FrameV3, error) {
	fr, err := frame.New([]string{name}, []*frame.Column{c})
	if err != nil {
		return FrameV3{}, err
	}
	w.ColumnOffset, w.ColumnCount, w.FullColumnCount = 0, -1, -1
	return f.frameV3(engine.FrameInfo{Frame: fr, Bytes: fr.SizeBytes()}, view{w, false, true}), nil
}

// domain answers GET /3/Frames/{frame_id}/columns/{column}/domain.
func (f *facade) domain(_ *api.Request, in frameIn) (FramesV3, error) {
	c, release, err := f.column(in)
	if err != nil {
		return FramesV3{}, err
	}
	defer release()
	out := framesV3(in)
	out.Domain = [][]string{c.Domain()}
	return out, nil
}

// deleteFrame answers DELETE /3/Frames/{frame_id}.
func (f *facade) deleteFrame(_ *api.Request, in frameIn) (FramesV3, error) {
	return framesV3(in), f.e.RemoveFrame(string(in.ID))
}

// deleteFrames answers DELETE /3/Frames.
func (f *facade) deleteFrames(_ *api.Request, in frameIn) (FramesV3, error) {
	return framesV3(in), f.e.RemoveFrames()
}

// exportFrame answers the two requests that write a frame to a file.
func (f *facade) exportFrame(_ *api.Request, in frameIn) (FramesV3, error) {
	out := framesV3(in)
	j, err := f.e.Export(string(in.ID), in.Path, engine.ExportOptions{
		Force: in.Force, Format: in.Format, Compression: in.Compression, Parts: in.Parts,
		CSV: engine.CSVOptions{EscapeQuotes: true, Separator: byte(in.Separator), Header: in.Header, QuoteHeader: in.QuoteHeader},
	})
	out.Job = f.started(j)
	return out, err
}

// saveFrame answers POST /3/Frames/{frame_id}/save.
func (f *facade) saveFrame(_ *api.Request, in storedIn) (FrameSaveV3, error) {
	j, err := f.e.SaveFrame(string(in.ID), in.Dir, in.Force)
	return FrameSaveV3{folderIn: in.folderIn, Job: f.started(j)}, err
}

// loadFrame answers POST /3/Frames/load.
func (f *facade) loadFrame(_ *api.Request, in storedIn) (FrameLoadV3, error) {
	j, err := f.e.LoadFrame(string(in.ID), in.Dir, in.Force)
	return FrameLoadV3{folderIn: in.folderIn, Job: f.started(j)}, err
}

// chunks answers GET /3/FrameChunks/{frame_id}.
func (f *facade) chunks(_ *api.Request, in keyIn) (FrameChunksV3, error) {
	fr, release, err := f.e.Frame(string(in.ID), "frame_id")
	if err != nil {
		return FrameChunksV3{}, err
	}
	defer release()
	return FrameChunksV3{ID: frameKey(string(in.ID)), Chunks: []FrameChunkV3{{Rows: int64(fr.NumRows())}}}, nil
}

// find answers GET /3/Find.
func (f *facade) find(_ *api.Request, in findIn) (FindV3, error) {
	c, release, err := f.column(frameIn{ID: in.Key, Column: in.Column})
	if err != nil {
		return FindV3{}, err
	}
	defer release()
	equal, err := matcher(c, in.Match)
	if err != nil {
		return FindV3{}, err
	}
	out := FindV3{Column: in.Column, Row: in.Row, Match: in.Match, Prev: -1, Next: -1}
	n := int64(c.Len())
	for i := min(max(in.Row, 0), n) - 1; i >= 0 && out.Prev < 0; i-- {
		if equal(int(i)) {
			out.Prev = i
		}
	}
	for i := max(min(in.Row, n)+1, 0); i < n && out.Next < 0; i++ {
		if equal(int(i)) {
			out.Next = i
		}
	}
	out.Key, err = f.columnFrame(in.Column, c, frameWindow{RowCount: -1})
	return out, err
}

// matcher compares the rows of a column with a text; an empty text is a missing
// value.
func matcher(c *frame.Column, text string) (func(i int) bool, error) {
	switch {
	case text == "":
		return c.Missing, nil
	case c.Kind().Numeric():
		x, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, errs.Invalidf("match", "the column holds numbers, %q is none", text)
		}
		return func(i int) bool { return c.Float(i) == x }, nil
	}
	return func(i int) bool { return !c.Missing(i) && c.Text(i) == text }, nil
}

// download answers GET /3/DownloadDataset.
func (f *facade) download(_ *api.Request, in downloadIn) (api.Reply, error) {
	fr, release, err := f.e.Frame(string(in.ID), "frame_id")
	if err != nil {
		return api.Reply{}, err
	}
	name := string(in.ID)
	if cut, ok := strings.CutSuffix(name, ".hex"); ok {
		name = cut + ".csv"
	}
	return api.Attachment("application/octet-stream;charset=utf-8", name, func(w io.Writer) error {
		defer release()
		return engine.WriteCSV(w, fr, engine.CSVOptions{
			Hex: in.Hex, EscapeQuotes: in.Escape, Separator: ',', Header: true, QuoteHeader: true,
		})
	}), nil
}

// remove answers DELETE /3/DKV/{key}.
func (f *facade) remove(_ *api.Request, in removeIn) (RemoveV3, error) {
	return RemoveV3{Key: anyKey(in.Key), Cascade: in.Cascade}, f.e.Remove(in.Key, in.Cascade)
}

// removeAll answers DELETE /3/DKV.
func (f *facade) removeAll(_ *api.Request, in removeAllIn) (RemoveAllV3, error) {
	return RemoveAllV3{Retained: keys(in.Retained, anyKey)}, f.e.RemoveAll(in.Retained)
}

// jobOrError puts the job of a request that returns it bare on the wire.
func (f *facade) jobOrError(j *job.Job, err error) (JobV3, error) {
	if err != nil {
		return JobV3{}, err
	}
	return *f.started(j), nil
}
