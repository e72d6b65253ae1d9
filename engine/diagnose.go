package engine

import (
	"fmt"
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"

	"golang.org/x/sys/cpu"
	"golang.org/x/sys/unix"

	"github.com/geyser-ml/geyser/engine/algo/xgboost"
	"github.com/geyser-ml/geyser/kernels"
	"github.com/geyser-ml/geyser/kernels/par"
)

// Tier is one way to compute, present or not.
type Tier struct {
	Name      string
	Available bool
	Detail    string // what it is, or what is missing
}

// Device is a device that trainings can compute on, with what is going on there.
type Device = kernels.DeviceState

// Diagnosis is what the doctor, the cloud status and the metrics show.
type Diagnosis struct {
	Version     string
	GoVersion   string
	CPUs        int
	Threads     int
	CPUFeatures []string
	Tiers       []Tier
	// Kernels names the tiers that large trainings compute on, and says in brackets what
	// is wrong with better ones.
	Kernels string
	// Scoring names the tier that models are scored by, and says in brackets why it has
	// left calls to the processor; ScoringFaults counts these.
	Scoring       string
	ScoringFaults int64
	Devices       []Device
	XGBoost       Tier
	MemoryLimit   int64 // of admitted jobs, 0 for none
	MemoryUsed    int64 // admitted now
	HeapBytes     int64
	DataDir       string
	DiskFree      int64
	DiskTotal     int64
	OpenFDs       int
	Load          float64 // of the last minute
	PID           int
	Running       int // jobs
}

// Diagnose looks at the machine and the engine. It is cheap enough for a status
// request.
func (e *Engine) Diagnose() Diagnosis {
	d := Machine(e.cfg.Version, e.cfg.DataDir)
	d.MemoryLimit, d.MemoryUsed = e.memory.Limit(), e.memory.Used()
	d.Kernels = kernels.Used(e.cfg.Backend)
	if e.cfg.Threads > 0 {
		d.Threads = e.cfg.Threads
	}
	for _, j := range e.jobs.List() {
		if !j.Snapshot().State.Ended() {
			d.Running++
		}
	}
	return d
}

// Machine is Diagnose without an engine.
func Machine(version, dataDir string) Diagnosis {
	d := Diagnosis{
		Version: version, GoVersion: runtime.Version(), CPUs: runtime.NumCPU(), Threads: par.Threads(0),
		CPUFeatures: features(), DataDir: dataDir, PID: os.Getpid(),
	}
	for _, t := range kernels.Tiers() {
		d.Tiers = append(d.Tiers, Tier{Name: t.Name, Available: t.Available, Detail: t.Detail})
	}
	d.Kernels, d.Devices = kernels.Used(""), kernels.DeviceStates()
	scorer := kernels.Scorer()
	d.Scoring, d.ScoringFaults = scorer.Name(), kernels.Faults(scorer)
	if err := kernels.Fault(scorer); err != nil {
		d.Scoring += fmt.Sprintf(" (calls left to the processor: %d, the last one because of %v)", d.ScoringFaults, err)
	}
	d.XGBoost = Tier{Name: "libxgboost"}
	if detail, err := xgboost.Library(); err != nil {
		d.XGBoost.Detail = err.Error()
	} else {
		d.XGBoost.Available, d.XGBoost.Detail = true, detail
	}
	d.HeapBytes = heapBytes()
	var fs unix.Statfs_t
	if dataDir != "" && unix.Statfs(dataDir, &fs) == nil {
		d.DiskFree, d.DiskTotal = int64(fs.Bavail)*int64(fs.Bsize), int64(fs.Blocks)*int64(fs.Bsize)
	}
	if list, err := os.ReadDir("/proc/self/fd"); err == nil {
		d.OpenFDs = len(list)
	}
	if b, err := os.ReadFile("/proc/loadavg"); err == nil {
		d.Load, _ = strconv.ParseFloat(strings.Fields(string(b))[0], 64)
	}
	return d
}

// OpenDevices opens every device and has it compute one product, so that a Diagnosis
// knows whether they work, and by which library.
func OpenDevices() {
	for _, d := range kernels.DeviceStates() {
		b, err := kernels.Open(d.Name, 1)
		if err != nil {
			continue
		}
		one := kernels.NewBuffer([]float32{1})
		// What fails is in the state of the device.
		_ = b.Dense(kernels.DenseInput{Rows: 1, Inner: 1, Cols: 1, A: one, B: one, Out: kernels.NewBuffer([]float32{0})})
		b.Close() //nolint:errcheck // nothing of it is needed
	}
}

// openKernels opens the tier that was asked for, and has models scored by it until the
// engine closes. What is used otherwise, and why, is for the log.
func (e *Engine) openKernels() error {
	name := e.cfg.Backend
	if name != "" && name != "auto" {
		b, err := kernels.Open(name, e.cfg.Threads)
		if err != nil {
			return err
		}
		e.scoreOn(b)
	} else if len(kernels.DeviceStates()) > 0 {
		// Why later: a device takes long to open, and nobody needs it to be answered.
		e.opening.Go(func() {
			tier, _ := kernels.Choose(name, kernels.Size{Rows: 1 << 20, Columns: 8, Classes: 1, Depth: 1})
			if b, err := kernels.Open(tier, e.cfg.Threads); err == nil {
				e.scoreOn(b)
			}
		})
	}
	e.cfg.Log.Info("kernels", "chosen", name, "large trainings on", kernels.Used(name))
	return nil
}

func (e *Engine) scoreOn(b kernels.Backend) {
	e.scorer = b
	kernels.ScoreOn(b)
}

// closeKernels gives back what openKernels has opened.
func (e *Engine) closeKernels() error {
	e.opening.Wait()
	if e.scorer == nil {
		return nil
	}
	kernels.ScoreOn(nil)
	return e.scorer.Close()
}

// heapBytes is what is on Go's heap, with what has died since the last collection, and
// what kernels have taken beside it.
func heapBytes() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64()) + kernels.Mapped()
}

// features lists the vector units of the processor that kernels may use.
func features() []string {
	var out []string
	for _, f := range []struct {
		name string
		has  bool
	}{
		{"sse4.2", cpu.X86.HasSSE42}, {"avx2", cpu.X86.HasAVX2}, {"fma", cpu.X86.HasFMA}, {"bmi2", cpu.X86.HasBMI2},
		{"avx512f", cpu.X86.HasAVX512F}, {"avx512bw", cpu.X86.HasAVX512BW}, {"avx512vl", cpu.X86.HasAVX512VL},
		{"asimd", cpu.ARM64.HasASIMD}, {"sve", cpu.ARM64.HasSVE},
	} {
		if f.has {
			out = append(out, f.name)
		}
	}
	return out
}
