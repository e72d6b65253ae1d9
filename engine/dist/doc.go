// Package dist holds the distributions that a response may be drawn from: link,
// deviance, initial score, leaf estimate.
//
// Notation: y is the response, w its weight, o its offset, eta = f(x) + o the
// score on the scale of the link, mu = g⁻¹(eta) the prediction.
//
//	family       link g(mu)           deviance of a row                                  initial score f0
//	gaussian     mu                   w (y − mu)²                                        Σ w (y − o) / Σ w
//	bernoulli    log(mu / (1 − mu))   −2 w (y log mu + (1 − y) log(1 − mu))              root of Σ w (y − g⁻¹(f0 + o)) = 0
//	multinomial  log(mu), softmax     −2 w log mu, mu of the actual class                0 for each class
//	poisson      log(mu)              2 w (y log(y/mu) − (y − mu))                       log(Σ w y / Σ w e^o)
//	gamma        log(mu)              2 w ((y − mu)/mu − log(y/mu))                      log(Σ w y e^−o / Σ w)
//	tweedie      log(mu), power p     2 w (y^(2−p)/((1−p)(2−p)) − y mu^(1−p)/(1−p)       log(Σ w y e^((1−p) o) / Σ w e^((2−p) o))
//	                                  + mu^(2−p)/(2−p))
//	laplace      mu                   w |y − mu|                                         median of y − o
//	quantile     mu, level a          w a (y − mu) above mu, w (1 − a)(mu − y) below     a-quantile of y − o
//	huber        mu, level a          w (y − mu)² up to d, w d (2 |y − mu| − d) beyond   median of y − o
//
// quasibinomial is bernoulli; d of huber is the a-quantile of all |y − mu|.
//
// A leaf holds G = Σ g and H = Σ h, the sums of the first and second derivative
// of half the deviance with respect to eta over its rows. Its value is one Newton
// step, −G/H; with K classes (K − 1)/K of it, since one of the K scores is
// redundant. With the log link it is the exact minimum, the logarithm of a ratio of
// sums that G and H give. Laplace, quantile and huber (Ranked) go by the order of the
// residuals instead: median, a-quantile, and median plus the mean of what is left,
// cut to ±d.
//
// Ref: Friedman (2001), Greedy Function Approximation, Annals of Statistics
// 29(5), algorithms 3 to 6 and section 4.6.
package dist
