package h2o

import (
	"strings"

	"github.com/geyser-ml/geyser/engine/table"
)

// TwoDimTableV3 is a table for people.
type TwoDimTableV3 struct {
	object      `meta:"TwoDimTable"`
	Name        string            `json:"name" help:"Title of the table."`
	Description string            `json:"description" help:"What the table shows."`
	Columns     []ColumnSpecsBase `json:"columns" help:"Columns in order."`
	Rows        int               `json:"rowcount" help:"Number of rows."`
	Data        [][]any           `json:"data" help:"Cells by column, then by row."`
}

// ColumnSpecsBase describes one column of a table.
type ColumnSpecsBase struct {
	object      `meta:"Iced,-1"`
	Name        string `json:"name" help:"Name to look the column up by."`
	Type        string `json:"type" help:"Type of the cells."`
	Format      string `json:"format" help:"Pattern to print a cell with."`
	Description string `json:"description" help:"Title of the column."`
}

// tableV3 puts a table on the wire.
func tableV3(t *table.Table) *TwoDimTableV3 {
	out := &TwoDimTableV3{
		Name: t.Name, Description: t.Description, Rows: t.Rows(),
		Columns: make([]ColumnSpecsBase, len(t.Columns)),
		Data:    make([][]any, len(t.Columns)),
	}
	// H2O: TwoDimTable keeps the class labels of a confusion matrix as they are.
	keep := strings.Contains(strings.ToLower(t.Name), "confusion")
	for i, c := range t.Columns {
		name := c.Title
		if !keep {
			name = columnName(name)
		}
		out.Columns[i] = ColumnSpecsBase{Name: name, Type: c.Type.String(), Format: c.Pattern(), Description: c.Title}
		out.Data[i] = c.Cells
		if c.Cells == nil {
			out.Data[i] = []any{}
		}
	}
	return out
}

// columnName makes a name of a title: "Std. Error" becomes std_error.
func columnName(title string) string {
	words := strings.FieldsFunc(strings.ToLower(title), func(r rune) bool {
		return r == '_' || r == ' ' || r == '\t' || r == '\n'
	})
	return strings.Map(func(r rune) rune {
		if r == '_' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.Join(words, "_"))
}
