package kernels

import (
	"testing"
	"unsafe"
)

// Long and short runs are zeros, can be written to their ends, and all comes back.
func TestAlloc(t *testing.T) {
	before := Mapped()
	var taken [][]tally
	for _, bytes := range []int{0, 32, ownMapping - 32, ownMapping, 1 << 20, 2*hugePage - 32, 2 * hugePage, 3*hugePage + 4096 + 32} {
		s := Alloc[tally](bytes / 32)
		if len(s) != bytes/32 || cap(s) != len(s) {
			t.Fatalf("%d bytes: length %d, capacity %d", bytes, len(s), cap(s))
		}
		for i := range s {
			if s[i] != (tally{}) {
				t.Fatalf("%d bytes: %v at %d", bytes, s[i], i)
			}
			s[i] = tally{1, 2, 3, 4}
		}
		if mapsMemory && bytes >= 2*hugePage && uintptr(unsafe.Pointer(&s[0]))%hugePage != 0 {
			t.Errorf("%d bytes do not start with a large page", bytes)
		}
		taken = append(taken, s)
	}
	if mapsMemory && Mapped() == before {
		t.Error("nothing is counted")
	}
	for _, s := range taken {
		Free(s[:len(s)/2]) // the length says nothing
	}
	Free[tally](nil)
	if Mapped() != before {
		t.Errorf("%d bytes are kept", Mapped()-before)
	}
}

// A buffer gives back what MakeBuffer made, and leaves what it was given.
func TestBuffer_Close(t *testing.T) {
	before := Mapped()
	b := MakeBuffer[float64](ownMapping)
	b.Close()
	b.Close()
	(*Buffer[float64])(nil).Close()
	if b.Len() != 0 || Mapped() != before {
		t.Errorf("%d values and %d bytes are left", b.Len(), Mapped()-before)
	}
	host := []float64{1, 2}
	own := NewBuffer(host)
	own.Close()
	if own.Len() != 2 || own.Host()[1] != 2 {
		t.Error("a slice of the caller's is gone")
	}
}
