package metrics

import (
	"math"
	"slices"

	"github.com/geyser-ml/geyser/engine/table"
	"github.com/geyser-ml/geyser/kernels/par"
)

// AUCType says how the areas of several classes become one number, in H2O's
// words.
type AUCType string

// Ways to average. One versus rest takes each class against all others, one
// versus one each pair of classes; macro weights them equally, weighted by the
// rows of class 1.
const (
	AUCAuto        AUCType = "AUTO" // the same as AUCNone
	AUCNone        AUCType = "NONE"
	AUCMacroOVR    AUCType = "MACRO_OVR"
	AUCWeightedOVR AUCType = "WEIGHTED_OVR"
	AUCMacroOVO    AUCType = "MACRO_OVO"
	AUCWeightedOVO AUCType = "WEIGHTED_OVO"
)

// maxAUCClasses bounds the classes that areas are computed for, as H2O does.
const maxAUCClasses = 50

// wanted tells whether areas are to be computed for k classes.
func (t AUCType) wanted(k int) bool {
	return k <= maxAUCClasses && slices.Contains([]AUCType{AUCMacroOVR, AUCWeightedOVR, AUCMacroOVO, AUCWeightedOVO}, t)
}

// versus is one class against the rest, or a pair of classes.
type versus struct {
	first, second int // second is -1 for the rest
	auc, pr       float64
	weight        float64 // rows of the classes that are class 1 in it
}

// areas computes the areas of all classes and pairs.
func (b *MultinomialBuilder) areas(r *Multinomial) {
	k := len(b.domain)
	// lists[i][j]: scores of class i in rows of class j, as one list.
	lists := make([][]list, k)
	var rest, pairs []versus
	for i := range k {
		rest = append(rest, versus{first: i, second: -1})
		for j := i + 1; j < k; j++ {
			pairs = append(pairs, versus{first: i, second: j})
		}
	}
	par.Do(b.Threads, k, func(i int) {
		rows, weighted := sizes(b.lists[i])
		both := func() room { return room{newList(rows, weighted), newList(rows, weighted)} }
		lists[i] = merge(b.lists[i], both(), 1)
		others := slices.Delete(slices.Clone(lists[i]), i, i+1)
		c := newCurve(lists[i][i], merge([][]list{others}, both(), 1)[0]).trace()
		rest[i].auc, rest[i].pr, rest[i].weight = c.auc, c.pr, c.p
	})
	par.Do(b.Threads, len(pairs), func(at int) {
		// The area of a pair is the mean of both views: each class's own score
		// against the rows of the other (Hand & Till 2001, (7)).
		v := &pairs[at]
		x := newCurve(lists[v.first][v.first], lists[v.first][v.second]).trace()
		y := newCurve(lists[v.second][v.second], lists[v.second][v.first]).trace()
		v.auc, v.pr, v.weight = (x.auc+y.auc)/2, (x.pr+y.pr)/2, x.p+y.p
	})
	auc := func(v versus) float64 { return v.auc }
	pr := func(v versus) float64 { return v.pr }
	r.AUCTable = b.areaTable("AUC", rest, pairs, auc)
	r.PRTable = b.areaTable("auc_pr", rest, pairs, pr)
	of, weighted := rest, b.aucType == AUCWeightedOVR || b.aucType == AUCWeightedOVO
	if b.aucType == AUCMacroOVO || b.aucType == AUCWeightedOVO {
		of = pairs
	}
	r.AUC, r.PRAUC = average(of, weighted, auc), average(of, weighted, pr)
}

// average returns the mean area.
func average(vs []versus, weighted bool, area func(versus) float64) float64 {
	var sum, total float64
	for _, v := range vs {
		w := 1.0
		if weighted {
			w = v.weight
		}
		sum += w * area(v)
		total += w
	}
	if total == 0 {
		return math.NaN()
	}
	return sum / total
}

func (b *MultinomialBuilder) areaTable(what string, rest, pairs []versus, area func(versus) float64) *table.Table {
	t := table.New("Multinomial "+what+" values", "").
		Add("Type", table.String, "").
		Add("First class domain", table.String, "").
		Add("Second class domain", table.String, "").
		Add(what, table.Double, "%d") // H2O: its pattern for these numbers
	averages := func(vs []versus, kind string) {
		t.Append("Macro "+kind, nil, nil, average(vs, false, area))
		t.Append("Weighted "+kind, nil, nil, average(vs, true, area))
	}
	for _, v := range rest {
		t.Append(b.domain[v.first]+" vs Rest", b.domain[v.first], nil, area(v))
	}
	averages(rest, "OVR")
	for _, v := range pairs {
		x, y := b.domain[v.first], b.domain[v.second]
		t.Append("Class "+x+" vs. "+y, x, y, area(v))
	}
	averages(pairs, "OVO")
	return t
}
