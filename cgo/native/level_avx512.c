//go:build cgo && amd64

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi,bmi2,popcnt,avx512f,avx512dq,avx512bw,avx512vl"))), apply_to = function)
#else
#pragma GCC target("avx2,fma,bmi,bmi2,popcnt,avx512f,avx512dq,avx512bw,avx512vl")
#endif
#define WITH_AVX2 1
#include "loops.h"

TABLE(native_avx512);

#ifdef __clang__
#pragma clang attribute pop
#endif
