// The part of the CUDA language that our kernels use, for clang: no CUDA toolkit is needed to make PTX of them.
// ptx.sh includes it before each .cu. emu/emu_device.h is the same for g++: what is added to one is added to the other.
#pragma once
typedef signed char int8_t;
typedef unsigned char uint8_t;
typedef short int16_t;
typedef unsigned short uint16_t;
typedef int int32_t;
typedef unsigned int uint32_t;
typedef long long int64_t;
typedef unsigned long long uint64_t;

#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __host__ __attribute__((host))
#define __shared__ __attribute__((shared))
#define __constant__ __attribute__((constant))
#define __forceinline__ __inline__ __attribute__((always_inline))
#define __launch_bounds__(...) __attribute__((launch_bounds(__VA_ARGS__)))
#define DEVICE static __device__ __forceinline__

// threadIdx.x and friends: empty structs whose members read a special register.
#define SPECIAL_REGISTER(NAME, REG)                                             \
  struct NAME##_t {                                                             \
    __declspec(property(get = get_x)) unsigned x;                               \
    __declspec(property(get = get_y)) unsigned y;                               \
    __declspec(property(get = get_z)) unsigned z;                               \
    DEVICE unsigned get_x() { return __nvvm_read_ptx_sreg_##REG##_x(); }        \
    DEVICE unsigned get_y() { return __nvvm_read_ptx_sreg_##REG##_y(); }        \
    DEVICE unsigned get_z() { return __nvvm_read_ptx_sreg_##REG##_z(); }        \
  };                                                                            \
  extern const __device__ __attribute__((weak)) NAME##_t NAME;
SPECIAL_REGISTER(threadIdx, tid)
SPECIAL_REGISTER(blockIdx, ctaid)
SPECIAL_REGISTER(blockDim, ntid)
SPECIAL_REGISTER(gridDim, nctaid)

// Bits of one type as another.
template <class To, class From>
DEVICE To bits_as(From v) {
  union {
    From from;
    To to;
  } u;
  u.from = v;
  return u.to;
}
DEVICE double __longlong_as_double(int64_t v) { return bits_as<double>(v); }
DEVICE int64_t __double_as_longlong(double v) { return bits_as<int64_t>(v); }
DEVICE float __uint_as_float(uint32_t v) { return bits_as<float>(v); }
DEVICE uint32_t __float_as_uint(float v) { return bits_as<uint32_t>(v); }

// Arithmetic. Nothing is fused but by fma.
DEVICE double fma(double a, double b, double c) { return __builtin_fma(a, b, c); }
DEVICE float fmaf(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
DEVICE double fabs(double v) { return __builtin_fabs(v); }
DEVICE float fabsf(float v) { return __builtin_fabsf(v); }
DEVICE double sqrt(double v) { return __nvvm_sqrt_rn_d(v); }
DEVICE uint64_t __umul64hi(uint64_t a, uint64_t b) { return __nvvm_mulhi_ull(a, b); }
DEVICE int64_t __mul64hi(int64_t a, int64_t b) { return __nvvm_mulhi_ll(a, b); }
DEVICE uint32_t __umulhi(uint32_t a, uint32_t b) { return __nvvm_mulhi_ui(a, b); }

// Counts of bits; the leading zeros of 0 are 32 or 64, and __ffs counts from 1, 0 for none.
DEVICE int __popc(uint32_t v) { return __builtin_popcount(v); }
DEVICE int __popcll(uint64_t v) { return __builtin_popcountll(v); }
DEVICE int __clz(uint32_t v) { return v ? __builtin_clz(v) : 32; }
DEVICE int __clzll(uint64_t v) { return v ? __builtin_clzll(v) : 64; }
DEVICE int __ffs(uint32_t v) { return v ? __builtin_ctz(v) + 1 : 0; }
DEVICE int __ffsll(uint64_t v) { return v ? __builtin_ctzll(v) + 1 : 0; }

// Atomics, in shared or global memory. Each returns the value before.
DEVICE uint32_t atomicAdd(uint32_t* p, uint32_t v) { return (uint32_t)__nvvm_atom_add_gen_i((int*)p, (int)v); }
DEVICE int32_t atomicAdd(int32_t* p, int32_t v) { return __nvvm_atom_add_gen_i(p, v); }
DEVICE uint64_t atomicAdd(uint64_t* p, uint64_t v) {
  return (uint64_t)__nvvm_atom_add_gen_ll((long long*)p, (long long)v);
}
DEVICE float atomicAdd(float* p, float v) { return __nvvm_atom_add_gen_f(p, v); }
DEVICE double atomicAdd(double* p, double v) { return __nvvm_atom_add_gen_d(p, v); }
DEVICE uint32_t atomicMax(uint32_t* p, uint32_t v) { return __nvvm_atom_max_gen_ui(p, v); }
DEVICE uint32_t atomicMin(uint32_t* p, uint32_t v) { return __nvvm_atom_min_gen_ui(p, v); }
DEVICE int32_t atomicMax(int32_t* p, int32_t v) { return __nvvm_atom_max_gen_i(p, v); }
DEVICE int32_t atomicMin(int32_t* p, int32_t v) { return __nvvm_atom_min_gen_i(p, v); }
DEVICE uint64_t atomicMax(uint64_t* p, uint64_t v) { return __nvvm_atom_max_gen_ull((unsigned long long*)p, v); }
DEVICE uint64_t atomicMin(uint64_t* p, uint64_t v) { return __nvvm_atom_min_gen_ull((unsigned long long*)p, v); }
DEVICE uint32_t atomicOr(uint32_t* p, uint32_t v) { return (uint32_t)__nvvm_atom_or_gen_i((int*)p, (int)v); }
DEVICE uint32_t atomicAnd(uint32_t* p, uint32_t v) { return (uint32_t)__nvvm_atom_and_gen_i((int*)p, (int)v); }
DEVICE uint32_t atomicExch(uint32_t* p, uint32_t v) { return (uint32_t)__nvvm_atom_xchg_gen_i((int*)p, (int)v); }
DEVICE uint32_t atomicCAS(uint32_t* p, uint32_t old, uint32_t v) {
  return (uint32_t)__nvvm_atom_cas_gen_i((int*)p, (int)old, (int)v);
}
DEVICE uint64_t atomicCAS(uint64_t* p, uint64_t old, uint64_t v) {
  return (uint64_t)__nvvm_atom_cas_gen_ll((long long*)p, (long long)old, (long long)v);
}

// Order. A value that another block writes in the same launch is read by load_volatile, after a fence there.
DEVICE void __threadfence() { __nvvm_membar_gl(); }
DEVICE void __threadfence_block() { __nvvm_membar_cta(); }
DEVICE void __syncwarp(uint32_t mask = 0xffffffffu) { __nvvm_bar_warp_sync(mask); }
template <class T>
DEVICE T load_volatile(const T* p) { return *(const volatile T*)p; }

// Votes and shuffles of a warp: int32, uint32, int64, uint64, float and double. All lanes of mask must come.
DEVICE uint32_t __ballot_sync(uint32_t mask, int yes) { return __nvvm_vote_ballot_sync(mask, yes != 0); }
DEVICE int __any_sync(uint32_t mask, int yes) { return __nvvm_vote_any_sync(mask, yes != 0); }
DEVICE int __all_sync(uint32_t mask, int yes) { return __nvvm_vote_all_sync(mask, yes != 0); }

#define SHUFFLE(NAME, HOW, LAST)                                                  \
  template <class T>                                                              \
  DEVICE T NAME(uint32_t mask, T v, int by) {                                     \
    static_assert(sizeof(T) == 4 || sizeof(T) == 8, "shuffles take 4 or 8 bytes"); \
    union {                                                                       \
      T value;                                                                    \
      int part[sizeof(T) / 4];                                                    \
    } u;                                                                          \
    u.value = v;                                                                  \
    for (unsigned i = 0; i < sizeof(T) / 4; i++) u.part[i] = HOW(mask, u.part[i], by, LAST); \
    return u.value;                                                               \
  }
SHUFFLE(__shfl_sync, __nvvm_shfl_sync_idx_i32, 31)
SHUFFLE(__shfl_up_sync, __nvvm_shfl_sync_up_i32, 0)
SHUFFLE(__shfl_down_sync, __nvvm_shfl_sync_down_i32, 31)
SHUFFLE(__shfl_xor_sync, __nvvm_shfl_sync_bfly_i32, 31)
