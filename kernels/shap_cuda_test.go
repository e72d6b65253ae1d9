//go:build cuda

package kernels

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func newRows(players, rows int) [][]float64 {
	out := make([][]float64, players)
	for k := range out {
		out[k] = slices.Repeat([]float64{math.NaN()}, rows)
	}
	return out
}

// gameOf makes a game with random shares; some are 0 and 1.
func gameOf(r *rand.Rand, f *Forest) Game {
	g := Game{Forest: f, Share: make([]float64, len(f.Left))}
	for i, left := range f.Left {
		if left >= 0 {
			z := float64(r.IntN(9)) / 8
			g.Share[left], g.Share[f.Right[i]] = z, 1-z
		}
	}
	return g
}

// naiveShapley are the values of a row by their definition: over all coalitions of players.
func naiveShapley(g Game, cols []Column, row, players int) []float64 {
	f := g.Forest
	expect := func(known int) (sum float64) {
		var at func(i int32) float64
		at = func(i int32) float64 {
			if f.Left[i] < 0 {
				return float64(f.Value[i])
			}
			player := f.Feature[i]
			if g.Player != nil {
				player = g.Player[i]
			}
			if known>>player&1 == 0 {
				return g.Share[f.Left[i]]*at(f.Left[i]) + g.Share[f.Right[i]]*at(f.Right[i])
			}
			one := *f
			one.Roots = []int32{i}
			if goesLeft(&one, cols, row) {
				return at(f.Left[i])
			}
			return at(f.Right[i])
		}
		for _, root := range f.Roots {
			sum += at(root)
		}
		return sum
	}
	values := make([]float64, 1<<players)
	for s := range values {
		values[s] = expect(s)
	}
	factorial := func(n int) (x float64) {
		for x = 1; n > 1; n-- {
			x *= float64(n)
		}
		return x
	}
	phi := make([]float64, players)
	for s := range values {
		size := 0
		for k := range players {
			size += s >> k & 1
		}
		for k := range players {
			if s>>k&1 == 0 {
				phi[k] += factorial(size) * factorial(players-size-1) / factorial(players) * (values[s|1<<k] - values[s])
			}
		}
	}
	return phi
}

// goesLeft says which way a row goes at the first root.
func goesLeft(f *Forest, cols []Column, row int) bool {
	i := f.Roots[0]
	g := Forest{Roots: []int32{0}, Left: []int32{1, -1, -1}, Right: []int32{2, -1, -1}, Value: []float32{0, 1, 2}}
	g.Feature, g.Threshold = []int32{f.Feature[i], -1, -1}, []float64{f.Threshold[i], 0, 0}
	g.MissingLeft, g.SetAt, g.SetLen, g.Sets = []uint8{f.MissingLeft[i], 0, 0}, []int32{f.SetAt[i], -1, -1}, []int32{f.SetLen[i], 0, 0}, f.Sets
	return naivePredict(&g, cols, row, 0) == 1
}

func checkNear(t *testing.T, what string, got [][]float64, row int, want []float64) {
	t.Helper()
	sum := 0.0
	for _, v := range want {
		sum += math.Abs(v)
	}
	for k, v := range want {
		if d := math.Abs(got[k][row] - v); !(d <= 1e-12*sum) {
			t.Fatalf("%s, row %d: player %d has %v, want %v", what, row, k, got[k][row], v)
		}
	}
}

func TestContributions_DeviceDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(91, 92))
	const n = 300
	cols := awkward(r, n)
	for _, c := range []struct {
		name                   string
		trees, depth, players_ int
	}{{"leaves", 3, 0, 0}, {"stumps", 6, 1, 0}, {"shallow", 8, 3, 0}, {"deep", 2, 9, 0}, {"two players", 3, 6, 2}, {"many trees", 100, 4, 5}} {
		t.Run(c.name, func(t *testing.T) {
			b := openScorer(t)
			f := awkwardForest(r, cols, c.trees, c.depth, 2)
			g, players := gameOf(r, f), len(cols)
			if c.players_ > 0 {
				players = c.players_
				for _, j := range f.Feature {
					g.Player = append(g.Player, j%int32(players))
				}
			}
			out := newRows(players, n-1)
			check(t, b.Contributions(g, cols, 1, n, out))
			for row := 0; row < n-1; row += 97 {
				checkNear(t, "definition", out, row, naiveShapley(g, cols, row+1, players))
			}
			again := newRows(players, n-1)
			check(t, b.Contributions(g, cols, 1, n, again))
			if !sameRows(out, again) {
				t.Error("the same call gives other bits")
			}
			b.scoring.limits.most = 111
			check(t, b.Contributions(g, cols, 1, n, again))
			if !sameRows(out, again) {
				t.Error("other chunks give other bits")
			}
			if err := Fault(b); err != nil {
				t.Error(err)
			}
		})
	}
}

// comb makes a tree whose every level splits the next column, and ends the left way.
func comb(r *rand.Rand, p int) *Forest {
	f := &Forest{}
	for j := range p {
		i := f.AddLeaf(0)
		f.Feature[i], f.Threshold[i], f.MissingLeft[i] = int32(j), r.NormFloat64()-1.5, uint8(r.IntN(2))
		f.Left[i], f.Right[i] = i+1, i+2
		f.AddLeaf(float32(r.NormFloat64()))
	}
	f.AddLeaf(1)
	f.Roots, f.Class = []int32{0}, []int32{0}
	return f
}

// Paths of all numbers of players: the values of each row add up.
func TestContributions_DeviceWide(t *testing.T) {
	r := rand.New(rand.NewPCG(93, 94))
	const n = 130
	for _, p := range []int{1, 2, 3, 5, 7, 9, 13, 17, 33, 64} {
		b := openScorer(t)
		var cols []Column
		for range p {
			v := make([]float64, n)
			for i := range v {
				v[i] = r.NormFloat64()
			}
			cols = append(cols, Column{Values: v})
		}
		f := comb(r, p)
		g, out := gameOf(r, f), newRows(p, n)
		check(t, b.Contributions(g, cols, 0, n, out))
		var mean func(i int32) float64
		mean = func(i int32) float64 {
			if f.Left[i] < 0 {
				return float64(f.Value[i])
			}
			return g.Share[f.Left[i]]*mean(f.Left[i]) + g.Share[f.Right[i]]*mean(f.Right[i])
		}
		for row := range n {
			sum := mean(0)
			for k := range out {
				sum += out[k][row]
			}
			if want := naivePredict(f, cols, row, 0); math.Abs(sum-want) > 1e-12*(1+math.Abs(want)) {
				t.Fatalf("%d players, row %d: sum %v, want %v", p, row, sum, want)
			}
		}
	}
}

func TestContributions_DeviceRefused(t *testing.T) {
	b := openScorer(t)
	r := rand.New(rand.NewPCG(95, 96))
	var cols []Column
	for range 65 {
		cols = append(cols, Column{Values: []float64{1, 2}})
	}
	wide, small := gameOf(r, comb(r, 65)), gameOf(r, comb(r, 3))
	short, far := small, small
	short.Share, far.Player = short.Share[1:], slices.Repeat([]int32{9}, len(small.Share))
	for _, c := range []struct {
		name, want string
		err        error
	}{
		{"65 players of a leaf", "65 players", b.Contributions(wide, cols, 0, 2, newRows(65, 2))},
		{"room", "room for 1 rows, want 2", b.Contributions(small, cols, 0, 2, newRows(65, 1))},
		{"rows", "rows 0 to 3 of columns of 2", b.Contributions(small, cols, 0, 3, newRows(65, 3))},
		{"columns", "2 columns, the trees need 3", b.Contributions(small, cols[:2], 0, 2, newRows(2, 2))},
		{"shares", "6 shares", b.Contributions(short, cols, 0, 2, newRows(3, 2))},
		{"player", "player 9 of 3", b.Contributions(far, cols, 0, 2, newRows(3, 2))},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, c.err, c.want)
		}
	}
	if err := b.Contributions(wide, cols, 0, 2, newRows(65, 2)); !errors.Is(err, ErrUnavailable) {
		t.Errorf("65 players of a leaf: %v", err)
	}
	none := newRows(3, 2)
	check(t, b.Contributions(Game{Forest: &Forest{}}, cols, 0, 2, none))
	if !sameRows(none, [][]float64{{0, 0}, {0, 0}, {0, 0}}) {
		t.Errorf("no trees: %v", none)
	}
	if err := Fault(b); err != nil {
		t.Errorf("what the caller has done is no fault of the device: %v", err)
	}
}
