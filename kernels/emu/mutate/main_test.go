package main

import (
	"errors"
	"regexp"
	"testing"
)

// Each mutation of the tables still has its place in the sources, once.
func TestTables(t *testing.T) {
	src, err := readSources("../..")
	if err != nil {
		t.Fatal(err)
	}
	all, err := src.all(regexp.MustCompile(""))
	if err != nil {
		t.Fatal(err)
	}
	var count [kinds]int
	for _, m := range all {
		count[m.kind]++
		if src[m.file] == src.with(m)[m.file] {
			t.Errorf("%s changes nothing", m)
		}
	}
	for k, n := range count {
		if n == 0 {
			t.Errorf("no mutations of kind %d", k)
		}
	}
	for file := range src {
		if !regexp.MustCompile(`#include|__global__|DEVICE`).MatchString(src[file]) {
			t.Errorf("%s is no kernel", file)
		}
		if len(table[file]) == 0 {
			t.Errorf("%s has no mutations", file)
		}
	}
}

// A barrier or an atomic is found wherever it is, and named by its function.
func TestScan(t *testing.T) {
	src := sources{"a.cu": `#include "b.h"
extern "C" __global__ void __launch_bounds__(64) one(int* p) {
  __syncthreads();
  if (p) __syncthreads();
  x = atomicAdd(p, 1);
}
`, "b.h": "#pragma once\nDEVICE int two() {\n  __threadfence();\n}\n"}
	want := map[string]string{
		"a.cu: barrier of one":        "  ;\n  if",
		"a.cu: barrier of one, no. 2": "if (p) ;\n",
		"a.cu: atomicAdd of one":      "x = tornAdd(p, 1);",
		"b.h: barrier of two":         "two() {\n  ;\n}",
	}
	for _, m := range src.scan() {
		changed := src.with(m)
		if text := want[m.String()]; text == "" || !regexp.MustCompile(regexp.QuoteMeta(text)).MatchString(changed.whole("a.cu")) {
			t.Errorf("%s: %s", m, changed.whole("a.cu"))
		}
		delete(want, m.String())
	}
	for name := range want {
		t.Errorf("%s is not found", name)
	}
}

// Only a survivor with a reason is no error.
func TestVerdict(t *testing.T) {
	name := ""
	for name = range survivors {
		break
	}
	file, what := regexp.MustCompile(`^(\S+): (.*)$`).FindStringSubmatch(name)[1], regexp.MustCompile(`: (.*)$`).FindStringSubmatch(name)[1]
	known, other := mutation{file: file, name: what}, mutation{file: "x.cu", name: "y"}
	for _, c := range []struct {
		name string
		m    mutation
		r    result
		ok   bool
	}{
		{"found", other, result{by: "a test", order: "forward"}, true},
		{"survivor with a reason", known, result{}, true},
		{"survivor", other, result{}, false},
		{"not built", other, result{err: errors.New("not built")}, false},
	} {
		if err := verdict([]mutation{c.m}, []result{c.r}); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
