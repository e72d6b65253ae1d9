// Sums of rows by bin: histograms of nodes, and squares. All sums are of integers, so that their order does not matter.
// Go has the formats (fixed.go) and the work lists (histogram_cuda.go).

enum { NARROW, SAME_H, ANY_H, WEIGHTED };

// Rows of a node, in the order of their list. hist is the node's: one Tally a bin, four words. sibling, which may be
// null, has the sums of the parent, and gets what the node leaves of them.
struct Item {
  int64_t* hist;
  int64_t* sibling;
  const uint32_t* rows;
  uint32_t count;  // at most 8192
  uint32_t whole;  // these are all rows of the node: hist is undefined before
  uint64_t mask;   // 1 more than where its masks are, one a pack, for a node that does not look at all columns; else 0
};

// Columns that a block sums together: up to 16 narrow ones in up to four words of a row, or some bins of a wide one.
struct Pack {
  uint32_t wide;           // 1 for a wide column
  uint32_t groups, count;  // words of a row, at least 1, and columns in them
  uint32_t from;           // first bin of a wide column
  uint32_t stride;         // cells of a column: a multiple of 32
  uint32_t used;           // bit f is 1 where column f is one of the tree's
  uint32_t index[4];       // of the words, or of the wide column
  struct {
    uint32_t first, bins;  // place of the first bin in a histogram, and how many
  } column[16];
};

// add adds to a sum whose halves lie apart, by the 32-bit atomics that shared memory has. A carry goes up at once; sums
// that go down borrow by themselves.
DEVICE void add(uint32_t* low, uint32_t* high, int64_t v) {
  uint32_t old = atomicAdd(low, (uint32_t)v);
  uint32_t up = (uint32_t)((uint64_t)v >> 32) + ((uint32_t)(old + (uint32_t)v) < old);
  if (up) atomicAdd(high, up);
}

// Cells of a block. A lane has its low words, then its high ones.
template <int FORMAT>
struct Cells {
  static const uint32_t lanes = FORMAT == WEIGHTED ? 3 : FORMAT == ANY_H ? 2 : 1;
  uint32_t* words;
  uint32_t size;

  __device__ void row(uint32_t cell, int64_t first, int64_t h, int64_t w) const {
    add(words + cell, words + size + cell, first);
    if (lanes > 1) add(words + 2 * size + cell, words + 3 * size + cell, h);
    if (lanes > 2) add(words + 4 * size + cell, words + 5 * size + cell, w);
  }
  __device__ int64_t sum(uint32_t lane, uint32_t cell) const {
    return (int64_t)((uint64_t)words[(2 * lane + 1) * size + cell] << 32 | words[2 * lane * size + cell]);
  }
  // field is that of a Tally: g, h, w, n.
  __device__ int64_t tally(uint32_t field, uint32_t cell, int64_t same_h) const {
    int64_t a = sum(0, cell), n = a & 0x3FFF;
    if (field == 0) return FORMAT == NARROW ? a >> 38 : a >> 14;
    if (field == 1) return FORMAT == NARROW ? a >> 14 & 0xFFFFFF : lanes > 1 ? sum(1, cell) : n * same_h;
    return field == 2 && lanes > 2 ? sum(2, cell) : n;
  }
};

// Why the lanes of a warp take the columns of their rows in different orders: where most rows have one bin, atomics of a
// warp would meet in one cell. For the same reason the cells of column f are mixed by f: equal bins of different
// columns lie in different banks.
template <int FORMAT>
DEVICE void histogram(uint32_t* words, const Item& item, const Pack& pack, uint32_t used, const uint32_t* narrow, const uint16_t* wide, const uint64_t* quant, const uint32_t* weight, uint64_t rows, int64_t same_h) {
  Cells<FORMAT> cells = {words, pack.count * pack.stride};
  for (uint32_t i = threadIdx.x; i < 2 * cells.lanes * cells.size; i += blockDim.x) words[i] = 0;
  __syncthreads();
  uint32_t turn = threadIdx.x % 32, first = turn / 4 % pack.groups;
  for (uint32_t i = threadIdx.x; i < item.count; i += blockDim.x) {
    uint64_t r = item.rows[i];
    uint64_t q = quant[r];
    int64_t g = (int32_t)q, h = (int32_t)(q >> 32), w = FORMAT == WEIGHTED ? weight[r] : 0;
    int64_t v = FORMAT == NARROW ? (int64_t)((uint64_t)g << 38) + (h << 14) + 1 : (int64_t)((uint64_t)g << 14) + 1;
    if (pack.wide) {
      uint32_t bin = wide[pack.index[0] * rows + r] - pack.from;
      if (bin < pack.stride) cells.row(bin, v, h, w);
      continue;
    }
    uint32_t word[4];  // fetched before the atomics, which nothing is moved across
#pragma unroll
    for (uint32_t k = 0; k < 4; k++) {
      uint32_t group = first + k < pack.groups ? first + k : first + k - pack.groups;
      if (k < pack.groups) word[k] = narrow[pack.index[group] * rows + r];
    }
#pragma unroll
    for (uint32_t k = 0; k < 4; k++) {
      if (k < pack.groups) {
        uint32_t group = first + k < pack.groups ? first + k : first + k - pack.groups;
#pragma unroll
        for (uint32_t j = 0; j < 4; j++) {
          uint32_t byte = (turn + j) % 4, f = 4 * group + byte;
          if (used >> f & 1) cells.row(f * pack.stride + ((word[k] >> 8 * byte & 255) ^ f), v, h, w);
        }
      }
    }
  }
  __syncthreads();
  for (uint32_t f = 0; f < pack.count; f++) {
    if (!(used >> f & 1)) continue;
    uint64_t at = (uint64_t)pack.column[f].first * 4;
    for (uint32_t i = threadIdx.x; i < 4 * pack.column[f].bins; i += blockDim.x) {
      int64_t v = cells.tally(i % 4, f * pack.stride + (i / 4 ^ f), same_h);
      if (item.whole) {
        item.hist[at + i] = v;
        if (v && item.sibling) item.sibling[at + i] -= v;
      } else if (v) {
        atomicAdd((uint64_t*)item.hist + at + i, (uint64_t)v);
        if (item.sibling) atomicAdd((uint64_t*)item.sibling + at + i, (uint64_t)-v);
      }
    }
  }
}

// A block sums the rows of one item in the columns of one pack. weight is null without weights; rows is that of all bins.
extern "C" __global__ void __launch_bounds__(512) histogram_sum(const Item* items, const Pack* packs, const uint32_t* masks, const uint32_t* narrow, const uint16_t* wide, const uint64_t* quant, const uint32_t* weight, uint64_t rows, uint64_t count, uint64_t format, int64_t same_h) {
  extern __shared__ uint32_t words[];
  const Item& item = items[blockIdx.x / count];
  uint64_t k = blockIdx.x % count;
  const Pack& pack = packs[k];
  uint32_t used = item.mask ? pack.used & masks[item.mask - 1 + k] : pack.used;
  if (used == 0) return;
  if (format == NARROW) histogram<NARROW>(words, item, pack, used, narrow, wide, quant, weight, rows, same_h);
  if (format == SAME_H) histogram<SAME_H>(words, item, pack, used, narrow, wide, quant, weight, rows, same_h);
  if (format == ANY_H) histogram<ANY_H>(words, item, pack, used, narrow, wide, quant, weight, rows, same_h);
  if (format == WEIGHTED) histogram<WEIGHTED>(words, item, pack, used, narrow, wide, quant, weight, rows, same_h);
}

// Clears histograms of so many words each, 4096 words a block.
extern "C" __global__ void histogram_clear(uint64_t* const* hists, uint64_t words) {
  uint64_t chunks = (words + 4095) / 4096, from = blockIdx.x % chunks * 4096;
  uint64_t* hist = hists[blockIdx.x / chunks];
  for (uint64_t i = from + threadIdx.x; i < from + 4096 && i < words; i += blockDim.x) hist[i] = 0;
}

// Rows of node number node of a list.
struct Span {
  const uint32_t* rows;
  uint32_t count, node;
};

// Adds the g²/w of a span's rows to the node's sums of high and of low halves. A block of 256 threads a span.
extern "C" __global__ void __launch_bounds__(256) histogram_squares(const Span* spans, const uint64_t* quant, const uint32_t* weight, uint64_t* sums) {
  __shared__ uint64_t part[2 * 8];  // of warps
  const Span& span = spans[blockIdx.x];
  uint64_t high = 0, low = 0;
  for (uint32_t i = threadIdx.x; i < span.count; i += blockDim.x) {
    uint64_t r = span.rows[i];
    int64_t g = (int32_t)quant[r];
    uint64_t v = (uint64_t)(g * g);
    if (weight) v /= weight[r] ? weight[r] : 1;
    high += v >> 32;
    low += (uint32_t)v;
  }
  for (int by = 16; by > 0; by /= 2) {
    high += __shfl_down_sync(0xffffffffu, high, by);
    low += __shfl_down_sync(0xffffffffu, low, by);
  }
  if (threadIdx.x % 32 == 0) {
    part[threadIdx.x / 32 * 2] = high;
    part[threadIdx.x / 32 * 2 + 1] = low;
  }
  __syncthreads();
  if (threadIdx.x < 16) atomicAdd(&sums[2 * (uint64_t)span.node + threadIdx.x % 2], part[threadIdx.x]);
}
