// Scoring: kernels/ranked.go has the form of the trees.

enum { RANK_ROWS = 256, WALKERS = 8 };  // rows of a block; rows that go down side by side

// walk adds the leaf values of trees to the sums of n rows: sums[class][row]. Each
// column has RANK_ROWS ranks.
static void walk(const native_step *steps, const uint64_t *bits, const float *value, const native_tree *trees, int64_t count,
                 const uint32_t *ranks, double *sums, int64_t n) {
  for (const native_tree *t = trees; t < trees + count; t++)
    for (int64_t row = 0; row < n; row += WALKERS) {
      uint32_t at[WALKERS];
      for (int q = 0; q < WALKERS; q++) at[q] = t->root;
      for (int d = 0; d < t->depth; d++)
        for (int q = 0; q < WALKERS; q++) {
          const native_step *s = steps + at[q];
          uint64_t p = s->off + (ranks + row + q)[s->at];
          at[q] = s->next + (uint32_t)(bits[p / 64] >> (p % 64) & 1);
        }
      double *sum = sums + t->class * RANK_ROWS + row;
      for (int q = 0; q < WALKERS; q++) sum[q] += (double)value[at[q]];
    }
}

// walk_short is walk with steps of one word, off:32 | next:16 | column:16, next
// counted from the root. The ranks, of so many columns, are made as short in room.
//
// Why short: steps and ranks stay in the cache nearest to the core, and a step is
// one load.
static void walk_short(const uint64_t *steps, const uint64_t *bits, const float *value, const native_tree *trees, int64_t count,
                       const uint32_t *ranks, int64_t columns, uint16_t *room, double *sums, int64_t n) {
  for (int64_t i = 0; i < columns * RANK_ROWS; i++) room[i] = (uint16_t)ranks[i];
  for (const native_tree *t = trees; t < trees + count; t++) {
    const uint64_t *own = steps + t->root;
    for (int64_t row = 0; row < n; row += WALKERS) {
      const uint16_t *rank = room + row;
      uint64_t at[WALKERS] = {0};
      for (int d = 0; d < t->depth; d++) {
#pragma GCC unroll 8
        for (int q = 0; q < WALKERS; q++) {
          uint64_t s = own[at[q]], p = (uint32_t)s + (uint64_t)rank[(s >> 48) * RANK_ROWS + (uint64_t)q];
          at[q] = (uint16_t)(s >> 32) + (bits[p / 64] >> (p % 64) & 1);
        }
      }
      double *sum = sums + t->class * RANK_ROWS + row;
      for (int q = 0; q < WALKERS; q++) sum[q] += (double)value[t->root + at[q]];
    }
  }
}

// down lets rows go down trees of walk_numbers; missing says whether some of their values are.
INLINE void down(const uint64_t *steps, const float *value, const native_tree *trees, int64_t count, const uint16_t *ranks, double *sums,
                 int64_t n, const int missing) {
  for (const native_tree *t = trees; t < trees + count; t++) {
    const uint64_t *own = steps + t->root;
    for (int64_t row = 0; row < n; row += WALKERS) {
      const uint16_t *rank = ranks + row;
      uint64_t at[WALKERS] = {0};
      for (int d = 0; d < t->depth; d++) {
#pragma GCC unroll 8
        for (int q = 0; q < WALKERS; q++) {
          uint64_t s = own[at[q]];
          uint32_t r = rank[(s >> 48) + (uint64_t)q], left = (uint16_t)(s >> 32);
          if (missing) r = (uint32_t)(uint16_t)(r + left) - left;
          at[q] = ((uint32_t)s + r) >> 16;
        }
      }
      double *sum = sums + t->class * RANK_ROWS + row;
      for (int q = 0; q < WALKERS; q++) sum[q] += (double)value[t->root + at[q]];
    }
  }
}

// walk_numbers is walk where all splits are of numbers: steps are ranks:16 | left:16 | next:16 | under:16, under being
// 65535 less the greatest rank that goes left, so that the sum with a greater one carries into next, which is counted from the
// root. ranks is where those of the column begin. left is 1 where missing values go left: their rank, none, becomes 65535,
// and then -1.
static void walk_numbers(const uint64_t *steps, const float *value, const native_tree *trees, int64_t count, const uint32_t *ranks,
                         int64_t columns, uint32_t none, uint16_t *room, double *sums, int64_t n) {
  uint32_t missing = 0;
  for (int64_t i = 0; i < columns * RANK_ROWS; i++) {
    uint32_t is = ranks[i] == none;
    missing |= is;
    room[i] = (uint16_t)(ranks[i] | (0 - is));
  }
  if (missing)
    down(steps, value, trees, count, room, sums, n, 1);
  else
    down(steps, value, trees, count, room, sums, n, 0);
}
