package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// kind says what a mutation takes away.
type kind int

const (
	barrier kind = iota // a barrier or a fence
	atomic              // an atomic, which becomes a reading and a writing with other threads between
	bound               // a comparison with the end of something
	rule                // a carry, a tie, an order of sums, or another line of the contract
	kinds
)

// mutation is one change of one file.
type mutation struct {
	file, name string
	kind       kind
	at         int // where old stands
	old, new   string
}

func (m mutation) String() string { return m.file + ": " + m.name }

// sources are the kernels and their headers by name. device.h is not among them: the
// emulator has its own.
type sources map[string]string

func readSources(dir string) (sources, error) {
	out := sources{}
	for _, pattern := range []string{"*.cu", "*.h"} {
		names, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return nil, err
		}
		for _, path := range names {
			text, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			if name := filepath.Base(path); name != "device.h" {
				out[name] = string(text)
			}
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no kernels in %s", dir)
	}
	return out, nil
}

// with returns the sources with a mutation.
func (s sources) with(m mutation) sources {
	out := sources{}
	for name, text := range s {
		out[name] = text
	}
	text := s[m.file]
	out[m.file] = text[:m.at] + m.new + text[m.at+len(m.old):]
	if m.kind == atomic {
		out[m.file] = torn + out[m.file]
	}
	return out
}

// torn are atomics that are none: others go between reading and writing, threads of the
// block in any case, those of another block if they run at that time.
const torn = `
#include <sched.h>
template <class T, class F> static inline T emu_torn(T *p, F f) {
  T old = load_volatile(p);
  emu_pass();
  for (int i = 0; i < 100 && load_volatile(p) == old; i++) sched_yield();
  *(volatile T *)p = f(old);
  return old;
}
template <class T> static inline T tornAdd(T *p, T v) { return emu_torn(p, [=](T x) { return (T)(x + v); }); }
template <class T> static inline T tornMax(T *p, T v) { return emu_torn(p, [=](T x) { return x > v ? x : v; }); }
static inline uint32_t tornOr(uint32_t *p, uint32_t v) { return emu_torn(p, [=](uint32_t x) { return x | v; }); }
`

var include = regexp.MustCompile(`(?m)^#include "([a-z]+\.h)"$`)

// whole returns a .cu with what it includes in its text, so that only those that a
// mutation of a header touches are other than before.
func (s sources) whole(cu string) string {
	return include.ReplaceAllStringFunc(s[cu], func(line string) string {
		return strings.Replace(s[include.FindStringSubmatch(line)[1]], "#pragma once", "", 1)
	})
}

var (
	barriers = regexp.MustCompile(`\b__(?:syncthreads|syncwarp|threadfence|threadfence_block)\([^)]*\);`)
	atomics  = regexp.MustCompile(`\batomic(Add|Max|Min|Or|And|Exch|CAS)\(`)
	function = regexp.MustCompile(`(?m)^(?:DEVICE|extern "C" __global__) [^(\n]*?\b([a-z_0-9]+)\(`)
	bounds   = regexp.MustCompile(`__launch_bounds__\([^)]*\)`)
)

// scan finds every barrier and every atomic, so that a new one needs no entry here. They
// are counted by function.
func (s sources) scan() (out []mutation) {
	for name, text := range s {
		seen := map[string]int{}
		add := func(kind kind, what string, at int, old, new string) {
			head := bounds.ReplaceAllStringFunc(text[:at], func(b string) string { return strings.Repeat(" ", len(b)) })
			if all := function.FindAllStringSubmatch(head, -1); len(all) > 0 {
				what += " of " + all[len(all)-1][1]
			}
			if seen[what]++; seen[what] > 1 {
				what = fmt.Sprintf("%s, no. %d", what, seen[what])
			}
			out = append(out, mutation{name, what, kind, at, old, new})
		}
		for _, at := range barriers.FindAllStringIndex(text, -1) {
			add(barrier, "barrier", at[0], text[at[0]:at[1]], ";")
		}
		for _, at := range atomics.FindAllStringSubmatchIndex(text, -1) {
			add(atomic, text[at[0]:at[1]-1], at[0], text[at[0]:at[1]], "torn"+text[at[2]:at[3]]+"(")
		}
	}
	return out
}

// listed are the mutations of the table.
func (s sources) listed() (out []mutation, err error) {
	for file, edits := range table {
		for _, e := range edits {
			if n := strings.Count(s[file], e.old); n != 1 {
				return nil, fmt.Errorf("%s: %s: %d places have the text %q", file, e.name, n, e.old)
			}
			out = append(out, mutation{file, e.name, e.kind, strings.Index(s[file], e.old), e.old, e.new})
		}
	}
	return out, nil
}
