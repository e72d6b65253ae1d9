package parse

import (
	"context"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/kernels/par"
)

// rangeSize is about how many bytes a goroutine reads at a time. Why: what a
// scanner holds of a range is several times as large and should stay in the
// second-level cache. Tests make it tiny.
var rangeSize = 512 << 10

// Parse reads the sources, in order, into one frame. dest is the file that will
// hold the frame; with "" it stays in memory. What s leaves unknown is guessed.
// The warnings are sentences for a person.
func Parse(ctx context.Context, sources []Source, s Setup, dest string, opt Options) (f *frame.Frame, warnings []string, err error) {
	if err := s.check(); err != nil {
		return nil, nil, err
	}
	if s.incomplete() {
		if s, err = Guess(ctx, sources, s); err != nil {
			return nil, nil, err
		}
	}
	names, err := s.complete()
	if err != nil {
		return nil, nil, err
	}
	j := &run{ctx: ctx, setup: &s, names: names, opt: opt, dest: dest}
	defer j.close()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			f, err = nil, j.fault(p)
		}
	}()
	if err := j.open(sources); err != nil {
		return nil, nil, err
	}
	if err := j.scan(); err != nil {
		return nil, nil, err
	}
	for _, sc := range j.all {
		if sc.open {
			j.warnings = append(j.warnings, "a closing quote is missing: the last cell holds the rest of its file")
			break
		}
	}
	f, err = j.build()
	return f, j.warnings, err
}

// fault returns the error behind a panic that reading a source caused whose file
// was cut short meanwhile, and panics again over anything else.
func (j *run) fault(p any) error {
	if e, ok := p.(interface{ Addr() uintptr }); ok {
		for _, in := range j.inputs {
			if from := uintptr(unsafe.Pointer(unsafe.SliceData(in.mem))); e.Addr()-from < uintptr(len(in.mem)) {
				return errs.Unavailablef("source_frames", "%s was cut short while it was read: import it again", in.name)
			}
		}
	}
	panic(p)
}

// incomplete reports whether Guess has something to add.
func (s *Setup) incomplete() bool {
	if s.Separator == 0 || s.CheckHeader == 0 || len(s.ColumnTypes) == 0 {
		return true
	}
	for _, t := range s.ColumnTypes {
		if t == Unknown {
			return true
		}
	}
	return false
}

// complete checks that the lists of s fit together and returns all columns' names.
func (s *Setup) complete() ([]string, error) {
	n := max(s.NumberColumns, len(s.ColumnNames), len(s.ColumnTypes))
	if len(s.ColumnTypes) != n {
		return nil, errs.Invalidf("column_types", "%d column types for %d columns: give one for each", len(s.ColumnTypes), n)
	}
	skip := make([]bool, n)
	for _, i := range s.Skipped {
		if i < 0 || i >= n {
			return nil, errs.Invalidf("skipped_columns", "skipped column %d is not in 0 to %d", i, n-1)
		}
		skip[i] = true
	}
	names, seen := make([]string, n), make(map[string]bool, n)
	for i := range names {
		if i < len(s.ColumnNames) {
			names[i] = s.ColumnNames[i]
		}
		if names[i] == "" {
			names[i] = columnName(i)
		}
		if skip[i] {
			continue
		}
		if seen[names[i]] {
			e := errs.Invalidf("column_names", "Found duplicate column name %s", names[i])
			e.Value = names[i]
			return nil, e
		}
		seen[names[i]] = true
	}
	return names, nil
}

// run is one parse under way.
type run struct {
	ctx      context.Context
	setup    *Setup
	names    []string
	opt      Options
	dest     string
	warnings []string

	inputs []*input
	tasks  []task
	blocks []*block // of all tasks, after pass 1
	bytes  int64    // of all inputs
	rows   int
	// scanners holds the idle ones; all has them in the order of their making.
	scanners chan *scanner
	all      []*scanner

	padded atomic.Int64 // cells that rows lack
	mu     sync.Mutex
	done   float64 // bytes: half of them when read, half when in place
	held   int64   // memory, all of it
}

// task is a span of one input and what became of it.
type task struct {
	in     *input
	d      *dialect
	span   span
	blocks []*block
}

// close gives everything back.
func (j *run) close() {
	for _, t := range j.tasks {
		for _, b := range t.blocks {
			b.free()
		}
	}
	for _, in := range j.inputs {
		in.close()
	}
}

// grow asks for memory.
func (j *run) grow(n int64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.held += n
	if j.opt.Memory != nil && n > 0 {
		return j.opt.Memory(j.held)
	}
	return nil
}

// pad counts cells that rows lack. Why: a header of a million names over rows of
// one cell makes a file of a megabyte a frame of terabytes.
func (j *run) pad(n int64) error {
	if j.padded.Add(n) > 64*(j.bytes+1<<20) {
		return errs.Invalidf("", "most rows have far fewer cells than the %d columns: is the header or the separator right?", len(j.names))
	}
	return nil
}

// progress adds bytes to what is done.
func (j *run) progress(n float64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.done += n
	if j.opt.Progress != nil {
		j.opt.Progress(min(1, j.done/float64(max(1, j.bytes))))
	}
}

// open opens the sources and divides them into tasks.
func (j *run) open(sources []Source) error {
	if len(sources) == 0 {
		return errNoSources()
	}
	var err error
	if j.inputs, err = openAll(j.ctx, sources, j.dest, j.grow); err != nil {
		return err
	}
	for _, in := range j.inputs {
		j.bytes += int64(len(in.data))
	}
	for _, in := range j.inputs {
		d := j.setup.dialect(in.head())
		start := d.header(in.data, j.setup)
		spans, err := cut(j.ctx, j.opt.Threads, &d, in.data, start, rangeSize)
		if err != nil {
			return err
		}
		for _, s := range spans {
			j.tasks = append(j.tasks, task{in: in, d: &d, span: s})
		}
	}
	return nil
}

// header returns where the data starts: after the header line, if there is one.
//
// H2O: a first line that differs from the column names is data, even where a
// header is promised (water.parser.CsvParser).
func (d *dialect) header(data []byte, s *Setup) int {
	if s.CheckHeader != 1 {
		return 0
	}
	p := d.skip(data, 0)
	if p == len(data) {
		return p
	}
	cells, next := d.line(data, p, maxColumns, false)
	if s.ColumnNames == nil {
		return next
	}
	if !s.named(cells) {
		return 0
	}
	return next
}

// skip returns the position of the first row from p on.
func (d *dialect) skip(data []byte, p int) int {
	for p < len(data) {
		next := d.ignored(data, p)
		if next == p {
			break
		}
		p = next
	}
	return p
}

// scan is pass 1.
func (j *run) scan() error {
	threads := min(par.Threads(j.opt.Threads), max(1, len(j.tasks)))
	j.scanners = make(chan *scanner, threads)
	for range threads {
		j.scanners <- nil
	}
	return par.ForErr(j.ctx, threads, len(j.tasks), 1, func(_, i, _ int) error {
		defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
		t := &j.tasks[i]
		sc := <-j.scanners
		if sc == nil {
			sc = newScanner(j.setup, j.opt.Zone)
			j.mu.Lock()
			j.all = append(j.all, sc)
			j.mu.Unlock()
		}
		defer func() { j.scanners <- sc }()
		sc.dialect = t.d
		err := sc.scan(t.in.data, t.span, func() error {
			if err := j.pad(sc.padded); err != nil {
				return err
			}
			b, err := sc.pack(j.grow)
			if err == nil {
				t.blocks = append(t.blocks, b)
			}
			return err
		})
		j.progress(float64(t.span.hi-t.span.lo) / 2)
		if err == nil {
			size := sc.size()
			err = j.grow(size - sc.counted)
			sc.counted = size
		}
		return err
	})
}
