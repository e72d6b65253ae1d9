package h2o

// CloudV3 is the state of the cluster. Python's client keeps only the fields
// that the metadata of this schema lists.
type CloudV3 struct {
	request
	cloudIn
	Version          string   `json:"version" help:"Release whose protocol is spoken."`
	Branch           string   `json:"branch_name" help:"Branch of that release."`
	Commit           string   `json:"last_commit_hash" help:"Build of this server."`
	Describe         string   `json:"describe" help:"Name and version of this server."`
	CompiledBy       string   `json:"compiled_by" help:"Compiler."`
	CompiledOn       string   `json:"compiled_on" help:"When the server started; builds carry no date."`
	Build            string   `json:"build_number" help:"Number of the build."`
	BuildAge         string   `json:"build_age" help:"Age of the build, in words."`
	TooOld           bool     `json:"build_too_old" help:"Whether clients should ask for an update."`
	NodeIndex        int      `json:"node_idx" help:"Number of the node that answers."`
	Name             string   `json:"cloud_name" help:"Name of the cluster."`
	Size             int      `json:"cloud_size" help:"Number of nodes."`
	Uptime           int64    `json:"cloud_uptime_millis" help:"Milliseconds since the start."`
	InternalZone     string   `json:"cloud_internal_timezone" help:"Time zone of the server."`
	ParserZone       string   `json:"datafile_parser_timezone" help:"Time zone in which times in files are read."`
	Healthy          bool     `json:"cloud_healthy" help:"Whether all nodes are well."`
	BadNodes         int      `json:"bad_nodes" help:"Number of nodes that are not."`
	Consensus        bool     `json:"consensus" help:"Whether the nodes agree on their number."`
	Locked           bool     `json:"locked" help:"Whether no further node is let in."`
	Client           bool     `json:"is_client" help:"Whether this node holds no data."`
	Hadoop           string   `json:"hadoop_version,null" help:"Always unset."`
	Telemetry        bool     `json:"telemetry_enabled" help:"Whether the server reports its use; it never does."`
	Nodes            []NodeV3 `json:"nodes" help:"The nodes."`
	InternalSecurity bool     `json:"internal_security_enabled" help:"Whether nodes talk encrypted; there is only one."`
	Leader           int      `json:"leader_idx" help:"Number of the leading node."`
	WebIP            string   `json:"web_ip" help:"Address that is listened on."`
}

// cloudIn is what /3/Cloud takes.
type cloudIn struct {
	SkipTicks bool `param:"skip_ticks" direction:"in" help:"Leave out processor counters."`
}

// NodeV3 is one node of the cluster.
type NodeV3 struct {
	object
	H2O         string  `json:"h2o" help:"Address."`
	IPPort      string  `json:"ip_port" help:"Address as host:port."`
	Healthy     bool    `json:"healthy" help:"Whether the node is well."`
	LastPing    int64   `json:"last_ping" help:"When it was last heard of, in milliseconds since 1970."`
	PID         int     `json:"pid" help:"Process id."`
	CPUs        int     `json:"num_cpus" help:"Processors of the machine."`
	CPUsAllowed int     `json:"cpus_allowed" help:"Processors that the server may use."`
	Threads     int     `json:"nthreads" help:"Threads that compute."`
	Load        float32 `json:"sys_load" help:"Load average of the last minute."`
	MyCPU       int     `json:"my_cpu_pct" help:"Not measured."`
	SysCPU      int     `json:"sys_cpu_pct" help:"Not measured."`
	ValueSize   int64   `json:"mem_value_size" help:"Bytes of memory in use for data."`
	HeapSize    int64   `json:"pojo_mem" help:"Bytes of heap in use."`
	FreeMem     int64   `json:"free_mem" help:"Bytes below the memory limit that are free."`
	MaxMem      int64   `json:"max_mem" help:"Memory limit in bytes."`
	SwapMem     int64   `json:"swap_mem" help:"Always 0: data that do not fit stay in files."`
	Keys        int     `json:"num_keys" help:"Number of stored objects."`
	FreeDisk    int64   `json:"free_disk" help:"Free bytes of the disk with the data directory."`
	MaxDisk     int64   `json:"max_disk" help:"Size of that disk in bytes."`
	RPCs        int     `json:"rpcs_active" help:"Always 0: there is no other node to call."`
	FJThreads   []int16 `json:"fjthrds" help:"Threads by priority; not kept."`
	FJQueue     []int16 `json:"fjqueue" help:"Queues by priority; not kept."`
	TCPs        int     `json:"tcps_active" help:"Always 0: there is no other node to talk to."`
	OpenFDs     int     `json:"open_fds" help:"Open files."`
	GFlops      float64 `json:"gflops" help:"Not measured."`
	Bandwidth   float64 `json:"mem_bw" help:"Not measured."`
	Kernels     string  `json:"kernels" help:"What large trainings compute on, and why not on a GPU."`
	Scoring     string  `json:"scoring" help:"What models are scored by, and why it has left calls to the processor."`
}

// PingV3 says that the server is alive.
type PingV3 struct {
	request
	Uptime  int64              `json:"cloud_uptime_millis" help:"Milliseconds since the start."`
	Healthy bool               `json:"cloud_healthy" help:"Whether all nodes are well."`
	Nodes   []NodeMemoryInfoV3 `json:"nodes" help:"The nodes."`
}

// NodeMemoryInfoV3 is the free memory of a node.
type NodeMemoryInfoV3 struct {
	object
	IPPort  string `json:"ip_port" help:"Address as host:port."`
	FreeMem int64  `json:"free_mem" help:"Free bytes below the memory limit."`
}

// AboutV3 says what the server is.
type AboutV3 struct {
	request
	Entries []AboutEntryV3 `json:"entries" help:"Names and values."`
}

// AboutEntryV3 is one fact about the server.
type AboutEntryV3 struct {
	object
	Name  string `json:"name" help:"Name of the fact."`
	Value string `json:"value" help:"The fact."`
}

// CapabilitiesV3 lists extensions.
type CapabilitiesV3 struct {
	request
	Capabilities []CapabilityEntryV3 `json:"capabilities" help:"What the server can do beyond the core."`
}

// CapabilityEntryV3 is one extension.
type CapabilityEntryV3 struct {
	object
	Name string `json:"name" help:"Name of the extension."`
}
