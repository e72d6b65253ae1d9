//go:build cuda

package kernels

// cudaBins are bins in the memory of a device, column by column.
//
//	narrow  [group][row]  a word of four columns of at most 256 bins, in order of features, the first in the low byte
//	wide    [column][row] two bytes of a column of more bins
//
// What a host has to know of the columns is in goBins, whose rows it does not have.
type cudaBins struct {
	*goBins
	job    *job
	narrow *memory // uint32
	wide   *memory // uint16
	table  *memory // deviceFeature, one a column
}

// deviceFeature tells kernels where the bins of a column are; search.h has it, too.
type deviceFeature struct {
	kind         int32 // 0 narrow, 1 wide
	index        int32 // group of the narrow ones, or number among the wide ones
	shift        int32 // of the column in a word of narrow ones
	bins, levels int32
	first        int32 // place of its bin 0 in a histogram
	rank         int32 // number among the narrow columns, -1 for a wide one
	_            int32
}

// deviceFeatures lists the columns, and how many there are of each kind.
func deviceFeatures(feats []feature) (out []deviceFeature, narrow, wide int) {
	first := 0
	for f := range feats {
		d := deviceFeature{bins: int32(feats[f].bins), levels: int32(feats[f].levels), first: int32(first)}
		if feats[f].bins > 256 {
			d.kind, d.index, d.rank = 1, int32(wide), -1
			wide++
		} else {
			d.index, d.shift, d.rank = int32(narrow/4), int32(8*(narrow%4)), int32(narrow)
			narrow++
		}
		first += feats[f].bins
		out = append(out, d)
	}
	return out, narrow, wide
}

// holdBins makes bins all of which are missing.
func holdBins(s *scope, rows int, feats []feature) *cudaBins {
	table, narrow, wide := deviceFeatures(feats)
	b := &cudaBins{goBins: &goBins{rows: rows, feats: feats}, job: s.job}
	b.narrow = holdOf[uint32](s, (narrow+3)/4*rows)
	b.wide = holdOf[uint16](s, wide*rows)
	b.table = holdOf[deviceFeature](s, len(table))
	if s.err != nil {
		b.Close()
		return b
	}
	s.zero(b.narrow.ptr, b.narrow.bytes)
	s.zero(b.wide.ptr, b.wide.bytes)
	uploadTo(s, b.table.ptr, table)
	return b
}

// SizeBytes returns the memory of the bins, here and on the device.
func (b *cudaBins) SizeBytes() int64 {
	n := b.goBins.SizeBytes()
	for _, m := range []*memory{b.narrow, b.wide, b.table} {
		if m != nil {
			n += m.bytes
		}
	}
	return n
}

// Close gives the memory back.
func (b *cudaBins) Close() {
	b.narrow.free()
	b.wide.free()
	b.table.free()
	b.narrow, b.wide, b.table = nil, nil, nil
	b.goBins.Close()
}

// home returns the same bins in host memory.
func (b *cudaBins) home() (*goBins, error) {
	table, narrow, wide := deviceFeatures(b.feats)
	words, pairs := make([]uint32, (narrow+3)/4*b.rows), make([]uint16, wide*b.rows)
	if err := b.job.run(func(s *scope) {
		download(s, words, b.narrow.at())
		download(s, pairs, b.wide.at())
	}); err != nil {
		return nil, err
	}
	feats := make([]feature, len(b.feats))
	for f, d := range table {
		feats[f] = b.feats[f]
		if d.kind == 1 {
			feats[f].wide = pairs[int(d.index)*b.rows:][:b.rows]
			continue
		}
		feats[f].narrow = make([]uint8, b.rows)
		for r, w := range words[int(d.index)*b.rows:][:b.rows] {
			feats[f].narrow[r] = uint8(w >> d.shift)
		}
	}
	return &goBins{rows: b.rows, feats: feats}, nil
}
