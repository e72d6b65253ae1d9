package rapids

import (
	"math"
	"slices"
	"strings"
)

// Prim describes a primitive of the language.
type Prim struct {
	Name string
	// Args names the arguments in order. "x?" may be left out, "x..." stands for
	// one or more; both only at the end.
	Args string
	Help string // one line, lower case

	word   int  // an argument, counted from 1, that is its own text when it is a name
	lazy   bool // run reads call.nodes instead of call.args
	stores bool // changes what the host holds
	run    func(*call) (Value, error)
}

// arity returns the least and the largest number of arguments.
func (p *Prim) arity() (least, most int) {
	for _, a := range strings.Fields(p.Args) {
		switch {
		case strings.HasSuffix(a, "..."):
			return least + 1, math.MaxInt
		case strings.HasSuffix(a, "?"):
			most++
		default:
			least, most = least+1, most+1
		}
	}
	return least, most
}

// prims is filled once, by init, because primitives look primitives up.
var prims = map[string]*Prim{}

func init() {
	for _, theme := range [][]Prim{
		environmentPrims(), selectionPrims(), bindingPrims(), assignmentPrims(), arithmeticPrims(), mathPrims(),
		logicPrims(), reductionPrims(), momentPrims(), factorPrims(), conversionPrims(), countPrims(), quantilePrims(),
		applyPrims(), randomPrims(), zonePrims(), sortPrims(), modelPrims(),
	} {
		for _, p := range theme {
			if prims[p.Name] != nil {
				panic("rapids: primitive " + p.Name + " is defined twice")
			}
			prims[p.Name] = &p
		}
	}
}

// Prims returns the primitives sorted by name, for documentation.
func Prims() []Prim {
	out := make([]Prim, 0, len(prims))
	for _, p := range prims {
		out = append(out, *p)
	}
	slices.SortFunc(out, func(a, b Prim) int { return strings.Compare(a.Name, b.Name) })
	return out
}
