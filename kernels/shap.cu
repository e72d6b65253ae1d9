// Shapley values by paths: a path leads to one leaf of value v, by way of d players; z is the chance that a player who is
// not known leads on, and o is 1 where the row's own value does, else 0. The values are
//
//   phi_k = v (o_k - z_k) ∫ Π_{j≠k} (z_j (1-s) + o_j s) ds,   s from 0 to 1
//
// (Ref: Owen 1972), and the integral of this polynomial of degree d-1 is a sum over Gauss points, exactly. Each factor is
// positive, so that the product over all players can be divided by one of them.
#include "ranked.h"

// Paths are some paths, one behind the other. Player k of path p has number first[p] + k, its conditions those
// from cond[first[p] + k] to the next: twice a node, plus 1 where it must be left to the right.
struct Paths {
  const RankNode* nodes;
  const uint64_t* bits;
  const double* value;
  const uint32_t* first;
  const double* z;
  const int32_t* player;
  const uint32_t* cond;
  const uint32_t* conds;
  uint64_t count;
  const double* rule;  // Gauss points, then their weights
  uint64_t points;
};

enum { FACTORS = 2048, MOST = 32 };

// shapley adds the values of rows to out[blockIdx.y][player][row], of a slice of the paths, which have at most twice as many
// players as there are points: N points at a time.
template <int N>
DEVICE void shapley(const Paths* all, const uint32_t* ranks, double* out, uint64_t players, uint64_t rows) {
  __shared__ double unless[FACTORS];  // (1-z) / (z (1-s) + s), by path, player and point
  __shared__ double at[MOST], weight[MOST], inverse[MOST];
  Paths p = *all;
  uint64_t row = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x;
  uint32_t n = (uint32_t)p.points, size = 2 * n * n, most = FACTORS / size;
  uint32_t from = (uint32_t)(p.count * blockIdx.y / gridDim.y), to = (uint32_t)(p.count * (blockIdx.y + 1) / gridDim.y);
  out += blockIdx.y * players * rows + row;
  for (uint32_t q = threadIdx.x; q < n; q += blockDim.x) {
    at[q] = p.rule[q];
    weight[q] = p.rule[n + q];
    inverse[q] = 1 / (1 - p.rule[q]);
  }
  for (uint32_t base = from; base < to; base += most) {
    uint32_t end = base + most < to ? base + most : to;
    __syncthreads();
    for (uint32_t i = threadIdx.x; i < (end - base) * size; i += blockDim.x) {
      uint32_t path = base + i / size, e = p.first[path] + i % size / n;
      if (e >= p.first[path + 1]) continue;
      double z = p.z[e], s = at[i % n];
      unless[i] = (1 - z) / fma(z, 1 - s, s);
    }
    __syncthreads();
    for (uint32_t path = base; path < end && row < rows; path++) {
      uint32_t first = p.first[path], d = p.first[path + 1] - first;
      uint64_t holds = 0;
      for (uint32_t k = 0; k < d; k++) {
        uint32_t hold = 1;
        for (uint32_t c = p.cond[first + k], last = p.cond[first + k + 1]; c < last; c++) {
          uint32_t x = p.conds[c];
          hold &= goes_right(p.nodes[x / 2], p.bits, ranks, rows, row) ^ ~x;
        }
        holds |= (uint64_t)(hold & 1) << k;
      }
      double value = p.value[path];
      for (uint32_t q = 0; q < n; q += N) {
        double f[N], none = 0;
        for (int j = 0; j < N; j++) f[j] = value * weight[q + j];
        for (uint32_t k = 0; k < d; k++) {
          double z = p.z[first + k];
          bool hold = holds >> k & 1;
          for (int j = 0; j < N; j++) f[j] = f[j] * fma(z, 1 - at[q + j], hold ? at[q + j] : 0.0);
        }
        for (int j = 0; j < N; j++) none -= f[j] * inverse[q + j];
        const double* u = unless + (path - base) * size + q;
        for (uint32_t k = 0; k < d; k++, u += n) {
          double sum = 0;
          for (int j = 0; j < N; j++) sum = fma(f[j], u[j], sum);
          double* phi = out + p.player[first + k] * rows;
          *phi = *phi + (holds >> k & 1 ? sum : none);
        }
      }
    }
  }
}

extern "C" __global__ void shap_1(const Paths* all, const uint32_t* ranks, double* out, uint64_t players, uint64_t rows) { shapley<1>(all, ranks, out, players, rows); }
extern "C" __global__ void shap_2(const Paths* all, const uint32_t* ranks, double* out, uint64_t players, uint64_t rows) { shapley<2>(all, ranks, out, players, rows); }
extern "C" __global__ void shap_3(const Paths* all, const uint32_t* ranks, double* out, uint64_t players, uint64_t rows) { shapley<3>(all, ranks, out, players, rows); }
extern "C" __global__ void shap_4(const Paths* all, const uint32_t* ranks, double* out, uint64_t players, uint64_t rows) { shapley<4>(all, ranks, out, players, rows); }
extern "C" __global__ void shap_6(const Paths* all, const uint32_t* ranks, double* out, uint64_t players, uint64_t rows) { shapley<6>(all, ranks, out, players, rows); }
extern "C" __global__ void shap_8(const Paths* all, const uint32_t* ranks, double* out, uint64_t players, uint64_t rows) { shapley<8>(all, ranks, out, players, rows); }

// A thread adds up the slices of one value, in order, in the place of the first.
extern "C" __global__ void shap_sum(double* out, uint64_t slices, uint64_t size) {
  uint64_t i = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= size) return;
  double sum = out[i];
  for (uint64_t k = 1; k < slices; k++) sum += out[k * size + i];
  out[i] = sum;
}
