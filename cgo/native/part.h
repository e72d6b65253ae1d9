// Parting rows and adding to scores.

// part_words goes on from row to row; of those before the last ones it asks memory for
// the bins of a later row.
INLINE int64_t part_words(const uint8_t *narrow, const uint16_t *wide, const uint8_t *table, const uint64_t *a, const uint64_t *b,
                          int64_t n, uint64_t *out_a, uint64_t *out_b, int64_t left, int64_t right, int back) {
  const int64_t first = left, ahead = 32;
  for (int64_t k = 0; k < n; k++) {
    int64_t i = back ? n - 1 - k : k;
    uint64_t v = a[i];
    if (k + ahead < n) {
      uint32_t later = (uint32_t)a[back ? i - ahead : i + ahead];
      __builtin_prefetch(narrow ? (const void *)(narrow + later) : (const void *)(wide + later));
    }
    int64_t goes = table[narrow ? narrow[(uint32_t)v] : wide[(uint32_t)v]];
    if (back) {
      left -= goes;
      right -= 1 - goes;
    }
    int64_t at = right ^ ((left ^ right) & -goes);
    out_a[at] = v;
    if (b) out_b[at] = b[i];
    if (!back) {
      left += goes;
      right += 1 - goes;
    }
  }
  return back ? first - left : left - first;
}

#define PART(narrow, wide, b) \
  (back ? part_words(narrow, wide, table, a, b, n, out_a, out_b, left, right, 1) : part_words(narrow, wide, table, a, b, n, out_a, out_b, left, right, 0))

// part writes rows that go left to out from place left on, and the others from place
// right on; or, from the last one on, to the places before these. It returns how many
// went left. No branch to guess: each row has one place.
static int64_t part(const uint8_t *narrow, const uint16_t *wide, const uint8_t *table, const uint64_t *a, const uint64_t *b, int64_t n,
                    uint64_t *out_a, uint64_t *out_b, int64_t left, int64_t right, int32_t back) {
  if (narrow) return b ? PART(narrow, 0, b) : PART(narrow, 0, 0);
  return b ? PART(0, wide, b) : PART(0, wide, 0);
}

#undef PART

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
