package rapids

import (
	"math"
	"math/rand/v2"

	"github.com/geyser-ml/geyser/engine/frame"
)

func randomPrims() []Prim {
	return []Prim{{
		Name: "h2o.runif", Args: "fr seed", run: uniformColumn,
		Help: "a column of uniform numbers in [0, 1), one for each row; seed -1 draws a seed",
	}}
}

// uniformColumn depends on seed and row alone, so it is the same at any number of
// threads.
func uniformColumn(c *call) (Value, error) {
	f, seed := c.frame(0), c.num(1)
	if c.err != nil {
		return nil, c.err
	}
	key := mix(math.Float64bits(seed)) // any number is a seed, 64-bit ones of clients too
	if seed == -1 {
		key = rand.Uint64()
	}
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
