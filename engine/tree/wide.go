package tree

// A wide leaf has more players than a table has bits: its Shapley values are
// computed for each set of players that occurs among the rows.

// wideScratch is what a walker needs for wide leaves.
type wideScratch struct {
	slot   []int32   // of each row: the place of its set of players in phi
	slots  []int32   // the place, plus 1, of the sets of up to 16 players that have been seen
	holds  []bool    // one set
	phi    []float64 // Shapley values, set after set
	factor []float64
}

// addWide adds what a wide leaf gives to the rows: out[player][at:]. Each set of up
// to 16 players is weighed once.
func (w *walker) addWide(g *group, out [][]float64, at int) {
	if g.leaves[0].value == 0 {
		return
	}
	d, s := g.above, &w.wide
	if s.slots == nil {
		s.slot, s.slots = make([]int32, walkRows), make([]int32, 1<<16)
	}
	if len(s.holds) < d {
		s.holds, s.factor = make([]bool, d), make([]float64, d)
	}
	s.phi = s.phi[:0]
	for r := range w.n {
		key := w.key(r)
		if at := s.slots[key]; at > 0 && d <= 16 {
			s.slot[r] = at - 1
			continue
		}
		n := len(s.phi) / d
		s.slot[r], s.slots[key] = int32(n), int32(n)+1
		for range d {
			s.phi = append(s.phi, 0)
		}
		w.hold(r, s.holds[:d])
		g.weigh(s.holds[:d], s.factor, s.phi[n*d:])
	}
	for r := range w.n {
		s.slots[w.key(r)] = 0
	}
	for k, player := range g.players {
		dst := out[player][at : at+w.n]
		for r, i := range s.slot[:len(dst)] {
			dst[r] += s.phi[int(i)*d+k]
		}
	}
}

// key returns the first 16 bits of a row's path.
func (w *walker) key(r int) uint16 {
	key := uint16(w.above[0][r])
	if len(w.above) > 1 {
		key |= uint16(w.above[1][r]) << 8
	}
	return key
}

// hold says which players of the path lead a row on.
func (w *walker) hold(r int, holds []bool) {
	for k := range holds {
		holds[k] = w.above[k/8][r]>>(k%8)&1 == 1
	}
}

// factors prepares the evaluation of the single leaf of a wide group.
func (g *group) factors(rules []rule) {
	leaf := &g.leaves[0]
	g.rule = rules[(len(leaf.z)+1)/2]
	n := len(g.rule.at)
	g.in, g.out, g.unless = make([]float64, n*len(leaf.z)), make([]float64, n*len(leaf.z)), make([]float64, n*len(leaf.z))
	for k, z := range leaf.z {
		for q, s := range g.rule.at {
			g.in[k*n+q] = z + (1-z)*s
			g.out[k*n+q] = z * (1 - s)
			g.unless[k*n+q] = (1 - z) / g.in[k*n+q]
		}
	}
}

// weigh writes the Shapley values of the leaf's players when those in holds lead to
// it. f is scratch.
func (g *group) weigh(holds []bool, f, phi []float64) {
	leaf := &g.leaves[0]
	if g.masks != nil {
		g.against(holds, phi)
		return
	}
	n := len(g.rule.at)
	f = f[:n]
	for q, w := range g.rule.weight {
		f[q] = leaf.value * w
	}
	for k, hold := range holds {
		factor := g.out[k*n:][:n]
		if hold {
			factor = g.in[k*n:][:n]
		}
		for q, x := range factor {
			f[q] *= x
		}
	}
	none := 0.0
	for q, s := range g.rule.at {
		none -= f[q] / (1 - s)
	}
	for k, hold := range holds {
		if !hold {
			phi[k] = none
			continue
		}
		sum := 0.0
		for q, x := range g.unless[k*n:][:n] {
			sum += f[q] * x
		}
		phi[k] = sum
	}
}

// against is weigh with a background: of the players that differ between a row and
// a reference, all of the row's must be in a coalition and none of the reference's.
func (g *group) against(holds []bool, phi []float64) {
	clear(phi)
	value, missing := g.leaves[0].value, 0
	for _, hold := range holds {
		if !hold {
			missing++
		}
	}
masks:
	for _, m := range g.masks {
		for k, fail := range m.fail {
			if fail && !holds[k] {
				continue masks // no coalition comes here
			}
		}
		if m.size > 0 {
			w := value * m.share * weight(m.size-1, missing)
			for k, fail := range m.fail {
				if fail {
					phi[k] += w
				}
			}
		}
		if missing > 0 {
			w := value * m.share * weight(m.size, missing-1)
			for k, hold := range holds {
				if !hold {
					phi[k] -= w
				}
			}
		}
	}
}

// weight returns a! b! / (a+b+1)!.
func weight(a, b int) float64 {
	w := 1 / float64(a+b+1)
	for k := 1; k <= b; k++ { // 1 / C(a+b, b)
		w *= float64(k) / float64(a+k)
	}
	return w
}
