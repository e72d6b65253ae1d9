package frame

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"golang.org/x/sys/unix"

	"github.com/geyser-ml/geyser/engine/errs"
)

// Open maps a file that Write or a Builder has sealed. Everything but the values
// is checked against the seal's checksum, so the cost grows with columns and levels, not
// with rows, and a file that is cut off or damaged there is an Invalid error. The
// file may be unlinked while the frame lives, but never shortened.
func Open(path string) (*Frame, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, errs.New(errs.NotFound, "", "frame file %s does not exist: %w", path, err)
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() < minFile {
		return nil, errs.Invalidf("", "%s is not a frame file: %d bytes are too few", path, info.Size())
	}
	seg, err := mapFile(file, int(info.Size()), unix.PROT_READ)
	if err != nil {
		return nil, err
	}
	f, err := seg.frame()
	runtime.KeepAlive(seg)
	if err != nil {
		return nil, errs.New(errs.Invalid, "", "frame file %s is damaged or of another program: %w", path, err)
	}
	return f, nil
}

const (
	magic   = "ARROW1"
	minFile = 2*8 + 10 + int64(sealLen) // magic, padded, a message, footer length, magic
)

// frame reads a mapped file.
func (s *segment) frame() (f *Frame, err error) {
	data := s.data
	end := len(data) - len(magic) - 4
	if string(data[:len(magic)]) != magic || string(data[end+4:]) != magic {
		return nil, errors.New("the magic bytes of Arrow are missing at the start or the end")
	}
	size := int(binary.LittleEndian.Uint32(data[end:]))
	if size > end {
		return nil, fmt.Errorf("a footer of %d bytes in a file of %d", size, len(data))
	}
	seal, ok := findSeal(data, data[end-size:end])
	if !ok {
		return nil, errors.New("its checksum does not fit its contents")
	}
	// Why: Arrow's reader panics on some contents; with a good checksum only a
	// forged file gets there.
	defer func() {
		if p := recover(); p != nil {
			f, err = nil, fmt.Errorf("unreadable contents: %v", p)
		}
	}()
	r, err := ipc.NewReaderFromMessageReader(&messages{rest: data[8:]})
	if err != nil {
		return nil, err
	}
	defer r.Release()
	if v, _ := r.Schema().Metadata().GetValue(keyVersion); v != version {
		return nil, fmt.Errorf("version %q of the form, not %s", v, version)
	}
	if !r.Next() {
		return nil, errors.Join(r.Err(), errors.New("no record batch"))
	}
	batch := r.RecordBatch()
	names, cols := make([]string, batch.NumCols()), make([]*Column, batch.NumCols())
	for i, field := range r.Schema().Fields() {
		names[i] = field.Name
		kind, _ := field.Metadata.GetValue(keyKind)
		if cols[i], err = s.column(kind, batch.Column(i), seal); err != nil {
			return nil, fmt.Errorf("column %q: %w", field.Name, err)
		}
	}
	return New(names, cols)
}

// messages hands the messages of a mapped file to Arrow's reader without copying
// their bodies. Why: ipc.FileReader copies bodies, and its mapped form does not
// know dictionaries.
type messages struct{ rest []byte }

func (m *messages) Retain()  {}
func (m *messages) Release() {}

// Message cuts the next message off: marker, length, header, body.
func (m *messages) Message() (*ipc.Message, error) {
	if len(m.rest) < 8 {
		return nil, io.EOF
	}
	n := int64(binary.LittleEndian.Uint32(m.rest[4:]))
	if n == 0 || n > int64(len(m.rest))-8 {
		return nil, io.EOF
	}
	head := memory.NewBufferBytes(m.rest[8 : 8+n])
	body := m.rest[8+n:]
	size := ipc.NewMessage(head, memory.NewBufferBytes(nil)).BodyLen()
	if size < 0 || size > int64(len(body)) {
		return nil, fmt.Errorf("a message body of %d bytes where %d are left", size, len(body))
	}
	m.rest = body[size:]
	return ipc.NewMessage(head, memory.NewBufferBytes(body[:size])), nil
}

// column makes a column over the buffers of an array.
func (s *segment) column(kind string, a arrow.Array, sl seal) (*Column, error) {
	c := &Column{n: a.Len(), owner: s}
	for int(c.kind) < len(kindNames) && kindNames[c.kind] != kind {
		c.kind++
	}
	if int(c.kind) == len(kindNames) {
		return nil, fmt.Errorf("kind %q is unknown", kind)
	}
	c.dtype = dtypeOfArrow(a.DataType())
	if typ := a.DataType(); c.kind != Bad && !arrow.TypeEqual(typ, arrowTypeOrNil(c)) {
		return nil, fmt.Errorf("kind %s stored as %s", c.kind, typ)
	}
	if d, ok := a.(*array.Dictionary); ok {
		c.domain = levels(d.Dictionary().(*array.String))
	}
	if c.kind == Bad {
		c.dtype, c.owner = None, nil
		return c, nil
	}
	buffers := a.Data().Buffers()
	var err error
	get := func(k int, n int64) (b []byte) {
		if k < len(buffers) && buffers[k] != nil {
			b = buffers[k].Bytes()
		}
		if int64(len(b)) < n {
			err = fmt.Errorf("a buffer of %d bytes in place of %d", len(b), n)
			return nil
		}
		if off := address(b) - address(s.data); n > 0 && (int64(off) < sl.body[0] || int64(off)+n > sl.body[1] || off%8 != 0) {
			err = fmt.Errorf("a buffer at offset %d, outside of the body or not aligned", off)
			return nil
		}
		return b[:n:n]
	}
	if a.NullN() > 0 {
		c.valid = get(0, int64(bitmapLen(c.n)))
	}
	if c.dtype != Text {
		b := get(1, int64(c.n)*int64(c.dtype.Width()))
		if err == nil {
			c.setFixed(b)
		}
		return c, err
	}
	offs := get(1, 8*int64(c.n+1))
	if err != nil {
		return nil, err
	}
	c.offs = cast[int64](offs)
	if c.offs[0] != 0 || c.offs[c.n] < 0 {
		return nil, fmt.Errorf("text offsets from %d to %d", c.offs[0], c.offs[c.n])
	}
	c.values = get(2, c.offs[c.n])
	return c, err
}

// dtypeOfArrow returns the storage of an Arrow type.
func dtypeOfArrow(t arrow.DataType) DType {
	if d, ok := t.(*arrow.DictionaryType); ok {
		t = d.IndexType
	}
	switch t.ID() {
	case arrow.INT8:
		return I8
	case arrow.INT16:
		return I16
	case arrow.INT32:
		return I32
	case arrow.INT64, arrow.TIMESTAMP:
		return I64
	case arrow.FLOAT32:
		return F32
	case arrow.FLOAT64:
		return F64
	case arrow.LARGE_STRING:
		return Text
	case arrow.FIXED_SIZE_BINARY:
		return U128
	}
	return None
}

func arrowTypeOrNil(c *Column) arrow.DataType {
	if c.dtype == None || c.kind == Bad {
		return arrow.Null
	}
	return arrowType(Layout{Kind: c.kind, DType: c.dtype})
}

// levels copies a dictionary out of the mapping, as strings outlive columns.
func levels(d *array.String) []string {
	text := string(d.ValueBytes())
	out, at := make([]string, d.Len()), 0
	for i := range out {
		n := d.ValueLen(i)
		out[i] = text[at : at+n]
		at += n
	}
	return out
}
