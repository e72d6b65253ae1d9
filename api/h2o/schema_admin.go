package h2o

import (
	"github.com/geyser-ml/geyser/engine/table"
)

// LogAndEchoV3 echoes what was logged.
type LogAndEchoV3 struct {
	request
	messageIn
}

// messageIn is a line for the log.
type messageIn struct {
	Message string `param:"message" help:"Text to log."`
}

// LogsV3 is the log.
type LogsV3 struct {
	request
	Node string `json:"nodeidx" help:"Number of the node."`
	Name string `json:"name" help:"Which lines."`
	Log  string `json:"log" help:"The lines."`
}

// logIn says which lines.
type logIn struct {
	Node int    `param:"nodeidx" direction:"in" help:"0, or -1 for the node that answers."`
	Name string `param:"name" direction:"in" help:"default, trace, debug, info, warn, error, fatal or httpd."`
}

// containerIn says how to pack the log.
type containerIn struct {
	Container string `param:"container" default:"ZIP" values:"ZIP,LOG" direction:"in" help:"ZIP or LOG."`
}

// JStackV3 shows what the server is doing.
type JStackV3 struct {
	request `meta:"JStack"`
	Traces  []DStackTraceV3 `json:"traces" help:"By node."`
}

// DStackTraceV3 shows what a node is doing.
type DStackTraceV3 struct {
	object `meta:"DStackTrace"`
	Node   string   `json:"node" help:"Address of the node."`
	Time   int64    `json:"time" help:"When, in milliseconds since 1970."`
	Traces []string `json:"thread_traces" help:"What each goroutine is doing."`
}

// KillMinus3V3 says that the stacks are in the log.
type KillMinus3V3 struct{ request }

// GarbageCollectV3 says that garbage was collected.
type GarbageCollectV3 struct{ object }

// UnlockKeysV3 says that no object is locked but by a job that runs.
type UnlockKeysV3 struct{ request }

// CloudLockV3 says that no node will be let in any more.
type CloudLockV3 struct {
	request
	reasonIn
}

// reasonIn is why.
type reasonIn struct {
	Reason string `param:"reason" help:"Why the cluster is locked."`
}

// ShutdownV3 says that the server will end.
type ShutdownV3 struct{ request }

// SteamMetricsV3 tells how long nothing was asked.
type SteamMetricsV3 struct {
	request `meta:"SteamMetrics"`
	Version int64 `json:"version" help:"Version of this answer."`
	Idle    int64 `json:"idle_millis" help:"Milliseconds since the last answer."`
}

// NetworkTestV3 measures the network between nodes.
type NetworkTestV3 struct {
	request      `meta:"NetworkTest"`
	Collective   []float64    `json:"microseconds_collective" help:"Time of a message to all."`
	Bandwidth    []float64    `json:"bandwidths_collective" help:"Bandwidth of a message to all."`
	Microseconds [][]float64  `json:"microseconds" help:"Time of a message, by size and node."`
	Bandwidths   [][]float64  `json:"bandwidths" help:"Bandwidth, by size and node."`
	Nodes        []string     `json:"nodes" help:"The nodes."`
	Table        *table.Table `json:"table" help:"The same for people."`
}

// TypeaheadV3 completes the name of a file.
type TypeaheadV3 struct {
	request
	typeaheadIn
	Matches []string `json:"matches" help:"Files and folders that begin so."`
}

// typeaheadIn is the beginning of a name.
type typeaheadIn struct {
	Source string `param:"src" required:"true" help:"Beginning of a path on the server."`
	Limit  int    `param:"limit" default:"1000" help:"Most names to give; all when not positive."`
}

// GridsV99 lists grids; this release makes none.
type GridsV99 struct {
	object `meta:"Grids"`
	Grids  []any `json:"grids" help:"The grids."`
}

// gridIn names a grid.
type gridIn struct {
	ID      string `param:"grid_id" direction:"in" help:"Key of the grid."`
	SortBy  string `param:"sort_by" direction:"in" help:"Metric to sort by."`
	Falling bool   `param:"decreasing" direction:"in" help:"Largest first."`
	Models  string `param:"model_ids" direction:"in" help:"Accepted and not used."`
}

// LeaderboardsV99 lists leaderboards; this release makes none.
type LeaderboardsV99 struct {
	request      `meta:"Leaderboards"`
	Extensions   []string `json:"extensions" help:"Further columns."`
	Leaderboards []any    `json:"leaderboards" help:"The leaderboards."`
}

// leaderboardIn names a leaderboard.
type leaderboardIn struct {
	Project    string   `param:"project_name" direction:"in" help:"Name of the project."`
	Extensions []string `param:"extensions" direction:"in" help:"Further columns to show."`
}
