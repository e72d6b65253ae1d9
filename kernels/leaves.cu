// Adds the values of a tree's leaves to the scores of rows.
#include "route.h"

// A leaf and where its rows lie. Leaves are in the order of their places, which leave no gap.
struct Leaf {
  uint64_t first;  // place of its first row, times 4, and the side where they are; 2 for rows that get nothing
  double value;
};

// leaf_of returns the last leaf of [from, to] that starts at or before a place; the first one does.
DEVICE uint64_t leaf_of(const Leaf* leaves, uint64_t from, uint64_t to, uint64_t place) {
  while (from < to) {
    uint64_t middle = from + (to - from + 1) / 2;
    if (leaves[middle].first / 4 <= place) {
      from = middle;
    } else {
      to = middle - 1;
    }
  }
  return from;
}

// Adds to the rows of the sample: a thread a place, 1024 places a block.
extern "C" __global__ void leaf_add(const Leaf* leaves, uint64_t count, const uint32_t* rows0, const uint32_t* rows1, double* scores, uint64_t places) {
  __shared__ uint64_t ends[2];  // leaves of the first and of the last place of the block
  uint64_t from = (uint64_t)blockIdx.x * 1024, to = from + 1024 < places ? from + 1024 : places;
  if (threadIdx.x < 2) ends[threadIdx.x] = leaf_of(leaves, 0, count - 1, threadIdx.x ? to - 1 : from);
  __syncthreads();
  for (uint64_t p = from + threadIdx.x; p < to; p += blockDim.x) {
    const Leaf& leaf = leaves[leaf_of(leaves, ends[0], ends[1], p)];
    uint32_t side = leaf.first % 4;
    if (side < 2) scores[(side ? rows1 : rows0)[p]] += leaf.value;
  }
}

// Adds to the rows outside the sample, which find their leaf by their bins: a thread a row. sample and weights may be
// null; rows of weight 0 are outside.
extern "C" __global__ void leaf_walk(const Route* routes, const uint64_t* sets, const uint32_t* narrow, const uint16_t* wide, const uint8_t* sample, const float* weights, double* scores, uint64_t rows) {
  uint64_t r = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x;
  if (r >= rows || ((!sample || sample[r]) && (!weights || weights[r] != 0))) return;
  Route at = routes[0];
  while (at.left >= 0) at = routes[at.left + !goes_left(at, sets, narrow, wide, rows, r)];
  scores[r] += __longlong_as_double((int64_t)at.what);
}
