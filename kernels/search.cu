// The best split of each node by its histogram: split.go has the rules, rare.go those of levels that are noise, and
// constraint.go those of monotone columns. Every product and sum is one of theirs, in their order.
//
// A block takes one column of one node: threads take bins, or levels in order, side by side; sums up to each are those of
// integers, so that they are exact. Then a block a node takes the best of its columns: the higher score, else the
// lower column, else what is tried first, missing rows left before right and low places before high.
#include "search.h"

// Search is what the nodes of a call share; search_cuda.go writes this and the nodes.
struct Search {
  double lambda, unit_g, unit_h, unit_w;
  int64_t min_w, min_h;
  uint64_t widest;  // most columns of a node
};

struct Node {
  const Tally* sums;
  Tally total;
  double need, low, high;  // score to beat; bounds of values
  double phi, squares;     // noise of rare.go
  uint64_t at, count;      // its columns: places in the list
};

// Winner is the best split by one column.
struct Winner {
  Best best;  // place is 1 + the number of the bin or level, + RIGHT with missing rows right
  Tally left;
};

static_assert(sizeof(Winner) == 48, "search_cuda.go knows the size");

enum { RIGHT = 65536, POOL = 65536 };  // POOL stands for the bin of the levels that are pooled

// Found is candidate of split.go.
struct Found {
  double score;
  Tally left;
  int64_t column, at, missing_left;
  uint64_t won, levels;  // where its bins in order are, and how many
};

DEVICE double value_of(const Node& n, double g, double d) {
  double v = 0;
  if (d > 0) v = -g / d;
  v = v < n.high ? v : n.high;
  return v > n.low ? v : n.low;
}

DEVICE double bound_score(const Node& n, double g, double d) {
  if (d <= 0) return 0;
  double v = value_of(n, g, d);
  return -(2 * g * v + d * v * v);
}

// Scan is the search in one column by one thread.
struct Scan {
  const Search* s;
  const Node* n;
  int sign;  // of a monotone column
  bool bound;
  Winner top;
};

// consider tries to send left to the left. min_w is at least 1, so that both sides have rows.
DEVICE void consider(Scan* c, const Tally& left, uint32_t place) {
  const Search& s = *c->s;
  const Node& n = *c->n;
  if (n.total.w - left.w < s.min_w || left.w < s.min_w) return;
  if (n.total.h - left.h < s.min_h || left.h < s.min_h) return;
  double gl = (double)left.g * s.unit_g, gr = (double)(n.total.g - left.g) * s.unit_g;
  double a = (double)left.h * s.unit_h + s.lambda, z = (double)(n.total.h - left.h) * s.unit_h + s.lambda;
  if (c->sign) {
    double l = value_of(n, gl, a), r = value_of(n, gr, z);
    if (c->sign > 0 ? l > r : l < r) return;
  }
  Best now = {0, place};
  if (c->bound)
    now.score = bound_score(n, gl, a) + bound_score(n, gr, z);
  else if (a > 0 && z > 0)
    now.score = (gl * gl * z + gr * gr * a) / (a * z);
  else if (a > 0)
    now.score = gl * gl / a;
  else if (z > 0)
    now.score = gr * gr / z;
  if (beats(now, c->top.best)) c->top = {now, left};
}

// scan tries all places of a column, whose sums at(i) gives.
template <class At>
DEVICE void scan(Scan* c, const Tally& missing, uint32_t count, uint32_t* turn, At at) {
  Tally before = {0, 0, 0, 0};
  for (uint32_t lo = 0; lo < count; lo += blockDim.x) {
    uint32_t i = lo + threadIdx.x;
    Tally v = {0, 0, 0, 0};
    if (i < count) v = at(i);
    Tally left = before;
    add(left, run_up(v, &before, turn));
    if (v.n == 0) continue;
    if (missing.n > 0) consider(c, left, 1 + i + RIGHT);
    add(left, missing);
    consider(c, left, 1 + i);
  }
}

DEVICE double ratio_of(const Search& s, const Tally& t) {
  return t.h == 0 ? 0 : ((double)t.g * s.unit_g) / ((double)t.h * s.unit_h);
}

// key_of puts levels in order: by ratio, then by bin.
DEVICE uint64_t key_of(double ratio, uint32_t bin) {
  uint32_t b = __float_as_uint((float)ratio + 0.0f);
  return (uint64_t)(b ^ ((uint32_t)((int32_t)b >> 31) | 0x80000000u)) << 32 | bin;
}

DEVICE uint32_t bin_of(uint64_t key) { return (uint32_t)key; }

// limit_of is finder.limit, by sums over so many levels of a column; values is the sum of their rows' weights.
DEVICE double limit_of(const Search& s, const Node& n, double levels, int64_t values, const double* sums) {
  double q = sums[0], g = sums[1], h = sums[2], hh = sums[3];
  if (!(h > 0)) return 0;
  double phi = n.phi;
  if (phi == 0) {
    double all = (double)n.total.w * s.unit_w, some = (double)values * s.unit_w;
    double squares = n.squares * all / ((double)n.total.h * s.unit_h);
    double free = some - levels;
    phi = free > 0 ? (squares * (some / all) - q) / free : squares / all;
    if (!(phi > 0)) return 0;
  }
  double excess = (q - g * g / h) / phi - (levels - 1);
  if (!(excess > 0)) return __longlong_as_double(0x7ff0000000000000);
  return 0.25 * (h - hh / h) / excess;
}

// sort puts keys in order; there is room up to the next power of two.
DEVICE void sort(uint64_t* keys, uint32_t count) {
  uint32_t room = 1;
  while (room < count) room *= 2;
  for (uint32_t i = count + threadIdx.x; i < room; i += blockDim.x) keys[i] = ~(uint64_t)0;
  __syncthreads();
  for (uint32_t run = 2; run <= room; run *= 2)
    for (uint32_t apart = run / 2; apart > 0; apart /= 2) {
      for (uint32_t p = threadIdx.x; p < room / 2; p += blockDim.x) {
        uint32_t i = 2 * p - (p & (apart - 1)), j = i + apart;
        uint64_t x = keys[i], y = keys[j];
        if ((x > y) == ((i & run) == 0)) keys[i] = y, keys[j] = x;
      }
      __syncthreads();
    }
}

// Order is what order makes of a column of levels.
struct Order {
  uint32_t count, rares;  // of keys, where levels that are pooled are one; of those
  double limit;           // of the H of levels that are not
  Tally pool;
};

// order puts the levels of a column in order, as keys. terms is room for 4 numbers a thread.
DEVICE Order order(const Search& s, const Node& n, const Tally* sums, uint32_t bins, uint64_t* keys, double* terms, uint32_t* turn) {
  Order o = {0, 0, 0, {0, 0, 0, 0}};
  uint32_t levels = 0;
  for (uint32_t lo = 1; lo < bins; lo += blockDim.x) {
    uint32_t b = lo + threadIdx.x, before = levels;
    Tally v = tally_at(sums, b, bins);
    uint32_t i = before + rank_among(v.n != 0, &levels, turn);
    if (v.n != 0) keys[i] = key_of(ratio_of(s, v), b);
  }
  __syncthreads();
  if (levels >= 3) {
    double sum = 0;  // of one of the terms, level after level, by each of four threads
    for (uint32_t lo = 0; lo < levels; lo += blockDim.x) {
      uint32_t i = lo + threadIdx.x;
      if (i < levels) {
        Tally v = load(sums + bin_of(keys[i]));
        double g = (double)v.g * s.unit_g, h = (double)v.h * s.unit_h, *t = terms + 4 * threadIdx.x;
        t[0] = g * ratio_of(s, v), t[1] = g, t[2] = h, t[3] = h * h;
      }
      __syncthreads();
      if (threadIdx.x < 4)
        for (uint32_t k = 0; k < blockDim.x && lo + k < levels; k++) sum += terms[4 * k + threadIdx.x];
      __syncthreads();
    }
    if (threadIdx.x < 4) terms[threadIdx.x] = sum;
    __syncthreads();
    o.limit = limit_of(s, n, levels, n.total.w - sums[0].w, terms);
  }
  Tally rare = {0, 0, 0, 0};
  for (uint32_t lo = 0; lo < levels; lo += blockDim.x) {
    uint32_t i = lo + threadIdx.x, before = o.count;
    bool stays = false;
    uint64_t key = 0;
    if (i < levels) {
      key = keys[i];
      Tally v = load(sums + bin_of(key));
      stays = !((double)v.h * s.unit_h < o.limit);
      if (!stays) add(rare, v);
    }
    uint32_t to = before + rank_among(stays, &o.count, turn);  // all keys up to here have been read
    if (stays) keys[to] = key;
  }
  o.rares = levels - o.count;
  if (o.rares > 0) {
    run_up(rare, &o.pool, turn);
    if (threadIdx.x == 0) keys[o.count] = key_of(ratio_of(s, o.pool), POOL);
    o.count++;
  }
  sort(keys, o.count);
  return o;
}

// The best split by each column of each node, those of a node side by side. signs is null without monotone columns. Keys of
// levels are in scratch, of that room a block, or in shared memory if it is null.
extern "C" __global__ void __launch_bounds__(256, 2) search_columns(const Search* search, const Node* nodes, const uint64_t* picked, const Feature* features, const int8_t* signs, uint64_t* scratch, uint64_t room, Winner* winners, uint64_t count) {
  extern __shared__ uint64_t search_room[];
  double* terms = (double*)search_room;
  uint64_t* keys = scratch ? scratch + blockIdx.x * room : search_room + 4 * blockDim.x;
  const Search& s = *search;
  uint32_t turn = 0;
  for (uint64_t w = blockIdx.x; w < count; w += gridDim.x) {
    const Node& n = nodes[w / s.widest];
    uint64_t k = w % s.widest;
    if (k >= n.count) continue;
    uint32_t column = (uint32_t)picked[n.at + k];
    const Feature& f = features[column];
    const Tally* sums = n.sums + f.first;
    const Tally missing = load(sums);
    const double infinity = __longlong_as_double(0x7ff0000000000000);
    Scan c = {search, &n, signs ? signs[column] : 0, signs && (n.low > -infinity || n.high < infinity), {{n.need, 0}, {0, 0, 0, 0}}};
    const bool levels = f.levels > 0;
    Order o = {(uint32_t)f.bins - 1, 0, 0, {0, 0, 0, 0}};
    if (levels) o = order(s, n, sums, f.bins, keys, terms, &turn);
    scan(&c, missing, o.count, &turn, [&](uint32_t i) {
      uint32_t bin = levels ? bin_of(keys[i]) : i + 1;
      return levels && bin == POOL ? o.pool : load(sums + bin);
    });
    Best best = best_of(c.top.best, &turn);
    if (best.place == c.top.best.place && (best.place != 0 || threadIdx.x == 0)) winners[w] = c.top;
  }
}

// The best split of each node, a block a node. The bins of levels go to won in order; used counts them and starts at 0.
extern "C" __global__ void __launch_bounds__(256, 2) search_nodes(const Search* search, const Node* nodes, const uint64_t* picked, const Feature* features, uint64_t* scratch, uint64_t room, const Winner* winners, uint64_t count, uint64_t* used, Found* found, uint16_t* won) {
  extern __shared__ uint64_t search_room[];
  __shared__ uint64_t start;
  __shared__ uint32_t pool_at;
  double* terms = (double*)search_room;
  uint64_t* keys = scratch ? scratch + blockIdx.x * room : search_room + 4 * blockDim.x;
  const Search& s = *search;
  uint32_t turn = 0;
  for (uint64_t at = blockIdx.x; at < count; at += gridDim.x) {
    const Node& n = nodes[at];
    const Winner* own = winners + at * s.widest;
    Best best = {n.need, 0};
    for (uint32_t k = threadIdx.x; k < n.count; k += blockDim.x) {
      Best b = {own[k].best.score, k + 1};
      if (beats(b, best)) best = b;  // one without a place has the score to beat
    }
    best = best_of(best, &turn);
    if (best.place == 0) {
      if (threadIdx.x == 0) found[at].column = -1;
      continue;
    }
    const Winner& winner = own[best.place - 1];
    uint32_t column = (uint32_t)picked[n.at + best.place - 1], place = winner.best.place - 1;
    const Feature& f = features[column];
    const Tally* sums = n.sums + f.first;
    bool right = place >= RIGHT;
    if (right) place -= RIGHT;
    uint32_t last = 0, levels = 0;
    if (f.levels > 0) {
      Order o = order(s, n, sums, f.bins, keys, terms, &turn);
      levels = o.rares > 0 ? o.count - 1 + o.rares : o.count;
      if (threadIdx.x == 0) start = atomicAdd(used, (uint64_t)levels), pool_at = o.count;
      __syncthreads();
      for (uint32_t i = threadIdx.x; i < o.count; i += blockDim.x)
        if (bin_of(keys[i]) == POOL) pool_at = i;
      __syncthreads();
      uint16_t* to = won + start;
      for (uint32_t i = threadIdx.x; i < o.count; i += blockDim.x)
        if (i != pool_at) to[i < pool_at ? i : i - 1 + o.rares] = (uint16_t)bin_of(keys[i]);
      uint32_t seen = pool_at;
      for (uint32_t lo = 1; o.rares > 0 && lo < (uint32_t)f.bins; lo += blockDim.x) {
        uint32_t b = lo + threadIdx.x, before = seen;
        Tally v = tally_at(sums, b, f.bins);
        bool rare = v.n != 0 && (double)v.h * s.unit_h < o.limit;
        uint32_t i = before + rank_among(rare, &seen, &turn);
        if (rare) to[i] = (uint16_t)b;
      }
      last = place < pool_at ? place + 1 : place + o.rares;
    } else if (warp() == 0) {
      // Half way to the next bin with rows: behind of split.go.
      uint32_t bin = place + 1, next = 0;
      for (uint32_t lo = bin + 1; lo < (uint32_t)f.bins && next == 0; lo += 32) {
        uint32_t b = lo + lane(), votes = __ballot_sync(ALL_LANES, b < (uint32_t)f.bins && sums[b].n != 0);
        if (votes) next = lo + __ffs(votes) - 1;
      }
      last = next ? (bin + next - 1) / 2 : bin;
    }
    if (threadIdx.x == 0) {
      bool left = !right && (sums[0].n != 0 || 2 * winner.left.w >= n.total.w);
      found[at] = {winner.best.score, load(&winner.left), column, last, left, levels ? start : 0, levels};
    }
  }
}
