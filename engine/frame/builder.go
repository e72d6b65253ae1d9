package frame

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Builder is a frame whose values are still being written: slices of their final
// length, in memory or right in the file that will be mapped. Different parts of
// the slices may be filled by different goroutines. Seal or Abort ends it.
type Builder struct {
	names []string
	cols  []*Column // not yet immutable
	seg   *segment  // of a file, and the fields below
	plan  *plan
	file  *os.File
	path  string
}

// NewBuilder makes room for rows of the given columns: on the Go heap when path is
// empty, else in the file path+".tmp", whose space on disk is taken at once. Text
// buffers have exactly the stated sizes.
func NewBuilder(layout []Layout, rows int, path string) (*Builder, error) {
	b := &Builder{path: path}
	for _, l := range layout {
		l.check()
		b.names = append(b.names, l.Name)
		c := &Column{kind: l.Kind, dtype: l.DType, n: rows}
		if l.Kind == Enum {
			c.domain = nonNil(l.Domain)
		}
		b.cols = append(b.cols, c)
	}
	if path == "" {
		for i, l := range layout {
			b.cols[i].attach(l, func(_ int, n int64) []byte { return words(n) })
		}
		return b, nil
	}
	var err error
	if b.plan, err = newPlan(layout, rows); err != nil {
		return nil, err
	}
	if err := b.create(); err != nil {
		b.Abort()
		return nil, fmt.Errorf("frame file of %d bytes: %w", b.plan.size, err)
	}
	for i, l := range layout {
		at := b.plan.columns[i]
		b.cols[i].owner = b.seg
		b.cols[i].attach(l, func(k int, n int64) []byte {
			off := [...]int64{at.valid, at.values, at.text}[k]
			return b.seg.data[off : off+n : off+n]
		})
	}
	return b, nil
}

// words returns n zero bytes, aligned for every type.
func words(n int64) []byte {
	if n == 0 {
		return []byte{}
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(make([]int64, pad(n)/8)))), n)
}

// attach gives a column its buffers: 0 the bitmap, 1 values or offsets, 2 text.
func (c *Column) attach(l Layout, buffer func(k int, n int64) []byte) {
	if l.Missing && l.DType != None && c.n > 0 {
		c.valid = buffer(0, int64(bitmapLen(c.n)))
		setBits(c.valid, c.n)
	}
	if c.dtype == Text {
		c.offs = cast[int64](buffer(1, 8*int64(c.n+1)))
		c.values = buffer(2, l.TextBytes)
		return
	}
	c.setFixed(buffer(1, int64(c.n)*int64(c.dtype.Width())))
}

// setFixed makes raw bytes the values of a fixed-width column.
func (c *Column) setFixed(b []byte) {
	switch c.dtype {
	case I8:
		c.values = cast[int8](b)
	case I16:
		c.values = cast[int16](b)
	case I32:
		c.values = cast[int32](b)
	case I64:
		c.values = cast[int64](b)
	case F32:
		c.values = cast[float32](b)
	case F64:
		c.values = cast[float64](b)
	case U128:
		c.values = b
	}
}

// cast views bytes, which must be aligned, as numbers.
func cast[T Fixed](b []byte) []T {
	var x T
	if len(b) == 0 {
		return []T{}
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(x)))
}

// create makes the file, maps it and writes all but the body.
func (b *Builder) create() (err error) {
	tmp := b.path + ".tmp"
	if err = os.Remove(tmp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if b.file, err = os.OpenFile(tmp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644); err != nil {
		return err
	}
	if err = allocate(b.file, b.plan.size); err != nil {
		return err
	}
	if b.seg, err = mapFile(b.file, int(b.plan.size), unix.PROT_READ|unix.PROT_WRITE); err != nil {
		return err
	}
	for _, p := range b.plan.pieces {
		copy(b.seg.data[p.at:], p.bytes)
	}
	return nil
}

// allocate takes the space on disk, so that a full disk is an error here and not a
// fault while the mapping is written.
func allocate(f *os.File, size int64) error {
	for {
		err := unix.Fallocate(int(f.Fd()), 0, 0, size)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, unix.EINTR):
			continue
		case !errors.Is(err, unix.EOPNOTSUPP):
			return &os.PathError{Op: "allocate", Path: f.Name(), Err: err}
		}
		break
	}
	zeros := make([]byte, 1<<20)
	for at := int64(0); at < size; at += int64(len(zeros)) {
		if _, err := f.WriteAt(zeros[:min(int64(len(zeros)), size-at)], at); err != nil {
			return err
		}
	}
	return nil
}

// Target returns the values of fixed-width column col, to be written. T must be
// its storage type. Missing rows need the sentinel here and a clear bit in
// ValidTarget.
func Target[T Fixed](b *Builder, col int) []T { return Values[T](b.cols[col]) }

// TextTarget returns the rows+1 offsets (the first stays 0, the last must become
// the layout's TextBytes or less) and the text of String column col.
func (b *Builder) TextTarget(col int) (offsets []int64, text []byte) {
	c := b.cols[col]
	return c.offs, c.values.([]byte)
}

// UUIDTarget returns the 16 bytes a row of UUID column col; zeros where missing.
func (b *Builder) UUIDTarget(col int) []byte { return b.cols[col].values.([]byte) }

// ValidTarget returns the validity bitmap of column col, all ones at first; nil
// when the layout says that nothing is missing. Why: rows that share a byte must
// not be cleared by two goroutines, so chunks start at multiples of 8.
func (b *Builder) ValidTarget(col int) []byte { return b.cols[col].valid }

// Flush says that rows [lo, hi) are complete, so that their way to the disk starts
// before Seal waits for it. It never fails and changes nothing else.
func (b *Builder) Flush(lo, hi int) {
	if b.file == nil {
		return
	}
	start := func(at, from, to int64) {
		if at != 0 && to > from {
			_ = unix.SyncFileRange(int(b.file.Fd()), at+from, to-from, unix.SYNC_FILE_RANGE_WRITE)
		}
	}
	for i, c := range b.cols {
		at, w := b.plan.columns[i], int64(c.dtype.Width())
		if c.dtype == Text {
			w = 8
			start(at.text, c.offs[lo], c.offs[hi])
		}
		start(at.values, int64(lo)*w, int64(hi)*w)
	}
}

// Seal ends the building and returns the frame. A file gets its final name; with
// sync it is on disk, name and all, when Seal returns. After an error nothing is
// left behind.
func (b *Builder) Seal(sync bool) (*Frame, error) {
	missing := make([]int64, len(b.cols))
	for i, c := range b.cols {
		if c.valid == nil {
			continue
		}
		if missing[i] = int64(c.n) - ones(c.valid); missing[i] == 0 {
			c.valid = nil
		}
	}
	if b.path == "" {
		return New(b.names, b.cols)
	}
	f, err := New(b.names, b.cols)
	if err == nil {
		err = b.finish(missing, sync)
	}
	if err != nil {
		b.Abort()
		return nil, err
	}
	return f, nil
}

func (b *Builder) finish(missing []int64, sync bool) error {
	data := b.seg.data
	for i, at := range b.plan.nulls {
		if at != 0 {
			binary.LittleEndian.PutUint64(data[at:], uint64(missing[i]))
		}
	}
	head, tail := data[:b.plan.body[0]], data[b.plan.body[1]:]
	s := seal{body: b.plan.body, sum: sumOf(b.plan.mark, head, tail)}
	replace(head, b.plan.mark, s.text())
	replace(tail, b.plan.mark, s.text())
	if sync {
		if err := b.file.Sync(); err != nil {
			return err
		}
	}
	if err := b.file.Close(); err != nil {
		return err
	}
	b.file = nil
	if err := unix.Mprotect(data, unix.PROT_READ); err != nil {
		return &os.PathError{Op: "mprotect", Path: b.path, Err: err}
	}
	if err := os.Rename(b.path+".tmp", b.path); err != nil {
		return err
	}
	if sync {
		return syncDir(filepath.Dir(b.path))
	}
	return nil
}

// syncDir puts the names in a directory on disk.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// Abort drops what has been built. After Seal it does nothing.
func (b *Builder) Abort() {
	if b.file != nil {
		_ = b.file.Close()
		b.file = nil
	}
	if b.path != "" {
		_ = os.Remove(b.path + ".tmp")
	}
}
