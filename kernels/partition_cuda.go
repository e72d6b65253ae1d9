//go:build cuda

package kernels

import (
	"fmt"

	"gorgonia.org/cu"
)

var (
	partitionCount = newKernel("partition_count")
	partitionScan  = newKernel("partition_scan")
	partitionMove  = newKernel("partition_move")
)

const partTile = 2048 // rows of a block; partition.cu has it, too

// partedNode is a node with its rows; partition.cu has the same.
type partedNode struct {
	from, to    cu.DevicePtr
	rows, lefts uint64
	tile, tiles uint64 // number of its first one, and how many
	route       deviceRoute
}

// part moves rows to the places of children: stage.part. That a split sends another
// number of rows to the left than it says is an error; no row then leaves the places of
// its node.
func (d *deviceStage) part(ids []int32) error {
	var nodes []partedNode
	var sets []uint64
	var owner, several []uint32 // node of each tile; nodes of several tiles
	for i, id := range ids {
		n := &d.g.nodes[id]
		p := partedNode{
			from: d.placeOf(n), rows: uint64(n.rows), lefts: uint64(d.g.nodes[n.left].rows),
			tile: uint64(len(owner)), tiles: uint64((n.rows + partTile - 1) / partTile), route: d.routeOf(n, &sets),
		}
		p.to = d.rows[1-n.side].at() + cu.DevicePtr(sizeOf[uint32](n.lo))
		nodes = append(nodes, p)
		for range p.tiles {
			owner = append(owner, uint32(i))
		}
		if p.tiles > 1 {
			several = append(several, uint32(i))
		}
	}
	var wrong [1]uint32
	if err := d.job.run(func(s *scope) {
		// One upload, then room for what the kernels make.
		sent, at := join(bytesOf(nodes), bytesOf(sets), bytesOf(owner), bytesOf(several), bytesOf(wrong[:]))
		tiles := len(owner)
		bits := int64(len(sent))
		counts := bits + sizeOf[uint32](tiles*partTile/32)
		p := d.records.part.of(s, counts+sizeOf[uint32](tiles))
		uploadTo(s, p, sent)
		place := func(offset int64) cu.DevicePtr { return p + cu.DevicePtr(offset) }
		s.launch(partitionCount, grid{x: tiles, block: 256}, p, place(at[2]), place(at[1]), d.bins.narrow, d.bins.wide, d.g.bins.rows, place(bits), place(counts))
		s.launch(partitionScan, grid{x: len(several), block: 256}, p, place(at[3]), place(counts))
		s.launch(partitionMove, grid{x: tiles, block: 256}, p, place(at[2]), place(bits), place(counts), place(at[4]))
		download(s, wrong[:], place(at[4]))
	}); err != nil {
		return err
	}
	if wrong[0] != 0 {
		return fmt.Errorf("%s: rows of nodes %v are not parted as their splits say", d.job.device.Name, ids)
	}
	return nil
}

// list returns the rows of a node: stage.list.
func (d *deviceStage) list(n *growNode) ([]uint32, error) {
	out := make([]uint32, n.rows)
	return out, d.job.run(func(s *scope) { download(s, out, d.placeOf(n)) })
}
