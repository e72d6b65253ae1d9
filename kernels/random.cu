// The random split of each node by its histogram: random.go has the rules. A block takes a node and looks at its columns
// in an order drawn anew, until one can be split.
#include "search.h"

struct RandomNode {
  const Tally* sums;
  Tally total;
  uint64_t key;        // of the draws
  uint64_t at, count;  // its columns: places in the list
};

struct RandomSplit {
  Tally left;
  int64_t column, bin, missing_left;  // column is -1 for none
};

static_assert(sizeof(RandomNode) == 64 && sizeof(RandomSplit) == 56, "random_cuda.go knows the sizes");

// draw_at is drawAt of draw.go.
DEVICE uint64_t draw_at(uint64_t key, uint64_t index) {
  uint64_t z = key + 0x9E3779B97F4A7C15u * (index + 1);
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return z ^ z >> 31;
}

// place_of returns the bin from first to last-1 behind which the share u of the way to last lies. values has those of the bins;
// null stands for their numbers.
DEVICE uint32_t place_of(const double* values, uint32_t first, uint32_t last, double u) {
  auto value = [&](uint32_t bin) { return values ? values[bin] : (double)bin; };
  double point = value(first) * (1 - u) + value(last) * u;
  uint32_t lo = first, hi = last;
  while (lo < hi) {
    uint32_t mid = (lo + hi) / 2;
    if (value(mid) > point)
      hi = mid;
    else
      lo = mid + 1;
  }
  return lo > first ? lo - 1 : first;
}

// The splits of all nodes, a block a node. values, which may be null, has one for each bin of a histogram; order has room for the
// columns of each node.
extern "C" __global__ void __launch_bounds__(256) random_splits(const RandomNode* nodes, const uint64_t* picked, const Feature* features, const double* values, int64_t min_w, uint32_t* order, uint64_t widest, RandomSplit* splits) {
  __shared__ uint32_t column, first, last;
  uint32_t turn = 0;
  const RandomNode& n = nodes[blockIdx.x];
  order += blockIdx.x * widest;
  for (uint64_t i = threadIdx.x; i < n.count; i += blockDim.x) order[i] = (uint32_t)picked[n.at + i];
  for (uint64_t i = 0; i < n.count; i++) {
    __syncthreads();
    if (threadIdx.x == 0) {
      uint64_t j = i + __umul64hi(draw_at(n.key, i + 1), n.count - i);
      column = order[j];
      order[j] = order[i];
    }
    __syncthreads();
    const Feature& f = features[column];
    const Tally* sums = n.sums + f.first;
    const Tally missing = load(sums);
    const int64_t weight = n.total.w - missing.w;
    if (weight < min_w) continue;
    // first: the least bin that leaves enough up to it; last: the greatest that does from it on.
    Tally before = {0, 0, 0, 0};
    for (uint32_t lo = 1; lo < (uint32_t)f.bins; lo += blockDim.x) {
      uint32_t b = lo + threadIdx.x;
      Tally v = tally_at(sums, b, f.bins);
      int64_t below = before.w, upto = below + run_up(v, &before, &turn).w;
      below = upto - v.w;
      if (below < min_w && upto >= min_w) first = b;
      if (weight - below >= min_w && weight - upto < min_w) last = b;
    }
    __syncthreads();
    if (first >= last) continue;
    uint32_t cut = place_of(values ? values + f.first : values, first, last, (double)(draw_at(n.key, 0) >> 11) * 0x1p-53);
    Tally part = {0, 0, 0, 0}, left = part;
    for (uint32_t b = 1 + threadIdx.x; b <= cut; b += blockDim.x) add(part, load(sums + b));
    run_up(part, &left, &turn);
    int64_t missing_left = 2 * left.w >= weight;
    if (missing_left) add(left, missing);
    if (threadIdx.x == 0) splits[blockIdx.x] = {left, (int64_t)column, (int64_t)cut, missing_left};
    return;
  }
  if (threadIdx.x == 0) splits[blockIdx.x].column = -1;
}
