package param

import "fmt"

// Raw holds wire names and undecoded values: text as it came in a form or a
// query, or for JSON bodies the JSON text of the value (a JSON string without
// its quotes). A JSON null is left out by whoever fills it. It owns its memory.
type Raw map[string]string

// FrameKey names a frame in the catalog. On the wire: Key<Frame>.
type FrameKey string

// ModelKey names a model in the catalog. On the wire: Key<Model>.
type ModelKey string

// ColumnName names a column of the frames that the field's tag lists. On the
// wire: VecSpecifier.
type ColumnName string

// Pair is one entry of a keyed list such as monotone_constraints. On the wire:
// KeyValue.
type Pair struct {
	Key   string
	Value float64
}

// Couple is one entry of a list of pairs of names such as interaction_pairs. On
// the wire: StringPair.
type Couple struct {
	A, B string
}

// Info is one parameter as a person or a client sees it.
type Info struct {
	Name        string
	Help        string
	Type        string // wire type: int, double, enum, Key<Frame>, VecSpecifier, string[] …
	Level       string // critical, secondary, expert
	Required    bool
	Gridable    bool
	Values      []string // canonical words of an enum
	MemberOf    []string // frames whose columns the value names
	ExclusiveOf []string // parameters that may not name the same column
	Direction   string   // in, out, inout

	// Values have the Go type of the field, but string and []string for enums of
	// a named type; they share memory with the parameters. nil is unset.
	Default any
	Input   any // what the caller gave, or the default
	Actual  any // what training used
}

// Severity grades an Issue.
type Severity uint8

// Severities, named on the wire ERRR, WARN, INFO and TRACE.
const (
	Error Severity = iota
	Warn
	Note
	Trace
)

// Issue is one finding about one parameter.
type Issue struct {
	Severity Severity
	Field    string // wire name, "" for the whole
	Message  string
	Cause    Cause // for Error: why, so that a facade can pick its status
	Err      error // the error behind it, where there is one
}

// Cause classifies an Error issue.
type Cause uint8

// Causes.
const (
	BadValue  Cause = iota // out of range, wrong combination, object unfit
	Unknown                // no parameter of that name
	Malformed              // text that cannot be converted to the type
	BadWord                // not one of the enum's words
	Missing                // required and absent
	NoObject               // names a frame or model that does not exist
	Later                  // known, but not available in this release
)

// Issues is a list of findings; Err says whether one of them is fatal.
type Issues []Issue

// Fail adds an error about a field.
func (is *Issues) Fail(field, format string, args ...any) {
	*is = append(*is, Issue{Severity: Error, Field: field, Message: fmt.Sprintf(format, args...)})
}

// Warn adds a warning about a field.
func (is *Issues) Warn(field, format string, args ...any) {
	*is = append(*is, Issue{Severity: Warn, Field: field, Message: fmt.Sprintf(format, args...)})
}

// Refuse adds the error of a parameter that is known but not available here.
func (is *Issues) Refuse(field string, err error) {
	*is = append(*is, Issue{Severity: Error, Field: field, Cause: Later, Message: err.Error(), Err: err})
}
