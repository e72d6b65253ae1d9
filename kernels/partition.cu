// Parts the rows of all nodes of a level: each node's rows go to the places of its children in another buffer, and keep
// their order. A tile of TILE rows is first read for which of its rows go left, a bit a row and a count; sums of the
// counts of the tiles before it then say where its rows go.
#include "route.h"

enum { TILE = 2048, THREADS = 256, WARPS = THREADS / 32, WORDS = TILE / 32, ROUNDS = TILE / THREADS };

// A node with its rows; partition_cuda.go has the same.
struct Parted {
  const uint32_t* from;
  uint32_t* to;
  uint64_t rows, lefts;
  uint64_t tile, tiles;  // number of its first one, and how many
  Route route;
};

// row_of returns the number of a row in its node.
DEVICE uint64_t row_of(uint64_t tile, const Parted& node, uint32_t round) {
  return (tile - node.tile) * TILE + round * THREADS + threadIdx.x;
}

// A block a tile. owner is the node of each tile.
extern "C" __global__ void __launch_bounds__(256) partition_count(const Parted* nodes, const uint32_t* owner, const uint64_t* sets, const uint32_t* narrow, const uint16_t* wide, uint64_t rows, uint32_t* bits, uint32_t* counts) {
  __shared__ uint32_t lefts[WARPS];
  uint64_t tile = blockIdx.x;
  const Parted& node = nodes[owner[tile]];
  uint32_t row[ROUNDS];  // fetched together
#pragma unroll
  for (uint32_t k = 0; k < ROUNDS; k++) {
    uint64_t i = row_of(tile, node, k);
    row[k] = i < node.rows ? node.from[i] : 0;
  }
  uint32_t count = 0;
#pragma unroll
  for (uint32_t k = 0; k < ROUNDS; k++) {
    bool left = row_of(tile, node, k) < node.rows && goes_left(node.route, sets, narrow, wide, rows, row[k]);
    uint32_t word = __ballot_sync(0xffffffffu, left);
    if (threadIdx.x % 32 == 0) bits[tile * WORDS + k * WARPS + threadIdx.x / 32] = word;
    count += __popc(word);
  }
  if (threadIdx.x % 32 == 0) lefts[threadIdx.x / 32] = count;
  __syncthreads();
  if (threadIdx.x > 0) return;
  for (uint32_t w = 1; w < WARPS; w++) count += lefts[w];
  counts[tile] = count;
}

// before returns the sum of v of the lanes below.
DEVICE uint32_t before(uint32_t v) {
  uint32_t sum = v;
  for (uint32_t by = 1; by < 32; by *= 2) {
    uint32_t u = __shfl_up_sync(0xffffffffu, sum, by);
    if (threadIdx.x % 32 >= by) sum += u;
  }
  return sum - v;
}

// Makes counts of tiles into sums of those before them. A block a node; only nodes of several tiles need it.
extern "C" __global__ void __launch_bounds__(256) partition_scan(const Parted* nodes, const uint32_t* list, uint32_t* counts) {
  __shared__ uint32_t warp[WARPS];
  const Parted& node = nodes[list[blockIdx.x]];
  uint32_t sum = 0;
  for (uint64_t from = 0; from < node.tiles; from += THREADS) {
    uint64_t tile = node.tile + from + threadIdx.x;
    bool in = from + threadIdx.x < node.tiles;
    uint32_t v = in ? counts[tile] : 0, below = before(v);
    if (threadIdx.x % 32 == 31) warp[threadIdx.x / 32] = below + v;
    __syncthreads();
    uint32_t all = 0;
    for (uint32_t w = 0; w < WARPS; w++) {
      if (w == threadIdx.x / 32) below += all;
      all += warp[w];
    }
    if (in) counts[tile] = sum + below;
    sum += all;
    __syncthreads();
  }
}

// Moves rows. A row that has no place with its child is not written: wrong is then set.
extern "C" __global__ void __launch_bounds__(256) partition_move(const Parted* nodes, const uint32_t* owner, const uint32_t* bits, const uint32_t* counts, uint32_t* wrong) {
  __shared__ uint32_t lefts[WORDS];  // before each word
  uint64_t tile = blockIdx.x;
  const Parted& node = nodes[owner[tile]];
  bits += tile * WORDS;
  if (threadIdx.x < 32) {
    uint32_t a = __popc(bits[2 * threadIdx.x]), sum = before(a + __popc(bits[2 * threadIdx.x + 1]));
    if (node.tiles > 1) sum += counts[tile];
    lefts[2 * threadIdx.x] = sum;
    lefts[2 * threadIdx.x + 1] = sum + a;
  }
  __syncthreads();
  uint32_t row[ROUNDS];
#pragma unroll
  for (uint32_t k = 0; k < ROUNDS; k++) {
    uint64_t i = row_of(tile, node, k);
    row[k] = i < node.rows ? node.from[i] : 0;
  }
#pragma unroll
  for (uint32_t k = 0; k < ROUNDS; k++) {
    uint64_t i = row_of(tile, node, k);
    uint32_t lane = threadIdx.x % 32, word = k * WARPS + threadIdx.x / 32;
    uint64_t left = lefts[word] + __popc(bits[word] & ((1u << lane) - 1));
    bool goes = bits[word] >> lane & 1;
    uint64_t place = goes ? left : node.lefts + (i - left);
    if (i >= node.rows) continue;
    if (place < (goes ? node.lefts : node.rows)) {
      node.to[place] = row[k];
    } else {
      atomicOr(wrong, 1);
    }
  }
}
