//go:build cuda

package kernels

import (
	_ "embed"
	"errors"
	"math"
	"math/bits"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"gorgonia.org/cu"
)

//go:embed testdata/device.ptx
var devicePTX string

// testModules are the kernels of the program and those of the tests.
func testModules() []module { return append(modules(), module{"testdata/device.ptx", devicePTX}) }

// openTest returns a device of its own with the kernels of the tests, and a job on it.
func openTest(t *testing.T) *job {
	t.Helper()
	d, err := openDevice(0, testModules())
	if errors.Is(err, ErrUnavailable) {
		t.Skip(err)
	}
	check(t, err)
	t.Cleanup(d.close)
	return newJob(d)
}

// openShared returns the tier, on the device that all share.
func openShared(t *testing.T) *cudaBackend {
	t.Helper()
	b, err := Open("cuda", 2)
	if errors.Is(err, ErrUnavailable) {
		t.Skip(err)
	}
	check(t, err)
	t.Cleanup(func() { check(t, b.Close()) })
	return b.(*cudaBackend)
}

// What device.h offers does the same as Go.
func TestDevice_Primitives(t *testing.T) {
	j := openTest(t)
	const n, width = 96, 30
	r := rand.New(rand.NewPCG(17, 18))
	a, x, got := make([]uint64, n), make([]float64, n), make([]uint64, n*width)
	for i := range a {
		a[i], x[i] = r.Uint64()>>r.IntN(64), r.NormFloat64()*math.Exp(r.NormFloat64()*5)
	}
	copy(a, []uint64{0, 1, math.MaxUint64, 1 << 63, 1 << 32, 7, math.MaxUint32})
	check(t, j.run(func(s *scope) {
		out := allocOf[uint64](s, len(got))
		s.launch("test_primitives", grid{x: 1, block: n}, upload(s, a), upload(s, x), out)
		download(s, got, out)
	}))
	for i, v := range a {
		low, warp, lane := uint32(v), i&^31, i&31
		next := a[(i+1)%n]
		at := func(to int) int { // the lane that a shuffle reads; its own where there is none
			if to < 0 || to > 31 {
				return i
			}
			return warp + to
		}
		signed, _ := bits.Mul64(v, next)
		if int64(v) < 0 {
			signed -= next
		}
		if int64(next) < 0 {
			signed -= v
		}
		hi, _ := bits.Mul64(v, next)
		ballot, half, anySeven, allSet := uint64(0), uint64(0), uint64(0), uint64(1)
		for l, w := range a[warp : warp+32] {
			ballot |= w & 1 << l
			half |= w >> 1 & 1 << l
			if w&255 == 7 {
				anySeven = 1
			}
			if w == 0 {
				allSet = 0
			}
		}
		apart := half & 0xffff0000
		if lane < 16 {
			apart = uint64(uint32(a[warp+lane^8]))
		}
		ffs := func(tz, size int) uint64 { return uint64((tz + 1) % (size + 1)) }
		f32 := float32(x[i])
		want := []uint64{
			uint64(bits.OnesCount32(low)), uint64(bits.OnesCount64(v)), uint64(bits.LeadingZeros32(low)), uint64(bits.LeadingZeros64(v)),
			ffs(bits.TrailingZeros32(low), 32), ffs(bits.TrailingZeros64(v), 64), hi, signed, uint64(low) * (v >> 32) >> 32,
			a[warp+int(v&31)], uint64(uint32(a[warp+3])), a[at(lane-5)], uint64(uint32(a[at(lane-1)])), a[at(lane+7)], uint64(uint32(a[at(lane+16)])),
			a[warp+lane^9], math.Float64bits(x[warp+lane^16]), uint64(math.Float32bits(float32(x[at(lane+1)]))),
			ballot, anySeven, allSet, math.Float64bits(math.FMA(x[i], x[i], -1)), uint64(math.Float32bits(fma32(f32, 3, 0.1))),
			math.Float64bits(math.Abs(x[i])), uint64(math.Float32bits(float32(math.Abs(float64(f32))))), math.Float64bits(math.Sqrt(math.Abs(x[i]))),
			v, uint64(low), apart, math.Float64bits(x[i]),
		}
		if row := got[i*width : (i+1)*width]; !slices.Equal(row, want) {
			for k := range want {
				if row[k] != want[k] {
					t.Errorf("thread %d, result %d: %#x, want %#x", i, k, row[k], want[k])
				}
			}
		}
	}
}

// fma32 is exact: a product of two float32 fits a float64, and the sum is rounded to odd
// before it is rounded to float32.
func fma32(a, b, c float32) float32 {
	p := float64(a) * float64(b)
	sum := p + float64(c)
	// The error of the sum, by Knuth.
	t := sum - p
	if e := (p - (sum - t)) + (float64(c) - t); e != 0 && math.Float64bits(sum)&1 == 0 {
		if (e > 0) == (sum > 0) {
			sum = math.Float64frombits(math.Float64bits(sum) + 1)
		} else {
			sum = math.Float64frombits(math.Float64bits(sum) - 1)
		}
	}
	return float32(sum)
}

func TestDevice_Atomics(t *testing.T) {
	j := openTest(t)
	r := rand.New(rand.NewPCG(19, 20))
	a := make([]uint64, 1000)
	words32, words64, ints := []uint32{0, 0, math.MaxUint32, 0, math.MaxUint32, 0}, []uint64{0, 0, math.MaxUint64, 0}, []int32{0, math.MinInt32, math.MaxInt32}
	want32, want64, wantInts := slices.Clone(words32), slices.Clone(words64), slices.Clone(ints)
	f, d := []float32{0}, []float64{0}
	var wantF float32
	var wantD float64
	for i := range a {
		v := r.Uint64()
		a[i] = v
		low := uint32(v)
		want32[0] += low
		want32[1], want32[2] = max(want32[1], low), min(want32[2], low)
		want32[3] |= 1 << (low & 31)
		want32[4] &^= 1 << (low & 31)
		want32[5] += low
		want64[0] += v
		want64[1], want64[2] = max(want64[1], v), min(want64[2], v)
		want64[3] ^= v
		wantInts[0] += int32(low)
		wantInts[1], wantInts[2] = max(wantInts[1], int32(low)), min(wantInts[2], int32(low))
		wantF += float32(v & 3)
		wantD += float64(v & 1023)
	}
	check(t, j.run(func(s *scope) {
		p32, p64, pi, pf, pd := upload(s, words32), upload(s, words64), upload(s, ints), upload(s, f), upload(s, d)
		s.launch("test_atomics", over(len(a), 64), upload(s, a), p32, p64, pi, pf, pd, len(a))
		download(s, words32, p32)
		download(s, words64, p64)
		download(s, ints, pi)
		download(s, f, pf)
		download(s, d, pd)
	}))
	if !slices.Equal(words32, want32) || !slices.Equal(words64, want64) || !slices.Equal(ints, wantInts) || f[0] != wantF || d[0] != wantD {
		t.Errorf("%v %v %v %v %v, want %v %v %v %v %v", words32, words64, ints, f, d, want32, want64, wantInts, wantF, wantD)
	}
}

func TestDevice_LastBlock(t *testing.T) {
	j := openTest(t)
	const blocks = 300
	got := []uint64{0}
	check(t, j.run(func(s *scope) {
		part, ticket, out := allocOf[uint64](s, blocks), upload(s, []uint32{0}), allocOf[uint64](s, 1)
		s.launch("test_last_block", grid{x: blocks, block: 64, shared: 64 * 8}, part, ticket, out)
		download(s, got, out)
	}))
	if want := uint64(blocks * (blocks + 1) / 2); got[0] != want {
		t.Errorf("%d, want %d", got[0], want)
	}
}

// The first error stays, and what comes after it does nothing.
func TestScope_Errors(t *testing.T) {
	j := openTest(t)
	one := grid{x: 1}
	for _, c := range []struct {
		name, want string
		f          func(s *scope)
	}{
		{"no such kernel", "no kernel spam", func(s *scope) { s.launch("spam", one) }},
		{"too few parameters", "1 parameters, want 2", func(s *scope) { s.launch("test_poke", one, uint64(0)) }},
		{"double for a whole number", "parameter 1 is of type float64", func(s *scope) { s.launch("test_poke", one, uint64(0), 1.0) }},
		{"float32", "parameter 1 is of type float32", func(s *scope) { s.launch("test_poke", one, uint64(0), float32(1)) }},
		{"too many threads", "at most 1024", func(s *scope) { s.launch("test_poke", grid{x: 1, block: 33, by: 32}, uint64(0), 1) }},
		{"too many blocks", "at most 2147483647 x 65535", func(s *scope) { s.launch("test_poke", grid{x: 1, y: 65536}, uint64(0), 1) }},
		{"too much shared memory", "at most 48 KiB", func(s *scope) { s.launch("test_poke", grid{x: 1, shared: 49153}, uint64(0), 1) }},
		{"copy from nowhere", "InvalidValue", func(s *scope) { download(s, make([]byte, 8), 8) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := j.Traffic()
			err := j.run(func(s *scope) {
				c.f(s)
				first := s.err
				s.launch("spam", one)
				if p := upload(s, []byte{1}); p != 0 || s.hold(8) != nil || !errors.Is(s.err, first) {
					t.Error("the scope went on after its error")
				}
			})
			if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, ErrDeviceLost) {
				t.Errorf("%v, want %s", err, c.want)
			}
			if now := j.Traffic(); now.Launches != before.Launches || now.Uploads != before.Uploads {
				t.Errorf("traffic %+v, before %+v", now, before)
			}
			if n := j.device.liveBytes(); n != 0 {
				t.Errorf("%d bytes are still there", n)
			}
		})
	}
	check(t, j.run(func(s *scope) { s.launch("test_poke", grid{}, uint64(8), 1) })) // no block, no launch
}

// A panic in an operation comes back to the caller, and the device goes on.
func TestDevice_Panic(t *testing.T) {
	j := openTest(t)
	func() {
		defer func() {
			if recover() != "spam" {
				t.Error("the panic did not come back")
			}
		}()
		_ = j.run(func(s *scope) { s.alloc(100); panic("spam") })
	}()
	if n := j.device.liveBytes(); n != 0 {
		t.Errorf("%d bytes are still there", n)
	}
}

func TestDevice_Memory(t *testing.T) {
	j := openTest(t)
	free, total, err := j.device.memory()
	check(t, err)
	if free <= 0 || total < free || total > j.device.Memory {
		t.Errorf("%d free of %d, the device has %d", free, total, j.device.Memory)
	}
	var m *memory
	check(t, j.run(func(s *scope) {
		m = holdOf[uint64](s, 1000)
		s.zero(m.at(), m.bytes)
		s.alloc(10)
	}))
	if n := j.device.liveBytes(); n != 8000 {
		t.Errorf("%d bytes held, want 8000", n)
	}
	got, want := make([]uint64, 1000), make([]uint64, 1000)
	want[7] = 77
	check(t, j.run(func(s *scope) {
		s.copy(m.at()+7*8, upload(s, []uint64{77}), 8)
		download(s, got, m.at())
	}))
	if !slices.Equal(got, want) {
		t.Error("memory that was held has other values")
	}
	m.free()
	m.free()
	(*memory)(nil).free()
	if n := j.device.liveBytes(); n != 0 || (*memory)(nil).at() != 0 {
		t.Errorf("%d bytes are still there", n)
	}
	err = j.run(func(s *scope) {
		s.alloc(1 << 10)
		s.alloc(total * 2)
	})
	if !errors.Is(err, ErrDeviceMemory) || !errors.Is(err, cu.OutOfMemory) {
		t.Errorf("twice the memory: %v", err)
	}
	if n := j.device.liveBytes(); n != 0 {
		t.Errorf("%d bytes are still there", n)
	}
	check(t, j.run(func(s *scope) { s.alloc(8) }))
}

// A job that ends leaves nothing behind, and can do nothing more.
func TestJob_Close(t *testing.T) {
	j := openTest(t)
	b := MakeBuffer[uint32](100)
	check(t, j.run(func(s *scope) {
		s.hold(1000)
		uploadTo(s, deviceWrite(b, s), slices.Repeat([]uint32{5}, 100))
	}))
	check(t, j.close())
	check(t, j.close())
	if n := j.device.liveBytes(); n != 0 {
		t.Errorf("%d bytes are still there", n)
	}
	if err := j.run(func(*scope) {}); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("a closed job: %v", err)
	}
	if got := b.Host(); got[0] != 5 || got[99] != 5 || b.Err() != nil {
		t.Errorf("values did not come home: %v, %v", got, b.Err())
	}
	b.Free()
}

// A buffer is copied when somebody needs what he does not have, and no more.
func TestBuffer_Copies(t *testing.T) {
	j := openTest(t)
	b := NewBuffer([]uint8{1, 2, 3})
	read := func(j *job) (got []uint8) {
		got = make([]uint8, b.Len())
		check(t, j.run(func(s *scope) { download(s, got, deviceOf(b, s)) }))
		return got
	}
	steps := []struct {
		name     string
		f        func()
		up, down int64
	}{
		{"first use", func() { read(j) }, 1, 1},
		{"second use", func() { read(j) }, 0, 1},
		{"host reads", func() { b.Host() }, 0, 0},
		{"host writes", func() { b.HostWrite()[0] = 9 }, 0, 0},
		{"device reads", func() {
			if got := read(j); got[0] != 9 {
				t.Errorf("the device has %v", got)
			}
		}, 1, 1},
		{"device writes", func() {
			check(t, j.run(func(s *scope) { s.zero(deviceWrite(b, s), 2) }))
		}, 0, 0},
		{"host reads what is new", func() {
			if got := b.Host(); !slices.Equal(got, []uint8{0, 0, 3}) {
				t.Errorf("the host has %v", got)
			}
		}, 0, 1},
		{"host reads again", func() { b.Host() }, 0, 0},
		{"another job", func() {
			other := newJob(j.device)
			check(t, j.run(func(s *scope) { s.zero(deviceWrite(b, s), 3) }))
			if got := read(other); !slices.Equal(got, []uint8{0, 0, 0}) {
				t.Errorf("the other job has %v", got)
			}
			check(t, other.close())
		}, 1, 2},
		{"freed", func() {
			b.Free()
			if n := j.device.liveBytes(); n != 0 {
				t.Errorf("%d bytes are still there", n)
			}
		}, 0, 0},
	}
	for _, c := range steps {
		before := j.device.total()
		c.f()
		now := j.device.total()
		if up, down := now.Uploads-before.Uploads, now.Downloads-before.Downloads; up != c.up || down != c.down {
			t.Errorf("%s: %d copies up and %d down, want %d and %d", c.name, up, down, c.up, c.down)
		}
	}
	check(t, j.run(func(s *scope) {
		if deviceOf[uint8](nil, s) != 0 || deviceWrite[uint8](nil, s) != 0 {
			t.Error("no buffer has an address")
		}
	}))
}

// A buffer that nobody has any more gives its copy back.
func TestBuffer_Collected(t *testing.T) {
	j := openTest(t)
	check(t, j.run(func(s *scope) { deviceOf(NewBuffer(make([]uint8, 1<<20)), s) }))
	for range 1000 {
		if runtime.GC(); j.device.liveBytes() == 0 {
			return
		}
	}
	t.Errorf("%d bytes are still there", j.device.liveBytes())
}

// Jobs share a device without seeing each other.
func TestDevice_Concurrent(t *testing.T) {
	d := openTest(t).device
	var all sync.WaitGroup
	for k := range 8 {
		all.Go(func() {
			j := newJob(d)
			b := MakeBuffer[uint64](100)
			for i := range 20 {
				err := j.run(func(s *scope) {
					p := deviceOf(b, s)
					s.launch("test_poke", grid{x: 1}, p, i)
					deviceWrite(b, s)
				})
				if err != nil {
					t.Error(err)
				}
				m := i % 3
				if m == k%3 {
					b.HostWrite()[99] = uint64(k)
				}
			}
			if got := b.Host(); got[0] != 0x0101010101010101 || got[99] != uint64(k) {
				t.Errorf("job %d has %#x and %d", k, got[0], got[99])
			}
			if n := j.Traffic().Launches; n != 20 {
				t.Errorf("%d launches", n)
			}
			if err := j.close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := d.liveBytes(); n != 0 {
		t.Errorf("%d bytes are still there", n)
	}
	if n := d.total().Launches; n != 160 {
		t.Errorf("%d launches", n)
	}
}

// Kernels that the driver cannot use, or that the program misses, are said by name.
func TestModules(t *testing.T) {
	if _, err := Devices(); err != nil {
		t.Skip(err)
	}
	whole := modules()
	cut := func(name string, change func(text string) string) []module {
		out := slices.Clone(whole)
		i := slices.IndexFunc(out, func(m module) bool { return m.name == name })
		out[i].text = change(out[i].text)
		return out
	}
	for _, c := range []struct {
		name string
		all  []module
		want string
	}{
		{"truncated", cut("gradient.ptx", func(s string) string { return s[:len(s)/2] }), "refuses the kernels of gradient.ptx"},
		{"empty", cut("gradient.ptx", func(string) string { return "" }), "refuses the kernels of gradient.ptx"},
		{"foreign", cut("gradient.ptx", func(string) string { return "\x7fELF spam" }), "refuses the kernels of gradient.ptx"},
		{"of another time", cut("gradient.ptx", func(s string) string { return strings.Replace(s, ".version 6.4", ".version 99.0", 1) }), "refuses the kernels of gradient.ptx"},
		{"without a kernel", cut("gradient.ptx", func(s string) string {
			return s[:strings.LastIndex(s, "\t// .globl\tgradient_multinomial")]
		}), "missing from the PTX: gradient_multinomial"},
		{"a kernel twice", append(slices.Clone(whole), whole[0]), "another one of that name"},
		{"nothing", nil, "missing from the PTX: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := openDevice(0, c.all)
			if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
	d, err := openDevice(0, whole)
	check(t, err)
	d.close()
}

// The scores stay on the device, and the host gets what it asks for.
func TestGradients_Traffic(t *testing.T) {
	b := openShared(t)
	const n = 1000
	in := GradientInput{Y: MakeBuffer[float32](n), Scores: []*Buffer[float64]{MakeBuffer[float64](n)}}
	g, h := []*Buffer[float32]{MakeBuffer[float32](n)}, []*Buffer[float32]{MakeBuffer[float32](n)}
	for range 5 {
		check(t, b.Gradients(Bernoulli, in, g, h))
	}
	if got := b.Traffic(); got != (Traffic{Up: 12 * n, Uploads: 2, Launches: 5}) {
		t.Errorf("traffic %+v", got)
	}
	g[0].Host()
	if got := b.Traffic(); got != (Traffic{Up: 12 * n, Down: 4 * n, Uploads: 2, Downloads: 1, Launches: 5}) {
		t.Errorf("traffic %+v", got)
	}
}
