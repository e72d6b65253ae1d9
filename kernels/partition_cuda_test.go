//go:build cuda

package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// partCase is one node to be parted.
type partCase struct {
	kind string // which rows go left
	feat int32
	rows int
	side uint8
}

// splitFor returns a split of the kind on a column.
func splitFor(r *rand.Rand, kind string, feat int32, bins int) Split {
	s := Split{Feature: feat, Set: make([]uint64, (bins+63)/64), MissingLeft: kind == "all" || kind == "missing"}
	for i := range s.Set {
		switch kind {
		case "all":
			s.Set[i] = math.MaxUint64
		case "some":
			s.Set[i] = r.Uint64()
		case "few":
			s.Set[i] = r.Uint64() & r.Uint64() & r.Uint64() & r.Uint64()
		}
	}
	if kind == "below" || kind == "missing" {
		s.Set, s.Bin = nil, r.IntN(bins)
	}
	return s
}

// TestDevicePartition parts many nodes at once, between canaries, and lists them.
func TestDevicePartition(t *testing.T) {
	b := openDeviceTier(t)
	r := rand.New(rand.NewPCG(71, 72))
	const n = 6000
	bins := wideBins(r, n, 40, 300, 2, 255, 7, 1500)
	cases := map[string][]partCase{"one row": {{"all", 0, 1, 0}}, "one tile": {{"some", 1, partTile, 1}}}
	for _, kind := range []string{"none", "all", "some", "few", "below", "missing"} {
		for feat := range int32(len(bins.feats)) {
			name := fmt.Sprintf("%s of column %d", kind, feat)
			for _, rows := range []int{1, 31, 32, 33, 255, 256, 2047, 2048, 2049, 5000, 1} {
				cases[name] = append(cases[name], partCase{kind, feat, rows, uint8(rows % 2)})
			}
			cases["all kinds"] = append(cases["all kinds"], partCase{kind, feat, 1 + r.IntN(500), uint8(r.IntN(2))})
		}
	}
	for name, nodes := range cases {
		testPart(t, b, r, name, bins, nodes)
	}
}

// TestDevicePartition_Scan: counts of more tiles than one step takes, of two nodes.
func TestDevicePartition_Scan(t *testing.T) {
	b := openDeviceTier(t)
	r := rand.New(rand.NewPCG(75, 76))
	nodes := []partedNode{{tile: 2, tiles: 600}, {tile: 602, tiles: 1}, {tile: 603, tiles: 256}, {tile: 860, tiles: 257}}
	counts := make([]uint32, 1200)
	for i := range counts {
		counts[i] = uint32(r.IntN(partTile + 1))
	}
	want := slices.Clone(counts)
	list := []uint32{3, 0, 2}
	for _, i := range list {
		sum := uint32(0)
		for at := nodes[i].tile; at < nodes[i].tile+nodes[i].tiles; at++ {
			want[at] = sum
			sum += counts[at]
		}
	}
	check(t, b.job.run(func(s *scope) {
		p := upload(s, counts)
		s.launch(partitionScan, grid{x: len(list), block: 256}, upload(s, nodes), upload(s, list), p)
		download(s, counts, p)
	}))
	if !slices.Equal(counts, want) {
		t.Error("sums of counts differ")
	}
}

func testPart(t *testing.T, b *cudaBackend, r *rand.Rand, name string, bins *goBins, cases []partCase) {
	t.Helper()
	const canary = 0xDEADBEEF
	sum := 2
	for _, c := range cases {
		sum += c.rows + 2
	}
	lists, want := [2][]uint32{}, [2][]uint32{}
	for i := range lists {
		lists[i], want[i] = slices.Repeat([]uint32{canary}, sum), slices.Repeat([]uint32{canary}, sum)
	}
	var nodes []growNode
	var ids []int32
	table := new([maxBins + 1]uint8)
	lo := 1
	for _, c := range cases {
		rows := someRows(r, bins.rows, min(1, float64(c.rows+200)/float64(bins.rows)))
		for len(rows) < c.rows {
			rows = append(rows, uint32(r.IntN(bins.rows)))
		}
		rows = rows[:c.rows]
		copy(lists[c.side][lo:], rows)
		copy(want[c.side][lo:], rows)
		s := splitFor(r, c.kind, c.feat, bins.feats[c.feat].bins)
		s.table(table[:bins.feats[c.feat].bins])
		var left, right []uint32
		for _, row := range rows {
			if table[bins.bin(int(c.feat), int(row))] == 1 {
				left = append(left, row)
			} else {
				right = append(right, row)
			}
		}
		copy(want[1-c.side][lo:], append(slices.Clone(left), right...))
		id := int32(len(nodes))
		ids = append(ids, id)
		nodes = append(nodes, growNode{lo: lo, rows: c.rows, side: c.side, left: id + 1, split: s},
			growNode{lo: lo, rows: len(left), side: 1 - c.side, left: -1}, growNode{lo: lo + len(left), rows: len(right), side: 1 - c.side, left: -1})
		lo += c.rows + 2
	}
	d := stageFor(t, b, bins, formatRows{}, lists)
	d.g.nodes = nodes
	before := b.Traffic()
	check(t, d.part(ids))
	after := b.Traffic()
	if up, down, launches := after.Uploads-before.Uploads, after.Downloads-before.Downloads, after.Launches-before.Launches; up != 1 || down != 1 || launches > 3 {
		t.Fatalf("%s: %d uploads, %d downloads, %d launches", name, up, down, launches)
	}
	for side := range want {
		if got := fetched[uint32](t, d.rows[side], sum); !slices.Equal(got, want[side]) {
			t.Fatalf("%s: side %d differs", name, side)
		}
	}
	for i := range nodes {
		got, err := d.list(&d.g.nodes[i])
		check(t, err)
		if side := want[nodes[i].side]; !slices.Equal(got, side[nodes[i].lo:nodes[i].lo+nodes[i].rows]) {
			t.Fatalf("%s: list of node %d differs", name, i)
		}
	}
	d.close()
	d.bins.Close()
}

// TestDevicePartition_WrongCount: a split that does not say how many rows go left is an
// error, and rows of other nodes stay where they are.
func TestDevicePartition_WrongCount(t *testing.T) {
	b := openDeviceTier(t)
	r := rand.New(rand.NewPCG(73, 74))
	const n = 3 * partTile
	bins := wideBins(r, n, 9)
	for _, off := range []int{-1, 1, -n / 4, n / 4} {
		lists := [2][]uint32{someRows(r, n, 1), slices.Repeat([]uint32{7}, n)}
		d := stageFor(t, b, bins, formatRows{}, lists)
		s := splitFor(r, "below", 0, 5)
		table := make([]uint8, bins.feats[0].bins)
		s.table(table)
		lefts := off
		for row := 100; row < n-100; row++ {
			lefts += int(table[bins.bin(0, row)])
		}
		lefts = max(0, min(lefts, n-200))
		d.g.nodes = []growNode{{lo: 100, rows: n - 200, left: 1, split: s}, {lo: 100, rows: lefts, left: -1}, {lo: 100 + lefts, rows: n - 200 - lefts, left: -1}}
		if err := d.part([]int32{0}); err == nil || !strings.Contains(err.Error(), "not parted as their splits say") {
			t.Errorf("off by %d: error %v", off, err)
		}
		got := fetched[uint32](t, d.rows[1], n)
		if !slices.Equal(got[:100], lists[1][:100]) || !slices.Equal(got[n-100:], lists[1][n-100:]) {
			t.Errorf("off by %d: rows were written outside the node", off)
		}
	}
}
