// Command benchgate compares two files of Go benchmark output, BASE and HEAD,
// and fails when a benchmark has become worse: its median is beyond the budget
// of its unit, and the difference is significant at the 5 % level. Improvements
// and benchmarks that only one side has never fail.
package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchmath"
)

// A budget says how much worse the median of a unit may get. Units without one
// are shown and never fail.
type budget struct {
	higherIsBetter bool
	share          float64 // of the base's median
	absolute       float64 // in the unit itself
}

// budgets are wide enough for the same code measured twice on a busy machine.
var budgets = map[string]budget{
	"sec/op":      {share: 0.10},
	"allocs/op":   {share: 0.10, absolute: 2},
	"B/op":        {share: 0.20, absolute: 4096},
	"rss-bytes":   {share: 0.10},
	"train-bytes": {share: 0.15},
	// Accuracy: speed cannot be bought with it.
	"auc":     {higherIsBetter: true, absolute: 0.001},
	"r2":      {higherIsBetter: true, absolute: 0.001},
	"logloss": {absolute: 0.001},
	"rmse":    {share: 0.002},
}

// alpha is the level of significance.
const alpha = 0.05

// series names one measured quantity.
type series struct{ bench, unit string }

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: benchgate BASE HEAD")
		os.Exit(2)
	}
	worse, err := gate(os.Stdout, os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchgate:", err)
		os.Exit(2)
	}
	if worse > 0 {
		os.Exit(1)
	}
}

// gate prints the comparison and returns how many quantities are worse.
func gate(w io.Writer, baseFile, headFile string) (worse int, err error) {
	base, err := read(baseFile)
	if err != nil {
		return 0, err
	}
	head, err := read(headFile)
	if err != nil {
		return 0, err
	}
	if len(head) == 0 {
		return 0, fmt.Errorf("%s holds no benchmark results", headFile)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "benchmark\tunit\tbase\thead\tchange\tp\tverdict")
	compared := 0
	for _, s := range sorted(base, head) {
		if base[s] == nil || head[s] == nil {
			if s.unit == "sec/op" {
				side := "new"
				if head[s] == nil {
					side = "gone"
				}
				fmt.Fprintf(table, "%s\t%s\t\t\t\t\t%s\n", s.bench, s.unit, side)
			}
			continue
		}
		v := compare(s.unit, base[s], head[s])
		fmt.Fprintf(table, "%s\t%s\t%.4g\t%.4g\t%s\t%.3f\t%s\n", s.bench, s.unit, v.base, v.head, v.change(), v.p, v.word())
		compared++
		if v.worse {
			worse++
		}
	}
	if err := table.Flush(); err != nil {
		return 0, err
	}
	fmt.Fprintf(w, "%d compared, %d worse than their budget\n", compared, worse)
	return worse, nil
}

// verdict is the outcome for one quantity.
type verdict struct {
	base, head float64 // medians
	p          float64
	gated      bool
	worse      bool
	better     bool
}

func compare(unit string, base, head []float64) verdict {
	limits := &benchmath.Thresholds{CompareAlpha: alpha}
	b, h := benchmath.NewSample(slices.Clone(base), limits), benchmath.NewSample(slices.Clone(head), limits)
	v := verdict{
		base: benchmath.AssumeNothing.Summary(b, 0.95).Center,
		head: benchmath.AssumeNothing.Summary(h, 0.95).Center,
		p:    benchmath.AssumeNothing.Compare(b, h).P,
	}
	rule, ok := budgets[unit]
	v.gated = ok
	loss := v.head - v.base
	if rule.higherIsBetter {
		loss = -loss
	}
	significant := v.p < alpha
	v.worse = ok && significant && loss > math.Abs(v.base)*rule.share+rule.absolute
	v.better = ok && significant && loss < 0
	return v
}

func (v verdict) change() string {
	if v.base == 0 {
		return fmt.Sprintf("%+.4g", v.head)
	}
	return fmt.Sprintf("%+.1f%%", 100*(v.head/v.base-1))
}

func (v verdict) word() string {
	switch {
	case v.worse:
		return "WORSE"
	case v.better:
		return "better"
	case !v.gated:
		return "not gated"
	}
	return "ok"
}

// read collects the values of each quantity of a file, in order.
func read(name string) (map[series][]float64, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	all := map[series][]float64{}
	r := benchfmt.NewReader(file, name)
	for r.Scan() {
		switch rec := r.Result().(type) {
		case *benchfmt.Result:
			for _, v := range rec.Values {
				s := series{rec.Name.String(), v.Unit}
				all[s] = append(all[s], v.Value)
			}
		case *benchfmt.SyntaxError:
			return nil, rec
		}
	}
	return all, errors.Join(r.Err())
}

// sorted lists the quantities of both sides by name, then unit.
func sorted(sides ...map[series][]float64) []series {
	seen := map[series]bool{}
	var all []series
	for _, side := range sides {
		for s := range side {
			if !seen[s] {
				seen[s] = true
				all = append(all, s)
			}
		}
	}
	slices.SortFunc(all, func(a, b series) int {
		if c := strings.Compare(a.bench, b.bench); c != 0 {
			return c
		}
		return strings.Compare(a.unit, b.unit)
	})
	return all
}
