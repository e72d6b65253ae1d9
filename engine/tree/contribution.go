package tree

import (
	"context"
	"fmt"
	"runtime"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/kernels"
	"github.com/geyser-ml/geyser/kernels/par"
)

// Contributions writes the Shapley values of rows [lo, hi) of cols: out holds one
// slice a player, of length hi-lo, and a last one for the bias, the expected sum of
// the trees. For each row they add up to the sum of the values of its leaves.
// Players are the predictors, or the features of the design matrix where the
// forest has Players. What a tree expects when it does not know a player is the
// mean over both ways, by the weight of the training rows that went there. All
// trees count, whatever their class.
//
// A leaf of value v that d players lead to is reached by a coalition when each
// player outside it would, by chance z, and each player inside it does, o being 0
// or 1. Its Shapley values are
//
//	phi_i = v (o_i - z_i) ∫₀¹ Π_{j≠i} (z_j (1-s) + o_j s) ds
//
// (Ref: Owen 1972, the multilinear extension; the game is that of Lundberg et al.
// 2020, Algorithm 2.) The integrand is a polynomial of degree d-1, so that d/2
// points of Gauss give it exactly, and all its terms are positive. A row counts by
// the o alone: a table by their bits is made once for all rows, see group.
//
// Where b is a kernels.Contributor and rows and leaves are many, it computes them,
// equal within 1e-12 of the sum of a row's absolute values. b may be nil.
func (f *Forest) Contributions(ctx context.Context, b kernels.Backend, cols []*frame.Column, lo, hi, threads int, out [][]float64) error {
	if err := f.room(cols, lo, hi, out); err != nil {
		return err
	}
	if c, ok := b.(kernels.Contributor); ok && (hi-lo)*len(f.Value) >= leastWork {
		if err := f.delegate(ctx, c, kernels.ScoreRows(b), cols, lo, hi, out); err == nil || ctx.Err() != nil {
			return err
		}
	}
	return f.contribute(ctx, cols, lo, hi, nil, 0, threads, out)
}

// leastWork is the number of rows times nodes from which on a backend may compute
// contributions: some hundredths of a second's work here.
var leastWork = 1 << 23

// delegate has a backend compute contributions, of so many rows at a time. After an error of its own nothing is
// lost but time.
func (f *Forest) delegate(ctx context.Context, c kernels.Contributor, rows int, cols []*frame.Column, lo, hi int, out [][]float64) error {
	defer runtime.KeepAlive(cols)
	raw, last := Columns(cols), len(out)-1
	game := kernels.Game{Forest: &f.Forest, Share: make([]float64, len(f.Left)), Player: f.Player}
	for i, left := range f.Left {
		if left >= 0 {
			game.Share[left], game.Share[f.Right[i]] = f.shares(int32(i))
		}
	}
	for from := lo; from < hi; from += rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		to := min(from+rows, hi)
		if err := c.Contributions(game, raw, from, to, par.Part(out[:last], from-lo, to-lo)); err != nil {
			return err
		}
	}
	bias := 0.0
	for _, root := range f.Roots {
		bias += f.mean(root)
	}
	for r := range out[last] {
		out[last][r] = bias
	}
	return nil
}

// room checks that contributions have room in out.
func (f *Forest) room(cols []*frame.Column, lo, hi int, out [][]float64) error {
	if want := f.players(len(cols)) + 1; len(out) != want {
		return fmt.Errorf("%d slices for contributions, want %d", len(out), want)
	}
	for k := range out {
		if len(out[k]) != hi-lo {
			return fmt.Errorf("contributions %d: %d rows, want %d", k, len(out[k]), hi-lo)
		}
	}
	return nil
}

// ContributionsAgainst is Contributions with another game: what a tree expects when
// it does not know a player is the mean over the rows of background, which take
// their own value in its place. The bias is the mean of the background's sums.
// Ref: Lundberg et al. 2020, interventional; Janzing, Minorics and Blöbaum 2020.
func (f *Forest) ContributionsAgainst(ctx context.Context, cols []*frame.Column, lo, hi int, background []*frame.Column, rows, threads int, out [][]float64) error {
	if rows == 0 {
		return fmt.Errorf("background without rows")
	}
	if err := f.room(cols, lo, hi, out); err != nil {
		return err
	}
	return f.contribute(ctx, cols, lo, hi, background, rows, threads, out)
}

// batchTables bounds the number of tables that are made at a time, 2 KiB each.
const batchTables = 2048

func (f *Forest) contribute(ctx context.Context, cols []*frame.Column, lo, hi int, background []*frame.Column, rows, threads int, out [][]float64) error {
	for _, phi := range out {
		clear(phi)
	}
	width := 1
	for width < maxBits && 1<<width < 2*(hi-lo) {
		width++
	}
	walkers := newWalkers(f)
	bias := 0.0
	for _, root := range f.Roots {
		p := f.plan(root, width)
		if background == nil {
			bias += p.expected
		} else {
			bias += p.observe(walkers, background, rows)
		}
		for from := 0; from < len(p.groups); {
			to, tables := from, 0
			for to < len(p.groups) && (to == from || tables < batchTables) {
				tables += len(p.groups[to].players)
				to++
			}
			err := par.ForErr(ctx, threads, to-from, 8, func(_, a, z int) error {
				for i := range p.groups[from+a : from+z] {
					p.groups[from+a+i].prepare(p.rules)
				}
				return nil
			})
			if err != nil {
				return err
			}
			err = par.ForErr(ctx, threads, hi-lo, walkRows, func(_, a, z int) error {
				w := walkers.get(cols, lo+a, lo+z)
				defer walkers.put(w)
				w.run(p, from, to, func(g *group) { w.add(g, out, a) })
				return nil
			})
			if err != nil {
				return err
			}
			for i := from; i < to; i++ {
				p.groups[i].table = nil
			}
			from = to
		}
	}
	last := out[len(out)-1]
	for r := range last {
		last[r] = bias
	}
	return nil
}

// players returns the number of players of a forest over p predictors.
func (f *Forest) players(p int) int {
	if f.Players != nil {
		return len(f.Players)
	}
	return p
}

// player returns the player of split i.
func (f *Forest) player(i int32) int32 {
	if f.Players != nil {
		return f.Player[i]
	}
	return f.Feature[i]
}

// shares returns the shares of the training weight that went left and right of
// split i; halves where none came.
func (f *Forest) shares(i int32) (left, right float64) {
	l, r := float64(f.Cover[f.Left[i]]), float64(f.Cover[f.Right[i]])
	if sum := l + r; sum > 0 && l >= 0 && r >= 0 {
		return l / sum, r / sum
	}
	return 0.5, 0.5
}
