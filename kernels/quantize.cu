// Bins of raw values: quantize.go and bins.go have the rules.

#include "column.h"

enum { NEAR = 256 };  // cuts that shared memory holds: those of all columns of one byte

// Bins of n values of one column. Numbers have cuts, size of them, a power of two; categoricals have levels. out has a
// byte every 4 bytes, or two bytes a value where wide. missing becomes 1 where a value is missing.
extern "C" __global__ void quantize(const void* values, uint64_t type, int64_t least, const uint64_t* cuts, uint64_t size, uint64_t levels, uint64_t bins, void* out, uint64_t wide, uint32_t* missing, uint64_t n) {
  __shared__ uint64_t near[NEAR];
  if (size <= NEAR) {
    for (uint32_t i = threadIdx.x; i < size; i += blockDim.x) near[i] = cuts[i];
    __syncthreads();
    cuts = near;
  }
  bool lacks = false;
  for (uint64_t i = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += (uint64_t)gridDim.x * blockDim.x) {
    double v;
    uint64_t bin = 0;
    bool there = raw(values, type, least, i, &v);
    if (levels > 0) {
      there = there && v >= 0 && v < (double)levels;
      if (there) bin = (levels < bins ? (uint64_t)v : (uint64_t)v * (bins - 1) / levels) + 1;
    } else if (there) {
      uint64_t key = ordered(v);
      for (uint64_t half = size / 2; half > 0; half /= 2) bin += cuts[bin + half - 1] < key ? half : 0;
      bin++;
    }
    lacks |= !there;
    if (wide) {
      ((uint16_t*)out)[i] = (uint16_t)bin;
    } else {
      ((uint8_t*)out)[4 * i] = (uint8_t)bin;
    }
  }
  if (lacks) *missing = 1;
}
