package data

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTables pins the bytes: results of benchmarks are compared over months.
func TestTables(t *testing.T) {
	for _, tc := range []struct {
		name   string
		table  *Table
		sha256 string
	}{
		{"flights", Flights(1000, 1), "a78ab0ff0c346a732470de0d5fb241bcc3a5171d65131d8fac53958a2112b659"},
		{"numbers", Numbers(1000, 8, 1), "5f8830f6a5321ad64c97efe9fd93dedb03834c922eaf40a4c055331860f727b0"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var out bytes.Buffer
			require.NoError(t, tc.table.WriteCSV(&out))
			sum := sha256.Sum256(out.Bytes())
			assert.Equal(t, tc.sha256, hex.EncodeToString(sum[:]))
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			assert.Len(t, lines, 1001)
			late := 0
			for _, line := range lines[1:] {
				require.Equal(t, len(tc.table.Names), strings.Count(line, ","))
				if strings.HasSuffix(line, "Y") {
					late++
				}
			}
			assert.InDelta(t, 500, late, 350, "both classes are there")
		})
	}
}
