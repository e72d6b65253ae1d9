package parse

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/bzip2"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"

	"github.com/geyser-ml/geyser/engine/errs"
)

// input is the text of one file, mapped.
type input struct {
	name string
	data []byte // without a byte order mark
	mem  []byte // the mapping
}

// headSize is how much of a file is looked at for its line ends.
const headSize = 1 << 20

func (in *input) head() []byte { return in.data[:min(len(in.data), headSize)] }

func (in *input) close() {
	if in.mem != nil {
		_ = unix.Munmap(in.mem)
		in.mem, in.data = nil, nil
	}
}

var byteOrderMark = []byte("\xEF\xBB\xBF")

func newInput(name string, mem []byte) *input {
	return &input{name: name, mem: mem, data: bytes.TrimPrefix(mem, byteOrderMark)}
}

// format is how the bytes of a file are compressed.
type format int

const (
	plain format = iota
	gzipped
	bzipped
	zstandard
	zipped
)

func formatOf(head []byte) format {
	switch {
	case bytes.HasPrefix(head, []byte{0x1F, 0x8B}):
		return gzipped
	case bytes.HasPrefix(head, []byte("BZh")) && len(head) > 9 && bytes.Equal(head[4:10], []byte{0x31, 0x41, 0x59, 0x26, 0x53, 0x59}):
		return bzipped
	case bytes.HasPrefix(head, []byte{0x28, 0xB5, 0x2F, 0xFD}):
		return zstandard
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return zipped
	}
	return plain
}

// foreign tells a binary format by its first bytes.
func foreign(head []byte) Type {
	switch {
	case bytes.HasPrefix(head, []byte("PAR1")):
		return Parquet
	case bytes.HasPrefix(head, []byte("Obj\x01")):
		return Avro
	case bytes.HasPrefix(head, []byte("ORC")) && len(head) > 3 && head[3] < ' ':
		return ORC
	case bytes.HasPrefix(head, []byte{0xD0, 0xCF, 0x11, 0xE0}):
		return XLS
	}
	return ""
}

func errNoSources() error {
	return errs.Invalidf("source_frames", "No file names given for parsing.")
}

// openFile opens a regular file and returns its first bytes and its size.
func openFile(s Source) (f *os.File, head []byte, size int64, err error) {
	if f, err = os.Open(s.Path); err != nil {
		kind := errs.Unavailable
		if errors.Is(err, fs.ErrNotExist) {
			kind = errs.NotFound
		}
		return nil, nil, 0, errs.New(kind, "source_frames", "cannot open %s: %w", s.Name, err)
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = errs.Invalidf("source_frames", "%s is not a file: give the files in it, or a pattern", s.Name)
	}
	head = make([]byte, 16)
	if err == nil {
		var n int
		n, err = f.ReadAt(head, 0)
		if head = head[:n]; errors.Is(err, io.EOF) {
			err = nil
		}
	}
	if err != nil {
		f.Close()
		return nil, nil, 0, errs.Wrap(errs.Unavailable, "source_frames", err)
	}
	return f, head, st.Size(), nil
}

// part is one text within a file: the file itself, or an entry of an archive.
type part struct {
	name string
	open func() (io.ReadCloser, error)
	size int64 // of the text; 0 when it is not known
}

// parts lists the texts in a compressed file.
func parts(s Source, f *os.File, kind format, size int64) ([]part, error) {
	whole := func(open func(io.Reader) (io.ReadCloser, error)) ([]part, error) {
		return []part{{s.Name, func() (io.ReadCloser, error) {
			return open(bufio.NewReaderSize(io.NewSectionReader(f, 0, size), 1<<20))
		}, 0}}, nil
	}
	switch kind {
	case gzipped:
		return whole(func(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) })
	case bzipped:
		return whole(func(r io.Reader) (io.ReadCloser, error) { return io.NopCloser(bzip2.NewReader(r)), nil })
	case zstandard:
		return whole(func(r io.Reader) (io.ReadCloser, error) {
			z, err := zstd.NewReader(r, zstd.WithDecoderMaxMemory(1<<30))
			if err != nil {
				return nil, err
			}
			return z.IOReadCloser(), nil
		})
	}
	z, err := zip.NewReader(f, size)
	if err != nil {
		return nil, damaged(s.Name, err)
	}
	var out []part
	for _, e := range z.File {
		base := path.Base(e.Name)
		if e.FileInfo().Mode().IsRegular() && !strings.HasPrefix(base, ".") && !strings.HasPrefix(e.Name, "__MACOSX/") {
			out = append(out, part{s.Name + "/" + e.Name, e.Open, 0})
		}
	}
	if len(out) == 0 {
		return nil, errs.Invalidf("source_frames", "%s is an archive without files", s.Name)
	}
	if out[0].name == s.Name+"/[Content_Types].xml" {
		return nil, errs.Unavailablef("parse_type", "files of type %s cannot be read yet: convert %s to CSV", XLSX, s.Name)
	}
	return out, nil
}

func damaged(name string, err error) error {
	return errs.Invalidf("source_frames", "%s cannot be decompressed: %w", name, err)
}

// openAll maps all sources. Compressed ones are inflated into files without a name
// next to dest, or where temporary files go.
func openAll(ctx context.Context, sources []Source, dest string, grow func(int64) error) (out []*input, err error) {
	defer func() {
		if err != nil {
			for _, in := range out {
				in.close()
			}
			out = nil
		}
	}()
	for _, s := range sources {
		if err := ctx.Err(); err != nil {
			return out, err
		}
		ins, err := openOne(ctx, s, dest, grow)
		out = append(out, ins...)
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

func openOne(ctx context.Context, s Source, dest string, grow func(int64) error) ([]*input, error) {
	f, head, size, err := openFile(s)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	kind := formatOf(head)
	if kind == plain {
		mem, err := mapFile(f, size)
		if err != nil {
			return nil, errs.Wrap(errs.Unavailable, "source_frames", err)
		}
		return []*input{newInput(s.Name, mem)}, nil
	}
	list, err := parts(s, f, kind, size)
	if err != nil {
		return nil, err
	}
	var out []*input
	for _, p := range list {
		mem, err := p.inflate(ctx, size, dest, grow)
		if err != nil {
			return out, err
		}
		out = append(out, newInput(p.name, mem))
	}
	return out, nil
}

func mapFile(f *os.File, size int64) ([]byte, error) {
	if size == 0 {
		return nil, nil
	}
	mem, err := unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, &os.PathError{Op: "mmap", Path: f.Name(), Err: err}
	}
	_ = unix.Madvise(mem, unix.MADV_SEQUENTIAL)
	return mem, nil
}

// maxRatio is a little more than what gzip can reach; it stops bombs.
const maxRatio = 1100

// inflate writes a part's text to an unlinked file and maps that.
func (p part) inflate(ctx context.Context, packed int64, dest string, grow func(int64) error) ([]byte, error) {
	dir := os.TempDir()
	if dest != "" {
		dir = filepath.Dir(dest)
	}
	f, err := os.CreateTemp(dir, "inflate-*")
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, "", err)
	}
	defer f.Close()
	if err := os.Remove(f.Name()); err != nil {
		return nil, errs.Wrap(errs.Unavailable, "", err)
	}
	r, err := p.open()
	if err != nil {
		return nil, damaged(p.name, err)
	}
	defer r.Close()
	var size int64
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		const step = 4 << 20
		n, err := io.CopyN(f, r, step)
		if size += n; size > maxRatio*packed+1<<30 {
			return nil, errs.Invalidf("source_frames", "%s expands to more than %d times its size: decompress it first", p.name, maxRatio)
		}
		if err := grow(n); err != nil {
			return nil, err
		}
		if errors.Is(err, io.EOF) {
			break
		}
		var disk *fs.PathError
		if errors.As(err, &disk) {
			return nil, errs.Wrap(errs.Unavailable, "", err)
		}
		if err != nil {
			return nil, damaged(p.name, err)
		}
	}
	mem, err := mapFile(f, size)
	return mem, errs.Wrap(errs.Unavailable, "", err)
}

// Estimate returns about how many bytes of memory a parse of the sources takes at
// its peak, beyond the files themselves. Sources that cannot be read count nothing.
func Estimate(sources []Source) (bytes int64) {
	for _, s := range sources {
		f, head, size, err := openFile(s)
		if err != nil {
			continue
		}
		f.Close()
		if formatOf(head) != plain {
			size *= 5 // inflated text; its usual ratio
		}
		bytes += size + size/2
	}
	return bytes
}
