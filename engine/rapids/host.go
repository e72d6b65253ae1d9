package rapids

import "github.com/geyser-ml/geyser/engine/frame"

// Host holds the objects that expressions name. Its methods are safe for
// concurrent use.
type Host interface {
	// Frame returns the frame under key, and whether there is one. An error means
	// that there is one which cannot be read.
	Frame(key string) (*frame.Frame, bool, error)
	// Object returns the object under key that is not a frame: a model, a grid.
	Object(key string) (any, bool)
	// Put stores f under key, in place of any frame there: as a temporary of the
	// session, or for everyone and for good when session is "".
	Put(key string, f *frame.Frame, session string) error
	// Remove removes whatever is under key and reports whether there was something.
	Remove(key string) (bool, error)
	// Keys lists the keys of frames and models.
	Keys() []string
	// ResetThreshold gives the binomial model under key another threshold between its
	// classes and returns the one that it had.
	ResetThreshold(key string, threshold float64) (old float64, err error)
	// Room is an Unavailable error when bytes more do not fit into memory.
	Room(bytes int64) error
	// Zone returns the name of the time zone in which times are read and taken apart.
	Zone() string
	// SetZone sets it to a name that time.LoadLocation knows.
	SetZone(name string)
}
