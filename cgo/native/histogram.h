// Sums of rows by bin. A cell holds one to three sums in the making (see format in
// kernels/fixed.go), as lanes of 1, 2 or 4 words that are added together.

typedef int64_t lanes2 __attribute__((vector_size(16), aligned(8), may_alias));
typedef int64_t lanes4 __attribute__((vector_size(32), aligned(8), may_alias));

INLINE int lanes_of(const native_format *f) { return f->mode == NATIVE_H_W ? 4 : f->mode == NATIVE_H ? 2 : 1; }

INLINE void add_lanes(int64_t *c, const int64_t *v, int lanes) {
  if (lanes == 1) *c += *v;
  if (lanes == 2) *(lanes2 *)c += *(const lanes2 *)v;
  if (lanes == 4) *(lanes4 *)c += *(const lanes4 *)v;
}

// values writes what each row adds to its cells. The shifts are logical, as vector
// units have no others; a sign is brought up by (x ^ m) - m.
static void values(const native_format *f, const uint64_t *restrict a, const uint64_t *restrict b, int n, int64_t *restrict v) {
  const uint64_t narrow = UINT64_C(1) << 53, wide = UINT64_C(1) << 45;
  switch (f->mode) {
    case NATIVE_NARROW:
      for (int i = 0; i < n; i++)
        v[i] = (int64_t)((((a[i] >> 48 << G_SHIFT) ^ narrow) - narrow) + ((a[i] >> 32 & 0xFFFF) << COUNT_BITS) + 1);
      return;
    case NATIVE_SAME_H:
      for (int i = 0; i < n; i++) v[i] = (int64_t)(((a[i] >> 32 << COUNT_BITS) ^ wide) - wide + 1);
      return;
    case NATIVE_H:
      for (int i = 0; i < n; i++) {
        v[2 * i] = (int64_t)(((a[i] >> 32 << COUNT_BITS) ^ wide) - wide + 1);
        v[2 * i + 1] = (int64_t)b[i] >> 32;
      }
      return;
  }
  for (int i = 0; i < n; i++) {
    v[4 * i] = (int64_t)(((a[i] >> 32 << COUNT_BITS) ^ wide) - wide + 1);
    v[4 * i + 1] = (int64_t)b[i] >> 32;
    v[4 * i + 2] = (int64_t)(b[i] & 0xFFFFFFFF);
    v[4 * i + 3] = 0;
  }
}

// How the rows of a loop follow each other: one after the other in memory, by a
// list, whose rows are fetched ahead or not, or by places in a small copy.
enum { ORDER, LIST, REST, PLACES };

// rows is a run of rows as the loops below see them. Their bins start at base, in
// records of stride bytes.
typedef struct {
  const uint8_t *base;
  size_t stride;
  const uint64_t *list;
  const uint16_t *place;
  const int64_t *v;
  int n;
} row_run;

INLINE const uint8_t *record(const row_run *r, int k, int how) {
  if (how == ORDER) return r->base + (size_t)k * r->stride;
  if (how == PLACES) return r->base + r->place[k] * r->stride;
  if (how == LIST) __builtin_prefetch(r->base + (uint32_t)r->list[k + AHEAD] * r->stride);
  return r->base + (uint32_t)r->list[k] * r->stride;
}

INLINE void add_bytes(int64_t *restrict c, row_run r, int count, int lanes, int how) {
  for (int k = 0; k < r.n; k++) {
    const uint8_t *bin = record(&r, k, how);
    const int64_t *v = r.v + (how == PLACES ? r.place[k] : k) * lanes;
    int64_t one = *v;
    for (int j = 0; j < count; j++) {
      if (lanes == 1)
        c[j * 256 + bin[j]] += one;
      else
        add_lanes(c + (j * 256 + bin[j]) * lanes, v, lanes);
    }
  }
}

INLINE void add_shorts(int64_t *const *c, row_run r, int count, int lanes, int how) {
  for (int k = 0; k < r.n; k++) {
    uint16_t bin[4];
    memcpy(bin, record(&r, k, how), sizeof bin);
    const int64_t *v = r.v + (how == PLACES ? r.place[k] : k) * lanes;
    for (int j = 0; j < count; j++) add_lanes(c[j] + bin[j] * lanes, v, lanes);
  }
}

#define COUNTED(k, lanes, how)              \
  case k:                                   \
    add_bytes(cells, r, k, lanes, how);     \
    return;

// Why noinline: registers and the layout of each loop are its own.
#define ADD(name, lanes, how)                                                                                        \
  static __attribute__((noinline)) void name(const native_word *w, const native_feature *feats, int64_t *cells, row_run r) { \
    if (w->wide) {                                                                                                   \
      int64_t *c[4];                                                                                                 \
      for (int j = 0; j < w->count; j++) c[j] = cells + (feats[w->feature[j]].cell - w->cell) * lanes;               \
      if (w->count == 1)                                                                                             \
        add_shorts(c, r, 1, lanes, how);                                                                             \
      else if (w->count == 2)                                                                                        \
        add_shorts(c, r, 2, lanes, how);                                                                             \
      else if (w->count == 3)                                                                                        \
        add_shorts(c, r, 3, lanes, how);                                                                             \
      else                                                                                                           \
        add_shorts(c, r, 4, lanes, how);                                                                             \
      return;                                                                                                        \
    }                                                                                                                \
    switch (w->count) {                                                                                              \
      COUNTED(1, lanes, how)                                                                                         \
      COUNTED(2, lanes, how)                                                                                         \
      COUNTED(3, lanes, how)                                                                                         \
      COUNTED(4, lanes, how)                                                                                         \
      COUNTED(5, lanes, how)                                                                                         \
      COUNTED(6, lanes, how)                                                                                         \
      COUNTED(7, lanes, how)                                                                                         \
      COUNTED(8, lanes, how)                                                                                         \
    }                                                                                                                \
  }

#define ADD_LANES(lanes)                  \
  ADD(add_order_##lanes, lanes, ORDER)    \
  ADD(add_list_##lanes, lanes, LIST)      \
  ADD(add_rest_##lanes, lanes, REST)      \
  ADD(add_places_##lanes, lanes, PLACES)

ADD_LANES(1)
ADD_LANES(2)
ADD_LANES(4)

typedef void (*add_loop)(const native_word *w, const native_feature *feats, int64_t *cells, row_run r);

// By lanes / 2 and order.
static const add_loop add_loops[3][4] = {
    {add_order_1, add_list_1, add_rest_1, add_places_1},
    {add_order_2, add_list_2, add_rest_2, add_places_2},
    {add_order_4, add_list_4, add_rest_4, add_places_4},
};

INLINE native_tally unpack(const native_format *f, const int64_t *c) {
  int64_t n = c[0] & COUNT_MASK;
  switch (f->mode) {
    case NATIVE_NARROW:
      return (native_tally){c[0] >> G_SHIFT, c[0] >> COUNT_BITS & H_MASK, n, n};
    case NATIVE_SAME_H:
      return (native_tally){c[0] >> COUNT_BITS, n * f->same_h, n, n};
    case NATIVE_H:
      return (native_tally){c[0] >> COUNT_BITS, c[1], n, n};
  }
  return (native_tally){c[0] >> COUNT_BITS, c[1], c[2], n};
}

INLINE void flush_bins(const native_format *f, int64_t mode, int lanes, int64_t *restrict c, native_tally *restrict hist, int bins) {
  native_format known = {mode, f->same_h, 0, 0};
  for (int i = 0; i < bins; i++) {
    native_tally t = unpack(&known, c + i * lanes);
    hist[i].g += t.g;
    hist[i].h += t.h;
    hist[i].w += t.w;
    hist[i].n += t.n;
  }
  memset(c, 0, (size_t)bins * (size_t)lanes * sizeof *c);
}

// flush adds the cells of a word to a histogram and clears them.
static void flush(const native_format *f, const native_word *w, const native_feature *feats, int64_t *cells, native_tally *hist) {
  int lanes = lanes_of(f);
  for (int j = 0; j < w->count; j++) {
    const native_feature *x = &feats[w->feature[j]];
    int64_t *c = cells + (x->cell - w->cell) * lanes;
    switch (f->mode) {
      case NATIVE_NARROW:
        flush_bins(f, NATIVE_NARROW, 1, c, hist + x->first, x->bins);
        break;
      case NATIVE_SAME_H:
        flush_bins(f, NATIVE_SAME_H, 1, c, hist + x->first, x->bins);
        break;
      case NATIVE_H:
        flush_bins(f, NATIVE_H, 2, c, hist + x->first, x->bins);
        break;
      default:
        flush_bins(f, NATIVE_H_W, 4, c, hist + x->first, x->bins);
    }
  }
}

// sum_rows adds the bins of rows to the columns of words [from, to) of a histogram.
// cells are zero before and after.
static void sum_rows(const native_format *f, const native_word *words, const native_feature *feats, const uint64_t *data,
                     int64_t stride, const uint64_t *a, const uint64_t *b, int64_t n, int64_t from, int64_t to, int64_t *cells,
                     native_tally *hist) {
  const int lanes = lanes_of(f);
  const add_loop *add = add_loops[lanes / 2];
  int64_t v[BLOCK * 4];
  for (int64_t lo = 0; lo < n; lo += CELL_ROWS) {
    int64_t end = MIN(lo + CELL_ROWS, n);
    for (int64_t at = lo; at < end; at += BLOCK) {
      int m = (int)MIN(BLOCK, end - at);
      int fetched = (int)MAX(0, MIN(m, n - AHEAD - at));  // rows whose successors are in the list
      values(f, a + at, b ? b + at : 0, m, v);
      int order = (uint32_t)a[at + m - 1] - (uint32_t)a[at] == (uint32_t)(m - 1);
      for (int64_t w = from; w < to; w++) {
        row_run r = {(const uint8_t *)(data + w), (size_t)stride * 8, a + at, 0, v, m};
        int64_t *c = cells + (words[w].cell - words[from].cell) * lanes;
        if (order) {
          r.base += (uint32_t)a[at] * r.stride;
          add[ORDER](&words[w], feats, c, r);
        } else if ((w - from) % 8 == 0) {
          r.n = fetched;
          add[LIST](&words[w], feats, c, r);
          row_run rest = r;
          rest.list += fetched;
          rest.v += fetched * lanes;
          rest.n = m - fetched;
          add[REST](&words[w], feats, c, rest);
        } else {
          add[REST](&words[w], feats, c, r);
        }
      }
    }
    for (int64_t w = from; w < to; w++) flush(f, &words[w], feats, cells + (words[w].cell - words[from].cell) * lanes, hist);
  }
}

// subtract leaves in large what small has not.
static void subtract(native_tally *restrict large, const native_tally *restrict small, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    large[i].g -= small[i].g;
    large[i].h -= small[i].h;
    large[i].w -= small[i].w;
    large[i].n -= small[i].n;
  }
}
