package h2o

import (
	"github.com/geyser-ml/geyser/engine/param"
	"github.com/geyser-ml/geyser/engine/parse"
)

// ImportFilesV3 says which files a path stands for.
type ImportFilesV3 struct {
	request `meta:"ImportFiles"`
	importIn
	imported
}

// ImportFilesMultiV3 says which files several paths stand for.
type ImportFilesMultiV3 struct {
	request `meta:"ImportFilesMulti"`
	importMultiIn
	imported
}

// importIn is a path on the server.
type importIn struct {
	Path    string `param:"path" required:"true" help:"File, folder or pattern with wildcards."`
	Pattern string `param:"pattern" help:"Regular expression that the names of files in a folder must match."`
}

// importMultiIn is several paths on the server.
type importMultiIn struct {
	Paths   []string `param:"paths" required:"true" help:"Files, folders or patterns with wildcards."`
	Pattern string   `param:"pattern" help:"Regular expression that the names of files in a folder must match."`
}

// imported lists files.
type imported struct {
	Files []string `json:"files" help:"Files that were found."`
	Keys  []string `json:"destination_frames" help:"Keys under which they can be parsed."`
	Fails []string `json:"fails" help:"Files that cannot be read."`
	Dels  []string `json:"dels" help:"Keys that were used for these files before."`
}

// uploadIn names an upload.
type uploadIn struct {
	Dest string `param:"destination_frame" direction:"in" help:"Key of the upload; made up when it is left out."`
	File string `param:"filename" direction:"in" help:"Accepted and not used."`
}

// uploaded says where an upload is. It has no __meta.
type uploaded struct {
	Dest  string `json:"destination_frame" help:"Key of the upload."`
	Bytes int64  `json:"total_bytes" help:"Its size."`
}

// ParseSetupV3 is how to read files, as guessed from their beginning.
type ParseSetupV3 struct {
	request        `meta:"ParseSetup"`
	Sources        []*keyV3   `json:"source_frames" type:"Key<Frame>[]" schema:"FrameKeyV3" help:"What to read."`
	Type           string     `json:"parse_type" help:"Format."`
	Separator      int        `json:"separator" help:"ASCII code of the byte between cells."`
	SingleQuotes   bool       `json:"single_quotes" help:"Whether cells stand in single quotes."`
	CheckHeader    int        `json:"check_header" help:"1 when the first line holds the names, -1 when it is data."`
	Names          []string   `json:"column_names" help:"Names of the columns."`
	Skipped        []int      `json:"skipped_columns" help:"Columns to leave out."`
	Types          []string   `json:"column_types" help:"Types of the columns."`
	NA             [][]string `json:"na_strings" help:"Texts that mean a missing value, by column."`
	NameFilter     string     `json:"column_name_filter,null" help:"Not used."`
	ColumnOffset   int        `json:"column_offset" help:"Not used."`
	ColumnCount    int        `json:"column_count" help:"Not used."`
	Dest           string     `json:"destination_frame" help:"Key that is suggested for the frame."`
	HeaderLines    int64      `json:"header_lines" help:"Lines before the data that are no names."`
	NumberColumns  int        `json:"number_columns" help:"Number of columns."`
	Data           [][]string `json:"data" help:"The first rows."`
	Warnings       []string   `json:"warnings" help:"What is odd about the files."`
	ChunkSize      int        `json:"chunk_size" help:"Bytes that are read at a time."`
	FilteredCount  int        `json:"total_filtered_column_count" help:"Number of columns."`
	NonDataMarkers string     `json:"custom_non_data_line_markers,null" help:"Bytes that begin a comment line."`
	DecryptTool    *keyV3     `json:"decrypt_tool" type:"Key<DecryptionTool>" schema:"DecryptionToolKeyV3" help:"Not available."`
	PartitionBy    []string   `json:"partition_by" help:"Columns of partitioned files."`
	EscapeChar     int        `json:"escapechar" help:"ASCII code of the escape character, 0 for none."`
	ForceColTypes  bool       `json:"force_col_types" help:"Whether the types are binding."`
	AdjustZone     bool       `json:"tz_adjust_to_local" help:"Whether times are shifted."`
}

// setupIn is how to read files, as far as the caller knows.
type setupIn struct {
	Sources        []param.FrameKey `param:"source_frames" required:"true" direction:"in" help:"What to read."`
	Type           string           `param:"parse_type" default:"GUESS" values:"GUESS,CSV,ARFF,SVMLight,XLS,XLSX,AVRO,PARQUET,ORC" direction:"in" help:"Format."`
	Separator      int              `param:"separator" in:"[-1,255]" direction:"in" help:"ASCII code of the byte between cells; 0 to guess."`
	SingleQuotes   bool             `param:"single_quotes" direction:"in" help:"Cells stand in single quotes."`
	CheckHeader    int              `param:"check_header" in:"[-1,1]" direction:"in" help:"1 when the first line holds the names, -1 when it is data, 0 to guess."`
	NumberColumns  int              `param:"number_columns" direction:"in" help:"Number of columns."`
	Names          []string         `param:"column_names" direction:"in" help:"Names of the columns."`
	Types          []string         `param:"column_types" direction:"in" help:"Types of the columns."`
	Skipped        []int            `param:"skipped_columns" direction:"in" help:"Columns to leave out, counted from 0."`
	NA             [][]string       `param:"na_strings" direction:"in" help:"Texts that mean a missing value, by column."`
	NonDataMarkers string           `param:"custom_non_data_line_markers" direction:"in" help:"Bytes that begin a comment line."`
	DecryptTool    string           `param:"decrypt_tool" direction:"in" help:"Not available."`
	PartitionBy    []string         `param:"partition_by" direction:"in" help:"Columns of partitioned files."`
	EscapeChar     int              `param:"escapechar" in:"[0,127]" direction:"in" help:"ASCII code of the escape character, 0 for none."`
	ForceColTypes  bool             `param:"force_col_types" direction:"in" help:"The types are binding."`
	AdjustZone     bool             `param:"tz_adjust_to_local" direction:"in" help:"Shift times to the zone of the server."`
	ChunkSize      int              `param:"chunk_size" default:"4194304" direction:"in" help:"Accepted and not used."`
}

// guessIn is what POST /3/ParseSetup takes.
type guessIn struct {
	setupIn
	NameFilter    string     `param:"column_name_filter" direction:"in" help:"Accepted and not used."`
	ColumnOffset  int        `param:"column_offset" direction:"in" help:"Accepted and not used."`
	ColumnCount   int        `param:"column_count" direction:"in" help:"Accepted and not used."`
	Dest          string     `param:"destination_frame" direction:"in" help:"Accepted and not used."`
	HeaderLines   int64      `param:"header_lines" direction:"in" help:"Accepted and not used."`
	Data          [][]string `param:"data" direction:"in" help:"Accepted and not used."`
	Warnings      []string   `param:"warnings" direction:"in" help:"Accepted and not used."`
	FilteredCount int        `param:"total_filtered_column_count" direction:"in" help:"Accepted and not used."`
}

// setup translates what the caller knows.
func (in setupIn) setup() (parse.Setup, error) {
	s := parse.Setup{
		SingleQuotes: in.SingleQuotes, EscapeChar: byte(in.EscapeChar), CheckHeader: in.CheckHeader,
		ColumnNames: in.Names, Skipped: in.Skipped, NAStrings: in.NA, NonDataMarkers: in.NonDataMarkers,
		ForceColTypes: in.ForceColTypes, TZAdjust: in.AdjustZone, PartitionBy: in.PartitionBy,
		NumberColumns: in.NumberColumns, ChunkSize: in.ChunkSize,
	}
	if in.DecryptTool != "" {
		return s, later("reading encrypted files")
	}
	if in.Separator > 0 {
		s.Separator = byte(in.Separator)
	}
	var err error
	if s.Type, err = parse.ParseType(in.Type); err != nil {
		return s, err
	}
	for _, w := range in.Types {
		t, err := parse.ParseColumnType(w)
		if err != nil {
			return s, err
		}
		s.ColumnTypes = append(s.ColumnTypes, t)
	}
	return s, nil
}

// ParseV3 starts a parse.
type ParseV3 struct {
	request
	Dest           *keyV3     `json:"destination_frame" type:"Key<Frame>" schema:"FrameKeyV3" help:"Key of the frame to make."`
	Sources        []*keyV3   `json:"source_frames" type:"Key<Frame>[]" schema:"FrameKeyV3" help:"What is read."`
	Type           string     `json:"parse_type" help:"Format."`
	Separator      int        `json:"separator" help:"ASCII code of the byte between cells."`
	SingleQuotes   bool       `json:"single_quotes" help:"Whether cells stand in single quotes."`
	CheckHeader    int        `json:"check_header" help:"1 when the first line holds the names, -1 when it is data."`
	NumberColumns  int        `json:"number_columns" help:"Number of columns."`
	Names          []string   `json:"column_names" help:"Names of the columns."`
	Types          []string   `json:"column_types" help:"Types of the columns."`
	Skipped        []int      `json:"skipped_columns" help:"Columns that are left out."`
	ForceColTypes  bool       `json:"force_col_types" help:"Whether the types are binding."`
	Domains        [][]string `json:"domains" help:"Levels of the columns; they are found out."`
	NA             [][]string `json:"na_strings" help:"Texts that mean a missing value, by column."`
	ChunkSize      int        `json:"chunk_size" help:"As it was given."`
	DeleteOnDone   bool       `json:"delete_on_done" help:"Whether the sources are dropped at the end."`
	Blocking       bool       `json:"blocking" help:"Whether the answer waited for the end."`
	DecryptTool    *keyV3     `json:"decrypt_tool" type:"Key<DecryptionTool>" schema:"DecryptionToolKeyV3" help:"Not available."`
	NonDataMarkers string     `json:"custom_non_data_line_markers,null" help:"Bytes that begin a comment line."`
	PartitionBy    []string   `json:"partition_by" help:"Columns of partitioned files."`
	Job            *JobV3     `json:"job" help:"The job that parses."`
	Rows           int64      `json:"rows" help:"Number of rows, when the answer waited."`
	EscapeChar     int        `json:"escapechar" help:"ASCII code of the escape character, 0 for none."`
	AdjustZone     bool       `json:"tz_adjust_to_local" help:"Whether times are shifted."`
}

// parseIn is what POST /3/Parse takes.
type parseIn struct {
	Dest param.FrameKey `param:"destination_frame" required:"true" direction:"in" help:"Key of the frame to make."`
	setupIn
	Domains      [][]string `param:"domains" direction:"in" help:"Accepted and not used: levels are found out."`
	DeleteOnDone bool       `param:"delete_on_done" direction:"in" help:"Drop the sources at the end."`
	Blocking     bool       `param:"blocking" direction:"in" help:"Answer when the job has ended."`
}
