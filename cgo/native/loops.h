// The body of every level: included once by each of level_*.c, which say for which
// processor it is compiled.
#include <math.h>
#include <string.h>

#ifdef WITH_AVX2
#include <immintrin.h>
#endif

#include "native.h"

#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#endif

#define INLINE static inline __attribute__((always_inline))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

enum {
  CELL_ROWS = 8192,  // rows that a cell can sum
  BLOCK = 256,       // rows that stay in cache while all their columns are summed
  AHEAD = 40,        // rows that memory is asked for before they are needed
  COUNT_BITS = 14,
  G_SHIFT = COUNT_BITS + 24,
};
#define COUNT_MASK ((INT64_C(1) << COUNT_BITS) - 1)
#define H_MASK ((INT64_C(1) << 24) - 1)

#include "histogram.h"
#include "split.h"
#include "part.h"
#include "subtree.h"
#include "gradient.h"
#include "fixed.h"
#include "bins.h"
#include "score.h"
#include "dense.h"

#define TABLE(name)                                                                                                \
  const native_loops name = {sum_rows, subtract,  search,  part,      grow,    add_value, measure,  fill, squares, \
                             gaussian, bernoulli, largest, exponents, softmax, places16,  places32, walk, walk_short, \
                             walk_numbers, dense_pack, dense, activate}
