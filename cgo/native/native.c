//go:build cgo && amd64

#include "native.h"

int native_has(int level) {
  __builtin_cpu_init();
  switch (level) {
    case NATIVE_GENERIC:
      return 1;
    case NATIVE_AVX2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
             __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
    case NATIVE_AVX512:
      return native_has(NATIVE_AVX2) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  }
  return 0;
}

const native_loops *native_at(int level) {
  switch (level) {
    case NATIVE_AVX2:
      return &native_avx2;
    case NATIVE_AVX512:
      return &native_avx512;
  }
  return &native_generic;
}
