// Derivatives as integers: kernels/fixed.go has the formats.

INLINE uint32_t draw_row(uint32_t key, uint32_t row) {
  uint32_t z = row ^ key;
  z = (z ^ z >> 16) * 0x7FEB352D;
  z = (z ^ z >> 15) * 0x846CA68B;
  return z ^ z >> 16;
}

// measure looks at the derivatives of the rows in the sample.
static void measure(const float *g, const float *h, const float *weight, const uint8_t *sample, int64_t lo, int64_t hi, native_spread *out) {
  int64_t rows = 0;
  double max_g = 0, max_h = 0, min_h = INFINITY;
  int bad = 0;
  if (!weight && !sample) {
    // Four of each: a maximum must wait for the one before it.
    double mg[8] = {0}, mh[8] = {0}, lh[8] = {INFINITY, INFINITY, INFINITY, INFINITY, INFINITY, INFINITY, INFINITY, INFINITY};
    int64_t i = lo;
    for (; i + 8 <= hi; i += 8)
      for (int k = 0; k < 8; k++) {
        double x = g[i + k], v = h[i + k], ax = fabs(x), av = fabs(v);
        bad |= (x - x != 0) | (v - v != 0);
        mg[k] = ax > mg[k] ? ax : mg[k];
        mh[k] = av > mh[k] ? av : mh[k];
        lh[k] = v < lh[k] ? v : lh[k];
      }
    for (int k = 0; k < 8; k++) {
      max_g = MAX(max_g, mg[k]);
      max_h = MAX(max_h, mh[k]);
      min_h = MIN(min_h, lh[k]);
    }
    rows = i - lo;
    lo = i;
  }
  for (int64_t i = lo; i < hi; i++) {
    if ((sample && !sample[i]) || (weight && weight[i] == 0)) continue;
    rows++;
    double x = g[i], v = h[i];
    bad |= (x - x != 0) | (v - v != 0);
    max_g = MAX(max_g, fabs(x));
    max_h = MAX(max_h, fabs(v));
    min_h = MIN(min_h, v);
  }
  *out = (native_spread){rows, max_g, max_h, min_h, bad};
}

// nearest rounds to the nearest whole number, ties to even.
INLINE int64_t nearest(double v) {
  const double shift = 0x1.8p52;
  return (int64_t)((v + shift) - shift);
}

// fill_narrow writes rows at random rounding; it returns 0 when a derivative is out
// of its bounds.
INLINE int fill_narrow(uint32_t key, const float *restrict g, const float *restrict h, uint32_t row, int n, uint64_t *restrict a,
                       int32_t *restrict out_g, int32_t *restrict out_h) {
  uint32_t u[ROWS];
  int bad = 0;
  for (int i = 0; i < n; i++) u[i] = draw_row(key, row + (uint32_t)i);
  for (int i = 0; i < n; i++) bad |= !(g[i] >= -1) | !(g[i] <= 1) | !(h[i] >= 0) | !(h[i] <= 0.25f);
  if (bad) return 0;
  for (int i = 0; i < n; i++) {
    out_g[i] = (int32_t)((double)g[i] * 4095 + (8192 + (double)(int32_t)(u[i] >> 16) * (1.0 / 65536))) - 8192;
    out_h[i] = (int32_t)((double)h[i] * 8188 + (double)(int32_t)(u[i] & 0xFFFF) * (1.0 / 65536));
  }
  for (int i = 0; i < n; i++) {
    uint32_t both = (uint32_t)out_g[i] << 16 | (uint32_t)out_h[i];
    a[i] = (uint64_t)both << 32 | (row + (uint32_t)i);
  }
  return 1;
}

// fill writes the rows [lo, hi) of the sample and their sum. It returns 0 when a
// derivative is out of its bounds.
static int64_t fill(const native_format *f, double unit_w, uint32_t key, const float *g, const float *h, const float *weight,
                    const uint8_t *sample, int64_t lo, int64_t hi, uint64_t *a, uint64_t *b, native_tally *sum) {
  uint64_t all_a[ROWS], all_b[ROWS];
  int32_t out_g[ROWS], out_h[ROWS];
  int64_t wide_g[ROWS], wide_h[ROWS], wide_w[ROWS];
  const double inv_g = 1 / f->g, inv_h = 1 / f->h, inv_w = 1 / unit_w;
  const int narrow = f->mode == NATIVE_NARROW;
  native_tally t = {0, 0, 0, 0};
  for (; lo < hi; lo += ROWS) {
    int n = (int)MIN(ROWS, hi - lo);
    const uint8_t *in = sample ? sample + lo : 0;
    const float *w = weight ? weight + lo : 0;
    float own_g[ROWS], own_h[ROWS];
    const float *d1 = g + lo, *d2 = h + lo;
    if (in || w) {  // the others can be anything
      for (int i = 0; i < n; i++) {
        int yes = (!in || in[i] != 0) && (!w || w[i] != 0);
        own_g[i] = yes ? d1[i] : 0;
        own_h[i] = yes ? d2[i] : 0;
      }
      d1 = own_g;
      d2 = own_h;
    }
    if (narrow) {
      if (!fill_narrow(key, d1, d2, (uint32_t)lo, n, all_a, out_g, out_h)) return 0;
      for (int i = 0; i < n; i++) {
        wide_g[i] = out_g[i];
        wide_h[i] = out_h[i];
        wide_w[i] = 1;
      }
    } else {
      for (int i = 0; i < n; i++) {
        wide_g[i] = nearest((double)d1[i] * inv_g);
        wide_h[i] = nearest((double)d2[i] * inv_h);
        wide_w[i] = w ? nearest((double)w[i] * inv_w) : 1;
        all_a[i] = (uint64_t)wide_g[i] << 32 | (uint64_t)(lo + i);
        all_b[i] = (uint64_t)wide_h[i] << 32 | (uint64_t)wide_w[i];
      }
    }
    if (!in && !w) {
      for (int i = 0; i < n; i++) {
        t.g += wide_g[i];
        t.h += wide_h[i];
      }
      t.w += n;
      t.n += n;
      memcpy(a, all_a, (size_t)n * sizeof *a);
      if (b) memcpy(b, all_b, (size_t)n * sizeof *b);
      a += n;
      b = b ? b + n : 0;
      continue;
    }
    int k = 0;
    for (int i = 0; i < n; i++) {
      int64_t yes = (!in || in[i] != 0) && (!w || w[i] != 0);
      all_a[k] = all_a[i];
      if (b) all_b[k] = all_b[i];
      k += (int)yes;
      t.g += wide_g[i] & -yes;
      t.h += wide_h[i] & -yes;
      t.w += wide_w[i] & -yes;
    }
    t.n += k;
    memcpy(a, all_a, (size_t)k * sizeof *a);
    if (b) memcpy(b, all_b, (size_t)k * sizeof *b);
    a += k;
    b = b ? b + k : 0;
  }
  *sum = t;
  return 1;
}

// squares sums g²/w of rows in units, rounded down: halves[0] the high halves,
// halves[1] the low ones.
static void squares(const native_format *f, const uint64_t *a, const uint64_t *b, int64_t n, uint64_t *halves) {
  const int shift = f->mode == NATIVE_NARROW ? 48 : 32;
  uint64_t high = 0, low = 0;
  for (int64_t i = 0; i < n; i++) {
    int64_t d = (int64_t)a[i] >> shift;
    uint64_t s = (uint64_t)(d * d);
    if (f->mode == NATIVE_H_W) s /= MAX(1, b[i] & 0xFFFFFFFF);
    high += s >> 32;
    low += s & 0xFFFFFFFF;
  }
  halves[0] = high;
  halves[1] = low;
}
