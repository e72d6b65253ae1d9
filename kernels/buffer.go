package kernels

// Buffer is a run of values in host memory that a tier may mirror on its device.
// One writer at a time. The host slice is always the truth after Host returns;
// a tier that has newer values on its device brings them back first.
type Buffer[T any] struct {
	host   []T
	mirror mirror // nil on CPU tiers
}

// mirror is a device copy; only cuda implements it.
type mirror interface {
	pull() // device to host, when the device holds newer values
	drop() // the host is about to be written
	free()
}

// NewBuffer wraps a host slice; the buffer owns it afterwards.
func NewBuffer[T any](host []T) *Buffer[T] { return &Buffer[T]{host: host} }

// MakeBuffer allocates n zero values.
func MakeBuffer[T any](n int) *Buffer[T] { return &Buffer[T]{host: large[T](n)} }

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

// Free gives back the device copy. The host slice stays.
func (b *Buffer[T]) Free() {
	if b.mirror != nil {
		b.mirror.free()
		b.mirror = nil
	}
}
