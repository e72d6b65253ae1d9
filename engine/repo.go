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

// ResultRecord is what an explanation found: small enough to be kept whole.
type ResultRecord struct {
	Key     string
	Kind    string // of the catalog entry; says what Body is
	Body    []byte // nil in a list
	Created time.Time
}

// Repo is what the engine needs kept for it from one process to the next:
// records only, never bulk data. Each method is one transaction; when it has
// returned without an error, its effect survives a killed process. PutModel,
// and PutFrame of a durable record, survive a power loss too.
type Repo interface {
	// PutFrame publishes r under its key and returns the frame record it replaced, or nil.
	// A model or result record of that key goes.
	PutFrame(r FrameRecord) (old *FrameRecord, err error)
	// DeleteFrame forgets a key; an unknown one is fine.
	DeleteFrame(key string) error
	// Frames lists the records, oldest first.
	Frames() ([]FrameRecord, error)

	// PutModel publishes r under its key and returns the model record it replaced, or nil.
	// A frame or result record of that key goes.
	PutModel(r ModelRecord) (old *ModelRecord, err error)
	// DeleteModel forgets a key; an unknown one is fine.
	DeleteModel(key string) error
	// Models lists the records, oldest first.
	Models() ([]ModelRecord, error)

	// PutResult publishes r under its key in place of any other record of that key.
	PutResult(r ResultRecord) error
	// DeleteResult forgets a key; an unknown one is fine.
	DeleteResult(key string) error
	// Results lists the records without their bodies, oldest first.
	Results() ([]ResultRecord, error)
	// ResultBody returns the body of the record under a key.
	ResultBody(key string) ([]byte, error)

	// Jobs lists the jobs of earlier processes, oldest first. All have ended: those that
	// were running have failed because the server was restarted.
	Jobs() ([]job.Snapshot, error)

	// DeleteAll forgets all frames, models and results but those with a key in retain.
	DeleteAll(retain []string) error

	// Setting returns a named value and whether it was ever set.
	Setting(name string) (value string, ok bool, err error)
	SetSetting(name, value string) error

	Close() error
}
