// Arithmetic that gives the same bits on every tier: each line is one of the Go tier.
#pragma once

// exp_exact is exp of exp.go.
DEVICE double exp_exact(double x) {
  const double shift = 6755399441055744.0;  // 1.5 * 2^52
  if (x < -708) x = -708;
  if (x > 708) x = 708;
  double t = fma(x, 1.44269504088896340736, shift);
  double k = t - shift;
  double r = fma(k, -0x1.62e42feep-1, x);
  r = fma(k, -0x1.a39ef35793c76p-33, r);
  double s = r * r;
  double even = fma(s, 1.0 / 479001600, 1.0 / 3628800);
  double odd = fma(s, 1.0 / 6227020800, 1.0 / 39916800);
  even = fma(even, s, 1.0 / 40320);
  odd = fma(odd, s, 1.0 / 362880);
  even = fma(even, s, 1.0 / 720);
  odd = fma(odd, s, 1.0 / 5040);
  even = fma(even, s, 1.0 / 24);
  odd = fma(odd, s, 1.0 / 120);
  even = fma(even, s, 0.5);
  odd = fma(odd, s, 1.0 / 6);
  even = fma(even, s, 1.0);
  odd = fma(odd, s, 1.0);
  return fma(odd, r, even) * __longlong_as_double((int64_t)(((uint64_t)__double_as_longlong(t) + 1023) << 52));
}
