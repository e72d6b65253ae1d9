// What device.h offers, each thing once: the tests compare it with Go.

// One row of PRIMITIVES results for each thread of one block of whole warps.
enum { PRIMITIVES = 30 };
extern "C" __global__ void test_primitives(const uint64_t* a, const double* x, uint64_t* out) {
  unsigned i = threadIdx.x;
  uint64_t v = a[i];
  uint32_t low = (uint32_t)v;
  const uint32_t all = 0xffffffffu;
  uint64_t* o = out + i * PRIMITIVES;
  *o++ = __popc(low);
  *o++ = __popcll(v);
  *o++ = __clz(low);
  *o++ = __clzll(v);
  *o++ = __ffs(low);
  *o++ = __ffsll(v);
  *o++ = __umul64hi(v, a[(i + 1) % blockDim.x]);
  *o++ = (uint64_t)__mul64hi((int64_t)v, (int64_t)a[(i + 1) % blockDim.x]);
  *o++ = __umulhi(low, (uint32_t)(v >> 32));
  *o++ = __shfl_sync(all, v, (int)(v & 31));
  *o++ = __shfl_sync(all, low, 3);
  *o++ = __shfl_up_sync(all, v, 5);
  *o++ = (uint32_t)__shfl_up_sync(all, (int32_t)low, 1);
  *o++ = __shfl_down_sync(all, v, 7);
  *o++ = __shfl_down_sync(all, low, 16);
  *o++ = __shfl_xor_sync(all, v, 9);
  *o++ = (uint64_t)__double_as_longlong(__shfl_xor_sync(all, x[i], 16));
  *o++ = __float_as_uint(__shfl_down_sync(all, (float)x[i], 1));
  *o++ = __ballot_sync(all, (int)(v & 1));
  *o++ = (uint64_t)__any_sync(all, (v & 255) == 7);
  *o++ = (uint64_t)__all_sync(all, v != 0);
  *o++ = (uint64_t)__double_as_longlong(fma(x[i], x[i], -1.0));
  *o++ = __float_as_uint(fmaf((float)x[i], 3.0f, 0.1f));
  *o++ = (uint64_t)__double_as_longlong(fabs(x[i]));
  *o++ = __float_as_uint(fabsf((float)x[i]));
  *o++ = (uint64_t)__double_as_longlong(sqrt(fabs(x[i])));
  *o++ = (uint64_t)__double_as_longlong(__longlong_as_double((int64_t)v));
  *o++ = __float_as_uint(__uint_as_float(low));
  // the halves of a warp meet apart
  uint32_t half = i & 16 ? 0xffff0000u : 0x0000ffffu;
  if (i & 16) *o++ = __ballot_sync(half, (int)(v >> 1 & 1));
  else *o++ = __shfl_xor_sync(half, low, 8);
  __syncwarp();
  *o++ = bits_as<uint64_t>(x[i]);
}

// Atomics of many blocks on a few words. words32: sum, max, min, or, and, by compare and swap; words64: sum, max, min, by
// compare and swap; ints: sum, max, min; floats and doubles: a sum of whole numbers.
extern "C" __global__ void test_atomics(const uint64_t* a, uint32_t* words32, uint64_t* words64, int32_t* ints, float* f, double* d, uint64_t n) {
  __shared__ uint32_t block_sum;
  if (threadIdx.x == 0) block_sum = 0;
  __syncthreads();
  uint64_t i = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    uint64_t v = a[i];
    uint32_t low = (uint32_t)v;
    atomicAdd(&block_sum, low);
    atomicMax(&words32[1], low);
    atomicMin(&words32[2], low);
    atomicOr(&words32[3], 1u << (low & 31));
    atomicAnd(&words32[4], ~(1u << (low & 31)));
    for (uint32_t old = load_volatile(&words32[5]);;) {
      uint32_t seen = atomicCAS(&words32[5], old, old * 1u + low);
      if (seen == old) break;
      old = seen;
    }
    atomicAdd(&words64[0], v);
    atomicMax(&words64[1], v);
    atomicMin(&words64[2], v);
    for (uint64_t old = load_volatile(&words64[3]);;) {
      uint64_t seen = atomicCAS(&words64[3], old, old ^ v);
      if (seen == old) break;
      old = seen;
    }
    atomicAdd(&ints[0], (int32_t)low);
    atomicMax(&ints[1], (int32_t)low);
    atomicMin(&ints[2], (int32_t)low);
    atomicAdd(f, (float)(v & 3));
    atomicAdd(d, (double)(v & 1023));
  }
  __syncthreads();
  __threadfence();
  if (threadIdx.x == 0) atomicAdd(&words32[0], block_sum);
}

// The last block to end sums what all have written, by dynamic shared memory and a ticket.
extern "C" __global__ void test_last_block(uint64_t* part, uint32_t* ticket, uint64_t* out) {
  extern __shared__ uint64_t lane_sum[];
  __shared__ uint32_t last;
  if (threadIdx.x == 0) {
    part[blockIdx.x] = blockIdx.x + 1;
    __threadfence();
    last = atomicAdd(ticket, 1u) == gridDim.x - 1;
  }
  __syncthreads();
  if (!last) return;
  uint64_t sum = 0;
  for (uint64_t i = threadIdx.x; i < gridDim.x; i += blockDim.x) sum += load_volatile(&part[i]);
  lane_sum[threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.x == 0) {
    for (unsigned i = 1; i < blockDim.x; i++) sum += lane_sum[i];
    *out = sum;
  }
}

// Writes one byte wherever it is told to.
extern "C" __global__ void test_poke(uint8_t* at, int64_t offset) { at[offset] = 1; }

// Half of each warp waits for all of it, the other half for the whole block: nobody can go on. For the emulator alone.
extern "C" __global__ void test_uneven() {
  if (threadIdx.x & 1) __syncwarp();
  else __syncthreads();
}
