// Derivatives of losses: kernels/gradient.go has the formulas, kernels/exp.go the
// exponential. Loops are plain, so that the compiler makes vector code of them.

INLINE double exponential(double x) {
  const double shift = 0x1.8p52, ln2_hi = 0x1.62e42feep-1, ln2_lo = 0x1.a39ef35793c76p-33, log2_e = 1.44269504088896340735992468100189214;
  x = x < -708 ? -708 : x;
  x = x > 708 ? 708 : x;
  double t = __builtin_fma(x, log2_e, shift), k = t - shift;
  double r = __builtin_fma(k, -ln2_hi, x);
  r = __builtin_fma(k, -ln2_lo, r);
  double s = r * r;
  double even = __builtin_fma(s, 1.0 / 479001600, 1.0 / 3628800), odd = __builtin_fma(s, 1.0 / 6227020800, 1.0 / 39916800);
  even = __builtin_fma(even, s, 1.0 / 40320);
  odd = __builtin_fma(odd, s, 1.0 / 362880);
  even = __builtin_fma(even, s, 1.0 / 720);
  odd = __builtin_fma(odd, s, 1.0 / 5040);
  even = __builtin_fma(even, s, 1.0 / 24);
  odd = __builtin_fma(odd, s, 1.0 / 120);
  even = __builtin_fma(even, s, 0.5);
  odd = __builtin_fma(odd, s, 1.0 / 6);
  even = __builtin_fma(even, s, 1);
  odd = __builtin_fma(odd, s, 1);
  uint64_t bits;
  memcpy(&bits, &t, sizeof bits);
  bits = (bits + 1023) << 52;
  double power;
  memcpy(&power, &bits, sizeof power);
  return __builtin_fma(odd, r, even) * power;
}

enum { ROWS = 256 };  // rows that go through the steps of a loop together

// store writes derivatives of weight one: weighted, and 0 for rows of weight 0 or
// without a response.
INLINE void store(const double *restrict d1, const double *restrict d2, const float *restrict y, const float *restrict w,
                  float *restrict g, float *restrict h, int n) {
  if (w) {
    for (int i = 0; i < n; i++) {
      double x = w[i];
      int none = (w[i] == 0) | (y[i] != y[i]);
      g[i] = none ? 0 : (float)(d1[i] * x);
      h[i] = none ? 0 : (float)(d2[i] * x);
    }
    return;
  }
  for (int i = 0; i < n; i++) {
    int none = y[i] != y[i];
    g[i] = none ? 0 : (float)d1[i];
    h[i] = none ? 0 : (float)d2[i];
  }
}

static void gaussian(const double *f, const float *y, const float *w, float *g, float *h, int64_t n) {
  double d1[ROWS], d2[ROWS];
  for (int64_t lo = 0; lo < n; lo += ROWS) {
    int m = (int)MIN(ROWS, n - lo);
    for (int i = 0; i < m; i++) {
      d1[i] = f[lo + i] - (double)y[lo + i];
      d2[i] = 1;
    }
    store(d1, d2, y + lo, w ? w + lo : 0, g + lo, h + lo, m);
  }
}

static void bernoulli(const double *f, const float *y, const float *w, float *g, float *h, int64_t n) {
  double d1[ROWS], d2[ROWS];
  for (int64_t lo = 0; lo < n; lo += ROWS) {
    int m = (int)MIN(ROWS, n - lo);
    for (int i = 0; i < m; i++) {
      double p = 1 / (1 + exponential(-f[lo + i]));
      d1[i] = p - (double)y[lo + i];
      d2[i] = p * (1 - p);
    }
    store(d1, d2, y + lo, w ? w + lo : 0, g + lo, h + lo, m);
  }
}

// largest keeps the larger of top and f.
static void largest(const double *restrict f, double *restrict top, int64_t n) {
  for (int64_t i = 0; i < n; i++) top[i] = f[i] > top[i] ? f[i] : top[i];
}

// exponents writes e = exp(f - top) and adds it to sum.
static void exponents(const double *restrict f, const double *restrict top, double *restrict e, double *restrict sum, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    e[i] = exponential(f[i] - top[i]);
    sum[i] += e[i];
  }
}

// softmax writes the derivatives for one class.
static void softmax(const double *e, const double *sum, const float *y, const float *w, float *g, float *h, float class, int64_t n) {
  double d1[ROWS], d2[ROWS];
  for (int64_t lo = 0; lo < n; lo += ROWS) {
    int m = (int)MIN(ROWS, n - lo);
    for (int i = 0; i < m; i++) {
      double p = e[lo + i] / sum[lo + i];
      d1[i] = p - (y[lo + i] == class ? 1.0 : 0.0);
      d2[i] = p * (1 - p);
    }
    store(d1, d2, y + lo, w ? w + lo : 0, g + lo, h + lo, m);
  }
}
