//go:build cuda

package kernels

import "gorgonia.org/cu"

var (
	leafAdd  = newKernel("leaf_add")
	leafWalk = newKernel("leaf_walk")
)

const leafPlaces = 1024 // of a block; leaves.cu has it, too

// deviceLeaf is a leaf and where its rows lie; leaves.cu has the same.
type deviceLeaf struct {
	first uint64 // place of its first row, times 4, and their side; 2 for rows that get nothing
	value float64
}

// leaves adds values to scores: stage.leaves.
func (d *deviceStage) leaves(values []LeafValue, scores *Buffer[float64], which Which) error {
	g := d.g
	var leaves []deviceLeaf
	if which == AllRows {
		leaves = d.leavesOf(values)
	}
	var routes []deviceRoute
	var sets []uint64
	if g.sampled < g.bins.rows {
		routes, sets = d.routes(values)
	}
	return d.job.run(func(s *scope) {
		sent, at := join(bytesOf(leaves), bytesOf(routes), bytesOf(sets))
		p := sendTo(s, &d.records.leaf, sent)
		to := deviceOf(scores, s)
		deviceWrite(scores, s)
		if len(leaves) > 0 {
			s.launch(leafAdd, grid{x: (g.sampled + leafPlaces - 1) / leafPlaces, block: 256}, p, len(leaves), d.rows[0], d.rows[1], to, g.sampled)
		}
		if len(routes) > 0 {
			s.launch(leafWalk, over(g.bins.rows, 256), p+cu.DevicePtr(at[1]), p+cu.DevicePtr(at[2]), d.bins.narrow, d.bins.wide,
				deviceOf(g.in.InSample, s), deviceOf(g.cfg.Weights, s), to, g.bins.rows)
		}
	})
}

// leavesOf lists the leaves in the order of their places.
func (d *deviceStage) leavesOf(values []LeafValue) []deviceLeaf {
	const nothing = 2
	of := make([]deviceLeaf, len(d.g.nodes)) // by node
	for i := range of {
		of[i].first = nothing
	}
	for _, v := range values {
		of[v.Node] = deviceLeaf{uint64(d.g.nodes[v.Node].side), float64(v.Value)}
	}
	var out []deviceLeaf
	for open := []int32{0}; len(open) > 0; {
		id := open[len(open)-1]
		open = open[:len(open)-1]
		n := &d.g.nodes[id]
		if n.left >= 0 {
			open = append(open, n.left+1, n.left)
			continue
		}
		of[id].first += 4 * uint64(n.lo)
		out = append(out, of[id])
	}
	return out
}

// routes returns the tree as rows walk it, and its sets.
func (d *deviceStage) routes(values []LeafValue) (out []deviceRoute, sets []uint64) {
	for i := range d.g.nodes {
		if n := &d.g.nodes[i]; n.left >= 0 {
			out = append(out, d.routeOf(n, &sets))
		} else {
			out = append(out, leafRoute(0))
		}
	}
	for _, v := range values {
		out[v.Node] = leafRoute(float64(v.Value))
	}
	return out, sets
}
