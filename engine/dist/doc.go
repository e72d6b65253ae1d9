// Package dist holds the distributions that a response may be drawn from: link,
// deviance, initial score, leaf estimate.
//
// Notation: y is the response, w its weight, o its offset, eta = f(x) + o the
// score on the scale of the link, mu = g⁻¹(eta) the prediction.
//
//	family       link g(mu)           deviance of a row                        initial score f0
//	gaussian     mu                   w (y − mu)²                              Σ w (y − o) / Σ w
//	bernoulli    log(mu / (1 − mu))   −2 w (y log mu + (1 − y) log(1 − mu))    root of Σ w (y − g⁻¹(f0 + o)) = 0
//	multinomial  log(mu), softmax     −2 w log mu, mu of the actual class      0 for each class
//
// A leaf holds G = Σ g and H = Σ h, the sums of the first and second derivative
// of half the deviance with respect to eta over its rows. Its value is one Newton
// step, −G/H; with K classes (K − 1)/K of it, since one of the K scores is
// redundant.
//
// Ref: Friedman (2001), Greedy Function Approximation, Annals of Statistics
// 29(5), algorithms 5 and 6 and section 4.6.
package dist
