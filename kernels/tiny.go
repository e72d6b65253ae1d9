package kernels

// tinyRows is the size up to which a node of a subtree is searched by its rows, put
// in the order of their bins, and needs no cells: most of the nodes of a deep tree
// have less rows than one column has bins.
const tinyRows = 32

// loadRows makes a feature of some rows the one that w.finder tries: the same bins
// and sums that cells of these rows would give.
func (s *subtree) loadRows(g *goGrower, w *work, places []uint16, feat int32) {
	f := &w.finder
	word, shift, wide := g.bins.at(int(feat))
	mask := uint64(0xFF)
	if wide {
		mask = 0xFFFF
	}
	var room [tinyRows]uint64
	keys := room[:len(places)]
	for i, p := range places {
		keys[i] = s.words[word][p&(cellRows-1)]>>(shift&63)&mask<<16 | uint64(p)
	}
	insertionSort(keys)
	f.missing, f.room, f.vals = tally{}, f.room[:0], f.vals[:0]
	for i := 0; i < len(keys); {
		var sum [3]int64
		bin := keys[i] >> 16
		for ; i < len(keys) && keys[i]>>16 == bin; i++ {
			for k := range g.quant.lanes {
				sum[k] += s.value[k][keys[i]&(cellRows-1)]
			}
		}
		t := g.quant.unpack(sum[0], sum[1], sum[2])
		if bin == 0 {
			f.missing = t
		} else {
			f.room, f.vals = append(f.room, uint16(bin)), append(f.vals, t)
		}
	}
	f.bins = f.room
}

// alike reports whether all rows have the same derivatives. No split of them gains
// anything: both sides have the G/H of the node.
func (s *subtree) alike(lanes int, places []uint16) bool {
	for k := range lanes {
		v := &s.value[k]
		first := v[places[0]&(cellRows-1)]
		for _, p := range places[1:] {
			if v[p&(cellRows-1)] != first {
				return false
			}
		}
	}
	return true
}
