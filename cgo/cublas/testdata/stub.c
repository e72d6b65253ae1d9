// A libcublas that multiplies in host memory, and refuses what cuBLAS refuses. CREATE, WORKSPACE and SGEMM are the
// statuses of calls; with -DLACKING it is not whole.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#ifndef CREATE
#define CREATE 0
#endif
#ifndef WORKSPACE
#define WORKSPACE 0
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

static int least(int n) { return n > 1 ? n : 1; }

#ifndef LACKING
int cublasSgemm_v2(void *h, int ta, int tb, int m, int n, int k, const float *alpha, const float *a, int lda, const float *b, int ldb,
                   const float *beta, float *c, int ldc) {
  handle *at = h;
  if (!at->streamed || !at->workspace) return INVALID_VALUE;
  if (m < 0 || n < 0 || k < 0 || lda < least(ta ? k : m) || ldb < least(tb ? n : k) || ldc < least(m)) return INVALID_VALUE;
  for (int64_t j = 0; j < n && !SGEMM; j++) {
    for (int64_t i = 0; i < m; i++) {
      double sum = 0;
      for (int64_t l = 0; l < k; l++) sum += (double)(ta ? a[l + i * lda] : a[i + l * lda]) * (tb ? b[j + l * ldb] : b[l + j * ldb]);
      float *to = c + i + j * ldc;
      *to = (float)(*alpha * sum + (*beta ? *beta * *to : 0));
    }
  }
  return SGEMM;
}
#endif
