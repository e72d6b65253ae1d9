package rapids

import "github.com/geyser-ml/geyser/engine/frame"

// single makes a frame of one column.
func single(name string, col *frame.Column) (Value, error) {
	f, err := frame.New([]string{name}, []*frame.Column{col})
	return Frame{"", f}, err
}

// framed makes a frame of columns whose names may repeat.
func framed(names []string, cols []*frame.Column) (Value, error) {
	f, err := frame.New(unique(names), cols)
	return Frame{"", f}, err
}

// levelsColumn is a category column in which each level stands once, in order.
func levelsColumn(levels []string) *frame.Column {
	codes := make([]int32, len(levels))
	for i := range codes {
		codes[i] = int32(i)
	}
	return frame.NewCodes(codes, levels)
}

// numbered returns the names C1 … Cn.
func numbered(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = "C" + label(float64(i+1))
	}
	return out
}

// unique appends to each name that stood before the first number that makes it
// new. H2O: Frame.uniquify
func unique(names []string) []string {
	seen := make(map[string]bool, len(names))
	next := map[string]int{} // all numbers below make a name that stood before
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = n
		for seen[out[i]] {
			out[i] = n + label(float64(next[n]))
			next[n]++
		}
		seen[out[i]] = true
	}
	return out
}
