// Command mutate proves that the tests of the CUDA kernels find what is wrong with them:
// it takes away one barrier, atomic, bound or rule after the other, runs the kernels on
// the emulated device, and asks for a test that fails. Barriers and atomics are found in
// the sources, the rest is in the tables beside this file.
//
//	make mutate-cuda MUTATEFLAGS='-only search'
//
// A mutation that no test finds is an error, unless survivors has the reason for it.
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"
)

func main() {
	only := flag.String("only", "", "`regexp` of mutations to try; others are left out")
	jobs := flag.Int("j", 1, "mutations at a time")
	list := flag.Bool("list", false, "only list mutations")
	flag.Parse()
	if err := run(*only, *jobs, *list); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

// all are the mutations whose names match, in the order of files.
func (s sources) all(match *regexp.Regexp) ([]mutation, error) {
	out, err := s.listed()
	if err != nil {
		return nil, err
	}
	out = append(s.scan(), out...)
	names := map[string]bool{}
	for _, m := range out {
		if names[m.String()] {
			return nil, fmt.Errorf("%s: twice", m)
		}
		names[m.String()] = true
		if tests[m.file] == "" {
			return nil, fmt.Errorf("%s has no tests in the table", m.file)
		}
	}
	for name := range survivors {
		if !names[name] {
			return nil, fmt.Errorf("%s: is a survivor, but no mutation", name)
		}
	}
	out = slices.DeleteFunc(out, func(m mutation) bool { return !match.MatchString(m.String()) })
	slices.SortStableFunc(out, func(a, b mutation) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.kind, b.kind), cmp.Compare(a.at, b.at))
	})
	return out, nil
}

func run(only string, jobs int, list bool) error {
	match, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	src, err := readSources("kernels")
	if err != nil {
		return err
	}
	all, err := src.all(match)
	if err != nil {
		return err
	}
	if list {
		for _, m := range all {
			fmt.Println(m)
		}
		return nil
	}
	b, err := newBench(src)
	if err != nil {
		return err
	}
	var files []string
	for _, m := range all {
		if !slices.Contains(files, m.file) {
			files = append(files, m.file)
		}
	}
	for _, file := range files {
		if err := b.sound(file); err != nil {
			return err
		}
	}
	results := make([]result, len(all))
	var next, done int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range jobs {
		wg.Go(func() {
			for {
				mu.Lock()
				i := next
				next++
				mu.Unlock()
				if i >= len(all) {
					return
				}
				begin := time.Now()
				r := b.try(all[i], filepath.Join(b.dir, fmt.Sprint(i)))
				mu.Lock()
				results[i] = r
				done++
				fmt.Printf("[%d/%d] %4.1fs %s: %s\n", done, len(all), time.Since(begin).Seconds(), all[i], r)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	report(all, results)
	return verdict(all, results)
}

// verdict is an error where a mutation could not be tried, or survives without a reason.
func verdict(all []mutation, results []result) error {
	var errs []error
	for i, m := range all {
		switch r := results[i]; {
		case r.err != nil:
			errs = append(errs, fmt.Errorf("%s: %w", m, r.err))
		case r.by == "" && survivors[m.String()] == "":
			errs = append(errs, fmt.Errorf("%s: no test finds it", m))
		}
	}
	return errors.Join(errs...)
}

// report prints how many mutations were found, as Markdown.
func report(all []mutation, results []result) {
	fmt.Print("\n| file | barriers | atomics | bounds | rules | found in reverse order alone |\n| --- | --- | --- | --- | --- | --- |\n")
	row := func(title string, of func(string) bool) {
		var found, total [kinds]int
		late := 0
		for i, m := range all {
			if !of(m.file) {
				continue
			}
			total[m.kind]++
			if results[i].by != "" {
				found[m.kind]++
			}
			if results[i].order == "reverse" {
				late++
			}
		}
		fmt.Print("| ", title)
		for k, n := range total {
			if n == 0 {
				fmt.Print(" | –")
			} else {
				fmt.Printf(" | %d of %d", found[k], n)
			}
		}
		fmt.Printf(" | %d |\n", late)
	}
	last := ""
	for _, m := range all {
		if m.file != last {
			row("`"+m.file+"`", func(file string) bool { return file == m.file })
			last = m.file
		}
	}
	row("all", func(string) bool { return true })
	fmt.Println()
	for i, m := range all {
		reason := survivors[m.String()]
		switch {
		case results[i].by == "":
			fmt.Printf("- %s: %s\n", m, cmp.Or(reason, "**no reason**"))
		case reason != "":
			fmt.Printf("- %s: is found, though it is listed as a survivor\n", m)
		}
	}
}
