// Package param turns one tagged struct into everything an API needs to know
// about its parameters: decoding, checking, describing, setting. It serves the
// parameters of algorithms and the inputs of HTTP routes alike.
//
// A field's tag is a line of a table:
//
//	LearnRate float64 `param:"learn_rate" default:"0.1" in:"(0,1]" level:"critical" grid:"true" help:"…"`
//
// The vocabulary is closed: param (wire name), default, in (interval such as
// (0,1] or [1,inf); of a list: of each element), values (enum words,
// comma-separated), level (critical, secondary, expert; critical when absent),
// grid, required, help, of (for columns: the frames whose member the value is),
// excludes (for columns: parameters that may not name the same column; told to
// clients, not checked here), direction (in, out, inout; inout when absent),
// type (the wire's name of the type where the Go type does not say it: float,
// Key<Keyed>[]). Anything else panics when the schema is built, and so does an
// exported field without a param tag, except param:"-". Embedded structs
// contribute their fields in place.
//
// Field types, and what they are called on the wire:
//
//	bool     boolean       []bool                   boolean[]
//	int      int           []int                    int[]         (32 bits)
//	int64    long          []int64                  long[]
//	float64  double        []float64                double[]
//	string   string        []string, []ColumnName   string[]
//	named string with values: enum                  enum[]
//	FrameKey Key<Frame>    []FrameKey               Key<Frame>[]
//	ModelKey Key<Model>    []ModelKey               Key<Model>[]
//	ColumnName VecSpecifier
//	[]Pair   KeyValue[]    []Couple StringPair[]    [][]string string[][]
//
// A plain string with values is an enum too. Unset is the zero value of a key, a
// column, an enum or a list (nil; an empty list is set); a string is unset when
// it is empty and its tag has no default.
package param
