// Layers of networks: dense.go has the contract, activation.go the activations, to the bit.
#include "exact.h"

enum { IDENTITY, RECTIFIER, TANH, SIGMOID };
enum { SIDE = 64, DEPTH = 16, ACROSS = 16, SHARE = SIDE / ACROSS };  // a block has 16 x 16 threads, each 4 x 4 sums

DEVICE float activation_of(float s, uint64_t activation) {
  double x = s;
  switch (activation) {
    case RECTIFIER:
      return s < 0 ? 0 : s;
    case TANH: {
      double m = fabs(x);
      if (m < 0.0625) {
        double t = x * x;
        double p = fma(t, -17.0 / 315, 2.0 / 15);
        p = fma(p, t, -1.0 / 3);
        return (float)fma(x * t, p, x);
      }
      double e = exp_exact(-2 * m);
      double v = (1 - e) / (1 + e);
      return (float)(x < 0 ? -v : v);
    }
    case SIGMOID:
      return (float)(1 / (1 + exp_exact(-x)));
  }
  return s;
}

// fetch brings 64 vectors, from number `from` on, and their places from lo on: zeros beyond count and depth. across leads
// to the next vector, along to the next place. Neighbouring threads read neighbouring values.
DEVICE void fetch(float (*to)[SIDE + 1], const float* in, uint64_t across, uint64_t along, uint64_t from, uint64_t count, uint64_t lo,
                  uint64_t depth) {
  for (uint32_t k = threadIdx.x; k < SIDE * DEPTH; k += ACROSS * ACROSS) {
    uint32_t v = along == 1 ? k / DEPTH : k % SIDE;
    uint32_t l = along == 1 ? k % DEPTH : k / SIDE;
    to[l][v] = from + v < count && lo + l < depth ? in[(from + v) * across + (lo + l) * along] : 0;
  }
}

// A block a tile of 64 x 64 values. turned has 1 where a lies as inner x rows, and 2 where b lies as cols x inner. bias may
// be null. Products are added one by one to the bias, in order, as the native tier does where it fuses.
extern "C" __global__ void __launch_bounds__(256) dense_tile(const float* a, const float* b, const float* bias, float* out, uint64_t rows, uint64_t inner, uint64_t cols, uint64_t turned, uint64_t activation) {
  __shared__ float left[DEPTH][SIDE + 1];
  __shared__ float right[DEPTH][SIDE + 1];
  uint64_t wide = (cols + SIDE - 1) / SIDE;
  uint64_t top = blockIdx.x / wide * SIDE, first = blockIdx.x % wide * SIDE;
  uint32_t r = threadIdx.x / ACROSS, c = threadIdx.x % ACROSS;
  float sum[SHARE][SHARE];
  for (int j = 0; j < SHARE; j++) {
    uint64_t col = first + c + j * ACROSS;
    float start = bias && col < cols ? bias[col] : 0;
    for (int i = 0; i < SHARE; i++) sum[i][j] = start;
  }
  for (uint64_t lo = 0; lo < inner; lo += DEPTH) {
    fetch(left, a, turned & 1 ? 1 : inner, turned & 1 ? rows : 1, top, rows, lo, inner);
    fetch(right, b, turned & 2 ? inner : 1, turned & 2 ? 1 : cols, first, cols, lo, inner);
    __syncthreads();
#pragma unroll
    for (int l = 0; l < DEPTH; l++) {
      float x[SHARE], y[SHARE];
      for (int i = 0; i < SHARE; i++) x[i] = left[l][r + i * ACROSS], y[i] = right[l][c + i * ACROSS];
      for (int i = 0; i < SHARE; i++)
        for (int j = 0; j < SHARE; j++) sum[i][j] = fmaf(x[i], y[j], sum[i][j]);
    }
    __syncthreads();
  }
  for (int i = 0; i < SHARE; i++) {
    uint64_t row = top + r + i * ACROSS;
    for (int j = 0; j < SHARE; j++) {
      uint64_t col = first + c + j * ACROSS;
      if (row < rows && col < cols) out[row * cols + col] = activation_of(sum[i][j], activation);
    }
  }
}

// What is left to do behind a product: a thread a value, n of them in rows of cols.
extern "C" __global__ void dense_finish(float* out, const float* bias, uint64_t cols, uint64_t n, uint64_t activation) {
  for (uint64_t i = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += (uint64_t)gridDim.x * blockDim.x)
    out[i] = activation_of(bias ? out[i] + bias[i % cols] : out[i], activation);
}
