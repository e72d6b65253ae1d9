// Scoring by trees in their ranked form: ranked.go has the layout, and ranked_cuda.go what is sent.
#include "column.h"
#include "ranked.h"

// A thread makes the rank of a row in a column, the one after blockIdx.y: column 0 is that of leaves, and has no ranks
// here.
extern "C" __global__ void rank_values(const RankColumn* columns, uint32_t* ranks, uint64_t rows) {
  uint64_t i = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= rows) return;
  RankColumn c = columns[blockIdx.y];
  double v;
  uint64_t rank = c.none;
  bool there = c.values && raw(c.values, c.type, c.least, i, &v);
  if (there && c.set) {
    if (v >= 0 && v < (double)c.none) rank = (uint64_t)v;
  } else if (there) {
    uint64_t key = ordered(v);
    rank = 0;
    for (uint64_t half = c.size / 2; half > 0; half /= 2) rank += c.cuts[rank + half - 1] < key ? half : 0;
  }
  ranks[(blockIdx.y + 1) * rows + i] = (uint32_t)rank;
}

// A thread scores a row for a class, blockIdx.y, by the trees of that class in order: those of roots[first[class]] on.
// sums holds what is added to, class after class.
extern "C" __global__ void predict_ranks(const RankNode* nodes, const float* value, const uint64_t* bits, const uint32_t* roots, const uint32_t* first, const uint32_t* ranks, double* sums, uint64_t rows) {
  uint64_t row = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x;
  if (row >= rows) return;
  double* out = sums + blockIdx.y * rows + row;
  double sum = *out;
  for (uint32_t t = first[blockIdx.y], end = first[blockIdx.y + 1]; t < end; t++) {
    uint32_t at = roots[t];
    for (;;) {
      RankNode n = nodes[at];
      if (n.next == at) break;  // a leaf
      at = n.next + goes_right(n, bits, ranks, rows, row);
    }
    sum += value[at];
  }
  *out = sum;
}
