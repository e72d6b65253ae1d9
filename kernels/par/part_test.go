package par_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/kernels/par"
)

func TestPart(t *testing.T) {
	cols := [][]int{{1, 2, 3, 4}, nil, {5, 6, 7, 8}}
	part := par.Part(cols, 1, 3)
	require.Equal(t, [][]int{{2, 3}, nil, {6, 7}}, part)
	part[2][0] = 9
	require.Equal(t, 9, cols[2][1], "their memory")
	require.Empty(t, par.Part[int](nil, 1, 3))
}
