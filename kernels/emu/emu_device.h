// Device language for g++: the same .cu files as host code (g++ -x c++ -include emu_device.h). What ../device.h
// offers, this offers.
#pragma once
#include <math.h>
#include <stddef.h>
#include <string.h>
#include <utility>

#include <stdint.h>

struct emu_dim3 {
  unsigned x, y, z;
};
struct emu_thread {  // one GPU thread: a fiber
  emu_dim3 tid;
  unsigned lin;
  int state;
  void *sp;
  char *stack;
};
struct emu_block {
  emu_dim3 bid, bdim, gdim;
};
extern thread_local emu_thread *emu_cur;
extern thread_local emu_block emu_blk;

#define threadIdx (emu_cur->tid)
#define blockIdx (emu_blk.bid)
#define blockDim (emu_blk.bdim)
#define gridDim (emu_blk.gdim)
#define __global__
#define __device__
#define __host__
#define __constant__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __shared__ thread_local  // an OS thread runs one block at a time
#define DEVICE static inline

extern "C" void emu_syncthreads();
extern "C" void emu_pass();  // lets all other threads of the block go first, as far as they can
// The lanes of mask meet. EMU_SHUFFLE gives each lane the v of its lane src, EMU_BALLOT the set of lanes whose v is not 0.
enum { EMU_SHUFFLE, EMU_BALLOT };
extern "C" uint64_t emu_meet(int what, uint32_t mask, uint64_t v, int src);
static inline int emu_lane() { return emu_cur->lin & 31; }

#define __syncthreads() emu_syncthreads()
static inline void __syncwarp(uint32_t mask = 0xffffffffu) { emu_meet(EMU_SHUFFLE, mask, 0, emu_lane()); }
static inline void __threadfence() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
static inline void __threadfence_block() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
template <class T> static inline T load_volatile(const T *p) { return *(const volatile T *)p; }

static inline uint32_t __ballot_sync(uint32_t mask, int yes) { return (uint32_t)emu_meet(EMU_BALLOT, mask, yes != 0, 0); }
static inline int __any_sync(uint32_t mask, int yes) { return __ballot_sync(mask, yes) != 0; }
static inline int __all_sync(uint32_t mask, int yes) { return __ballot_sync(mask, !yes) == 0; }

template <class To, class From> static inline To bits_as(From v) {
  static_assert(sizeof(To) == sizeof(From), "bits_as keeps the size");
  To r;
  memcpy(&r, &v, sizeof r);
  return r;
}
template <class T> static inline T emu_shuffle(uint32_t mask, T v, int src) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8, "shuffles take 4 or 8 bytes");
  uint64_t u = 0;
  memcpy(&u, &v, sizeof v);
  u = emu_meet(EMU_SHUFFLE, mask, u, src & 31);
  T r;
  memcpy(&r, &u, sizeof r);
  return r;
}
template <class T> static inline T __shfl_sync(uint32_t mask, T v, int from) { return emu_shuffle(mask, v, from); }
template <class T> static inline T __shfl_xor_sync(uint32_t mask, T v, int x) { return emu_shuffle(mask, v, emu_lane() ^ x); }
template <class T> static inline T __shfl_down_sync(uint32_t mask, T v, int by) {
  int l = emu_lane();
  return emu_shuffle(mask, v, l + by < 32 ? l + by : l);
}
template <class T> static inline T __shfl_up_sync(uint32_t mask, T v, int by) {
  int l = emu_lane();
  return emu_shuffle(mask, v, l - by >= 0 ? l - by : l);
}

static inline double __longlong_as_double(int64_t v) { return bits_as<double>(v); }
static inline int64_t __double_as_longlong(double v) { return bits_as<int64_t>(v); }
static inline float __uint_as_float(uint32_t v) { return bits_as<float>(v); }
static inline uint32_t __float_as_uint(float v) { return bits_as<uint32_t>(v); }
static inline uint64_t __umul64hi(uint64_t a, uint64_t b) { return (uint64_t)((unsigned __int128)a * b >> 64); }
static inline int64_t __mul64hi(int64_t a, int64_t b) { return (int64_t)((__int128)a * b >> 64); }
static inline uint32_t __umulhi(uint32_t a, uint32_t b) { return (uint32_t)((uint64_t)a * b >> 32); }
static inline int __popc(uint32_t v) { return __builtin_popcount(v); }
static inline int __popcll(uint64_t v) { return __builtin_popcountll(v); }
static inline int __clz(uint32_t v) { return v ? __builtin_clz(v) : 32; }
static inline int __clzll(uint64_t v) { return v ? __builtin_clzll(v) : 64; }
static inline int __ffs(uint32_t v) { return v ? __builtin_ctz(v) + 1 : 0; }
static inline int __ffsll(uint64_t v) { return v ? __builtin_ctzll(v) + 1 : 0; }

// change applies f to *p in one step and returns the value before; U has the bits of T.
template <class U, class T, class F> static inline T emu_change(T *p, F f) {
  U old = __atomic_load_n((U *)p, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n((U *)p, &old, bits_as<U>(f(bits_as<T>(old))), true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
  return bits_as<T>(old);
}
static inline float atomicAdd(float *p, float v) { return emu_change<uint32_t>(p, [=](float x) { return x + v; }); }
static inline double atomicAdd(double *p, double v) { return emu_change<uint64_t>(p, [=](double x) { return x + v; }); }
#define EMU_ATOMIC(T)                                                                                                    \
  static inline T atomicAdd(T *p, T v) { return __atomic_fetch_add(p, v, __ATOMIC_RELAXED); }                            \
  static inline T atomicMax(T *p, T v) { return emu_change<T>(p, [=](T x) { return x > v ? x : v; }); }                  \
  static inline T atomicMin(T *p, T v) { return emu_change<T>(p, [=](T x) { return x < v ? x : v; }); }
EMU_ATOMIC(uint32_t)
EMU_ATOMIC(uint64_t)
EMU_ATOMIC(int32_t)
static inline uint32_t atomicOr(uint32_t *p, uint32_t v) { return __atomic_fetch_or(p, v, __ATOMIC_RELAXED); }
static inline uint32_t atomicAnd(uint32_t *p, uint32_t v) { return __atomic_fetch_and(p, v, __ATOMIC_RELAXED); }
static inline uint32_t atomicExch(uint32_t *p, uint32_t v) { return __atomic_exchange_n(p, v, __ATOMIC_RELAXED); }
template <class T> static inline T emu_cas(T *p, T old, T v) {
  __atomic_compare_exchange_n(p, &old, v, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  return old;
}
static inline uint32_t atomicCAS(uint32_t *p, uint32_t old, uint32_t v) { return emu_cas(p, old, v); }
static inline uint64_t atomicCAS(uint64_t *p, uint64_t old, uint64_t v) { return emu_cas(p, old, v); }

// One way in for all kernels: the driver's void** become the kernel's own parameters.
template <class... A, size_t... I> static inline void emu_call_(void (*f)(A...), void **a, std::index_sequence<I...>) {
  f(*(std::remove_reference_t<A> *)a[I]...);
}
template <class... A> static inline void emu_call(void (*f)(A...), void **a) { emu_call_(f, a, std::index_sequence_for<A...>{}); }
// A kernel's parameters are 8 bytes each: the launch reads eight bytes behind every address.
template <class... A> constexpr bool emu_abi(void (*)(A...)) { return ((sizeof(A) == 8) && ...); }
#define EMU_EXPORT(k)                                            \
  static_assert(emu_abi(&k), #k ": a parameter is not 8 bytes"); \
  extern "C" __attribute__((visibility("default"))) void emu_kernel_##k(void **a) { emu_call(&k, a); }
