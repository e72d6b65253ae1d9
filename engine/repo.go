package engine

import (
	"time"

	"github.com/geyser-ml/geyser/engine/job"
)

// FrameRecord says where a frame lies and what it is, so that a restart can
// list it without opening its file.
type FrameRecord struct {
	Key      string
	File     string // generated file name below frames/ in the data directory
	Rows     int64
	Cols     int
	Bytes    int64
	Checksum int64 // of the content
	Created  time.Time
	Durable  bool // outlives a power loss, not only a killed process
}

// ModelRecord says where a model lies and what it is.
type ModelRecord struct {
	Key      string
	File     string // generated file name below models/ in the data directory
	Algo     string
	Category string
	Created  time.Time
	Bytes    int64
}

// Repo is what the engine needs kept for it from one process to the next:
// records only, never bulk data. Each method is one transaction; when it has
// returned without an error, its effect survives a killed process. PutModel,
// and PutFrame of a durable record, survive a power loss too.
type Repo interface {
	// PutFrame publishes r under its key and returns the frame record it replaced, or nil.
	// A model record of that key goes.
	PutFrame(r FrameRecord) (old *FrameRecord, err error)
	// DeleteFrame forgets a key; an unknown one is fine.
	DeleteFrame(key string) error
	// Frames lists the records, oldest first.
	Frames() ([]FrameRecord, error)

	// PutModel publishes r under its key and returns the model record it replaced, or nil.
	// A frame record of that key goes.
	PutModel(r ModelRecord) (old *ModelRecord, err error)
	// DeleteModel forgets a key; an unknown one is fine.
	DeleteModel(key string) error
	// Models lists the records, oldest first.
	Models() ([]ModelRecord, error)

	// Jobs lists the jobs of earlier processes, oldest first. All have ended: those that
	// were running have failed because the server was restarted.
	Jobs() ([]job.Snapshot, error)

	// DeleteAll forgets all frames and models but those with a key in retain.
	DeleteAll(retain []string) error

	// Setting returns a named value and whether it was ever set.
	Setting(name string) (value string, ok bool, err error)
	SetSetting(name, value string) error

	Close() error
}
