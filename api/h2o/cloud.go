package h2o

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/geyser-ml/geyser/api"
	"github.com/geyser-ml/geyser/engine"
	"github.com/geyser-ml/geyser/engine/table"
)

// cloud answers /3/Cloud.
func (f *facade) cloud(_ *api.Request, in cloudIn) (CloudV3, error) {
	d := f.e.Diagnose()
	host, _, err := net.SplitHostPort(f.Address)
	if err != nil {
		host = f.Address
	}
	return CloudV3{
		cloudIn: in, Version: f.Version, Branch: "rel-" + release(f.Version), Commit: d.Version,
		Describe: "geyser " + d.Version, CompiledBy: d.GoVersion, CompiledOn: stamp(f.e.Started()),
		Build: patch(f.Version), BuildAge: "less than a day", Name: f.Options.Name, Size: 1,
		Uptime: time.Since(f.e.Started()).Milliseconds(), InternalZone: "UTC", ParserZone: "UTC",
		Healthy: true, Consensus: true, Locked: true, WebIP: host,
		Nodes: []NodeV3{{
			H2O: "/" + f.Address, IPPort: f.Address, Healthy: true, LastPing: time.Now().UnixMilli(),
			PID: d.PID, CPUs: d.CPUs, CPUsAllowed: d.Threads, Threads: d.Threads, Load: float32(d.Load),
			MyCPU: -1, SysCPU: -1, ValueSize: d.MemoryUsed, HeapSize: d.HeapBytes,
			FreeMem: max(d.MemoryLimit-d.MemoryUsed-d.HeapBytes, 0), MaxMem: d.MemoryLimit, Keys: f.e.Keys(),
			FreeDisk: d.DiskFree, MaxDisk: d.DiskTotal, FJThreads: []int16{}, FJQueue: []int16{}, OpenFDs: d.OpenFDs,
			Kernels: d.Kernels, Scoring: d.Scoring,
		}},
	}, nil
}

// release cuts "3.46.0.12" to "3.46.0".
func release(version string) string {
	if i := strings.LastIndexByte(version, '.'); i > 0 && strings.Count(version, ".") == 3 {
		return version[:i]
	}
	return version
}

// patch cuts "3.46.0.12" to "12".
func patch(version string) string { return version[strings.LastIndexByte(version, '.')+1:] }

// stamp prints a time as H2O's tables do.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

// clusterID tells clusters at one address apart.
func clusterID(started time.Time) string { return strconv.FormatInt(started.UnixMilli(), 10) }

// ping answers /3/Ping.
func (f *facade) ping(*api.Request, struct{}) (PingV3, error) {
	d := f.e.Diagnose()
	return PingV3{
		Uptime: time.Since(f.e.Started()).Milliseconds(), Healthy: true,
		Nodes: []NodeMemoryInfoV3{{IPPort: f.Address, FreeMem: max(d.MemoryLimit-d.MemoryUsed-d.HeapBytes, 0)}},
	}, nil
}

// about answers /3/About.
func (f *facade) about(*api.Request, struct{}) (AboutV3, error) {
	d := f.e.Diagnose()
	out := AboutV3{}
	add := func(name, value string) {
		out.Entries = append(out.Entries, AboutEntryV3{Name: name, Value: value})
	}
	add("Build git branch", "rel-"+release(f.Version))
	add("Build git hash", d.Version)
	add("Build git describe", "geyser "+d.Version)
	add("Build project version", f.Version)
	add("Build age", "less than a day")
	add("Built by", d.GoVersion)
	add("Built on", stamp(f.e.Started()))
	add("Internal Security", "Disabled")
	add("Version warning", "")
	for _, t := range d.Tiers {
		state := t.Detail
		if !t.Available {
			state = "not available: " + t.Detail
		}
		add("Kernels "+t.Name, state)
	}
	for _, x := range kernelLines(d) {
		add(x[0], x[1])
	}
	return out, nil
}

// kernelLines says what large trainings, scores and layers of networks compute on; the
// last as far as it is known.
func kernelLines(d engine.Diagnosis) [][2]string {
	out := [][2]string{{"Kernels", d.Kernels}, {"Scoring", d.Scoring}}
	for _, x := range d.Devices {
		if x.Dense != "" {
			out = append(out, [2]string{"Layers on " + x.Name, x.Dense})
		}
	}
	return out
}

// capabilities answers /3/Capabilities and its parts.
//
// H2O: clients refuse to train XGBoost unless the core lists it, which it does
// where the library is. Without it the entry has a longer name, which tells people
// what is missing. What the kernels run on is an extension of the core, too.
func (f *facade) capabilities(core, rest bool) func(*api.Request, struct{}) (CapabilitiesV3, error) {
	return func(*api.Request, struct{}) (CapabilitiesV3, error) {
		var names []string
		if core {
			name := "XGBoost"
			d := f.e.Diagnose()
			if !d.XGBoost.Available {
				name += ": " + d.XGBoost.Detail
			}
			names = append(names, name)
			for _, x := range kernelLines(d) {
				names = append(names, x[0]+": "+x[1])
			}
		}
		if rest { // the routes are there in any case
			names = append(names, "XGBoost", "Algos", "Core V3", "Core V4")
		}
		out := CapabilitiesV3{Capabilities: make([]CapabilityEntryV3, len(names))}
		for i, n := range names {
			out.Capabilities[i].Name = n
		}
		return out, nil
	}
}

// reproducibility tells on which server and data a model was trained.
func (f *facade) reproducibility(frames ...[2]any) []*table.Table {
	d := f.e.Diagnose()
	node := table.New("Node Information", "")
	cluster := table.New("Cluster Configuration", "")
	row := func(t *table.Table, title string, cell any) {
		typ, format := table.String, ""
		switch x := cell.(type) {
		case int:
			typ, cell = table.Int, int64(x)
		case int64:
			typ = table.Long
		case float64:
			typ = table.Double
		}
		t.Add(title, typ, format, cell)
	}
	free := max(d.MemoryLimit-d.MemoryUsed-d.HeapBytes, 0)
	for _, c := range []struct {
		title string
		cell  any
	}{
		{"", ""}, {"node", 0}, {"h2o", f.Address}, {"healthy", "true"}, {"last_ping", strconv.FormatInt(time.Now().UnixMilli(), 10)},
		{"num_cpus", d.CPUs}, {"sys_load", d.Load}, {"mem_value_size", d.MemoryUsed}, {"free_mem", free},
		{"pojo_mem", d.HeapBytes}, {"swap_mem", int64(0)}, {"free_disc", d.DiskFree}, {"max_disc", d.DiskTotal}, {"pid", d.PID},
		{"num_keys", f.e.Keys()}, {"tcps_active", "0"}, {"open_fds", d.OpenFDs}, {"rpcs_active", "0"}, {"nthreads", d.Threads},
		{"is_leader", "true"}, {"total_mem", d.MemoryLimit}, {"max_mem", d.MemoryLimit}, {"java_version", d.GoVersion},
		{"jvm_launch_parameters", ""}, {"os_version", runtime.GOOS + " (" + runtime.GOARCH + ")"},
		{"machine_physical_mem", d.MemoryLimit}, {"machine_locale", os.Getenv("LANG")},
	} {
		row(node, c.title, c.cell)
	}
	for _, c := range []struct {
		title string
		cell  any
	}{
		{"", ""}, {"H2O cluster uptime", time.Since(f.e.Started()).Milliseconds()}, {"H2O cluster timezone", "UTC"},
		{"H2O data parsing timezone", "UTC"}, {"H2O cluster version", f.Version}, {"H2O cluster version age", "less than a day"},
		{"H2O cluster name", f.Options.Name}, {"H2O cluster total nodes", 1}, {"H2O cluster free memory", free},
		{"H2O cluster total cores", d.CPUs}, {"H2O cluster allowed cores", d.Threads}, {"H2O cluster status", "locked, healthy"},
		{"H2O internal security", "false"}, {"H2O API Extensions", "Algos, Core V3, Core V4"},
	} {
		row(cluster, c.title, c.cell)
	}
	input := table.New("Input Frames Information", "").
		Add("", table.String, "").Add("Input Frame", table.String, "").
		Add("Checksum", table.Long, "").Add("ESPC", table.String, "%d")
	for _, fr := range frames {
		input.Append("", fr[0], fr[1], fmt.Sprint(-1))
	}
	return []*table.Table{node, cluster, input}
}
