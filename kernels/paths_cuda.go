//go:build cuda

package kernels

import "fmt"

// kinds are those of paths: how many Gauss points they need, half as many as they have
// players, and the kernel for them, which takes some points at a time.
var kinds = [...]struct{ points, kernel int }{{1, 0}, {2, 1}, {3, 2}, {4, 3}, {6, 4}, {8, 5}, {16, 5}, {32, 5}}

// paths are ways to leaves of one kind, each cut into players: Paths of shap.cu, which has
// the formula.
type paths struct {
	value  []float64 // by path
	first  []uint32  // number of its first player; one more for the end
	z      []float64 // by player of a path
	player []int32
	cond   []uint32 // number of his first condition; one more for the end
	conds  []uint32 // node of ranked times 2, plus 1 where the path goes right
}

// bytes returns the memory of paths.
func (p *paths) bytes() int64 {
	return sizeOf[float64](len(p.value)+len(p.z)) + sizeOf[uint32](len(p.first)+len(p.player)+len(p.cond)+len(p.conds))
}

// steps returns the number of splits on the way to each leaf, summed up.
func (c *ranked) steps() (n int) {
	depth := make([]int32, len(c.nodes))
	for i, node := range c.nodes {
		if int(node.next) == i {
			n += int(depth[i])
			continue
		}
		depth[node.next], depth[node.next+1] = depth[i]+1, depth[i]+1
	}
	return n
}

// pathMaker walks through trees and keeps the way that it has come.
type pathMaker struct {
	g       Game
	c       *ranked
	players int
	way     []waypoint
	out     []paths
	err     error
}

// waypoint is what is known of a player on the way.
type waypoint struct {
	player int32
	z      float64
	conds  []uint32
}

// pathsOf returns the paths of a game, by kind, in the order of trees and leaves.
func pathsOf(g Game, c *ranked, players int) ([]paths, error) {
	if n := len(g.Forest.Left); len(g.Share) < n || g.Player != nil && len(g.Player) < n {
		return nil, fmt.Errorf("%d shares and %d players of %d nodes", len(g.Share), len(g.Player), n)
	}
	m := &pathMaker{g: g, c: c, players: players, out: make([]paths, len(kinds))}
	for t, root := range g.Forest.Roots {
		m.walk(root, c.trees[t].root)
	}
	for i := range m.out {
		p := &m.out[i]
		p.first, p.cond = append(p.first, uint32(len(p.z))), append(p.cond, uint32(len(p.conds)))
	}
	return m.out, m.err
}

// walk makes the paths below node i of the forest, which is node at of c.
func (m *pathMaker) walk(i int32, at uint32) {
	f := m.g.Forest
	if m.err != nil {
		return
	}
	if f.Left[i] < 0 {
		m.end(float64(f.Value[i]))
		return
	}
	player := f.Feature[i]
	if m.g.Player != nil {
		player = m.g.Player[i]
	}
	if player < 0 || int(player) >= m.players {
		m.err = fmt.Errorf("node %d: player %d of %d", i, player, m.players)
		return
	}
	k := 0
	for k < len(m.way) && m.way[k].player != player {
		k++
	}
	met := k < len(m.way)
	for side, child := range []int32{f.Left[i], f.Right[i]} {
		if !met {
			if m.way = m.way[:k]; k < cap(m.way) { // with what was there, for its room
				m.way = m.way[:k+1]
			} else {
				m.way = append(m.way, waypoint{})
			}
			m.way[k].player, m.way[k].z, m.way[k].conds = player, 1, m.way[k].conds[:0]
		}
		z, n := m.way[k].z, len(m.way[k].conds)
		m.way[k].z, m.way[k].conds = z*m.g.Share[child], append(m.way[k].conds, at<<1|uint32(side))
		m.walk(child, m.c.nodes[at].next+uint32(side))
		m.way[k].z, m.way[k].conds = z, m.way[k].conds[:n]
	}
	if !met {
		m.way = m.way[:k]
	}
}

// end appends the way that leads to a leaf.
func (m *pathMaker) end(value float64) {
	if value == 0 || len(m.way) == 0 {
		return
	}
	for i, kind := range kinds {
		if len(m.way) > 2*kind.points {
			continue
		}
		p := &m.out[i]
		p.value, p.first = append(p.value, value), append(p.first, uint32(len(p.z)))
		for _, w := range m.way {
			p.z, p.player = append(p.z, w.z), append(p.player, w.player)
			p.cond, p.conds = append(p.cond, uint32(len(p.conds))), append(p.conds, w.conds...)
		}
		return
	}
	m.err = fmt.Errorf("%w: contributions of a leaf below splits of %d players", ErrUnavailable, len(m.way))
}
