//go:build cuda

package kernels

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// fault is a state of the driver, by the variable that brings it about, and what is to be
// seen then.
type fault struct {
	name, env string
	f         func(t *testing.T)
}

// faults are what the emulator can be told to be. A process binds and opens the driver
// once, so each runs in a process of its own.
var faults = []fault{
	{"switched off", "CUDASHIM_LIBCUDA=none", unavailable("no CUDA driver: switched off")},
	{"no library", "CUDASHIM_LIBCUDA=/nonexistent/libcuda.so.1", unavailable("no CUDA driver: CUDASHIM_LIBCUDA: /nonexistent/libcuda.so.1: cannot open shared object file")},
	{"driver without devices", "CUEMU_INIT=100", unavailable("no CUDA driver: cuInit returned 100: the driver finds no GPU")},
	{"no device", "CUEMU_DEVICES=0", unavailable("the driver finds no device")},
	{"old driver", "CUEMU_DRIVER=10000", unavailable("the driver is for CUDA 10.0, the kernels need 10.1")},
	{"old device", "CUEMU_CAPABILITY=61", unavailable("has compute capability 6.1, the kernels need 7.0")},
	{"no context", "CUEMU_CONTEXT=999", func(t *testing.T) {
		_, err := Open("cuda", 1)
		refused(t, err, "no context: Unknown")
	}},
	{"two devices", "CUEMU_DEVICES=2", twoDevices},
	{"three devices", "CUEMU_DEVICES=3", chooseAmongThree},
	{"little memory", "CUEMU_MEM=67108864", littleMemory},
	{"lost at the first launch", "CUEMU_LOSE=1", lostAt(1)},
	{"lost at the third launch", "CUEMU_LOSE=3", lostAt(3)},
	{"a device whose memory is held", "CUEMU_MEM=67108864", holdAll},
	{"a broken device", "CUEMU_LOSE=0", broken},
	{"products of cuBLAS", "CUBLAS_LIBRARY=", products},
	{"no cuBLAS", "CUBLAS_LIBRARY=none", noProducts},
	{"a kernel writes out of bounds", "CUEMU_WATCH=0", fatal(func(s *scope) { s.launch("test_poke", grid{x: 1}, s.alloc(100), 100) })},
	{"a kernel writes before its memory", "CUEMU_WATCH=0", fatal(func(s *scope) { s.launch("test_poke", grid{x: 1}, s.alloc(100), -1) })},
	{"a barrier that not all reach", "CUEMU_THREADS=1", fatal(func(s *scope) { s.launch("test_uneven", grid{x: 2, block: 64}) })},
}

func TestFaults(t *testing.T) {
	name := os.Getenv("FAULT")
	if i := slices.IndexFunc(faults, func(c fault) bool { return c.name == name }); i >= 0 {
		faults[i].f(t)
		return
	}
	if !emulated() {
		t.Skip("needs the emulator: CUDASHIM_LIBCUDA=build/emu/libcuda.so.1")
	}
	for _, c := range faults {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], "-test.run=^TestFaults$")
			cmd.Env = append(os.Environ(), c.env, "FAULT="+c.name)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// Under CUEMU_WATCH the emulator ends the process that touches what lies beside an
// allocation, and names the kernel.
func TestFaults_Watched(t *testing.T) {
	const poke = "poke"
	if os.Getenv("FAULT") == poke {
		j := openTest(t)
		check(t, j.run(func(s *scope) { s.launch("test_poke", grid{x: 1}, s.alloc(100), 99) }))
		check(t, j.run(func(s *scope) { s.launch("test_poke", grid{x: 1}, s.alloc(100), 4096) }))
		return
	}
	if !emulated() {
		t.Skip("needs the emulator")
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestFaults_Watched$")
	cmd.Env = append(os.Environ(), "CUEMU_WATCH=1", "FAULT="+poke)
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "test_poke touched") {
		t.Errorf("%v\n%s", err, out)
	}
}

// emulated says whether the driver is the emulator, which faults need.
func emulated() bool { return strings.Contains(os.Getenv("CUDASHIM_LIBCUDA"), "emu") }

func refused(t *testing.T, err error, want string) {
	t.Helper()
	if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}

// unavailable: the tier is refused with that reason, and auto goes on without it.
func unavailable(want string) func(t *testing.T) {
	return func(t *testing.T) {
		_, err := Open("cuda", 1)
		refused(t, err, want)
		_, err = Devices()
		refused(t, err, want)
		if tier := Tiers()[0]; tier.Name != "cuda" || tier.Available || !strings.Contains(tier.Detail, want) {
			t.Errorf("tier %+v, want %s", tier, want)
		}
		b, err := Open("auto", 1)
		check(t, err)
		if strings.HasPrefix(b.Name(), "cuda") {
			t.Errorf("auto is %s", b.Name())
		}
		testGradients(t, b)
	}
}

func twoDevices(t *testing.T) {
	devices, err := Devices()
	check(t, err)
	if len(devices) != 2 || devices[1].Name != "cuda:1" || Tiers()[1].Name != "cuda:1" || !Tiers()[1].Available {
		t.Fatalf("devices %+v, tiers %+v", devices, Tiers())
	}
	_, err = Open("cuda:2", 1)
	refused(t, err, "device 2 of 2")
	in, g, h := onesGradients(1000)
	for _, name := range []string{"cuda:0", "cuda:1", "cuda:0"} { // buffers move from one to the other
		b, err := Open(name, 1)
		check(t, err)
		if b.Name() != name {
			t.Errorf("%s is called %s", name, b.Name())
		}
		check(t, b.Gradients(Gaussian, in, g, h))
		defer func() {
			check(t, b.Close())
			checkLive(t, b)
		}()
	}
	if got := g[0].Host(); got[0] != -1 || got[999] != -1 {
		t.Errorf("derivatives %v and %v", got[0], got[999])
	}
}

// onesGradients is the input of a loss where all responses are 1 and all scores 0.
func onesGradients(n int) (in GradientInput, g, h []*Buffer[float32]) {
	y := make([]float32, n)
	for i := range y {
		y[i] = 1
	}
	in = GradientInput{Y: NewBuffer(y), Scores: []*Buffer[float64]{MakeBuffer[float64](n)}}
	return in, []*Buffer[float32]{MakeBuffer[float32](n)}, []*Buffer[float32]{MakeBuffer[float32](n)}
}

func checkLive(t *testing.T, b Backend) {
	t.Helper()
	if n := b.(*cudaBackend).job.device.liveBytes(); n != 0 {
		t.Errorf("%d bytes are still on the device", n)
	}
}

// againOnCPU does what a caller may do when a device fails: the whole job once more.
func againOnCPU(t *testing.T, in GradientInput, g, h []*Buffer[float32]) {
	t.Helper()
	in.Scores[0] = MakeBuffer[float64](in.Y.Len())
	check(t, CPU().Gradients(Gaussian, in, g, h))
	if got := g[0].Host(); got[0] != -1 || got[len(got)-1] != -1 || h[0].Host()[0] != 1 {
		t.Errorf("derivatives on the processor %v and %v", got[0], h[0].Host()[0])
	}
}

// The job is refused, and the device serves smaller ones.
func littleMemory(t *testing.T) {
	b, err := Open("cuda", 1)
	check(t, err)
	in, g, h := onesGradients(4 << 20) // 80 MiB
	if err := b.Gradients(Gaussian, in, g, h); !errors.Is(err, ErrDeviceMemory) || errors.Is(err, ErrDeviceLost) {
		t.Fatalf("80 MiB in 64: %v", err)
	}
	for _, buf := range []interface{ Free() }{in.Y, in.Scores[0], g[0], h[0]} {
		buf.Free()
	}
	checkLive(t, b)
	againOnCPU(t, in, g, h)
	in, g, h = onesGradients(1 << 20)
	check(t, b.Gradients(Gaussian, in, g, h))
	if got := g[0].Host(); got[0] != -1 || got[1<<20-1] != -1 {
		t.Errorf("derivatives %v", got[0])
	}
	check(t, b.Close())
	checkLive(t, b)
}

// The device stays lost, values that it had are missed, and nobody waits for ever.
func lostAt(launch int) func(t *testing.T) {
	return func(t *testing.T) {
		b, err := Open("cuda", 1)
		check(t, err)
		in, g, h := onesGradients(1000)
		for range launch - 1 {
			check(t, b.Gradients(Gaussian, in, g, h))
		}
		for range 2 {
			if err := b.Gradients(Gaussian, in, g, h); !errors.Is(err, ErrDeviceLost) {
				t.Fatalf("the launch that loses the device: %v", err)
			}
		}
		g[0].Host()
		if err := g[0].Err(); !errors.Is(err, ErrDeviceLost) {
			t.Errorf("derivatives that went with the device: %v", err)
		}
		if err := in.Y.Err(); err != nil {
			t.Errorf("the response never changed there: %v", err)
		}
		checkLive(t, b)
		_, err = Open("cuda", 1)
		refused(t, err, "device lost")
		if auto, err := Open("auto", 1); err != nil || strings.HasPrefix(auto.Name(), "cuda") {
			t.Errorf("auto is %v, %v", auto, err)
		}
		_, again, hessian := onesGradients(1000)
		againOnCPU(t, in, again, hessian)
		if err := b.Close(); !errors.Is(err, ErrDeviceLost) {
			t.Errorf("the end of a job whose device is lost: %v", err)
		}
		for _, buf := range []interface{ Free() }{in.Y, g[0], h[0]} {
			buf.Free()
		}
		checkLive(t, b)
	}
}

// fatal: the device is lost after f, which leaves nothing there.
func fatal(f func(s *scope)) func(t *testing.T) {
	return func(t *testing.T) {
		j := openTest(t)
		check(t, j.run(func(s *scope) { s.launch("test_poke", grid{x: 1}, s.alloc(100), 99) }))
		for range 2 {
			if err := j.run(f); !errors.Is(err, ErrDeviceLost) {
				t.Errorf("%v, want %v", err, ErrDeviceLost)
			}
		}
		if n := j.device.liveBytes(); n != 0 {
			t.Errorf("%d bytes are still there", n)
		}
	}
}
