package frame_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/kernels/par"
)

// every returns a layout with a column of every kind; text rows are 3 bytes each.
func every(rows int) []frame.Layout {
	return []frame.Layout{
		{Name: "int", Kind: frame.Int, DType: frame.I16, Missing: true},
		{Name: "wide int", Kind: frame.Int, DType: frame.F64},
		{Name: "real", Kind: frame.Real, DType: frame.F64, Missing: true},
		{Name: "enum", Kind: frame.Enum, DType: frame.I8, Domain: []string{"a", "", "ç"}, Missing: true},
		{Name: "time", Kind: frame.Time, DType: frame.I64, Missing: true},
		{Name: "text", Kind: frame.String, DType: frame.Text, Missing: true, TextBytes: int64(3 * rows)},
		{Name: "empty text", Kind: frame.String, DType: frame.Text},
		{Name: "id", Kind: frame.UUID, DType: frame.U128},
		{Name: "bad", Kind: frame.Bad},
	}
}

// fill writes row i as i, from several goroutines; of the real column every fifth
// value is missing.
func fill(b *frame.Builder, rows int) {
	par.For(4, rows, 1024, func(_, lo, hi int) {
		offs, text := b.TextTarget(5)
		for i := lo; i < hi; i++ {
			frame.Target[int16](b, 0)[i] = int16(i)
			frame.Target[float64](b, 1)[i] = float64(i)
			frame.Target[float64](b, 2)[i] = float64(i) / 2
			if i%5 == 0 {
				frame.Target[float64](b, 2)[i] = math.NaN()
				b.ValidTarget(2)[i/8] &^= 1 << (i % 8)
			}
			frame.Target[int8](b, 3)[i] = int8(i % 3)
			frame.Target[int64](b, 4)[i] = int64(i) * 1000
			offs[i+1] = int64(3 * (i + 1))
			copy(text[3*i:], fmt.Sprintf("%03d", i%1000))
			b.UUIDTarget(7)[16*i+15] = byte(i)
		}
		b.Flush(lo, hi)
	})
}

func TestBuilder(t *testing.T) {
	for _, rows := range []int{0, 1, 9, 10000} {
		path := filepath.Join(t.TempDir(), "f.arrow")
		var built []*frame.Frame
		for _, path := range []string{"", path} {
			b, err := frame.NewBuilder(every(rows), rows, path)
			require.NoError(t, err)
			assert.Nil(t, b.ValidTarget(1))
			fill(b, rows)
			f, err := b.Seal(true)
			require.NoError(t, err)
			b.Abort()
			built = append(built, f)
		}
		opened, err := frame.Open(path)
		require.NoError(t, err)
		same(t, built[0], built[1])
		same(t, built[0], opened)
		for _, f := range append(built, opened) {
			assert.Nil(t, f.Column(0).Valid(), "no value is missing after all")
			for i := range rows {
				require.Equal(t, float64(i), f.Column(1).Float(i))
				require.Equal(t, i%5 == 0, f.Column(2).Missing(i))
				require.Equal(t, []string{"a", "", "ç"}[i%3], f.Column(3).Text(i))
				require.Equal(t, fmt.Sprintf("%03d", i%1000), f.Column(5).Text(i))
				require.Equal(t, "", f.Column(6).Text(i))
				require.True(t, f.Column(8).Missing(i))
			}
			assert.EqualValues(t, (rows+4)/5, f.Column(2).Stats().Missing)
		}
	}
}

func TestBuilder_Abort(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	require.NoError(t, os.WriteFile(path+".tmp", []byte("left over"), 0o600))
	b, err := frame.NewBuilder(every(10), 10, path)
	require.NoError(t, err)
	b.Abort()
	names, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, names)
}

func TestBuilder_Errors(t *testing.T) {
	dir := t.TempDir()
	_, err := frame.NewBuilder(every(1)[:1], 1<<50, filepath.Join(dir, "f"))
	assert.Error(t, err, "more than there can be")
	_, err = frame.NewBuilder(every(1)[:1], 1<<41, filepath.Join(dir, "f"))
	assert.Error(t, err, "more than the disk has")
	b, err := frame.NewBuilder([]frame.Layout{{Name: "a"}, {Name: "a"}}, 3, filepath.Join(dir, "f"))
	require.NoError(t, err)
	_, err = b.Seal(false)
	assert.ErrorContains(t, err, "duplicate")
	names, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, names)
	assert.Panics(t, func() { _, _ = frame.NewBuilder([]frame.Layout{{Name: "t", Kind: frame.Time, DType: frame.I8}}, 1, "") })
	b, err = frame.NewBuilder(every(3), 3, "")
	require.NoError(t, err)
	assert.Panics(t, func() { frame.Target[int32](b, 0) })
}
