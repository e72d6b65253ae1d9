package kernels

// Game is what Shapley values are taken of: what the trees of a forest expect of a row
// when the values of some players are known. At a split of another player they expect
// the mean over both ways, by Share.
type Game struct {
	Forest *Forest
	Share  []float64 // by node that is no root: the share of the parent's training weight that came to it
	Player []int32   // by split: whose value it looks at; nil for its Feature
}

// Contributor is a Backend that can compute Shapley values.
type Contributor interface {
	// Contributions writes the Shapley values of rows [lo, hi) of cols, over all trees,
	// to out[player][row-lo]. The same call gives the same bits; other tiers give values
	// within 1e-12 of the sum of a row's absolute ones. What a tier has made of a game
	// it may keep with the forest, whose shares and players must not change. After an
	// error, be it ErrUnavailable where the call is too small or too large to be worth
	// it, the caller computes by himself; what is in out is undefined then.
	Contributions(g Game, cols []Column, lo, hi int, out [][]float64) error
}
