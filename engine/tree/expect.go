package tree

// Expect returns what the trees of one class add up to for a row of which only some
// predictors are known: at a split of another one both ways count, by the weight of
// the training rows that went there. values holds a row by predictor, known has a
// bit for each.
// Ref: Friedman 2001, section 8.2: partial dependence by weighted tree traversal.
func (f *Forest) Expect(values []float64, known []bool, class int) float64 {
	sum := 0.0
	for t, root := range f.Roots {
		if int(f.Class[t]) == class {
			sum += f.expect(root, values, known)
		}
	}
	return sum
}

func (f *Forest) expect(i int32, values []float64, known []bool) float64 {
	for f.Left[i] >= 0 {
		j := f.Feature[i]
		if !known[j] {
			l, r := f.shares(i)
			return l*f.expect(f.Left[i], values, known) + r*f.expect(f.Right[i], values, known)
		}
		i = f.next(i, values[j])
	}
	return float64(f.Value[i])
}
