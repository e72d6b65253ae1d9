package kernels

// Buffer is a run of values in host memory that a tier may mirror on its device.
// One writer at a time. The host slice is always the truth after Host returns;
// a tier that has newer values on its device brings them back first.
type Buffer[T any] struct {
	host   []T
	own    bool   // host is of Alloc
	mirror mirror // nil on CPU tiers
}

// mirror is a device copy; only cuda implements it.
type mirror interface {
	pull() // device to host, when the device holds newer values
	drop() // the host is about to be written
	free()
	failed() error // why pull could not do it
}

// NewBuffer wraps a host slice; the buffer owns it afterwards.
func NewBuffer[T any](host []T) *Buffer[T] { return &Buffer[T]{host: host} }

// MakeBuffer allocates n zero values, as Alloc does: Close gives them back.
func MakeBuffer[T any](n int) *Buffer[T] { return &Buffer[T]{host: Alloc[T](n), own: true} }

// Len returns the number of values.
func (b *Buffer[T]) Len() int { return len(b.host) }

// Host returns the values for reading.
func (b *Buffer[T]) Host() []T {
	if b.mirror != nil {
		b.mirror.pull()
	}
	return b.host
}

// HostWrite returns the values for reading and writing.
func (b *Buffer[T]) HostWrite() []T {
	if b.mirror != nil {
		b.mirror.pull()
		b.mirror.drop()
	}
	return b.host
}

// Err says why values that a device has could not be brought back: the device is lost,
// or its backend is closed. What Host returns is then old. It is nil on CPU tiers.
func (b *Buffer[T]) Err() error {
	if b.mirror == nil {
		return nil
	}
	return b.mirror.failed()
}

// Free gives back the device copy, with values that nobody has asked Host for. The host
// slice stays.
func (b *Buffer[T]) Free() {
	if b.mirror != nil {
		b.mirror.free()
		b.mirror = nil
	}
}

// Close gives back the device copy, and the values where MakeBuffer has made them:
// nothing may read them any more. A slice that NewBuffer was given stays. A nil Buffer
// has nothing to give back.
func (b *Buffer[T]) Close() {
	if b == nil {
		return
	}
	b.Free()
	if b.own {
		Free(b.host)
		b.host, b.own = nil, false
	}
}
