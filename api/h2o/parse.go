package h2o

import (
	"context"

	"github.com/geyser-ml/geyser/api"
	"github.com/geyser-ml/geyser/engine/errs"
)

// importFiles answers /3/ImportFiles.
func (f *facade) importFiles(_ *api.Request, in importIn) (ImportFilesV3, error) {
	files, err := f.imported([]string{in.Path}, in.Pattern)
	return ImportFilesV3{importIn: in, imported: files}, err
}

// importMulti answers /3/ImportFilesMulti.
func (f *facade) importMulti(_ *api.Request, in importMultiIn) (ImportFilesMultiV3, error) {
	files, err := f.imported(in.Paths, in.Pattern)
	return ImportFilesMultiV3{importMultiIn: in, imported: files}, err
}

// imported looks for files.
func (f *facade) imported(paths []string, pattern string) (imported, error) {
	got, err := f.e.Import(paths, pattern)
	// H2O: a pattern that no file matches is no failure.
	return imported{Files: list(got.Files), Keys: list(got.Keys), Fails: []string{}, Dels: []string{}}, err
}

// postFile answers POST /3/PostFile.
func (f *facade) postFile(r *api.Request, in uploadIn) (uploaded, error) {
	key, n, err := f.e.Upload(context.Background(), in.Dest, r.Body())
	return uploaded{key, n}, err
}

// parseSetup answers POST /3/ParseSetup.
func (f *facade) parseSetup(_ *api.Request, in guessIn) (ParseSetupV3, error) {
	if len(in.Sources) == 0 {
		return ParseSetupV3{}, errs.Invalidf("", "No file names given for parsing.")
	}
	given, err := in.setup()
	if err != nil {
		return ParseSetupV3{}, err
	}
	s, dest, err := f.e.ParseSetup(context.Background(), texts(in.Sources), given)
	if err != nil {
		return ParseSetupV3{}, err
	}
	types := make([]string, len(s.ColumnTypes))
	for i, t := range s.ColumnTypes {
		types[i] = t.String()
	}
	if s.Data == nil {
		s.Data = [][]string{}
	}
	return ParseSetupV3{
		Sources: frameKeys(in.Sources), Type: string(s.Type), Separator: int(s.Separator), SingleQuotes: s.SingleQuotes,
		CheckHeader: s.CheckHeader, Names: s.ColumnNames, Skipped: s.Skipped, Types: types, NA: s.NAStrings,
		Dest: dest, HeaderLines: s.HeaderLines, NumberColumns: s.NumberColumns, Data: s.Data, Warnings: s.Warnings,
		ChunkSize: s.ChunkSize, FilteredCount: s.NumberColumns, NonDataMarkers: s.NonDataMarkers, PartitionBy: s.PartitionBy,
		EscapeChar: int(s.EscapeChar), ForceColTypes: s.ForceColTypes, AdjustZone: s.TZAdjust,
	}, nil
}

// parse answers POST /3/Parse.
func (f *facade) parse(_ *api.Request, in parseIn) (ParseV3, error) {
	s, err := in.setup()
	if err != nil {
		return ParseV3{}, err
	}
	seen := map[string]bool{}
	for _, n := range s.ColumnNames {
		if n != "" && seen[n] { // H2O: the request fails, not the job
			return ParseV3{}, errs.Invalidf("column_names", "Found duplicate column name %s", n)
		}
		seen[n] = true
	}
	j, err := f.e.Parse(context.Background(), texts(in.Sources), string(in.Dest), s, in.DeleteOnDone, in.Blocking)
	if err != nil {
		return ParseV3{}, err
	}
	out := ParseV3{
		Dest: frameKey(string(in.Dest)), Sources: frameKeys(in.Sources), Type: string(s.Type), Separator: in.Separator,
		SingleQuotes: in.SingleQuotes, CheckHeader: in.CheckHeader, NumberColumns: in.NumberColumns, Names: in.Names,
		Types: in.Types, Skipped: in.Skipped, ForceColTypes: in.ForceColTypes, NA: in.NA, ChunkSize: in.ChunkSize,
		DeleteOnDone: in.DeleteOnDone, Blocking: in.Blocking, NonDataMarkers: in.NonDataMarkers, PartitionBy: in.PartitionBy,
		EscapeChar: in.EscapeChar, AdjustZone: in.AdjustZone, Job: f.started(j),
	}
	if info, err := f.e.FrameInfo(string(in.Dest)); in.Blocking && err == nil && info.Frame != nil {
		out.Rows = int64(info.Frame.NumRows())
	}
	return out, nil
}

// texts are the names as plain text.
func texts[T ~string](names []T) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = string(n)
	}
	return out
}
