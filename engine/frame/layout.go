package frame

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"golang.org/x/sys/unix"
)

// Layout describes a column that is to be built.
type Layout struct {
	Name      string
	Kind      Kind
	DType     DType    // None for Bad, Text for String, U128 for UUID, I64 for Time
	Domain    []string // Enum only
	Missing   bool     // whether there may be missing values
	TextBytes int64    // String only: bytes of all texts together
}

// The metadata that a file carries beside Arrow's own: of the schema the version
// of this form and the seal (see seal.go), of each field the kind.
const (
	keyVersion = "geyser.version"
	keySeal    = "geyser.seal"
	keyKind    = "geyser.kind"
	version    = "1"
)

// plan says where everything of a file lies:
//
//	magic | schema | dictionaries | batch header | body: buffers of all columns | footer
type plan struct {
	size    int64
	pieces  []piece // all but the body, in file order
	columns []place
	nulls   []int64 // offsets of the columns' null counts, where they have bitmaps
	body    [2]int64
	mark    string // stands in the place of the seal
}

type piece struct {
	at    int64
	bytes []byte
}

// place gives the file offsets of a column's buffers, 0 for those it lacks.
type place struct{ valid, values, text int64 }

// unknown stands for a null count until it is known. Its digits make it findable.
const unknown = 0x6765_7973_6572_2131

// newPlan lays a file out by letting Arrow's writer write columns of the right
// size that are nothing but address space: planner keeps what it is given of
// metadata, and of columns only where they would come to lie.
func newPlan(layout []Layout, rows int) (*plan, error) {
	var total int64
	for _, l := range layout {
		total += bufferSpace(l, rows)
	}
	// Why: at least one page; without reserve, as none is touched but the last of
	// each run of text offsets.
	ghost, err := unix.Mmap(-1, 0, int(max(total, 1)), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		return nil, fmt.Errorf("address space of %d bytes: %w", total, err)
	}
	defer func() { _ = unix.Munmap(ghost) }()

	mark := newMark()
	p := &planner{ghost: ghost, at: map[uintptr]int64{}}
	fields, cols := make([]arrow.Field, len(layout)), make([]arrow.Array, len(layout))
	for i, l := range layout {
		cols[i] = p.column(l, rows)
		kind := arrow.MetadataFrom(map[string]string{keyKind: l.Kind.String()})
		fields[i] = arrow.Field{Name: l.Name, Type: cols[i].DataType(), Nullable: true, Metadata: kind}
	}
	md := arrow.NewMetadata([]string{keyVersion, keySeal}, []string{version, mark})
	schema := arrow.NewSchema(fields, &md)
	w, err := ipc.NewFileWriter(p, ipc.WithSchema(schema))
	if err == nil {
		err = w.Write(array.NewRecordBatch(schema, cols, int64(rows)))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("laying out %d columns: %w", len(layout), err)
	}
	return p.done(mark), nil
}

// bufferSpace returns the bytes that a column's buffers take in address space.
func bufferSpace(l Layout, rows int) int64 {
	n := pad(int64(rows) * int64(l.DType.Width()))
	if l.Missing {
		n += pad(int64(bitmapLen(rows)))
	}
	if l.DType == Text {
		n += pad(8*int64(rows+1)) + pad(l.TextBytes)
	}
	return n
}

func pad(n int64) int64 { return (n + 7) &^ 7 }

// planner is the writer that Arrow writes to.
type planner struct {
	ghost  []byte
	used   int64
	starts [][3]uintptr      // by column: addresses of bitmap, values or offsets, text
	at     map[uintptr]int64 // file offset by address
	pos    int64
	body   [2]int64
	pieces []piece
}

// take cuts n bytes of address space off; nil when n is 0.
func (p *planner) take(n int64) []byte {
	b := p.ghost[p.used : p.used+n : p.used+n]
	p.used += pad(n)
	if n == 0 {
		return nil
	}
	return b
}

func address(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }

// Write implements io.Writer.
func (p *planner) Write(b []byte) (int, error) {
	off := address(b) - address(p.ghost)
	switch {
	case len(b) > 0 && off < uintptr(len(p.ghost)):
		if p.body[0] == 0 {
			p.body[0] = p.pos
		}
		p.at[address(b)] = p.pos
		p.body[1] = p.pos + int64(len(b))
	default:
		last := len(p.pieces) - 1
		if last < 0 || p.pieces[last].at+int64(len(p.pieces[last].bytes)) != p.pos {
			p.pieces = append(p.pieces, piece{at: p.pos})
			last++
		}
		p.pieces[last].bytes = append(p.pieces[last].bytes, b...)
	}
	p.pos += int64(len(b))
	return len(b), nil
}

// column makes an array of the column's shape over address space.
func (p *planner) column(l Layout, rows int) arrow.Array {
	if l.DType == None {
		p.starts = append(p.starts, [3]uintptr{})
		return array.NewNull(rows)
	}
	var (
		buffers []*memory.Buffer
		starts  [3]uintptr
		nulls   int
	)
	keep := func(k int, b []byte) {
		if b != nil {
			starts[k] = address(b)
		}
		buffers = append(buffers, memory.NewBufferBytes(b))
	}
	if l.Missing && rows > 0 {
		nulls = unknown
		keep(0, p.take(int64(bitmapLen(rows))))
	} else {
		buffers = append(buffers, nil)
	}
	if l.DType == Text {
		offs := p.take(8 * int64(rows+1))
		binary.LittleEndian.PutUint64(offs[8*rows:], uint64(l.TextBytes))
		keep(1, offs)
		keep(2, p.take(l.TextBytes))
	} else {
		keep(1, p.take(int64(rows)*int64(l.DType.Width())))
	}
	p.starts = append(p.starts, starts)
	typ := arrowType(l)
	data := array.NewData(typ, rows, buffers, nil, nulls, 0)
	if d, ok := typ.(*arrow.DictionaryType); ok {
		codes := array.MakeFromData(array.NewData(d.IndexType, rows, buffers, nil, nulls, 0))
		levels := array.NewStringBuilder(memory.DefaultAllocator)
		levels.AppendValues(l.Domain, nil)
		return array.NewDictionaryArray(d, codes, levels.NewStringArray())
	}
	return array.MakeFromData(data)
}

// done collects the offsets after everything has been written.
func (p *planner) done(mark string) *plan {
	out := &plan{size: p.pos, pieces: p.pieces, body: p.body, mark: mark}
	for _, s := range p.starts {
		var at [3]int64
		for k, start := range s {
			if start != 0 {
				if at[k] = p.at[start]; at[k]%8 != 0 || at[k] == 0 {
					panic(fmt.Sprintf("frame: buffer at file offset %d", at[k]))
				}
			}
		}
		out.columns = append(out.columns, place{at[0], at[1], at[2]})
	}
	// The batch header holds an array of (length, null count) by column.
	first := -1
	out.nulls = make([]int64, len(out.columns))
	for i, at := range out.columns {
		if at.valid == 0 {
			continue
		}
		if first < 0 {
			first = i
			out.nulls[i] = p.find(unknown)
		}
		out.nulls[i] = out.nulls[first] + 16*int64(i-first)
	}
	return out
}

// find returns the file offset of the first occurrence of a number.
func (p *planner) find(x uint64) int64 {
	key := binary.LittleEndian.AppendUint64(nil, x)
	for _, pc := range p.pieces {
		if i := bytes.Index(pc.bytes, key); i >= 0 {
			return pc.at + int64(i)
		}
	}
	panic("frame: batch header without null counts")
}

// arrowType returns the type under which other programs see a column.
func arrowType(l Layout) arrow.DataType {
	switch l.Kind {
	case Enum:
		return &arrow.DictionaryType{IndexType: numberType(l.DType), ValueType: arrow.BinaryTypes.String}
	case Time:
		return arrow.FixedWidthTypes.Timestamp_ms
	case String:
		return arrow.BinaryTypes.LargeString
	case UUID:
		return &arrow.FixedSizeBinaryType{ByteWidth: 16}
	}
	return numberType(l.DType)
}

func numberType(d DType) arrow.DataType {
	switch d {
	case I8:
		return arrow.PrimitiveTypes.Int8
	case I16:
		return arrow.PrimitiveTypes.Int16
	case I32:
		return arrow.PrimitiveTypes.Int32
	case I64:
		return arrow.PrimitiveTypes.Int64
	case F32:
		return arrow.PrimitiveTypes.Float32
	case F64:
		return arrow.PrimitiveTypes.Float64
	}
	panic(fmt.Sprintf("frame: storage type %d for numbers", d))
}

// check panics on a layout that no column can have.
func (l Layout) check() {
	ok := false
	switch l.Kind {
	case Bad:
		ok = l.DType == None
	case Int, Real:
		ok = l.DType >= I8 && l.DType <= F64
	case Enum:
		ok = l.DType >= I8 && l.DType <= I32
	case Time:
		ok = l.DType == I64
	case String:
		ok = l.DType == Text
	case UUID:
		ok = l.DType == U128
	}
	if !ok {
		panic(fmt.Sprintf("frame: column %s of kind %s with storage type %d", l.Name, l.Kind, l.DType))
	}
}
