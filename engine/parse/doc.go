// Package parse turns delimited text into frames.
//
// Guess looks at the first lines of each file and proposes a Setup: separator,
// header, column names and types. Parse reads whole files under a Setup:
//
//	files ──open──▶ bytes        mapped; compressed ones are inflated first
//	bytes ──cut───▶ ranges       ends of rows, quotes taken into account
//	range ──scan──▶ block        pass 1, parallel: cells to values, packed narrowly
//	blocks ─merge─▶ layout       in range order: rows, widths, sorted levels
//	block ──fill──▶ frame        pass 2, parallel: each block into its place
//
// Every cell is read once. A block keeps a column in the least width that its
// own values need, so that all blocks together are about as large as the frame,
// and each is given back once its rows are in place. Borders of ranges depend on
// the bytes alone and no result depends on which goroutine read a range: a frame
// is the same at any number of threads and for any size of range.
package parse
