package kernels

import (
	"cmp"
	"math"
	"slices"
)

// naiveRow is one row as integers.
type naiveRow struct{ row, g, h, w int64 }

// naiveTree grows a tree by trying every split on every row: the whole contract
// of a grower, without histograms, buffers or threads.
type naiveTree struct {
	bins         Bins
	bin          [][]int
	cfg          GrowerConfig
	in           TreeInput
	unitG, unitH float64
	unitW        float64
	need         float64
	least        float64 // H of a child
	splits       []Split
	bounds       [][2]float64
	phi          float64 // of the sample
	rowsOfLeaves [][]uint32
}

func growNaive(bins Bins, cfg GrowerConfig, in TreeInput) *naiveTree {
	t := &naiveTree{bins: bins, cfg: cfg, in: in}
	for f := range bins.Features() {
		t.bin = append(t.bin, binsOf(bins, f))
	}
	rows := t.quantise()
	t.phi = t.squares(rows) / t.sum(rows).H
	t.least = min(cfg.MinH, cfg.MinRows/5, 4*cfg.MinRows*t.sum(rows).H/t.sum(rows).W)
	t.grow(rows, 1, 0, naivePath{low: math.Inf(-1), high: math.Inf(1)})
	return t
}

// quantise rounds derivatives as the fixed-point contract says.
func (t *naiveTree) quantise() (out []naiveRow) {
	var maxG, maxH, maxW float64
	var in []int
	for r, g := range t.in.G.Host() {
		w := float32(1)
		if t.cfg.Weights != nil {
			w = t.cfg.Weights.Host()[r]
		}
		maxW = max(maxW, float64(w))
		if t.in.InSample != nil && t.in.InSample.Host()[r] == 0 || w == 0 {
			continue
		}
		maxG, maxH = max(maxG, math.Abs(float64(g))), max(maxH, math.Abs(float64(t.in.H.Host()[r])))
		in = append(in, r)
	}
	narrow := t.cfg.Bounded && t.cfg.Weights == nil && t.bins.Rows() > 65536
	t.unitG, t.unitH, t.unitW = naiveUnit(maxG), naiveUnit(maxH), 1
	if narrow {
		t.unitG, t.unitH = 1.0/4095, 1.0/8188
	}
	if t.cfg.Weights != nil {
		t.unitW = naiveUnit(maxW)
	}
	for _, r := range in {
		g, h, w := float64(t.in.G.Host()[r]), float64(t.in.H.Host()[r]), 1.0
		if t.cfg.Weights != nil {
			w = float64(t.cfg.Weights.Host()[r])
		}
		q := naiveRow{int64(r), int64(math.RoundToEven(g / t.unitG)), int64(math.RoundToEven(h / t.unitH)), int64(math.RoundToEven(w / t.unitW))}
		if narrow {
			u := drawRow(uint32(drawKey(t.cfg.Seed, t.in.Tree, purposeRound)), uint32(r))
			q.g = int64(math.Floor(g*4095+(8192+float64(u>>16)/65536))) - 8192
			q.h = int64(math.Floor(h*8188 + float64(u%65536)/65536))
		}
		out = append(out, q)
	}
	return out
}

func naiveUnit(largest float64) float64 {
	if largest == 0 {
		return 1
	}
	return math.Ldexp(1, int(math.Ceil(math.Log2(largest)))-30)
}

func (t *naiveTree) sum(rows []naiveRow) Sum {
	var g, h, w int64
	for _, r := range rows {
		g, h, w = g+r.g, h+r.h, w+r.w
	}
	return Sum{G: float64(g) * t.unitG, H: float64(h) * t.unitH, W: float64(w) * t.unitW, N: int64(len(rows))}
}

func (t *naiveTree) own(s Sum, p naivePath) float64 {
	if p.bound() {
		return t.bounded(s, p)
	}
	if s.H+t.cfg.Lambda > 0 {
		return s.G * s.G / (s.H + t.cfg.Lambda)
	}
	return 0
}

func (t *naiveTree) score(l, r Sum, p naivePath) float64 {
	if p.bound() {
		return t.bounded(l, p) + t.bounded(r, p)
	}
	a, z := l.H+t.cfg.Lambda, r.H+t.cfg.Lambda
	switch {
	case a > 0 && z > 0:
		return (float64(l.G*l.G*z) + float64(r.G*r.G*a)) / (a * z)
	case a > 0:
		return l.G * l.G / a
	case z > 0:
		return r.G * r.G / z
	}
	return 0
}

// order returns the bins of a feature in the order in which they go left, those
// together that go together.
func (t *naiveTree) order(f int, rows []naiveRow) (out [][]int) {
	if t.bins.Levels(f) == 0 {
		for b := 1; b < t.bins.NumBins(f); b++ {
			out = append(out, []int{b})
		}
		return out
	}
	of := make([][]naiveRow, t.bins.NumBins(f))
	for _, r := range rows {
		of[t.bin[f][r.row]] = append(of[t.bin[f][r.row]], r)
	}
	limit := t.limit(of[1:], t.sum(rows), rows)
	var rare []int
	var pool []naiveRow
	ratio := map[int]float32{}
	for b := 1; b < len(of); b++ {
		switch s := t.sum(of[b]); {
		case s.N == 0:
		case s.H < limit:
			rare, pool = append(rare, b), append(pool, of[b]...)
		default:
			ratio[b] = float32(ratioOf(s))
			out = append(out, []int{b})
		}
	}
	if rare != nil {
		ratio[rare[0]] = float32(ratioOf(t.sum(pool)))
		out = append(out, rare)
	}
	slices.SortStableFunc(out, func(a, b []int) int { return cmp.Compare(ratio[a[0]], ratio[b[0]]) })
	return out
}

func ratioOf(s Sum) float64 {
	if s.H == 0 {
		return 0
	}
	return s.G / s.H
}

// limit is the least H of a level that stands alone: see noiseShare.
func (t *naiveTree) limit(levels [][]naiveRow, all Sum, rows []naiveRow) float64 {
	var count, q, g, h, hh, w float64
	for _, l := range levels {
		if s := t.sum(l); s.N > 0 {
			count++
			q, g, h, hh, w = q+s.G*ratioOf(s), g+s.G, h+s.H, hh+s.H*s.H, w+s.W
		}
	}
	if count < 3 || h <= 0 {
		return 0
	}
	phi := t.squares(rows) / all.H * all.W
	if t.cfg.Bounded {
		phi = t.phi
	} else if w > count {
		phi = (phi*(w/all.W) - q) / (w - count)
	} else {
		phi /= all.W
	}
	if phi <= 0 {
		return 0
	}
	if excess := (q-g*g/h)/phi - (count - 1); excess > 0 {
		return 0.25 * (h - hh/h) / excess
	}
	return math.Inf(1)
}

// squares is the sum of g²/w.
func (t *naiveTree) squares(rows []naiveRow) float64 {
	var sum int64 // of few rows: no overflow after the shift of whole squares
	low := uint64(0)
	for _, r := range rows {
		v := uint64(r.g * r.g)
		if t.cfg.Weights != nil {
			v /= uint64(max(1, r.w))
		}
		sum, low = sum+int64(v>>32), low+v&math.MaxUint32
	}
	unit := t.unitG * t.unitG
	if t.cfg.Weights != nil {
		unit /= t.unitW
	}
	return (float64(sum)*(1<<32) + float64(low)) * unit
}

// features draws the columns of a node by the first steps of a shuffle.
func (t *naiveTree) features(path uint64, depth int, p naivePath) (drawn, all []int) {
	for f := range t.bins.Features() {
		if (t.in.Features == nil || slices.Contains(t.in.Features, int32(f))) && p.may(t.cfg.Allowed, int32(f)) {
			all = append(all, f)
		}
	}
	rate := t.in.SplitRate
	if rate == 0 {
		rate = 1
	}
	for range depth {
		if t.in.LevelRate > 0 {
			rate *= t.in.LevelRate
		}
	}
	k := min(len(all), max(1, int(math.Floor(rate*float64(len(all))+1e-9))))
	if k == len(all) {
		return all, all
	}
	key := Draw(t.cfg.Seed, t.in.Tree, purposeSplit, path)
	drawn = slices.Clone(all)
	for i := range k {
		u := float64(mix64(key+golden*uint64(i+1))>>11) / (1 << 53)
		j := i + int(u*float64(len(all)-i))
		drawn[i], drawn[j] = drawn[j], drawn[i]
	}
	slices.Sort(drawn[:k])
	return drawn[:k], all
}

// grow finds the best split of rows by trying all, and goes on with both sides.
func (t *naiveTree) grow(rows []naiveRow, path uint64, depth int, p naivePath) {
	total := t.sum(rows)
	own := t.own(total, p)
	need := max(t.need, math.Abs(own)*0x1p-46)
	if d := total.H + t.cfg.Lambda; d > 0 {
		need = max(need, 64*t.unitG*t.unitG*float64(total.N)/d)
	}
	top := own + need
	best := Split{Feature: -1}
	var bestLeft, bestRight []naiveRow
	drawn, all := t.features(path, depth, p)
	for i, f := range append(slices.Clone(drawn), all...) {
		if depth >= t.cfg.MaxDepth || t.cfg.Random || i == len(drawn) && (best.Feature >= 0 || total.W < 64) {
			break
		}
		missing := slices.ContainsFunc(rows, func(r naiveRow) bool { return t.bin[f][r.row] == 0 })
		order := t.order(f, rows)
		for _, missingLeft := range []bool{true, false} {
			goes := map[int]bool{0: missingLeft}
			for i, group := range order {
				for _, b := range group {
					goes[b] = true
				}
				if !missing && !missingLeft || !slices.ContainsFunc(rows, func(r naiveRow) bool { return slices.Contains(group, t.bin[f][r.row]) }) {
					continue
				}
				var l, r []naiveRow
				for _, row := range rows {
					if goes[t.bin[f][row.row]] {
						l = append(l, row)
					} else {
						r = append(r, row)
					}
				}
				L, R := t.sum(l), t.sum(r)
				if L.N == 0 || R.N == 0 || L.W <= 0 || R.W <= 0 || L.W < t.cfg.MinRows || R.W < t.cfg.MinRows || L.H < t.least || R.H < t.least || t.wrongWay(f, L, R, p) {
					continue
				}
				if s := t.score(L, R, p); s > top {
					top = s
					best = Split{Feature: int32(f), Bin: i + 1, MissingLeft: missingLeft, Gain: s - own, Left: L, Right: R}
					if t.bins.Levels(f) == 0 {
						next := math.MaxInt
						for _, row := range rows {
							if b := t.bin[f][row.row]; b > i+1 {
								next = min(next, b)
							}
						}
						if next < math.MaxInt {
							best.Bin = (i + 1 + next - 1) / 2
						}
					}
					if !missing {
						best.MissingLeft = L.W >= R.W
					}
					if t.bins.Levels(f) > 0 {
						best.Bin, best.Set = 0, make([]uint64, (t.bins.NumBins(f)+63)/64)
						for b := 1; b < t.bins.NumBins(f); b++ {
							if goes[b] || best.MissingLeft && !slices.ContainsFunc(order, func(g []int) bool { return slices.Contains(g, b) }) {
								best.Set[b/64] |= 1 << (b % 64)
							}
						}
					}
					bestLeft, bestRight = l, r
				}
			}
		}
	}
	if t.cfg.Random && depth < t.cfg.MaxDepth {
		best, bestLeft, bestRight = t.isolate(rows, path, drawn)
	}
	t.splits = append(t.splits, best)
	t.bounds = append(t.bounds, [2]float64{p.low, p.high})
	if depth == 0 {
		t.need = t.cfg.MinGain * best.Gain
	}
	if best.Feature >= 0 {
		l, r := t.below(best, p)
		t.grow(bestLeft, 2*path, depth+1, l)
		t.grow(bestRight, 2*path+1, depth+1, r)
		return
	}
	var ids []uint32
	for _, r := range rows {
		ids = append(ids, uint32(r.row))
	}
	t.rowsOfLeaves = append(t.rowsOfLeaves, ids)
}
