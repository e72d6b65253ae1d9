package bench_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/geyser-ml/geyser/bench/data"
	"github.com/geyser-ml/geyser/engine/parse"
)

// csvFile writes a table below the benchmark's temporary directory.
func csvFile(b *testing.B, t *data.Table, name string) (path string, size int64) {
	b.Helper()
	path = filepath.Join(b.TempDir(), name)
	file, err := os.Create(path)
	check(b, err)
	check(b, t.WriteCSV(file))
	info, err := file.Stat()
	check(b, err)
	check(b, file.Close())
	return path, info.Size()
}

func BenchmarkParse(b *testing.B) {
	for _, tc := range []struct {
		name string
		make func(rows int) *data.Table
	}{
		{"flights", func(rows int) *data.Table { return data.Flights(rows, 1) }},
		{"numbers", func(rows int) *data.Table { return data.Numbers(rows, 28, 1) }},
	} {
		const rows = 500_000
		b.Run(fmt.Sprintf("data=%s/rows=%d", tc.name, rows), func(b *testing.B) {
			path, size := csvFile(b, tc.make(rows), tc.name+".csv")
			sources := []parse.Source{{Name: tc.name + ".csv", Path: path}}
			dest := filepath.Join(b.TempDir(), "frame.arrow")
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				setup, err := parse.Guess(context.Background(), sources, parse.Setup{})
				check(b, err)
				f, _, err := parse.Parse(context.Background(), sources, setup, dest, parse.Options{})
				check(b, err)
				if f.NumRows() != rows {
					b.Fatalf("%d rows, expected %d", f.NumRows(), rows)
				}
				check(b, os.Remove(dest))
			}
			rate(b, rows)
		})
	}
}
