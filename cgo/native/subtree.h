// The subtree of a node of at most GROW_ROWS rows, grown in the cache of one core:
// kernels/subtree.go has the same in Go. Nodes of up to CELL_ROWS rows are summed in
// cells, larger ones in histograms.

enum { TINY = 32 };  // a node of up to so many rows needs no cells

// growth is a subtree in the making.
typedef struct {
  native_subtree *t;
  const native_word *words;
  const native_feature *feats;
  const int32_t *candidates;
  int lanes;
  uint64_t *record;        // bins of the rows, by place
  int64_t *v;              // what a row adds to its cells, by place
  uint16_t *place, *right; // places of the rows in the order of nodes, and scratch
  uint32_t *row;           // scratch
  int64_t *cells;          // one run for each level
  native_tally *sums;      // histograms of large nodes, one for each level of these
  uint8_t *table;          // by bin: 1 goes left
  int32_t *drawn;
  uint8_t *in;
  finder f;
  native_node *nodes;
  int64_t count;
  uint64_t *sets;
  int64_t set_room, set_count;
} growth;

INLINE int may_split(const native_subtree *t, int64_t depth, const native_tally *s) {
  return depth < t->max_depth && s->w >= 2 * t->search.min_w && s->h >= 2 * t->search.min_h && s->n >= 2;
}

INLINE uint64_t mix64(uint64_t z) {
  z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
  return z ^ z >> 31;
}

INLINE uint64_t draw_at(uint64_t key, uint64_t index) { return mix64(key + UINT64_C(0x9E3779B97F4A7C15) * (index + 1)); }

// draw picks the columns of a node and returns their number.
static int draw(growth *g, uint64_t path, int64_t depth, const int32_t **picked) {
  int m = g->t->candidates;
  double rate = g->t->rate;
  if (g->t->level_rate > 0)
    for (int64_t d = 0; d < depth; d++) rate *= g->t->level_rate;
  double share = floor(rate * m + 1e-9);
  *picked = g->candidates;
  if (!(share < m)) return m;
  int k = share < 1 ? 1 : (int)share;
  if (k >= m) return m;
  uint64_t key = draw_at(g->t->draw_key, path);
  for (int i = 0; i < m; i++) {
    g->drawn[i] = i;
    g->in[i] = 0;
  }
  for (int i = 0; i < k; i++) {
    int j = i + (int)((unsigned __int128)draw_at(key, (uint64_t)i) * (uint64_t)(m - i) >> 64);
    int32_t t = g->drawn[i];
    g->drawn[i] = g->drawn[j];
    g->drawn[j] = t;
    g->in[g->drawn[i]] = 1;
  }
  int n = 0;
  for (int i = 0; i < m; i++) {
    g->drawn[n] = g->candidates[i];
    n += g->in[i];
    if (n == k) break;
  }
  *picked = g->drawn;
  return n;
}

// load copies the bins of the rows together.
static void load(growth *g, const uint64_t *data, const uint64_t *a, const uint64_t *b) {
  const int64_t n = g->t->rows, stride = g->t->stride, ahead = 24;
  for (int64_t i = 0; i < n; i++) {
    if (i + ahead < n) __builtin_prefetch(data + (uint32_t)a[i + ahead] * stride);
    const uint64_t *from = data + (uint32_t)a[i] * stride;
    uint64_t *to = g->record + i * stride;
    for (int64_t w = 0; w < stride; w++) to[w] = from[w];
  }
  values(&g->t->search.format, a, b, (int)n, g->v);
  for (int64_t i = 0; i < n; i++) g->place[i] = (uint16_t)i;
}

INLINE int64_t *cells_at(growth *g, int level) { return g->cells + level * g->t->cells * g->lanes; }

// sum_places adds rows to cells; without places those from row first on.
static void sum_places(growth *g, int64_t *cells, const uint16_t *place, int64_t first, int64_t n) {
  const add_loop add = add_loops[g->lanes / 2][place ? PLACES : ORDER];
  for (int64_t lo = 0; lo < n; lo += BLOCK) {
    int64_t from = place ? 0 : first + lo;
    for (int w = 0; w < g->t->words; w++) {
      row_run r = {(const uint8_t *)(g->record + from * g->t->stride + w), (size_t)g->t->stride * 8, 0, place ? place + lo : 0,
                   g->v + from * g->lanes, (int)MIN(BLOCK, n - lo)};
      add(&g->words[w], g->feats, cells + (int64_t)g->words[w].cell * g->lanes, r);
    }
  }
}

// clear empties the cells of a level, subtract_cells takes other cells away.
static void clear(growth *g, int64_t *cells) {
  for (int f = 0; f < g->t->features; f++)
    memset(cells + (int64_t)g->feats[f].cell * g->lanes, 0, (size_t)g->feats[f].bins * (size_t)g->lanes * sizeof *cells);
}

static void subtract_cells(growth *g, int64_t *restrict cells, const int64_t *restrict other) {
  for (int f = 0; f < g->t->features; f++) {
    int64_t at = (int64_t)g->feats[f].cell * g->lanes, n = (int64_t)g->feats[f].bins * g->lanes;
    for (int64_t i = 0; i < n; i++) cells[at + i] -= other[at + i];
  }
}

INLINE native_tally *sums_at(growth *g, int level) { return g->sums + level * g->t->tallies; }

// sum_large makes the histogram of a large node, by way of cells.
static void sum_large(growth *g, native_tally *sums, int64_t *cells, const uint16_t *place, int64_t n) {
  memset(sums, 0, (size_t)g->t->tallies * sizeof *sums);
  clear(g, cells);
  for (int64_t lo = 0; lo < n; lo += CELL_ROWS) {
    sum_places(g, cells, place ? place + lo : 0, lo, MIN(CELL_ROWS, n - lo));
    for (int w = 0; w < g->t->words; w++)
      flush(&g->t->search.format, &g->words[w], g->feats, cells + (int64_t)g->words[w].cell * g->lanes, sums);
  }
}

// pack is unpack turned round, for sums of at most CELL_ROWS rows.
INLINE void pack_cell(const native_format *f, native_tally t, int64_t *c) {
  int64_t *v = c;
  if (f->mode == NATIVE_NARROW) {
    v[0] = (int64_t)((uint64_t)t.g << G_SHIFT) + (t.h << COUNT_BITS) + t.n;
    return;
  }
  v[0] = (int64_t)((uint64_t)t.g << COUNT_BITS) + t.n;
  if (f->mode == NATIVE_SAME_H) return;
  v[1] = t.h;
  if (f->mode == NATIVE_H) return;
  v[2] = t.w;
  v[3] = 0;
}

// rest_of takes the cells of a small node away from the histogram of its parent; the
// sums that are left, those of its sibling, become cells if there are rest.
static void rest_of(growth *g, native_tally *sums, const int64_t *small, int64_t *rest) {
  const native_format *format = &g->t->search.format;
  for (int f = 0; f < g->t->features; f++) {
    const native_feature *x = &g->feats[f];
    native_tally *t = sums + x->first;
    for (int b = 0; b < x->bins; b++) {
      int64_t at = ((int64_t)x->cell + b) * g->lanes;
      native_tally s = unpack(format, small + at);
      t[b].g -= s.g;
      t[b].h -= s.h;
      t[b].w -= s.w;
      t[b].n -= s.n;
      if (rest) pack_cell(format, t[b], rest + at);
    }
  }
}

// keep_split notes the best split of a node, and sets the table of its bins. It
// returns 0 when there is no room for a set.
static int keep_split(growth *g, native_node *n, double own) {
  const native_best *b = &g->f.best;
  const int bins = g->feats[b->feature].bins;
  n->feature = b->feature;
  n->at = b->at;
  n->missing_left = b->missing_left;
  n->left_sum = b->left;
  n->gain = b->score - own;
  n->set = -1;
  if (!b->levels) {
    memset(g->table, 1, (size_t)b->at + 1);
    memset(g->table + b->at + 1, 0, (size_t)(bins - b->at - 1));
    g->table[0] = (uint8_t)b->missing_left;
    return 1;
  }
  const uint16_t *won = g->f.c.won;
  memset(g->table, b->missing_left, (size_t)bins);
  if (b->missing_left)
    for (int i = b->at; i < b->levels; i++) g->table[won[i]] = 0;
  else
    for (int i = 0; i < b->at; i++) g->table[won[i]] = 1;
  int64_t words = (bins + 63) / 64;
  if (g->set_count + words > g->set_room) return 0;
  n->set = g->set_count;
  g->set_count += words;
  uint64_t *set = g->sets + n->set;
  memset(set, 0, (size_t)words * sizeof *set);
  for (int i = 1; i < bins; i++) set[i / 64] |= (uint64_t)g->table[i] << (i % 64);
  return 1;
}

INLINE int64_t part_by(growth *g, uint16_t *place, int64_t n, int wide, const uint8_t *bins) {
  const size_t stride = (size_t)g->t->stride * 8;
  const uint8_t *table = g->table;
  uint16_t *right = g->right;
  int64_t l = 0, r = 0;
  for (int64_t i = 0; i < n; i++) {
    uint16_t p = place[i], bin = bins[p * stride];
    if (wide) memcpy(&bin, bins + p * stride, sizeof bin);
    int64_t left = table[bin];
    place[l] = p;
    right[r] = p;
    l += left;
    r += 1 - left;
  }
  memcpy(place + l, right, (size_t)r * sizeof *right);
  return l;
}

// part_places moves the places of rows that go left to the front.
static void part_places(growth *g, int32_t feature, uint16_t *place, int64_t n) {
  const native_feature *f = &g->feats[feature];
  const uint8_t *bins = (const uint8_t *)(g->record + f->word) + f->shift / 8;
  if (f->wide)
    part_by(g, place, n, 1, bins);
  else
    part_by(g, place, n, 0, bins);
}

// noise is what squares gives of the rows at places.
static double noise(const growth *g, const uint16_t *place, int64_t n) {
  uint64_t high = 0, low = 0;
  for (int64_t i = 0; i < n; i++) {
    const int64_t *v = g->v + place[i] * g->lanes;
    int64_t d = g->t->search.format.mode == NATIVE_NARROW ? v[0] >> G_SHIFT : v[0] >> COUNT_BITS;
    uint64_t s = (uint64_t)(d * d);
    if (g->lanes == 4) s /= (uint64_t)MAX(1, v[2]);
    high += s >> 32;
    low += s & 0xFFFFFFFF;
  }
  return (double)high * 0x1p32 + (double)low;
}

// load_rows lists the bins of a column of at most TINY rows, by putting these in order.
static void load_rows(growth *g, const native_feature *x, const uint16_t *place, int n) {
  const native_format *format = &g->t->search.format;
  const uint8_t *bins = (const uint8_t *)(g->record + x->word) + x->shift / 8;
  const size_t stride = (size_t)g->t->stride * 8;
  columns *c = &g->f.c;
  uint32_t key[TINY];
  for (int i = 0; i < n; i++) {
    uint16_t bin = bins[place[i] * stride];
    if (x->wide) memcpy(&bin, bins + place[i] * stride, sizeof bin);
    uint32_t k = (uint32_t)bin << 16 | place[i];
    int j = i;
    for (; j > 0 && key[j - 1] > k; j--) key[j] = key[j - 1];
    key[j] = k;
  }
  g->f.missing = (native_tally){0, 0, 0, 0};
  int count = 0;
  for (int i = 0; i < n;) {
    int64_t sum[4] = {0, 0, 0, 0};
    uint32_t bin = key[i] >> 16;
    for (; i < n && key[i] >> 16 == bin; i++)
      for (int k = 0; k < g->lanes; k++) sum[k] += g->v[(key[i] & 0xFFFF) * (uint32_t)g->lanes + (uint32_t)k];
    native_tally t = unpack(format, sum);
    if (bin == 0) {
      g->f.missing = t;
      continue;
    }
    c->bin[count] = (uint16_t)bin;
    c->g[count] = g->f.packed ? sum[0] : t.g;
    c->h[count] = t.h;
    c->w[count] = t.w;
    c->n[count] = t.n;
    count++;
  }
  g->f.count = count;
}

// alike says whether all rows have the same derivatives: no split of them gains.
static int alike(const growth *g, const uint16_t *place, int64_t n) {
  const int64_t *first = g->v + place[0] * g->lanes;
  for (int64_t i = 1; i < n; i++)
    for (int k = 0; k < g->lanes; k++)
      if (g->v[place[i] * g->lanes + k] != first[k]) return 0;
  return 1;
}

// try_all tries columns of a node by its histogram, by its cells if it has none or,
// where it has few rows, by those.
static void try_all(growth *g, const native_node *n, const int32_t *feats, int count, const int64_t *cells, const native_tally *sums) {
  for (int i = 0; i < count; i++) {
    const native_feature *x = &g->feats[feats[i]];
    if (sums)
      load_tallies(&g->f, sums + x->first, x->bins);
    else if (n->rows <= TINY)
      load_rows(g, x, g->place + n->lo, (int)n->rows);
    else
      load_cells(&g->f, cells + (int64_t)x->cell * g->lanes, x->bins);
    try_feature(&g->f, feats[i], x->levels > 0);
  }
}

// split finds the split of node at from its sums, or cells if there are none, among the
// columns that it draws, or, if it is heavy, among all where none of these has one. It
// returns 0 where there is none, -1 where there is no room for its set.
static int split(growth *g, int64_t at, uint64_t path, int64_t depth, const int64_t *cells, const native_tally *sums) {
  native_node *n = &g->nodes[at];
  g->f.packed = !sums && g->t->search.format.mode == NATIVE_NARROW;
  double need, own = threshold(&g->t->search, &n->sum, g->t->min_gain, &need);
  const int32_t *picked;
  int count = draw(g, path, depth, &picked);
  begin(&g->f, &g->t->search, &n->sum, need);
  if (g->t->search.weigh) g->f.squares = noise(g, g->place + n->lo, n->rows) * g->t->search.squares;
  try_all(g, n, picked, count, cells, sums);
  if (g->f.best.feature < 0 && count < g->t->candidates && (double)n->sum.w * g->t->search.unit_w >= NATIVE_LOOK_AGAIN)
    try_all(g, n, g->candidates, g->t->candidates, cells, sums);
  if (g->f.best.feature < 0) return 0;
  if (!keep_split(g, n, own)) return -1;
  if (depth == 0) g->t->min_gain = g->t->min_gain_share * n->gain;
  return 1;
}

// divide makes the children of a node that has a split, and parts its rows.
static native_node *divide(growth *g, native_node *n) {
  native_node *l = &g->nodes[g->count], *r = l + 1;
  n->left = (int32_t)g->count;
  g->count += 2;
  *l = (native_node){.sum = n->left_sum, .lo = n->lo, .rows = n->left_sum.n, .left = -1, .feature = -1, .set = -1};
  *r = (native_node){.sum = {n->sum.g - l->sum.g, n->sum.h - l->sum.h, n->sum.w - l->sum.w, n->sum.n - l->sum.n},
                     .lo = n->lo + l->rows, .rows = n->rows - l->rows, .left = -1, .feature = -1, .set = -1};
  part_places(g, n->feature, g->place + n->lo, n->rows);
  return l;
}

INLINE int goes_on(const growth *g, const native_node *n, int64_t depth) {
  return may_split(g->t, depth, &n->sum) && !alike(g, g->place + n->lo, n->rows);
}

// grow_at splits node at, whose sums are the cells of a level, and all below it. It
// returns 0 when it ran out of room. It calls itself for the smaller child alone,
// so not deeper than rows can be halved.
static int grow_at(growth *g, int64_t at, uint64_t path, int64_t depth, int level) {
  for (;;) {
    int found = split(g, at, path, depth, cells_at(g, level), 0);
    if (found <= 0) return found == 0;
    native_node *l = divide(g, &g->nodes[at]), *r = l + 1;
    int right_small = r->rows < l->rows;
    native_node *small = right_small ? r : l, *large = right_small ? l : r;
    depth++;
    int go_small = goes_on(g, small, depth), go_large = goes_on(g, large, depth);
    int sum_rest = go_large && large->rows > TINY;
    if (sum_rest || (go_small && small->rows > TINY)) {
      int64_t *c = cells_at(g, level + 1);
      clear(g, c);
      sum_places(g, c, g->place + small->lo, 0, small->rows);
      if (sum_rest) subtract_cells(g, cells_at(g, level), c);
    }
    if (go_small && !grow_at(g, small - g->nodes, 2 * path + (uint64_t)right_small, depth, level + 1)) return 0;
    if (!go_large) return 1;
    at = large - g->nodes;
    path = 2 * path + (uint64_t)!right_small;
  }
}

// grow_large is grow_at for a node of more than CELL_ROWS rows, whose sums are the
// histogram of a level. No cells are in use.
static int grow_large(growth *g, int64_t at, uint64_t path, int64_t depth, int level) {
  for (;;) {
    native_tally *sums = sums_at(g, level);
    int found = split(g, at, path, depth, 0, sums);
    if (found <= 0) return found == 0;
    native_node *l = divide(g, &g->nodes[at]), *r = l + 1;
    int right_small = r->rows < l->rows;
    native_node *small = right_small ? r : l, *large = right_small ? l : r;
    depth++;
    int go_small = goes_on(g, small, depth), go_large = goes_on(g, large, depth);
    uint64_t path_small = 2 * path + (uint64_t)right_small, path_large = 2 * path + (uint64_t)!right_small;
    if (small->rows > CELL_ROWS) {
      if (go_small || go_large) {
        native_tally *s = sums_at(g, level + 1);
        sum_large(g, s, cells_at(g, 0), g->place + small->lo, small->rows);
        if (go_large) subtract(sums, s, g->t->tallies);
      }
      if (go_small && !grow_large(g, small - g->nodes, path_small, depth, level + 1)) return 0;
    } else {
      int cells = large->rows <= CELL_ROWS;  // those of the large child lie below those of the small one
      if (go_small || go_large) {
        int64_t *c = cells_at(g, cells);
        clear(g, c);
        sum_places(g, c, g->place + small->lo, 0, small->rows);
        if (go_large) rest_of(g, sums, c, cells ? cells_at(g, 0) : 0);
      }
      if (go_small && !grow_at(g, small - g->nodes, path_small, depth, cells)) return 0;
      if (cells) return !go_large || grow_at(g, large - g->nodes, path_large, depth, 0);
    }
    if (!go_large) return 1;
    at = large - g->nodes;
    path = path_large;
  }
}

INLINE void *take(int64_t **scratch, size_t bytes) {
  void *p = *scratch;
  *scratch += (bytes + 7) / 8;
  return p;
}

// grow grows the subtree of one node and leaves its rows in the order of leaves.
// nodes has room for all nodes that there can be. It returns their number, or 0
// when sets is too short; nothing has changed then.
static int64_t grow(native_subtree *t, const native_word *words, const native_feature *feats, const int32_t *candidates,
                    const uint64_t *data, uint64_t *a, uint64_t *b, int64_t *scratch, native_node *nodes, uint64_t *sets,
                    int64_t sets_room) {
  growth g = {.t = t, .words = words, .feats = feats, .candidates = candidates, .lanes = lanes_of(&t->search.format),
              .nodes = nodes, .count = 1, .sets = sets, .set_room = sets_room};
  const size_t rows = (size_t)t->rows;
  g.cells = take(&scratch, (size_t)(t->levels * t->cells * g.lanes) * sizeof *g.cells);
  g.sums = take(&scratch, (size_t)(t->sums * t->tallies) * sizeof *g.sums);
  g.record = take(&scratch, rows * (size_t)t->stride * 8);
  g.v = take(&scratch, rows * (size_t)g.lanes * sizeof *g.v);
  g.place = take(&scratch, rows * sizeof *g.place + 8);
  g.right = take(&scratch, rows * sizeof *g.right + 8);
  g.table = take(&scratch, (size_t)t->room + 8);
  g.drawn = take(&scratch, (size_t)t->features * sizeof *g.drawn);
  g.in = take(&scratch, (size_t)t->features);
  g.f.c = columns_of(scratch, t->room);
  g.f.exact = 1;
  nodes[0] = (native_node){.sum = t->search.total, .rows = t->rows, .left = -1, .feature = -1, .set = -1};
  load(&g, data, a, b);
  if (t->rows > CELL_ROWS) {
    sum_large(&g, g.sums, g.cells, 0, t->rows);
    if (!grow_large(&g, 0, t->path, t->depth, 0)) return 0;
  } else {
    clear(&g, g.cells);
    sum_places(&g, g.cells, 0, 0, t->rows);
    if (!grow_at(&g, 0, t->path, t->depth, 0)) return 0;
  }
  uint64_t *old = (uint64_t *)g.record;  // bins are done with
  memcpy(old, a, (size_t)t->rows * sizeof *a);
  for (int64_t i = 0; i < t->rows; i++) a[i] = old[g.place[i]];
  if (b) {
    memcpy(old, b, (size_t)t->rows * sizeof *b);
    for (int64_t i = 0; i < t->rows; i++) b[i] = old[g.place[i]];
  }
  return g.count;
}
