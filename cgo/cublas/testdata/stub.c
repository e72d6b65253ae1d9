// A libcublas that multiplies in host memory, and refuses what cuBLAS refuses. CREATE, WORKSPACE, PROPERTY and
// SGEMM are the statuses of calls; with -DLACKING it is not whole.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#ifndef CREATE
#define CREATE 0
#endif
#ifndef WORKSPACE
#define WORKSPACE 0
#endif
#ifndef PROPERTY
#define PROPERTY 0
#endif
#ifndef SGEMM
#define SGEMM 0
#endif

enum { INVALID_VALUE = 7 };

typedef struct {
  int streamed;
  void *workspace;
} handle;

int cublasCreate_v2(void **h) {
  if (!CREATE) *h = calloc(1, sizeof(handle));
  return CREATE;
}

int cublasDestroy_v2(void *h) {
  free(h);
  return 0;
}

int cublasSetStream_v2(void *h, void *stream) {
  *(handle *)h = (handle){.streamed = 1};
  return stream ? INVALID_VALUE : 0;
}

int cublasSetWorkspace_v2(void *h, void *p, size_t bytes) {
  if (!p || (uintptr_t)p % 256 || !bytes) return INVALID_VALUE;
  ((handle *)h)->workspace = p;
  return WORKSPACE;
}

// cublasGetProperty tells the version of a library that does not exist, 12.34.5.
int cublasGetProperty(int which, int *value) {
  static const int version[] = {12, 34, 5};
  if (which < 0 || which > 2 || PROPERTY) return PROPERTY ? PROPERTY : INVALID_VALUE;
  *value = version[which];
  return 0;
}

static int least(int n) { return n > 1 ? n : 1; }

// GEMM defines the product of matrices of T, whose status is STATUS.
#define GEMM(name, T, STATUS)                                                                                                              \
  int name(void *h, int ta, int tb, int m, int n, int k, const T *alpha, const T *a, int lda, const T *b, int ldb, const T *beta, T *c,    \
           int ldc) {                                                                                                                      \
    handle *at = h;                                                                                                                        \
    if (!at->streamed || !at->workspace) return INVALID_VALUE;                                                                             \
    if (m < 0 || n < 0 || k < 0 || lda < least(ta ? k : m) || ldb < least(tb ? n : k) || ldc < least(m)) return INVALID_VALUE;             \
    for (int64_t j = 0; j < n && !STATUS; j++) {                                                                                           \
      for (int64_t i = 0; i < m; i++) {                                                                                                    \
        double sum = 0;                                                                                                                    \
        for (int64_t l = 0; l < k; l++) sum += (double)(ta ? a[l + i * lda] : a[i + l * lda]) * (tb ? b[j + l * ldb] : b[l + j * ldb]);    \
        T *to = c + i + j * ldc;                                                                                                           \
        *to = (T)(*alpha * sum + (*beta ? *beta * *to : 0));                                                                               \
      }                                                                                                                                    \
    }                                                                                                                                      \
    return STATUS;                                                                                                                         \
  }

#ifndef LACKING
GEMM(cublasSgemm_v2, float, SGEMM)
#endif
GEMM(cublasDgemm_v2, double, 0)

// cublasDsyrk_v2 knows the lower triangle alone.
int cublasDsyrk_v2(void *h, int upper, int turn, int n, int k, const double *alpha, const double *a, int lda, const double *beta, double *c,
                   int ldc) {
  handle *at = h;
  if (!at->streamed || !at->workspace || upper) return INVALID_VALUE;
  if (n < 0 || k < 0 || lda < least(turn ? k : n) || ldc < least(n)) return INVALID_VALUE;
  for (int64_t j = 0; j < n; j++) {
    for (int64_t i = j; i < n; i++) {
      double sum = 0;
      for (int64_t l = 0; l < k; l++) sum += turn ? a[l + i * lda] * a[l + j * lda] : a[i + l * lda] * a[j + l * lda];
      double *to = c + i + j * ldc;
      *to = *alpha * sum + (*beta ? *beta * *to : 0);
    }
  }
  return 0;
}
