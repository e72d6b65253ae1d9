// The search for the best split of a node. kernels/split.go has the rules.
//
// The bins of a column that have rows are listed first, with their sums; a sum is
// what a cell holds, or a tally. Running sums in the order of the bins, or of the
// levels, are then scored.

#ifdef WITH_AVX2
typedef __m256d f4;
typedef __m256i i4;
#endif

// columns is scratch for the bins of one column.
typedef struct {
  int64_t *g, *h, *w, *n;      // sums of the bins with rows; in the narrow format g alone holds cells
  int64_t *rg, *rh, *rw, *rn;  // running sums
  uint64_t *key, *tmp;
  double *ratio;                             // G/H
  uint16_t *bin, *entry, *order, *rare, *won;  // bins; what is put in order; pooled ones
} columns;

enum { SEARCH_ARRAYS = 13, SEARCH_PAD = 8 };

// columns_of cuts scratch of SEARCH_ARRAYS (room + SEARCH_PAD) words.
INLINE columns columns_of(int64_t *scratch, int64_t room) {
  int64_t k = room + SEARCH_PAD;
  columns c = {.g = scratch, .h = scratch + k, .w = scratch + 2 * k, .n = scratch + 3 * k, .rg = scratch + 4 * k,
               .rh = scratch + 5 * k, .rw = scratch + 6 * k, .rn = scratch + 7 * k, .key = (uint64_t *)scratch + 8 * k,
               .tmp = (uint64_t *)scratch + 9 * k};
  c.ratio = (double *)(scratch + 10 * k);
  c.bin = (uint16_t *)(scratch + 11 * k);
  c.entry = c.bin + k;
  c.order = c.entry + k;
  c.rare = c.order + k;
  c.won = c.rare + k;
  return c;
}

// finder is the search of one node.
typedef struct {
  const native_search *s;
  native_tally total;
  int packed;  // sums are cells of the narrow format
  int exact;   // all sums are below 2^51
  columns c;
  int count;             // bins with rows, the missing one apart; levels that stand as one count once
  int rares;             // bins that do
  double squares;        // sum of g²/w of the node's rows
  native_tally missing;  // rows of bin 0
  native_best best;
  double unit_g, unit_h;
} finder;

INLINE void begin(finder *f, const native_search *s, const native_tally *total, double need) {
  f->s = s;
  f->total = *total;
  f->unit_g = s->format.g;
  f->unit_h = s->format.h;
  f->best = (native_best){.score = need, .feature = -1};
}

// threshold returns the score of a node as it is, and what a split must exceed.
static double threshold(const native_search *s, const native_tally *t, double min_gain, double *need) {
  double g = (double)t->g * s->format.g, h = (double)t->h * s->format.h, d = h + s->lambda, own = 0, noise = 0;
  if (d > 0) {
    own = g * g / d;
    noise = 64 * s->format.g * s->format.g * (double)t->n / d;
  }
  *need = own + MAX(MAX(min_gain, fabs(own) * 0x1p-46), noise);
  return own;
}

INLINE native_tally running(const finder *f, int i) {
  if (f->packed) {
    int64_t v = f->c.rg[i], n = v & COUNT_MASK;
    return (native_tally){v >> G_SHIFT, v >> COUNT_BITS & H_MASK, n, n};
  }
  return (native_tally){f->c.rg[i], f->c.rh[i], f->c.rw[i], f->c.rn[i]};
}

INLINE native_tally plus(native_tally a, native_tally b) { return (native_tally){a.g + b.g, a.h + b.h, a.w + b.w, a.n + b.n}; }

// scan_slow tries to send base to the left together with more and more bins, and
// returns the number of the best place, -1 for none.
static int scan_slow(finder *f, native_tally base) {
  const double lambda = f->s->lambda;
  int at = -1;
  for (int i = 0; i < f->count; i++) {
    native_tally l = plus(base, running(f, i));
    if (f->total.w - l.w < f->s->min_w || l.n == f->total.n) break;
    if (l.w < f->s->min_w || l.h < f->s->min_h || f->total.h - l.h < f->s->min_h) continue;
    double gl = (double)l.g * f->unit_g, gr = (double)(f->total.g - l.g) * f->unit_g;
    double a = (double)l.h * f->unit_h + lambda, z = (double)(f->total.h - l.h) * f->unit_h + lambda, score;
    if (a > 0 && z > 0)
      score = (gl * gl * z + gr * gr * a) / (a * z);
    else
      score = a > 0 ? gl * gl / a : z > 0 ? gr * gr / z : 0;
    if (score > f->best.score) {
      f->best.score = score;
      f->best.left = l;
      at = i;
    }
  }
  return at;
}

#ifdef WITH_AVX2
// to_double is exact for whole numbers below 2^51.
INLINE f4 to_double(i4 x) {
  i4 m = _mm256_set1_epi64x(0x4338000000000000);
  return _mm256_sub_pd(_mm256_castsi256_pd(_mm256_add_epi64(x, m)), _mm256_castsi256_pd(m));
}

// scan_four is scan_slow for four places at a time. It returns -2 when a side has
// no curvature, and has then done nothing.
INLINE int scan_four(finder *f, native_tally base, int packed) {
  const f4 total_g = _mm256_set1_pd((double)f->total.g), total_h = _mm256_set1_pd((double)f->total.h), zero = _mm256_setzero_pd();
  const f4 unit_g = _mm256_set1_pd(f->unit_g), unit_h = _mm256_set1_pd(f->unit_h), lambda = _mm256_set1_pd(f->s->lambda);
  const i4 least = _mm256_set1_epi64x(f->s->min_w), most = _mm256_set1_epi64x(f->total.w - f->s->min_w);
  const i4 least_h = _mm256_set1_epi64x(f->s->min_h), most_h = _mm256_set1_epi64x(f->total.h - f->s->min_h);
  const i4 sign = _mm256_set1_epi64x(1 << 25), h_mask = _mm256_set1_epi64x(H_MASK), n_mask = _mm256_set1_epi64x(COUNT_MASK);
  const i4 first = packed ? _mm256_set1_epi64x((int64_t)((uint64_t)base.g << G_SHIFT | (uint64_t)base.h << COUNT_BITS | (uint64_t)base.n))
                          : _mm256_set1_epi64x(base.g);
  const i4 first_h = _mm256_set1_epi64x(base.h), first_w = _mm256_set1_epi64x(base.w), four = _mm256_set1_epi64x(4);
  f4 top = _mm256_set1_pd(f->best.score), flat = zero;
  i4 place = _mm256_set_epi64x(3, 2, 1, 0), at = _mm256_set1_epi64x(-1);
  for (int i = 0; i < f->count; i += 4) {
    i4 g = _mm256_add_epi64(_mm256_loadu_si256((const i4 *)(f->c.rg + i)), first), h, w;
    if (packed) {
      h = _mm256_and_si256(_mm256_srli_epi64(g, COUNT_BITS), h_mask);
      w = _mm256_and_si256(g, n_mask);
      g = _mm256_sub_epi64(_mm256_xor_si256(_mm256_srli_epi64(g, G_SHIFT), sign), sign);
    } else {
      h = _mm256_add_epi64(_mm256_loadu_si256((const i4 *)(f->c.rh + i)), first_h);
      w = _mm256_add_epi64(_mm256_loadu_si256((const i4 *)(f->c.rw + i)), first_w);
    }
    f4 all_gl = to_double(g), all_hl = to_double(h);
    f4 gl = _mm256_mul_pd(all_gl, unit_g), gr = _mm256_mul_pd(_mm256_sub_pd(total_g, all_gl), unit_g);
    f4 a = _mm256_add_pd(_mm256_mul_pd(all_hl, unit_h), lambda);
    f4 z = _mm256_add_pd(_mm256_mul_pd(_mm256_sub_pd(total_h, all_hl), unit_h), lambda);
    f4 score = _mm256_add_pd(_mm256_mul_pd(_mm256_mul_pd(gl, gl), z), _mm256_mul_pd(_mm256_mul_pd(gr, gr), a));
    score = _mm256_div_pd(score, _mm256_mul_pd(a, z));
    i4 light = _mm256_or_si256(_mm256_cmpgt_epi64(least, w), _mm256_cmpgt_epi64(w, most));
    i4 flat_side = _mm256_or_si256(_mm256_cmpgt_epi64(least_h, h), _mm256_cmpgt_epi64(h, most_h));
    f4 out = _mm256_castsi256_pd(_mm256_or_si256(light, flat_side));
    f4 curved = _mm256_and_pd(_mm256_cmp_pd(a, zero, _CMP_GT_OQ), _mm256_cmp_pd(z, zero, _CMP_GT_OQ));
    flat = _mm256_or_pd(flat, _mm256_andnot_pd(_mm256_or_pd(out, curved), _mm256_cmp_pd(zero, zero, _CMP_EQ_OQ)));
    f4 better = _mm256_andnot_pd(out, _mm256_cmp_pd(score, top, _CMP_GT_OQ));
    top = _mm256_blendv_pd(top, score, better);
    at = _mm256_blendv_epi8(at, place, _mm256_castpd_si256(better));
    place = _mm256_add_epi64(place, four);
  }
  if (_mm256_movemask_pd(flat)) return -2;
  double tops[4];
  int64_t places[4];
  int64_t best = -1;
  _mm256_storeu_pd(tops, top);
  _mm256_storeu_si256((i4 *)places, at);
  for (int q = 0; q < 4; q++)
    if (places[q] >= 0 && (best < 0 || tops[q] > f->best.score || (tops[q] == f->best.score && places[q] < best))) {
      f->best.score = tops[q];
      best = places[q];
    }
  if (best >= 0) f->best.left = plus(base, running(f, (int)best));
  return (int)best;
}
#endif

INLINE int scan(finder *f, native_tally base) {
#ifdef WITH_AVX2
  if (f->exact) {
    int at = f->packed ? scan_four(f, base, 1) : scan_four(f, base, 0);
    if (at != -2) return at;
  }
#endif
  return scan_slow(f, base);
}

// order32 maps floats to integers that compare as the floats do.
INLINE uint32_t order32(float v) {
  uint32_t b;
  memcpy(&b, &v, sizeof b);
  return b ^ ((uint32_t)((int32_t)b >> 31) | 0x80000000);
}

// sort_keys writes the order of keys, whose low 16 bits are their places.
static void sort_keys(uint64_t *key, uint64_t *tmp, int n, uint16_t *order) {
  if (n <= 24) {
    for (int i = 1; i < n; i++) {
      uint64_t k = key[i];
      int j = i;
      for (; j > 0 && key[j - 1] > k; j--) key[j] = key[j - 1];
      key[j] = k;
    }
  } else {
    uint32_t at[4][256] = {{0}};
    for (int i = 0; i < n; i++)
      for (int d = 0; d < 4; d++) at[d][key[i] >> (16 + 8 * d) & 255]++;
    for (int d = 0; d < 4; d++) {
      if (at[d][key[0] >> (16 + 8 * d) & 255] == (uint32_t)n) continue;  // one digit only
      uint32_t sum = 0;
      for (int v = 0; v < 256; v++) {
        uint32_t c = at[d][v];
        at[d][v] = sum;
        sum += c;
      }
      for (int i = 0; i < n; i++) tmp[at[d][key[i] >> (16 + 8 * d) & 255]++] = key[i];
      uint64_t *t = key;
      key = tmp;
      tmp = t;
    }
  }
  for (int i = 0; i < n; i++) order[i] = (uint16_t)key[i];
}

#ifdef WITH_AVX2
enum { RANKED = 128 };  // up to so many keys all are compared with all

// sort_ranks is sort_keys for few keys, given as signed numbers: the place of each
// is the number of keys before it. There is room for 8 more.
static void sort_ranks(int32_t *key, int n, uint16_t *order) {
  const i4 lane = _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0);
  int end = (n + 7) & ~7;
  for (int i = n; i < end; i++) key[i] = INT32_MAX;
  for (int i = 0; i < n; i++) {
    int own = i & ~7, j = 0;
    i4 k = _mm256_set1_epi32(key[i]), less = _mm256_setzero_si256(), more = less;
    for (; j < own; j += 8) more = _mm256_sub_epi32(more, _mm256_cmpgt_epi32(_mm256_loadu_si256((const i4 *)(key + j)), k));
    i4 x = _mm256_loadu_si256((const i4 *)(key + own)), early = _mm256_cmpgt_epi32(_mm256_set1_epi32(i - own), lane);
    less = _mm256_sub_epi32(less, _mm256_cmpgt_epi32(k, x));
    less = _mm256_sub_epi32(less, _mm256_and_si256(early, _mm256_cmpeq_epi32(k, x)));
    for (j = own + 8; j < end; j += 8) less = _mm256_sub_epi32(less, _mm256_cmpgt_epi32(k, _mm256_loadu_si256((const i4 *)(key + j))));
    less = _mm256_sub_epi32(less, more);
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(less), _mm256_extracti128_si256(less, 1));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4E));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0xB1));
    order[own + _mm_cvtsi128_si32(s)] = (uint16_t)i;
  }
}
#endif

// level returns the sums of an entry.
INLINE native_tally level(const finder *f, int i) {
  int64_t v = f->c.g[i], n = v & COUNT_MASK;
  if (f->packed) return (native_tally){v >> G_SHIFT, v >> COUNT_BITS & H_MASK, n, n};
  return (native_tally){v, f->c.h[i], f->c.w[i], f->c.n[i]};
}

INLINE double ratio_of(const finder *f, native_tally t) {
  return t.h ? ((double)t.g * f->unit_g) / ((double)t.h * f->unit_h) : 0;
}

// limit returns the H below which a level is pooled: kernels/rare.go says why.
static double limit(const finder *f) {
  const double levels = f->count;
  if (f->count < 3) return 0;
  double q = 0, sum_g = 0, sum_h = 0, sum_hh = 0;
  int64_t w = 0;
  for (int i = 0; i < f->count; i++) {
    native_tally t = level(f, i);
    double g = (double)t.g * f->unit_g, h = (double)t.h * f->unit_h;
    q += g * f->c.ratio[i];
    sum_g += g;
    sum_h += h;
    sum_hh += h * h;
    w += t.w;
  }
  if (!(sum_h > 0)) return 0;
  double phi = f->s->phi;
  if (phi == 0) {
    double all = (double)f->total.w * f->s->unit_w, some = (double)w * f->s->unit_w;
    double squares = f->squares * all / ((double)f->total.h * f->unit_h);
    double spare = some - levels;
    phi = spare > 0 ? (squares * (some / all) - q) / spare : squares / all;
    if (!(phi > 0)) return 0;
  }
  double excess = (q - sum_g * sum_g / sum_h) / phi - (levels - 1);
  if (!(excess > 0)) return INFINITY;
  return NATIVE_NOISE_SHARE * (sum_h - sum_hh / sum_h) / excess;
}

// pool makes the entries of a column of levels: those that tell enough, and one
// behind them for all others.
static void pool(finder *f) {
  columns *c = &f->c;
  const double least = limit(f);
  const int all = f->count;
  native_tally rare = {0, 0, 0, 0};
  int64_t packed = 0;
  int n = 0;
  f->rares = 0;
  for (int i = 0; i < all; i++) {
    native_tally t = level(f, i);
    c->entry[n] = (uint16_t)i;
    if (!((double)t.h * f->unit_h < least)) {
      n++;
      continue;
    }
    c->rare[f->rares++] = (uint16_t)i;
    rare = plus(rare, t);
    packed += c->g[i];
  }
  if (f->rares > 0) {
    c->g[all] = f->packed ? packed : rare.g;
    c->h[all] = rare.h;
    c->w[all] = rare.w;
    c->n[all] = rare.n;
    c->ratio[all] = ratio_of(f, rare);
    c->entry[n++] = (uint16_t)all;
  }
  f->count = n;
}

// sort_levels makes entries of the bins with rows and orders them by G/H. It returns
// the number of bins, which is also the entry that stands for those that are pooled.
static int sort_levels(finder *f) {
  columns *c = &f->c;
  const int all = f->count;
  for (int i = 0; i < all; i++) c->ratio[i] = ratio_of(f, level(f, i));
  pool(f);
  const int n = f->count;
#ifdef WITH_AVX2
  if (n <= RANKED) {
    float r[RANKED];
    int32_t key[RANKED + 8];
    for (int i = 0; i < n; i++) r[i] = (float)c->ratio[c->entry[i]] + 0.0f;
    memcpy(key, r, (size_t)n * sizeof *key);
    for (int i = 0; i < n; i++) key[i] ^= key[i] >> 31 & INT32_MAX;
    sort_ranks(key, n, c->order);
  } else
#endif
  {
    for (int i = 0; i < n; i++) c->key[i] = (uint64_t)order32((float)c->ratio[c->entry[i]] + 0.0f) << 16 | (uint64_t)i;
    sort_keys(c->key, c->tmp, n, c->order);
  }
  for (int i = 0; i < n; i++) c->order[i] = c->entry[c->order[i]];
  return all;
}

// keep notes the order of the bins, and how many of them the first entries have.
static void keep(finder *f, int all, int entries) {
  columns *c = &f->c;
  int n = 0;
  for (int i = 0; i < f->count; i++) {
    if (i == entries) f->best.at = n;
    if (c->order[i] == all)
      for (int j = 0; j < f->rares; j++) c->won[n++] = c->bin[c->rare[j]];
    else
      c->won[n++] = c->bin[c->order[i]];
  }
  if (entries == f->count) f->best.at = n;
  f->best.levels = n;
}

// run_up makes the running sums, by order if it is given.
INLINE void run_up(finder *f, const uint16_t *order) {
  columns *c = &f->c;
  int n = f->count;
  native_tally s = {0, 0, 0, 0};
  for (int i = 0; i < n; i++) {
    int k = order ? order[i] : i;
    c->rg[i] = s.g += c->g[k];
    if (f->packed) continue;
    c->rh[i] = s.h += c->h[k];
    c->rw[i] = s.w += c->w[k];
    c->rn[i] = s.n += c->n[k];
  }
  for (int i = n; i < n + 3; i++) {  // what is looked at beyond the end is the last place again
    c->rg[i] = s.g;
    c->rh[i] = s.h;
    c->rw[i] = s.w;
  }
}

// try_feature tries all splits of the column whose bins are listed.
static void try_feature(finder *f, int32_t feature, int levels) {
  if (f->count == 0) return;
  int all = 0;
  if (levels) {
    all = sort_levels(f);
    run_up(f, f->c.order);
  } else {
    run_up(f, 0);
  }
  int at = scan(f, f->missing), right = -1;
  if (at >= 0) {
    f->best.feature = feature;
    f->best.missing_left = f->missing.n ? 1 : 2 * f->best.left.w >= f->total.w;
  }
  if (f->missing.n) right = scan(f, (native_tally){0, 0, 0, 0});
  if (right >= 0) {
    f->best.feature = feature;
    f->best.missing_left = 0;
    at = right;
  }
  if (at < 0) return;
  f->best.at = f->c.bin[at];  // half way to the next bin with rows: kernels/split.go says why
  if (at + 1 < f->count) f->best.at = (f->c.bin[at] + f->c.bin[at + 1] - 1) / 2;
  f->best.levels = 0;
  if (levels) keep(f, all, at + 1);
}

// load_tallies lists the bins with rows of a histogram.
static void load_tallies(finder *f, const native_tally *t, int bins) {
  columns *c = &f->c;
  int n = 0;
  for (int b = 1; b < bins; b++) {
    c->g[n] = t[b].g;
    c->h[n] = t[b].h;
    c->w[n] = t[b].w;
    c->n[n] = t[b].n;
    c->bin[n] = (uint16_t)b;
    n += t[b].n != 0;
  }
  f->count = n;
  f->missing = t[0];
}

// list_cells lists the cells with rows.
INLINE int list_cells(const int64_t *cells, int lanes, int bins, uint16_t *bin) {
  int n = 0, b = 0;
#ifdef WITH_AVX2
  // Of four cells each, the numbers of those with rows, packed to the front.
  static const uint64_t listed[16] = {0,           0,           1,           0x10000,       2,           0x20000,     0x20001,       0x200010000,
                                      3,           0x30000,     0x30001,     0x300010000,   0x30002,     0x300020000, 0x300020001, 0x3000200010000};
  for (; lanes == 1 && b + 4 <= bins; b += 4) {
    i4 empty = _mm256_cmpeq_epi64(_mm256_loadu_si256((const i4 *)(cells + b)), _mm256_setzero_si256());
    int some = 15 & ~_mm256_movemask_pd(_mm256_castsi256_pd(empty));
    uint64_t four = listed[some] + (uint64_t)b * 0x0001000100010001;
    memcpy(bin + n, &four, sizeof four);
    n += __builtin_popcount((unsigned)some);
  }
#endif
  for (; b < bins; b++) {
    bin[n] = (uint16_t)b;
    n += cells[b * lanes] != 0;
  }
  return n;
}

INLINE void load_lanes(finder *f, const int64_t *cells, int bins, int64_t mode, int lanes) {
  columns *c = &f->c;
  native_format known = {mode, f->s->format.same_h, 0, 0};
  int n = list_cells(cells, lanes, bins, c->bin);
  f->missing = (native_tally){0, 0, 0, 0};
  if (n > 0 && c->bin[0] == 0) {
    f->missing = unpack(&known, cells);
    n--;
    memmove(c->bin, c->bin + 1, (size_t)n * sizeof *c->bin);
  }
  f->count = n;
  for (int i = 0; i < n; i++) {
    const int64_t *x = cells + c->bin[i] * lanes;
    if (mode == NATIVE_NARROW) {
      c->g[i] = *x;
      continue;
    }
    native_tally t = unpack(&known, x);
    c->g[i] = t.g;
    c->h[i] = t.h;
    c->w[i] = t.w;
    c->n[i] = t.n;
  }
}

// load_cells lists the bins with rows of a column of cells.
static void load_cells(finder *f, const int64_t *cells, int bins) {
  switch (f->s->format.mode) {
    case NATIVE_NARROW:
      load_lanes(f, cells, bins, NATIVE_NARROW, 1);
      return;
    case NATIVE_SAME_H:
      load_lanes(f, cells, bins, NATIVE_SAME_H, 1);
      return;
    case NATIVE_H:
      load_lanes(f, cells, bins, NATIVE_H, 2);
      return;
  }
  load_lanes(f, cells, bins, NATIVE_H_W, 4);
}

// search looks for a split of a node among the picked columns by its histogram. Its
// best must have a score to beat. The levels of a column that wins are put in order
// into won.
static void search(const native_search *s, const native_feature *feats, const int32_t *picked, int64_t count, const native_tally *hist,
                   int64_t room, int64_t *scratch, native_best *best, uint16_t *won) {
  finder f = {.c = columns_of(scratch, room)};
  begin(&f, s, &s->total, best->score);
  f.exact = s->format.mode == NATIVE_NARROW ? s->total.n < INT64_C(1) << 37 : s->total.n < INT64_C(1) << 20;
  f.packed = 0;
  f.squares = s->squares;
  f.c.won = won;
  for (int64_t i = 0; i < count; i++) {
    const native_feature *x = &feats[picked[i]];
    load_tallies(&f, hist + x->first, x->bins);
    try_feature(&f, picked[i], x->levels > 0);
  }
  *best = f.best;
}
