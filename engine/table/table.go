// Package table holds small named tables for people: scoring history,
// variable importances, confusion matrix, leaderboard. Frames hold data;
// tables hold results.
package table

// Type is the declared type of a table's column.
type Type uint8

// Column types, named as they appear on the wire.
const (
	String Type = iota
	Int
	Long
	Float
	Double
)

var typeNames = [...]string{"string", "int", "long", "float", "double"}

// String returns the wire name of the type.
func (t Type) String() string { return typeNames[t] }

// Column is one titled column. Each cell is a string, int64, float64 or nil
// (an empty cell); a NaN is a value, not an empty cell.
type Column struct {
	Title  string
	Type   Type
	Format string // printf pattern shown beside the column; "" means the type's default
	Cells  []any
}

// Table is a titled list of columns of equal length.
type Table struct {
	Name        string
	Description string
	Columns     []Column
}

// Pattern returns the printf pattern of the column: its own, or "%s", "%d" and
// "%.5f" by type.
func (c Column) Pattern() string {
	switch {
	case c.Format != "":
		return c.Format
	case c.Type == String:
		return "%s"
	case c.Type == Int || c.Type == Long:
		return "%d"
	}
	return "%.5f"
}

// New makes an empty table.
func New(name, description string) *Table {
	return &Table{Name: name, Description: description}
}

// Add appends a column and returns the table, for chaining.
func (t *Table) Add(title string, typ Type, format string, cells ...any) *Table {
	t.Columns = append(t.Columns, Column{Title: title, Type: typ, Format: format, Cells: cells})
	return t
}

// Append adds one row; it must have one cell for each column.
func (t *Table) Append(cells ...any) {
	if len(cells) != len(t.Columns) {
		panic("table: row width differs from the number of columns")
	}
	for i, c := range cells {
		t.Columns[i].Cells = append(t.Columns[i].Cells, c)
	}
}

// Rows returns the number of rows.
func (t *Table) Rows() int {
	if len(t.Columns) == 0 {
		return 0
	}
	return len(t.Columns[0].Cells)
}

// Column returns the column with the given title, or nil.
func (t *Table) Column(title string) *Column {
	for i := range t.Columns {
		if t.Columns[i].Title == title {
			return &t.Columns[i]
		}
	}
	return nil
}
