package tree

import "math/bits"

// maxBits is the width of a group's patterns: a byte.
const maxBits = 8

// patterns is the number of entries of a group's tables.
const patterns = 1 << maxBits

// group is a subtree whose leaves add to the contributions of a row together. A
// row matters to them through its pattern alone: one bit for each player on the
// path above, set when all its conditions there hold, then one bit for each split
// of the subtree, set when the row goes left. So a row costs one addition a player
// and group. A leaf with more players above than a pattern holds is wide, a group
// by itself, and has no table.
//
//	bit   0 … above-1            above … above+len(splits)-1
//	      players of the path    splits, in depth-first order
type group struct {
	above   int
	splits  []int32 // nodes of the forest
	players []int32 // those of its leaves; the path's first
	leaves  []groupLeaf
	table   []float64 // player after player, patterns entries each
	wide    bool

	// What the background rows are like, where there is one: the share of each
	// pattern, or of wide leaves each mask.
	shares []float64
	masks  []maskShare

	rule            rule
	in, out, unless []float64 // of wide leaves: see weigh
}

// groupLeaf is a leaf: its players are a selection of the group's.
type groupLeaf struct {
	value float64
	slot  []int     // place of each player in group.players
	z     []float64 // chance that an unknown player leads here
	// A player leads here when the bits of care are those of want.
	care, want []uint8
}

// maskShare is a set of players that do not lead to a wide leaf, and how often it
// occurs.
type maskShare struct {
	fail  []bool
	size  int
	share float64
}

// plan is one tree, cut into groups.
type plan struct {
	f        *Forest
	width    int // most bits of a group with a table
	nodes    []planNode
	groups   []group
	rules    []rule
	expected float64 // mean over the leaves, by the training weight
}

// planNode is a split above the groups, or a group.
type planNode struct {
	node        int32
	group       int // -1 for a split
	left, right int // places in plan.nodes
	from, to    int // groups below
}

// step is a player on a path and the chance that it leads on when unknown.
type step struct {
	player int32
	z      float64
}

// plan cuts a tree into groups of at most so many bits.
func (f *Forest) plan(root int32, width int) *plan {
	p := &plan{f: f, width: width}
	most := 0
	p.cut(root, nil, &most)
	p.rules = rules(most)
	p.expected = f.mean(root)
	return p
}

// mean returns the mean value of the leaves below a node, by the training weight.
func (f *Forest) mean(i int32) float64 {
	if f.Left[i] < 0 {
		return float64(f.Value[i])
	}
	l, r := f.shares(i)
	return l*f.mean(f.Left[i]) + r*f.mean(f.Right[i])
}

// cut plans the subtree of node i, reached by a path of distinct players, and
// returns its place in p.nodes. most becomes the largest number of players of a leaf.
func (p *plan) cut(i int32, path []step, most *int) int {
	at := len(p.nodes)
	p.nodes = append(p.nodes, planNode{node: i, group: -1, from: len(p.groups)})
	*most = max(*most, len(path))
	if splits := p.f.splits(i, p.width-len(path)); len(path)+splits <= p.width || splits == 0 {
		p.nodes[at].group = len(p.groups)
		p.groups = append(p.groups, p.group(i, path, splits, most))
	} else {
		zl, zr := p.f.shares(i)
		player := p.f.player(i)
		left := p.cut(p.f.Left[i], extend(path, player, zl), most)
		right := p.cut(p.f.Right[i], extend(path, player, zr), most)
		p.nodes[at].left, p.nodes[at].right = left, right
	}
	p.nodes[at].to = len(p.groups)
	return at
}

// splits counts the splits of a subtree, but not far beyond a limit.
func (f *Forest) splits(i int32, limit int) int {
	if f.Left[i] < 0 {
		return 0
	}
	n := 1
	if n <= limit {
		n += f.splits(f.Left[i], limit-n)
	}
	if n <= limit {
		n += f.splits(f.Right[i], limit-n)
	}
	return n
}

// extend returns the path with one more condition of a player.
func extend(path []step, player int32, z float64) []step {
	out := append(make([]step, 0, len(path)+1), path...)
	for k := range out {
		if out[k].player == player {
			out[k].z *= z
			return out
		}
	}
	return append(out, step{player, z})
}

// group makes the subtree of node i a group.
func (p *plan) group(i int32, path []step, splits int, most *int) group {
	g := group{above: len(path), wide: len(path)+splits > p.width}
	for _, s := range path {
		g.players = append(g.players, s.player)
	}
	care := make([]uint8, len(path))
	for k := range care {
		if !g.wide {
			care[k] = 1 << k
		}
	}
	p.leaves(&g, i, path, care, append([]uint8(nil), care...), most)
	return g
}

// leaves collects the leaves below node i, and the splits that lead to them.
func (p *plan) leaves(g *group, i int32, path []step, care, want []uint8, most *int) {
	f := p.f
	if f.Left[i] < 0 {
		*most = max(*most, len(path))
		leaf := groupLeaf{value: float64(f.Value[i]), care: care, want: want}
		for _, s := range path {
			leaf.slot = append(leaf.slot, g.slot(s.player))
			leaf.z = append(leaf.z, s.z)
		}
		g.leaves = append(g.leaves, leaf)
		return
	}
	bit := uint8(1) << (g.above + len(g.splits))
	g.splits = append(g.splits, i)
	player := f.player(i)
	zl, zr := f.shares(i)
	for side, z := range []float64{zl, zr} {
		below := extend(path, player, z)
		k := 0
		for below[k].player != player {
			k++
		}
		c := append(make([]uint8, 0, len(below)), care...)
		w := append(make([]uint8, 0, len(below)), want...)
		if k == len(c) {
			c, w = append(c, 0), append(w, 0)
		}
		c[k] |= bit
		child := f.Right[i]
		if side == 0 {
			w[k] |= bit
			child = f.Left[i]
		}
		p.leaves(g, child, below, c, w, most)
	}
}

// slot returns the place of a player in the group, which it gets when it has none.
func (g *group) slot(player int32) int {
	for k, q := range g.players {
		if q == player {
			return k
		}
	}
	g.players = append(g.players, player)
	return len(g.players) - 1
}

// prepare makes the table of a group, or the factors of a wide leaf. It may be
// called for different groups at the same time.
func (g *group) prepare(rules []rule) {
	if g.wide {
		g.factors(rules)
		return
	}
	g.table = make([]float64, patterns*len(g.players))
	size := 1 << (g.above + len(g.splits))
	var masks [patterns]uint8
	for l := range g.leaves {
		leaf := &g.leaves[l]
		d := len(leaf.slot)
		if leaf.value == 0 || d == 0 {
			continue
		}
		for pattern := range size {
			mask := uint8(0)
			for k, care := range leaf.care {
				if uint8(pattern)&care == leaf.want[k] {
					mask |= 1 << k
				}
			}
			masks[pattern] = mask
		}
		var inside, outside [patterns]float64
		var fails *[patterns]float64
		if g.shares != nil {
			fails = new([patterns]float64)
			for pattern, share := range g.shares[:size] {
				fails[^masks[pattern]&(1<<d-1)] += share
			}
		}
		leaf.sums(rules[(d+1)/2], fails, &inside, &outside)
		for k, slot := range leaf.slot {
			bit := uint8(1) << k
			table := g.table[patterns*slot:][:size]
			for pattern := range table {
				if m := masks[pattern]; m&bit == 0 {
					table[pattern] -= outside[m]
				} else {
					table[pattern] += inside[m] - outside[m^bit] - inside[m^bit]
				}
			}
		}
	}
}

// sums writes, for each set m of players that lead to the leaf,
//
//	inside[m] = Σ_q F_m(s_q) / s_q        outside[m] = Σ_q F_m(s_q) / (1-s_q)
//
// where F_m(s) is the leaf's value times the weight of point s times
// (1-s)^(d-|m|) Σ_{u⊆m} p(u) s^|u|, p(u) being the chance that, of all players,
// exactly those in u do not lead to the leaf when unknown. The Shapley value of a
// player outside m is -outside[m], that of one in m
//
//	inside[m] - outside[m without it] - inside[m without it].
//
// By the training weight players are independent of each other, and F_m is the
// product that Contributions gives. fails is p for a background; nil for none.
func (l *groupLeaf) sums(r rule, fails, inside, outside *[patterns]float64) {
	d := len(l.z)
	size := 1 << d
	var f [patterns]float64
	for q, s := range r.at {
		if fails == nil {
			f[0] = l.value * r.weight[q]
			for k, z := range l.z {
				known, none := z+(1-z)*s, z*(1-s)
				for m := range 1 << k {
					f[m|1<<k] = f[m] * known
					f[m] *= none
				}
			}
		} else {
			var power [maxBits + 1]float64
			power[0] = 1
			for k := range d {
				power[k+1] = power[k] * s
			}
			for u := range size {
				f[u] = fails[u] * power[bits.OnesCount8(uint8(u))]
			}
			for k := range d {
				for m := range size {
					if m>>k&1 == 1 {
						f[m] += f[m^1<<k]
					}
				}
			}
			for k := range power {
				power[k] = l.value * r.weight[q]
				for range k {
					power[k] *= 1 - s
				}
			}
			for m := range size {
				f[m] *= power[d-bits.OnesCount8(uint8(m))]
			}
		}
		in, out := 1/s, 1/(1-s)
		for m, x := range f[:size] {
			inside[m] += x * in
			outside[m] += x * out
		}
	}
}
