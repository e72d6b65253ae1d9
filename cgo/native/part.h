// Parting rows and adding to scores.

INLINE int64_t part_words(const uint8_t *narrow, const uint16_t *wide, const uint8_t *table, const uint64_t *a, const uint64_t *b,
                          int64_t n, uint64_t *left_a, uint64_t *left_b, uint64_t *right_a, uint64_t *right_b) {
  int64_t l = 0, r = 0;
  for (int64_t i = 0; i < n; i++) {
    uint64_t v = a[i];
    int64_t left = table[narrow ? narrow[(uint32_t)v] : wide[(uint32_t)v]];
    left_a[l] = v;
    right_a[r] = v;
    if (b) left_b[l] = right_b[r] = b[i];
    l += left;
    r += 1 - left;
  }
  return l;
}

// part writes each row to both sides and advances one: no branch to guess. A side
// has room for all rows. It returns the number of left ones.
static int64_t part(const uint8_t *narrow, const uint16_t *wide, const uint8_t *table, const uint64_t *a, const uint64_t *b, int64_t n,
                    uint64_t *left_a, uint64_t *left_b, uint64_t *right_a, uint64_t *right_b) {
  if (narrow && !b) return part_words(narrow, 0, table, a, 0, n, left_a, 0, right_a, 0);
  if (narrow) return part_words(narrow, 0, table, a, b, n, left_a, left_b, right_a, right_b);
  if (!b) return part_words(0, wide, table, a, 0, n, left_a, 0, right_a, 0);
  return part_words(0, wide, table, a, b, n, left_a, left_b, right_a, right_b);
}

// add_value adds value to the scores of rows.
static void add_value(double *scores, const uint64_t *rows, int64_t n, double value) {
  const int64_t ahead = 24;
  int64_t i = 0;
  for (; i + ahead < n; i++) {
    __builtin_prefetch(scores + (uint32_t)rows[i + ahead], 1);
    scores[(uint32_t)rows[i]] += value;
  }
  for (; i < n; i++) scores[(uint32_t)rows[i]] += value;
}
