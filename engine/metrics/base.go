package metrics

import "math"

// base holds the sums that every builder has. Mean and second moment of the
// actual values are updated rather than taken from Σ y², so that a response with
// a large mean loses no digits.
//
// Ref: West (1979), Updating mean and variance estimates; Chan, Golub & LeVeque
// (1983), Algorithms for computing the sample variance.
type base struct {
	rows     int64
	weight   float64
	sqe      float64 // Σ w error²
	mean, m2 float64 // of the actual values: mean, Σ w (y − mean)²
}

// add counts a row with actual value y.
func (b *base) add(w, y, err float64) {
	b.rows++
	b.weight += w
	b.sqe += w * err * err
	d := y - b.mean
	b.mean += d * w / b.weight
	b.m2 += w * d * (y - b.mean)
}

// merge adds the rows of o, which come after those of b.
func (b *base) merge(o *base) {
	if o.rows == 0 {
		return
	}
	weight := b.weight + o.weight
	d := o.mean - b.mean
	b.mean += d * o.weight / weight
	b.m2 += o.m2 + d*d*b.weight*o.weight/weight
	b.rows += o.rows
	b.weight = weight
	b.sqe += o.sqe
}

// over returns sum / W, NaN without rows.
func (b *base) over(sum float64) float64 {
	if b.rows == 0 {
		return math.NaN()
	}
	return sum / b.weight
}

// metrics fills in what all kinds share.
func (b *base) metrics() *Metrics {
	m := &Metrics{Rows: b.rows, Weight: b.weight, MSE: b.over(b.sqe), Loglikelihood: math.NaN(), AIC: math.NaN()}
	m.RMSE = math.Sqrt(m.MSE)
	m.R2 = 1 - b.sqe/b.m2 // 0/0 is NaN without rows
	return m
}

// weightAt returns the weight of row i, 0 when the row does not count for it.
func weightAt(w []float64, i int) float64 {
	switch {
	case w == nil:
		return 1
	case w[i] > 0:
		return w[i]
	}
	return 0
}

// minProb is the least probability that a logarithm is taken of.
const minProb = 1e-15

// logSum adds up −w log(max(q, minProb)).
//
// Why: rows of weight 1 multiply their probabilities and take one logarithm for
// some hundred of them; logarithms were a quarter of the time of a measurement.
type logSum struct {
	sum     float64
	product float64 // of pending rows; 0 stands for none
}

func (l *logSum) add(w, q float64) {
	q = max(q, minProb)
	switch {
	case w != 1 || q > 1: // above 1 the product could overflow
		l.sum -= w * math.Log(q)
	case l.product == 0:
		l.product = q
	default:
		if l.product *= q; l.product < 1e-290 { // the next factor still leaves a normal number: 1e-305
			l.sum, l.product = l.value(), 0
		}
	}
}

func (l *logSum) value() float64 {
	if l.product == 0 {
		return l.sum
	}
	return l.sum - math.Log(l.product)
}

// merge adds the value of o.
func (l *logSum) merge(o *logSum) { l.sum += o.value() }
