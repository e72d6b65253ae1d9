package number_test

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/number"
)

// What Double.toString returns.
func TestText(t *testing.T) {
	for want, v := range map[string]float64{
		"1.0": 1, "0.0": 0, "-0.0": math.Copysign(0, -1), "0.1": 0.1, "-0.5": -0.5, "500.0": 500, "123456.789": 123456.789,
		"0.3333333333333333": 1. / 3, "1234567.0": 1234567, "NaN": math.NaN(), "Infinity": math.Inf(1), "-Infinity": math.Inf(-1),
		"0.001": 1e-3, "9.9E-4": 9.9e-4, "1.0E-5": 1e-5, "-1.0E-10": -1e-10, "1.0E-300": 1e-300, "2.2250738585072014E-308": 0x1p-1022,
		"9999999.0": 9999999, "9999999.999999998": 9999999.999999998, "1.0E7": 1e7, "-1.0E7": -1e7, "1.23456785E7": 12345678.5,
		"9.007199254740992E15": 1 << 53, "1.0E22": 1e22, "1.5E300": 1.5e300, "1.7976931348623157E308": math.MaxFloat64,
	} {
		require.Equal(t, want, number.Text(v))
		require.Equal(t, "x,"+want, string(number.Append([]byte("x,"), v)))
	}
}

// What Float.toString returns.
func TestSingle(t *testing.T) {
	for want, v := range map[string]float32{
		"1.0": 1, "0.0": 0, "-0.0": float32(math.Copysign(0, -1)), "0.1": 0.1, "-0.21277149": -0.21277149, "0.33333334": 1. / 3, "0.001": 1e-3,
		"9.9E-4": 9.9e-4, "9999999.0": 9999999, "1.0E7": 1e7, "1.6777216E7": 1 << 24, "1.0E10": 1e10, "3.4028235E38": math.MaxFloat32,
		"NaN": float32(math.NaN()), "Infinity": float32(math.Inf(1)), "-Infinity": float32(math.Inf(-1)),
	} {
		require.Equal(t, want, number.Single(v))
	}
}

func TestText_ReadsBack(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	for range 10000 {
		v := math.Float64frombits(rng.Uint64())
		got, err := strconv.ParseFloat(number.Text(v), 64)
		require.NoError(t, err)
		require.True(t, got == v || v != v, number.Text(v))
	}
}
