package tree

import (
	"slices"

	"github.com/geyser-ml/geyser/engine/frame"
)

// observe tells the groups of a plan what the background rows are like, and
// returns the mean of the values of their leaves.
func (p *plan) observe(walkers *walkers, background []*frame.Column, rows int) float64 {
	share := 1 / float64(rows)
	for i := range p.groups {
		if !p.groups[i].wide {
			p.groups[i].shares = make([]float64, patterns)
		}
	}
	for lo := 0; lo < rows; lo += walkRows {
		w := walkers.get(background, lo, min(lo+walkRows, rows))
		w.run(p, 0, len(p.groups), func(g *group) {
			if g.wide {
				w.observeWide(g)
				return
			}
			for _, pattern := range w.patternOf(g) {
				g.shares[pattern]++
			}
		})
		walkers.put(w)
	}
	bias := 0.0
	for i := range p.groups {
		g := &p.groups[i]
		for k := range g.shares {
			g.shares[k] *= share
		}
		for k := range g.masks {
			g.masks[k].share *= share
		}
		bias += g.reached()
	}
	return bias
}

// observeWide counts the sets of players that do not lead rows to a wide leaf.
func (w *walker) observeWide(g *group) {
	holds := make([]bool, g.above)
	for r := range w.n {
		w.hold(r, holds)
		at := slices.IndexFunc(g.masks, func(m maskShare) bool { // lead where it does not fail
			for k, hold := range holds {
				if hold == m.fail[k] {
					return false
				}
			}
			return true
		})
		if at < 0 {
			m := maskShare{fail: make([]bool, g.above)}
			for k, hold := range holds {
				if !hold {
					m.fail[k] = true
					m.size++
				}
			}
			at = len(g.masks)
			g.masks = append(g.masks, m)
		}
		g.masks[at].share++
	}
}

// reached returns the sum of the leaves' values by the share of background rows
// that reach them.
func (g *group) reached() float64 {
	sum := 0.0
	for l := range g.leaves {
		leaf := &g.leaves[l]
		for _, m := range g.masks {
			if m.size == 0 {
				sum += leaf.value * m.share
			}
		}
		for pattern, share := range g.shares {
			leads := true
			for k, care := range leaf.care {
				leads = leads && uint8(pattern)&care == leaf.want[k]
			}
			if leads {
				sum += leaf.value * share
			}
		}
	}
	return sum
}
