package rapids

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/geyser-ml/geyser/engine/frame"
)

func randomPrims() []Prim {
	return []Prim{{
		Name: "h2o.runif", Args: "fr seed", run: uniformColumn,
		Help: "a column of uniform numbers in [0, 1), one for each row; seed -1 draws a seed",
	}, {
		Name: "kfold_column", Args: "fr n seed", run: foldColumn,
		Help: "a column of random folds, 0 to n-1; seed -1 draws a seed",
	}, {
		Name: "modulo_kfold_column", Args: "fr n", run: foldColumn,
		Help: "a column of folds, 0 to n-1, in turn",
	}, {
		Name: "stratified_kfold_column", Args: "fr n seed", run: stratifiedColumn,
		Help: "a column of random folds, 0 to n-1, among which the rows of each level are shared out evenly; seed -1 draws a seed",
	}}
}

// stream returns the key of the draws of a seed: any number is one, 64-bit ones of
// clients too, and -1 draws one.
func stream(seed float64) uint64 {
	if seed == -1 {
		return rand.Uint64()
	}
	return mix(math.Float64bits(seed))
}

// uniformColumn depends on seed and row alone, so it is the same at any number of
// threads.
func uniformColumn(c *call) (Value, error) {
	f, seed := c.frame(0), c.num(1)
	if c.err != nil {
		return nil, c.err
	}
	key := stream(seed)
	out := make([]float64, f.NumRows())
	err := blocks(c.ctx, len(out), nil, func(_, lo, hi int, _ [][]float64) {
		for i := lo; i < hi; i++ {
			out[i] = uniform(key, uint64(i))
		}
	})
	if err != nil {
		return nil, err
	}
	return single("rnd", frame.NewFloats(out))
}

// foldColumn gives rows their folds at random, or in turn where there is no seed.
func foldColumn(c *call) (Value, error) {
	f, n := c.frame(0), c.whole(1, 1, math.MaxInt32)
	key := uint64(0)
	if c.has(2) {
		key = stream(c.num(2))
	}
	if c.err != nil {
		return nil, c.err
	}
	out := make([]int32, f.NumRows())
	for i := range out {
		if c.has(2) {
			out[i] = int32(uniform(key, uint64(i)) * float64(n))
		} else {
			out[i] = int32(int64(i) % n)
		}
	}
	return single("C1", frame.NewInts(frame.Int, out, nil))
}

// stratifiedColumn has the rows of one level after the other go round the folds, in an
// order that the seed draws. Missing ones are a level, too.
func stratifiedColumn(c *call) (Value, error) {
	col, n, key := c.column(0), c.whole(1, 1, math.MaxInt32), stream(c.num(2))
	if c.err != nil {
		return nil, c.err
	}
	if kind := col.Kind(); kind != frame.Enum && kind != frame.Int {
		return nil, c.fail("stratification only applies to integer and categorical columns, and this one is of type %s", kind)
	}
	rows := make([]int, col.Len())
	for i := range rows {
		rows[i] = i
	}
	level := col.Floats(0, len(rows), nil)
	slices.SortFunc(rows, func(a, b int) int {
		return cmp.Or(cmp.Compare(level[a], level[b]), cmp.Compare(uniform(key, uint64(a)), uniform(key, uint64(b))), cmp.Compare(a, b))
	})
	out := make([]int32, len(rows))
	for i, row := range rows {
		out[row] = int32(int64(i) % n)
	}
	return single("C1", frame.NewInts(frame.Int, out, nil))
}

// uniform is draw i of the stream that key names.
func uniform(key, i uint64) float64 { return float64(mix(key+(i+1)*golden)>>11) * 0x1p-53 }

const golden = 0x9e3779b97f4a7c15

// mix is the output function of SplitMix64. Ref: Steele, Lea and Flood 2014, figure 13
// with the constants of Stafford's variant 13.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
