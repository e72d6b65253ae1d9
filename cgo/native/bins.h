// Searches among cut points.

INLINE uint64_t order64(double v) {
  uint64_t b;
  memcpy(&b, &v, sizeof b);
  return b ^ ((uint64_t)((int64_t)b >> 63) | UINT64_C(1) << 63);
}

// PLACES_LOOP writes for each value the number of cuts below it, plus base, or none for
// NaN. size is a power of two. Eight searches side by side: their loads overlap.
#define PLACES_LOOP(name, type)                                                                                                      \
  static void name(const uint64_t *cuts, int64_t size, const double *x, type *out, int64_t n, type base, type none) {               \
    for (int64_t i = 0; i < n; i += 8) {                                                                                             \
      int m = (int)MIN(8, n - i);                                                                                                    \
      uint64_t key[8] = {0};                                                                                                         \
      int64_t p[8] = {0};                                                                                                            \
      for (int k = 0; k < m; k++) key[k] = order64(x[i + k] + 0.0);                                                                  \
      for (int64_t step = size / 2; step > 0; step /= 2)                                                                             \
        for (int k = 0; k < 8; k++) p[k] += cuts[p[k] + step - 1] < key[k] ? step : 0;                                               \
      for (int k = 0; k < m; k++) out[i + k] = x[i + k] != x[i + k] ? none : (type)((type)p[k] + base);                              \
    }                                                                                                                                \
  }

PLACES_LOOP(places16, uint16_t)
PLACES_LOOP(places32, uint32_t)
