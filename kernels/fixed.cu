// Derivatives of a tree's rows as integers, and the list of its rows. fixed.go has the formats; integers are those that
// it makes. A block takes CHUNK rows, ROUNDS times as many as it has threads. What goes from one block to others is a
// sum, a maximum or a count, so that their order does not matter.

enum { THREADS = 256, ROUNDS = 4, CHUNK = THREADS * ROUNDS, WARPS = THREADS / 32 };

// What is known of the sample; fixed_cuda.go has the same. All of it starts as zeros.
struct Sample {
  uint64_t rows;
  uint64_t most_g, most_h;  // bits of the greatest |g| and |h| as float32
  uint64_t least_h;         // ~ of the ordered bits of the least h, 0 without rows
  uint64_t bad;             // a derivative is not finite
  uint64_t outside;         // one is outside the bounds of the narrow format
  uint64_t g, h, w;         // sums
};

// ordered maps floats to integers that compare as the floats do.
DEVICE uint32_t ordered(float v) {
  uint32_t b = __float_as_uint(v);
  return b ^ ((uint32_t)((int32_t)b >> 31) | 0x80000000u);
}

// in_sample says whether row r is in the sample; rows of weight 0 never are.
DEVICE bool in_sample(const float* weight, const uint8_t* sample, uint64_t r) {
  return (!sample || sample[r] != 0) && (!weight || weight[r] != 0);
}

// nearest rounds to the nearest whole number, ties to even.
DEVICE int64_t nearest(double v) {
  const double shift = 0x1.8p52;
  return (int64_t)((v + shift) - shift);
}

// per_unit is one over the unit of values of which that is the largest: 2^30 divided by the least power of two that is
// not below it.
DEVICE double per_unit(uint64_t most) {
  if (most == 0) return 1;
  uint64_t b = (uint64_t)__double_as_longlong((double)__uint_as_float((uint32_t)most));
  int64_t e = (int64_t)(b >> 52) - 1023 + ((b << 12) != 0);
  return __longlong_as_double((int64_t)(uint64_t)(1023 + 30 - e) << 52);
}

DEVICE uint32_t draw_row(uint32_t key, uint32_t row) {
  uint32_t z = row ^ key;
  z = (z ^ z >> 16) * 0x7FEB352Du;
  z = (z ^ z >> 15) * 0x846CA68Bu;
  return z ^ z >> 16;
}

// Weights in units of which per is one over: a thread a row.
extern "C" __global__ void fixed_weights(const float* weight, double per, uint32_t* units, uint64_t rows) {
  uint64_t r = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x;
  if (r < rows) units[r] = (uint32_t)nearest((double)weight[r] * per);
}

// Measures the sample, and counts its rows by chunk. weight and sample may be null.
extern "C" __global__ void fixed_measure(const float* g, const float* h, const float* weight, const uint8_t* sample, uint32_t* counts, Sample* all, uint64_t rows) {
  __shared__ uint32_t count, most_g, most_h, least_h, bad;
  if (threadIdx.x == 0) count = 0, most_g = 0, most_h = 0, least_h = 0, bad = 0;
  __syncthreads();
  uint32_t own_count = 0, own_g = 0, own_h = 0, own_least = 0, own_bad = 0;
  for (int k = 0; k < ROUNDS; k++) {
    uint64_t r = (uint64_t)blockIdx.x * CHUNK + k * THREADS + threadIdx.x;
    if (r >= rows || !in_sample(weight, sample, r)) continue;
    float gr = g[r], hr = h[r];
    own_count++;
    if (gr - gr != 0 || hr - hr != 0) {
      own_bad = 1;
      continue;
    }
    uint32_t ag = __float_as_uint(fabsf(gr)), ah = __float_as_uint(fabsf(hr)), least = ~ordered(hr);
    own_g = ag > own_g ? ag : own_g;
    own_h = ah > own_h ? ah : own_h;
    own_least = least > own_least ? least : own_least;
  }
  for (int by = 16; by > 0; by /= 2) {
    own_count += __shfl_down_sync(0xffffffffu, own_count, by);
    own_bad |= __shfl_down_sync(0xffffffffu, own_bad, by);
    uint32_t a = __shfl_down_sync(0xffffffffu, own_g, by), b = __shfl_down_sync(0xffffffffu, own_h, by);
    uint32_t c = __shfl_down_sync(0xffffffffu, own_least, by);
    own_g = a > own_g ? a : own_g;
    own_h = b > own_h ? b : own_h;
    own_least = c > own_least ? c : own_least;
  }
  if (threadIdx.x % 32 == 0) {
    atomicAdd(&count, own_count);
    atomicOr(&bad, own_bad);
    atomicMax(&most_g, own_g);
    atomicMax(&most_h, own_h);
    atomicMax(&least_h, own_least);
  }
  __syncthreads();
  if (threadIdx.x > 0) return;
  counts[blockIdx.x] = count;
  if (count == 0) return;
  if (bad) atomicMax(&all->bad, (uint64_t)1);
  // Why the look before: most blocks change nothing, and atomics on one place queue.
  if (most_g > load_volatile(&all->most_g)) atomicMax(&all->most_g, (uint64_t)most_g);
  if (most_h > load_volatile(&all->most_h)) atomicMax(&all->most_h, (uint64_t)most_h);
  if (least_h > load_volatile(&all->least_h)) atomicMax(&all->least_h, (uint64_t)least_h);
}

// scan_warp returns the sum of the values of the lanes before.
DEVICE uint32_t scan_warp(uint32_t v) {
  uint32_t sum = v, lane = threadIdx.x % 32;
  for (int by = 1; by < 32; by *= 2) {
    uint32_t before = __shfl_up_sync(0xffffffffu, sum, by);
    if (lane >= (uint32_t)by) sum += before;
  }
  return sum - v;
}

// Makes counts of chunks into places of their first rows, and their sum: one block of 1024 threads.
extern "C" __global__ void fixed_places(uint32_t* counts, uint64_t chunks, Sample* all) {
  __shared__ uint32_t warps[32];
  uint64_t each = (chunks + blockDim.x - 1) / blockDim.x, from = each * threadIdx.x, to = from + each < chunks ? from + each : chunks;
  uint32_t own = 0;
  for (uint64_t i = from; i < to; i++) own += counts[i];
  uint32_t at = scan_warp(own), warp = threadIdx.x / 32;
  if (threadIdx.x % 32 == 31) warps[warp] = at + own;
  __syncthreads();
  if (warp == 0) {
    uint32_t sum = warps[threadIdx.x], before = scan_warp(sum);
    if (threadIdx.x == 31) all->rows = before + sum;
    warps[threadIdx.x] = before;
  }
  __syncthreads();
  at += warps[warp];
  for (uint64_t i = from; i < to; i++) {
    uint32_t n = counts[i];
    counts[i] = at;
    at += n;
  }
}

// The integers of one row.
struct Units {
  int32_t g, h;
};

// narrow rounds at random, by the row's draw; what is outside the bounds is told and becomes 0.
DEVICE Units narrow(float g, float h, uint32_t u, bool* outside) {
  if (!(g >= -1 && g <= 1 && h >= 0 && h <= 0.25f)) {
    *outside = true;
    return Units{0, 0};
  }
  double dg = (double)g * 4095 + (8192 + (double)(u >> 16) * (1.0 / 65536));
  double dh = (double)h * 8188 + (double)(u & 0xFFFF) * (1.0 / 65536);
  return Units{(int32_t)dg - 8192, (int32_t)dh};
}

// Writes the integers of all rows, zeros outside the sample, the list of those in it, and their sum. places is null
// where all are; key is that of the narrow format, -1 for the wide one. Derivatives that are not finite end it.
extern "C" __global__ void fixed_fill(const float* g, const float* h, const float* weight, const uint32_t* units, const uint8_t* sample, const uint32_t* places, int64_t key, Units* quant, uint32_t* list, Sample* all, uint64_t rows) {
  __shared__ uint32_t before[ROUNDS * WARPS];  // rows of the sample in the chunk before the warp's, by round
  __shared__ uint64_t sums[3];
  __shared__ uint32_t outside;
  static_assert(ROUNDS * WARPS == 32, "one warp scans the counts");
  if (all->bad) return;
  if (threadIdx.x < 3) sums[threadIdx.x] = 0;
  if (threadIdx.x == 0) outside = 0;
  double per_g = per_unit(all->most_g), per_h = per_unit(all->most_h);
  uint64_t first = (uint64_t)blockIdx.x * CHUNK + threadIdx.x;
  uint32_t warp = threadIdx.x / 32, lane = threadIdx.x % 32, in[ROUNDS];
  int64_t sum_g = 0, sum_h = 0, sum_w = 0;
  bool out = false;
#pragma unroll
  for (int k = 0; k < ROUNDS; k++) {
    uint64_t r = first + k * THREADS;
    bool is_in = r < rows && in_sample(weight, sample, r);
    Units q = {0, 0};
    if (is_in) {
      if (key >= 0) {
        q = narrow(g[r], h[r], draw_row((uint32_t)key, (uint32_t)r), &out);
      } else {
        q = Units{(int32_t)nearest((double)g[r] * per_g), (int32_t)nearest((double)h[r] * per_h)};
      }
      sum_g += q.g;
      sum_h += q.h;
      sum_w += units ? units[r] : 1;
    }
    if (r < rows) quant[r] = q;
    in[k] = __ballot_sync(0xffffffffu, is_in);
    if (lane == 0) before[k * WARPS + warp] = (uint32_t)__popc(in[k]);
  }
  for (int by = 16; by > 0; by /= 2) {
    sum_g += __shfl_down_sync(0xffffffffu, sum_g, by);
    sum_h += __shfl_down_sync(0xffffffffu, sum_h, by);
    sum_w += __shfl_down_sync(0xffffffffu, sum_w, by);
  }
  __syncthreads();
  if (lane == 0) {
    atomicAdd(&sums[0], (uint64_t)sum_g);
    atomicAdd(&sums[1], (uint64_t)sum_h);
    atomicAdd(&sums[2], (uint64_t)sum_w);
  }
  if (out) atomicOr(&outside, 1);
  if (warp == 0) before[lane] = scan_warp(before[lane]);
  __syncthreads();
  uint32_t start = places ? places[blockIdx.x] : blockIdx.x * CHUNK;
#pragma unroll
  for (int k = 0; k < ROUNDS; k++) {
    if (in[k] >> lane & 1) {
      list[start + before[k * WARPS + warp] + __popc(in[k] & ((1u << lane) - 1))] = (uint32_t)(first + k * THREADS);
    }
  }
  if (threadIdx.x == 0) {
    if (sums[0]) atomicAdd(&all->g, sums[0]);
    if (sums[1]) atomicAdd(&all->h, sums[1]);
    if (sums[2]) atomicAdd(&all->w, sums[2]);
    if (outside) atomicMax(&all->outside, (uint64_t)1);
  }
}
