package par

// Part returns rows [lo, hi) of columns, which share their memory. Columns that are
// nil stay nil.
func Part[T any](cols [][]T, lo, hi int) [][]T {
	out := make([][]T, len(cols))
	for k, c := range cols {
		if c != nil {
			out[k] = c[lo:hi]
		}
	}
	return out
}
