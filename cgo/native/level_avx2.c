//go:build cgo && amd64

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi,bmi2,popcnt"))), apply_to = function)
#else
#pragma GCC target("avx2,fma,bmi,bmi2,popcnt")
#endif
#define WITH_AVX2 1
#include "loops.h"

TABLE(native_avx2);

#ifdef __clang__
#pragma clang attribute pop
#endif
