package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"
)

// orders are those in which the emulator runs threads.
var orders = []string{"forward", "reverse"}

// result is how a mutation ended.
type result struct {
	by, order string // what found it, in which order; empty for nothing
	err       error  // it could not be tried
}

func (r result) String() string {
	switch {
	case r.err != nil:
		return "error: " + r.err.Error()
	case r.by == "":
		return "NOT FOUND"
	}
	return "found by " + r.by + ", " + r.order
}

// bench is what mutations are tried on: the tests, compiled once, and the kernels as they
// are, built for the emulator. The PTX in the tests stays; only its names count there.
type bench struct {
	src   sources
	dir   string
	base  string // holds kernels and their library
	limit map[string]time.Duration
}

func newBench(src sources) (*bench, error) {
	dir, err := filepath.Abs("build/emu-mutate")
	if err != nil {
		return nil, err
	}
	b := &bench{src: src, dir: dir, base: filepath.Join(dir, "base"), limit: map[string]time.Duration{}}
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(b.base, 0o755); err != nil {
		return nil, err
	}
	if err := command("go", "test", "-c", "-tags", "cuda", "-o", b.tests(), "./kernels"); err != nil {
		return nil, err
	}
	if err := command("cp", "-r", "kernels/emu", "kernels/testdata", "kernels/device.h", b.base); err != nil {
		return nil, err
	}
	if err := b.write(src, src, b.base); err != nil {
		return nil, err
	}
	return b, build(b.base)
}

func (b *bench) tests() string { return filepath.Join(b.dir, "kernels.test") }

// write writes every .cu that is other than in old, or all where old is the same.
func (b *bench) write(old, src sources, dir string) error {
	for name := range src {
		if filepath.Ext(name) != ".cu" {
			continue
		}
		text := src.whole(name)
		if dir != b.base && text == old.whole(name) {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// build makes the library of a tree; what has not changed since is not compiled again.
func build(dir string) error {
	return command("sh", filepath.Join(dir, "emu/build.sh"), filepath.Join(dir, "out"))
}

func command(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}

// sound says whether the tests of a file pass on the kernels as they are, and takes note
// of their time: much more of it is a hang.
func (b *bench) sound(file string) error {
	begin := time.Now()
	b.limit[file] = 10 * time.Minute
	defer func() { b.limit[file] = 10*time.Second + 4*time.Since(begin) }()
	for _, order := range orders {
		by, out := b.test(b.base, file, order)
		if by != "" {
			return fmt.Errorf("%s without a mutation, in %s order: %s fails\n%s", file, order, by, out)
		}
		if s := skipped.FindStringSubmatch(out); s != nil {
			return fmt.Errorf("%s: %s finds nothing here\n%s", file, s[1], out)
		}
	}
	return nil
}

// try builds a mutation in a folder of its own and runs the tests of its file.
func (b *bench) try(m mutation, dir string) result {
	defer func() { _ = os.RemoveAll(dir) }() // else the next run does
	if err := command("cp", "-a", b.base, dir); err != nil {
		return result{err: err}
	}
	if err := b.write(b.src, b.src.with(m), dir); err != nil {
		return result{err: err}
	}
	if err := build(dir); err != nil {
		return result{err: err}
	}
	for _, order := range orders {
		if by, _ := b.test(dir, m.file, order); by != "" {
			return result{by: by, order: order}
		}
	}
	return result{}
}

var (
	failed  = regexp.MustCompile(`--- FAIL: (\S+)`)
	skipped = regexp.MustCompile(`--- SKIP: (\S+)`)
	watched = regexp.MustCompile(`cuemu: (\S+) (?:touched|wrote|left)`)
)

// test runs the tests of a file with the library of a tree and returns what fails, or "",
// and all that they print.
func (b *bench) test(dir, file, order string) (by, text string) {
	ctx, cancel := context.WithTimeout(context.Background(), b.limit[file])
	defer cancel()
	cmd := exec.CommandContext(ctx, b.tests(), "-test.failfast", "-test.v", "-test.run", tests[file])
	cmd.Dir = "kernels"
	cmd.Env = append(os.Environ(), "CUDASHIM_LIBCUDA="+filepath.Join(dir, "out/libcuda.so.1"), "WANT_TIERS=cuda", "CUEMU_WATCH=1", "CUEMU_ORDER="+order)
	out, err := cmd.CombinedOutput()
	text = string(out)
	switch {
	case err == nil:
		return "", text
	case ctx.Err() != nil:
		return "a hang", text
	}
	if all := failed.FindAllStringSubmatch(text, -1); len(all) > 0 {
		for _, f := range all { // the innermost of a test and its parts
			if len(f[1]) > len(by) {
				by = f[1]
			}
		}
		return by, text
	}
	if at := watched.FindStringSubmatch(text); at != nil {
		return "the watch over " + at[1], text
	}
	return "the end of the process", text
}
