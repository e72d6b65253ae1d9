// What the searches for splits share: sums, and what threads of a block tell each other. Blocks have whole warps, at
// most MOST_WARPS of them, and all their threads make these calls together. A call uses the memory that the one before it did not,
// by turns, so that one barrier is enough: who comes to write it again has passed the barrier of the call between, which
// nobody reaches before reading.
#pragma once

enum { MOST_WARPS = 8 };
const uint32_t ALL_LANES = 0xffffffffu;

// Tally is that of fixed.go.
struct Tally {
  int64_t g, h, w, n;
};

// Feature is deviceFeature of bins_cuda.go.
struct Feature {
  int32_t kind, index, shift, bins, levels, first, rank, pad;
};

DEVICE void add(Tally& a, const Tally& b) { a.g += b.g, a.h += b.h, a.w += b.w, a.n += b.n; }

// load reads two numbers at a time.
DEVICE Tally load(const Tally* p) {
  struct alignas(16) Half {
    int64_t a, b;
  };
  const Half* half = (const Half*)p;
  Half x = half[0], y = half[1];
  return {x.a, x.b, y.a, y.b};
}

// tally_at is bin b of the sums of a column, or nothing behind its last bin.
DEVICE Tally tally_at(const Tally* sums, uint32_t b, uint32_t bins) { return b < bins ? load(sums + b) : Tally{0, 0, 0, 0}; }

DEVICE uint32_t lane() { return threadIdx.x & 31; }
DEVICE uint32_t warp() { return threadIdx.x >> 5; }
DEVICE uint32_t warps() { return blockDim.x >> 5; }

// run_up returns the sum of v over this thread and all before it, and adds that over all threads to all. A sum of no rows
// is zero; most are, so that warps of such have less to do.
DEVICE Tally run_up(Tally v, Tally* all, uint32_t* turn) {
  __shared__ Tally room[2][MOST_WARPS];
  Tally* sums = room[(*turn)++ & 1];
  if (__any_sync(ALL_LANES, v.n != 0))
    for (int by = 1; by < 32; by *= 2) {
      Tally below = {__shfl_up_sync(ALL_LANES, v.g, by), __shfl_up_sync(ALL_LANES, v.h, by), __shfl_up_sync(ALL_LANES, v.w, by), __shfl_up_sync(ALL_LANES, v.n, by)};
      if (lane() >= (uint32_t)by) add(v, below);
    }
  if (lane() == 31) sums[warp()] = v;
  __syncthreads();
  for (uint32_t k = 0; k < warps(); k++) {
    if (k < warp()) add(v, sums[k]);
    add(*all, sums[k]);
  }
  return v;
}

// rank_among returns how many threads before this one say yes, and adds to all how many do.
DEVICE uint32_t rank_among(bool yes, uint32_t* all, uint32_t* turn) {
  __shared__ uint32_t room[2][MOST_WARPS];
  uint32_t* counts = room[(*turn)++ & 1];
  uint32_t votes = __ballot_sync(ALL_LANES, yes), rank = __popc(votes & ((1u << lane()) - 1));
  if (lane() == 0) counts[warp()] = __popc(votes);
  __syncthreads();
  for (uint32_t k = 0; k < warps(); k++) {
    if (k < warp()) rank += counts[k];
    *all += counts[k];
  }
  return rank;
}

// Best is a score with its place in the order in which candidates are tried; 0 is none, with the score to beat.
struct Best {
  double score;
  uint32_t place;
};

// beats says whether a candidate is better, or as good and tried before.
DEVICE bool beats(const Best& a, const Best& b) { return a.score > b.score || (a.score == b.score && a.place < b.place); }

// best_of returns the best of all threads.
DEVICE Best best_of(Best b, uint32_t* turn) {
  __shared__ Best room[2][MOST_WARPS];
  Best* bests = room[(*turn)++ & 1];
  if (__any_sync(ALL_LANES, b.place != 0))
    for (int by = 16; by > 0; by /= 2) {
      Best other = {__shfl_xor_sync(ALL_LANES, b.score, by), __shfl_xor_sync(ALL_LANES, b.place, by)};
      if (beats(other, b)) b = other;
    }
  if (lane() == 0) bests[warp()] = b;
  __syncthreads();
  for (uint32_t k = 0; k < warps(); k++)
    if (beats(bests[k], b)) b = bests[k];
  return b;
}
