package h2o

import (
	"fmt"
	"math"

	"github.com/geyser-ml/geyser/engine"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/param"
	"github.com/geyser-ml/geyser/engine/table"
)

// FramesV3 shows frames, or echoes what was done to them.
type FramesV3 struct {
	request `meta:"Frames"`
	frameWindow
	frameOutput
	Job              *JobV3     `json:"job" help:"The job that exports."`
	Frames           []FrameV3  `json:"frames" help:"The frames."`
	CompatibleModels []*keyV3   `json:"compatible_models" type:"Key<Model>[]" schema:"ModelKeyV3" help:"Models that can score the frame."`
	Domain           [][]string `json:"domain" help:"Levels of the column that was asked for."`
}

// frameWindow is the part of a frame that is shown.
type frameWindow struct {
	RowOffset       int64 `param:"row_offset" default:"0" help:"First row to show."`
	RowCount        int64 `param:"row_count" default:"-1" help:"Number of rows to show; 100 when negative."`
	ColumnOffset    int   `param:"column_offset" default:"0" help:"First column to show."`
	FullColumnCount int   `param:"full_column_count" default:"-1" help:"Number of columns to show with data; all when negative."`
	ColumnCount     int   `param:"column_count" default:"-1" help:"Number of columns to show; all when negative."`
}

// frameOutput is how a frame is written.
type frameOutput struct {
	Compression   string `param:"compression" help:"Compression of the file: gzip, zstd, snappy or none."`
	WriteChecksum bool   `param:"write_checksum" default:"true" help:"Accepted and not used."`
	AdjustZone    bool   `param:"tz_adjust_from_local" default:"false" help:"Accepted and not used: times are UTC."`
	Separator     int    `param:"separator" default:"44" in:"[1,127]" help:"ASCII code of the byte between cells."`
	Header        bool   `param:"header" default:"true" help:"Write the names of the columns first."`
	QuoteHeader   bool   `param:"quote_header" default:"true" help:"Put these names in quotes."`
}

// FrameBaseV3 is what every view of a frame shows.
type FrameBaseV3 struct {
	request
	ID     *keyV3 `json:"frame_id" type:"Key<Frame>" schema:"FrameKeyV3" help:"Key of the frame."`
	Bytes  int64  `json:"byte_size" help:"Size in bytes."`
	IsText bool   `json:"is_text" help:"Whether it is raw text, not parsed yet."`
}

// FrameSynopsisV3 is a frame in a list.
type FrameSynopsisV3 struct {
	FrameBaseV3
	Rows    int64 `json:"rows" help:"Number of rows."`
	Columns int   `json:"columns" help:"Number of columns."`
}

// FramesListV3 lists frames.
type FramesListV3 struct {
	request `meta:"Frames"`
	Frames  []FrameSynopsisV3 `json:"frames" help:"The frames."`
}

// FrameV3 is a frame.
type FrameV3 struct {
	FrameBaseV3      `meta:"Frame"`
	RowOffset        int64        `json:"row_offset" help:"First row that is shown."`
	RowCount         int64        `json:"row_count" help:"Number of rows that are shown, counted from the start of the frame."`
	ColumnOffset     int          `json:"column_offset" help:"First column that is shown."`
	ColumnCount      int          `json:"column_count" help:"Number of columns that are shown."`
	FullColumnCount  int          `json:"full_column_count" help:"Number of them with data."`
	TotalColumnCount int          `json:"total_column_count" help:"Number of columns of the frame."`
	Checksum         int64        `json:"checksum" help:"Hash of the content."`
	Rows             int64        `json:"rows" help:"Number of rows of the frame."`
	NumColumns       int          `json:"num_columns" help:"Number of columns of the frame."`
	Probabilities    []float64    `json:"default_percentiles" help:"Probabilities of the percentiles."`
	Columns          []ColV3      `json:"columns" help:"The columns."`
	CompatibleModels []*keyV3     `json:"compatible_models" type:"Key<Model>[]" schema:"ModelKeyV3" help:"Models that can score the frame."`
	Chunks           *table.Table `json:"chunk_summary" help:"How the columns are stored."`
	Distribution     *table.Table `json:"distribution_summary" help:"Where the rows are."`
}

// ColV3 is a column.
type ColV3 struct {
	object      `meta:"Vec"`
	Label       string    `json:"label" help:"Name of the column."`
	Missing     int64     `json:"missing_count" help:"Number of missing values."`
	Zeros       int64     `json:"zero_count" help:"Number of zeros; of the first level for categories."`
	PosInf      int64     `json:"positive_infinity_count" help:"Number of infinities."`
	NegInf      int64     `json:"negative_infinity_count" help:"Number of negative infinities."`
	Mins        []float64 `json:"mins" help:"The five smallest values."`
	Maxs        []float64 `json:"maxs" help:"The five largest values."`
	Mean        float64   `json:"mean" help:"Mean."`
	Sigma       float64   `json:"sigma" help:"Standard deviation."`
	Type        string    `json:"type" help:"enum, string, int, real, time or uuid."`
	Domain      []string  `json:"domain" help:"Levels."`
	Cardinality int       `json:"domain_cardinality" help:"Number of levels."`
	Data        []float64 `json:"data" help:"Values; level numbers for categories, milliseconds since 1970 for times."`
	Strings     []any     `json:"string_data" type:"string[]" help:"Values of texts."`
	Precision   int8      `json:"precision" help:"Digits after the point; -1 where that means nothing."`
	Bins        []int64   `json:"histogram_bins" help:"Number of values in each bin."`
	Base        float64   `json:"histogram_base" help:"Start of the first bin."`
	Stride      float64   `json:"histogram_stride" help:"Width of a bin."`
	Percentiles []float64 `json:"percentiles" help:"Values at the default percentiles."`
}

// defaultRows is how many rows are shown when nothing is said.
const defaultRows = 100

// view is what to show of a frame.
type view struct {
	frameWindow
	light   bool // nothing that takes long
	summary bool // histograms and percentiles
}

// frameV3 shows a window of a stored frame.
func (f *facade) frameV3(info engine.FrameInfo, v view) FrameV3 {
	out := FrameV3{
		FrameBaseV3: FrameBaseV3{ID: frameKey(info.Key), Bytes: info.Bytes, IsText: info.IsText},
		RowOffset:   v.RowOffset, ColumnOffset: v.ColumnOffset, Probabilities: frame.Probabilities[:], Columns: []ColV3{},
	}
	if info.Key == "" {
		out.ID = nameless()
	}
	fr := info.Frame
	if fr == nil { // H2O shows raw text as one column of bytes; its rows are bytes
		out.Rows, out.RowCount = info.Bytes, min(defaultRows, info.Bytes)
		out.ColumnCount, out.FullColumnCount, out.TotalColumnCount, out.NumColumns = 1, 1, 1, 1
		return out
	}
	rows, cols := int64(fr.NumRows()), fr.NumCols()
	out.Rows, out.NumColumns, out.TotalColumnCount = rows, cols, cols
	want := v.RowCount
	if want < 0 {
		want = defaultRows
	}
	lo := min(max(v.RowOffset, 0), rows)
	hi := min(lo+want, rows)
	out.RowCount = min(want, lo+rows)
	first := min(max(v.ColumnOffset, 0), cols)
	last := cols
	if v.ColumnCount >= 0 {
		last = min(first+v.ColumnCount, cols)
	}
	full := last - first
	if v.FullColumnCount >= 0 {
		full = min(v.FullColumnCount, full)
	}
	out.ColumnCount, out.FullColumnCount = last-first, full
	for i := first; i < last; i++ {
		c := colV3(fr.Name(i), fr.Column(i), v.summary)
		if i-first < full {
			fill(&c, fr.Column(i), int(lo), int(hi))
		}
		out.Columns = append(out.Columns, c)
	}
	if v.light {
		out.Bytes = 0
		return out
	}
	out.Checksum = fr.Checksum()
	out.Chunks, out.Distribution = chunkTable(fr), f.distributionTable(fr)
	return out
}

// colV3 shows a column without its values.
func colV3(name string, c *frame.Column, summary bool) ColV3 {
	s := c.Stats()
	out := ColV3{
		Label: name, Missing: s.Missing, Zeros: s.Zeros, PosInf: s.PosInf, NegInf: s.NegInf,
		Mins: s.Mins[:], Maxs: s.Maxs[:], Mean: s.Mean, Sigma: s.Sigma,
		Type: columnType(c), Domain: c.Domain(), Cardinality: len(c.Domain()), Precision: -1,
	}
	switch c.Kind() {
	case frame.Enum:
		// H2O: the moments of a category are those of its codes, and only where
		// there are two.
		if len(c.Domain()) != 2 {
			out.Mean, out.Sigma = math.NaN(), math.NaN()
		}
	case frame.Real:
		if out.Type == "real" {
			out.Precision = 0
		}
	case frame.Bad:
		out.Mean, out.Sigma = 0, 0
	}
	if summary {
		h := c.Summary()
		out.Bins, out.Base, out.Stride, out.Percentiles = h.Bins, h.Base, h.Stride, h.Percentiles[:]
	}
	return out
}

// columnType is the wire's word for a column's kind.
func columnType(c *frame.Column) string {
	switch c.Kind() {
	case frame.Enum, frame.String, frame.Time, frame.UUID:
		return c.Kind().String()
	case frame.Real:
		if !c.Stats().Whole {
			return "real"
		}
	}
	return "int"
}

// fill puts the values of rows [lo, hi) into a column.
func fill(out *ColV3, c *frame.Column, lo, hi int) {
	if c.Kind() != frame.String && c.Kind() != frame.UUID {
		out.Data = append([]float64{}, c.Floats(lo, hi, nil)...)
		return
	}
	out.Strings = make([]any, hi-lo)
	for i := lo; i < hi; i++ {
		if !c.Missing(i) {
			out.Strings[i-lo] = c.Text(i)
		}
	}
}

// chunkNames are the storage types in words.
var chunkNames = map[frame.DType][2]string{
	frame.None: {"C0L", "Constant"}, frame.I8: {"C1", "1-Byte Integers"}, frame.I16: {"C2", "2-Byte Integers"},
	frame.I32: {"C4", "4-Byte Integers"}, frame.I64: {"C8", "64-bit Integers"}, frame.F32: {"C4F", "32-bit Reals"},
	frame.F64: {"C8D", "64-bit Reals"}, frame.Text: {"CStr", "Strings"}, frame.U128: {"C16", "UUIDs"},
}

// chunkTable tells how the columns are stored.
func chunkTable(fr *frame.Frame) *table.Table {
	t := table.New("Chunk compression summary", "").
		Add("Chunk Type", table.String, "%8s").Add("Chunk Name", table.String, "").
		Add("Count", table.Int, "%10d").Add("Count Percentage", table.Float, "%10.3f %%").
		Add("Size", table.String, "%10s").Add("Size Percentage", table.Float, "%10.3f %%")
	var count, size [frame.U128 + 1]int64
	var total int64
	for i := range fr.NumCols() {
		c := fr.Column(i)
		count[c.DType()]++
		size[c.DType()] += c.SizeBytes()
		total += c.SizeBytes()
	}
	for d, n := range count {
		if n > 0 {
			name := chunkNames[frame.DType(d)]
			t.Append(name[0], name[1], n, 100*float64(n)/float64(fr.NumCols()), byteSize(float64(size[d])),
				100*float64(size[d])/max(float64(total), 1))
		}
	}
	return t
}

// distributionTable tells where the rows are: all on one node.
func (f *facade) distributionTable(fr *frame.Frame) *table.Table {
	t := table.New("Frame distribution summary", "").
		Add("", table.String, "").Add("Size", table.String, "").Add("Number of Rows", table.Float, "%f").
		Add("Number of Chunks per Column", table.Float, "%f").Add("Number of Chunks", table.Float, "%f")
	size, rows, cols := byteSize(float64(fr.SizeBytes())), float64(fr.NumRows()), float64(fr.NumCols())
	for _, name := range []string{f.Address, "mean", "min", "max"} {
		t.Append(name, size, rows, 1.0, cols)
	}
	t.Append("stddev", byteSize(0), 0.0, 0.0, 0.0)
	t.Append("total", size, rows, 1.0, cols)
	return t
}

// byteSize prints a number of bytes in ten places.
func byteSize(n float64) string {
	for _, u := range []string{" B", "KB", "MB", "GB"} {
		if n < 1024 {
			if u == " B" {
				return fmt.Sprintf("%7.0f %s", n, u)
			}
			return fmt.Sprintf("%7.1f %s", n, u)
		}
		n /= 1024
	}
	return fmt.Sprintf("%7.1f TB", n)
}

// frameIn names a frame and a part of it.
type frameIn struct {
	ID param.FrameKey `param:"frame_id" help:"Key of the frame."`
	frameWindow
	frameOutput
	Column               string `param:"column" direction:"in" help:"Name of a column."`
	FindCompatibleModels bool   `param:"find_compatible_models" direction:"in" help:"List the models that can score the frame."`
	Path                 string `param:"path" direction:"in" help:"File to write."`
	Force                bool   `param:"force" direction:"in" help:"Replace what is there."`
	Parts                int    `param:"num_parts" default:"1" direction:"in" help:"Number of files; -1 leaves it to the server."`
	Parallel             bool   `param:"parallel" direction:"in" help:"Accepted and not used."`
	Format               string `param:"format" default:"csv" values:"csv,parquet" direction:"in" help:"Format of the file."`
}

// FrameSaveV3 stores a frame in a folder, in the server's own format.
type FrameSaveV3 struct {
	request
	folderIn
	Job *JobV3 `json:"job" help:"The job that writes."`
}

// FrameLoadV3 reads such a frame back.
type FrameLoadV3 struct {
	request
	folderIn
	Job *JobV3 `json:"job" help:"The job that reads."`
}

// folderIn names a folder.
type folderIn struct {
	Dir   string `param:"dir" help:"Folder."`
	Force bool   `param:"force" default:"true" help:"Replace what is there."`
}

// storedIn names a frame and a folder.
type storedIn struct {
	ID param.FrameKey `param:"frame_id" direction:"in" help:"Key of the frame."`
	folderIn
}

// FrameChunksV3 tells how the rows of a frame are split; here, not at all.
type FrameChunksV3 struct {
	object
	ID     *keyV3         `json:"frame_id" type:"Key<Frame>" schema:"FrameKeyV3" help:"Key of the frame."`
	Chunks []FrameChunkV3 `json:"chunks" help:"The pieces."`
}

// FrameChunkV3 is a run of rows.
type FrameChunkV3 struct {
	object
	ID   int   `json:"chunk_id" help:"Number of the piece."`
	Rows int64 `json:"row_count" help:"Number of rows."`
	Node int   `json:"node_idx" help:"Number of the node that holds it."`
}

// keyIn names a frame and nothing else.
type keyIn struct {
	ID param.FrameKey `param:"frame_id" help:"Key of the frame."`
}

// FindV3 tells where a value stands in a column.
type FindV3 struct {
	request
	Key    FrameV3 `json:"key" help:"The column that was searched, as a frame."`
	Column string  `json:"column" help:"Its name."`
	Row    int64   `json:"row" help:"Row from where it was searched."`
	Match  string  `json:"match" help:"Value that was searched."`
	Prev   int64   `json:"prev" help:"Nearest row before it with that value, -1 for none."`
	Next   int64   `json:"next" help:"Nearest row after it with that value, -1 for none."`
}

// findIn is what to find where.
type findIn struct {
	Key    param.FrameKey `param:"key" required:"true" direction:"in" help:"Key of the frame."`
	Column string         `param:"column" direction:"in" help:"Name of the column."`
	Row    int64          `param:"row" direction:"in" help:"Row from where to search."`
	Match  string         `param:"match" direction:"in" help:"Value to search."`
}

// downloadIn says which frame to send and how.
type downloadIn struct {
	ID     param.FrameKey `param:"frame_id" required:"true" direction:"in" help:"Key of the frame."`
	Hex    bool           `param:"hex_string" direction:"in" help:"Write numbers with all their bits, in hexadecimal."`
	Escape bool           `param:"escape_quotes" default:"false" direction:"in" help:"Double the quotes inside of texts."`
}

// RemoveV3 echoes what was removed.
type RemoveV3 struct {
	request
	Key     *keyV3 `json:"key" type:"Key<Keyed>" schema:"KeyV3" help:"Key of the object."`
	Cascade bool   `json:"cascade" help:"Whether what depends on it was removed too."`
}

// removeIn names an object.
type removeIn struct {
	Key     string `param:"key" direction:"in" help:"Key of the object."`
	Cascade bool   `param:"cascade" direction:"in" help:"Remove what depends on it, too."`
}

// RemoveAllV3 echoes what was kept.
type RemoveAllV3 struct {
	request
	Retained []*keyV3 `json:"retained_keys" type:"Key<Keyed>[]" schema:"KeyV3" help:"Keys that were kept."`
}

// removeAllIn lists objects to keep.
type removeAllIn struct {
	Retained []string `param:"retained_keys" direction:"in" help:"Keys to keep."`
}
