package parse

import (
	"strings"
	"time"

	"github.com/geyser-ml/geyser/engine/errs"
)

// Source is one file to read.
type Source struct {
	Name string // key or file name: for guessing and messages
	Path string // where the bytes are
}

// Type is the format of the sources.
type Type string

// The formats. The zero Type is Guess's; only CSV is read so far.
const (
	GuessType Type = "GUESS"
	CSV       Type = "CSV"
	ARFF      Type = "ARFF"
	SVMLight  Type = "SVMLight"
	XLS       Type = "XLS"
	XLSX      Type = "XLSX"
	Avro      Type = "AVRO"
	Parquet   Type = "PARQUET"
	ORC       Type = "ORC"
)

var types = []Type{GuessType, CSV, ARFF, SVMLight, XLS, XLSX, Avro, Parquet, ORC}

// ParseType reads a format's word in any case; "" is GuessType.
func ParseType(word string) (Type, error) {
	if word == "" {
		return GuessType, nil
	}
	for _, t := range types {
		if strings.EqualFold(string(t), word) {
			return t, nil
		}
	}
	e := errs.Invalidf("parse_type", "unknown parse type %q: GUESS and CSV are accepted", word)
	e.Value = word
	return "", e
}

// ColumnType is what the cells of a column are read as.
type ColumnType uint8

// The column types. The zero ColumnType leaves the choice to Guess.
const (
	Unknown ColumnType = iota
	Bad                // every cell is missing
	UUID
	String
	Numeric
	Enum
	Time
)

var columnTypeNames = [...]string{"Unknown", "BAD", "UUID", "String", "Numeric", "Enum", "Time"}

// String returns the word that ParseSetup uses.
func (t ColumnType) String() string { return columnTypeNames[t] }

var columnTypeWords = map[string]ColumnType{
	"": Unknown, "unknown": Unknown, "bad": Bad, "uuid": UUID, "string": String,
	"numeric": Numeric, "float": Numeric, "real": Numeric, "double": Numeric, "int": Numeric, "long": Numeric,
	"enum": Enum, "factor": Enum, "categorical": Enum, "time": Time,
}

// ParseColumnType reads a column type's word in any case.
func ParseColumnType(word string) (ColumnType, error) {
	if t, ok := columnTypeWords[strings.ToLower(word)]; ok {
		return t, nil
	}
	e := errs.Invalidf("column_types", "unknown column type %q: unknown, uuid, string, numeric, enum and time are accepted", word)
	e.Value = word
	return Unknown, e
}

// Setup is how to read sources. Zero fields are unknown: Guess fills them.
type Setup struct {
	Type           Type
	Separator      byte         // 0: to be guessed
	SingleQuotes   bool         // ' encloses cells, not "
	EscapeChar     byte         // takes away the next byte's meaning inside quotes; 0: none
	CheckHeader    int          // 1: the first line is a header; -1: it is data; 0: to be guessed
	ColumnNames    []string     // nil: C1, C2, ...; may be shorter than the columns
	ColumnTypes    []ColumnType // by position in the file
	Skipped        []int        // positions in the file of columns to leave out
	NAStrings      [][]string   // by position in the file: texts that are missing values
	NonDataMarkers string       // a line that starts with one of these bytes is a comment; "": #
	ForceColTypes  bool         // carried for the wire: column types are always binding
	TZAdjust       bool         // carried for the wire: concerns columnar formats alone
	PartitionBy    []string     // carried for the wire: concerns columnar formats alone

	// What Guess found out besides.
	NumberColumns int
	Data          [][]string // the first cells of up to ten lines
	Warnings      []string
	HeaderLines   int64
	ChunkSize     int
}

// Options is how to run a parse. The zero Options reads with all processors,
// in UTC, without waiting for the disk.
type Options struct {
	Threads  int                     // 0: all processors
	Sync     bool                    // wait until the frame's file is safe on disk
	Progress func(frac float64)      // called from any goroutine, one at a time; nil: not
	Zone     *time.Location          // of times in the text; nil: UTC
	Memory   func(bytes int64) error // asked before the parse's own memory, in total, grows to bytes; nil: no limit
}

// maxColumns bounds the columns of a file: garbage without line ends must not
// become a frame of a billion columns.
const maxColumns = 1_000_000

// dialect is the lexical part of a Setup.
type dialect struct {
	sep, quote, esc, eol byte
	comments             string
}

func (s *Setup) dialect(sample []byte) dialect {
	d := dialect{sep: s.Separator, quote: '"', esc: s.EscapeChar, eol: lineEnd(sample), comments: s.NonDataMarkers}
	if s.SingleQuotes {
		d.quote = '\''
	}
	if d.comments == "" {
		d.comments = "#"
	}
	return d
}

// check reports what in s cannot be right, whatever the files hold.
func (s *Setup) check() error {
	quote := byte('"')
	if s.SingleQuotes {
		quote = '\''
	}
	switch {
	case s.Type != "" && s.Type != GuessType && s.Type != CSV:
		e := errs.Unavailablef("parse_type", "files of type %s cannot be read yet: convert them to CSV", s.Type)
		e.Value = string(s.Type)
		return e
	case s.Separator == '\n' || s.Separator == '\r' || s.Separator != 0 && s.Separator == quote:
		return errs.Invalidf("separator", "separator %d is a line end or the quote: give another byte", s.Separator)
	case s.EscapeChar == '\n' || s.EscapeChar == '\r' || s.EscapeChar != 0 && (s.EscapeChar == quote || s.EscapeChar == s.Separator):
		return errs.Invalidf("escapechar", "escape character %d is a line end, the quote or the separator: give another byte", s.EscapeChar)
	case s.CheckHeader < -1 || s.CheckHeader > 1:
		return errs.Invalidf("check_header", "check_header is %d: -1 (data), 0 (guess) and 1 (header) are accepted", s.CheckHeader)
	case max(len(s.ColumnNames), len(s.ColumnTypes), s.NumberColumns) > maxColumns:
		return errs.Invalidf("number_columns", "more than %d columns", maxColumns)
	}
	return nil
}
