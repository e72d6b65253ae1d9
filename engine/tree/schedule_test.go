package tree

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestScoring_Every(t *testing.T) {
	for _, c := range []struct {
		name                string
		s                   Scoring
		steps, rows, rounds int
		want                int
	}{
		{"each", Scoring{EachIteration: true, TreeInterval: 7}, 50, 1e9, 0, 1},
		{"so many", Scoring{TreeInterval: 7}, 50, 1e9, 0, 7},
		{"small data", Scoring{}, 50, 1000, 0, 1},
		{"a million rows", Scoring{}, 50, 1e6, 0, 25},
		{"large data, early stopping", Scoring{}, 500, 1e8, 5, 10},
		{"few steps", Scoring{}, 3, 1e8, 0, 2},
		{"no rows", Scoring{}, 10, 0, 0, 1},
	} {
		require.Equal(t, c.want, c.s.Every(c.steps, c.rows, c.rounds), c.name)
	}
}
