//go:build cuda

// cuBLAS through dlopen: prototypes of our own, so neither its headers nor the library is needed to build.
#include "bind.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

enum { CUBLAS_OP_N, CUBLAS_OP_T };
enum { CUBLAS_FILL_MODE_LOWER };

char *gcb_open(const char *path, gcb_library *lib) {
  lib->file = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!lib->file) return strdup(dlerror());
  const char *missing = 0;
#define BIND(name) \
  if (!(*(void **)&lib->name = dlsym(lib->file, #name))) missing = #name;
  BIND(cublasCreate_v2)
  BIND(cublasDestroy_v2)
  BIND(cublasSetStream_v2)
  BIND(cublasSetWorkspace_v2)
  BIND(cublasGetProperty)
  BIND(cublasSgemm_v2)
  BIND(cublasDgemm_v2)
  BIND(cublasDsyrk_v2)
#undef BIND
  if (!missing) return 0;
  char text[256];
  snprintf(text, sizeof text, "%.150s: there is no %s", path, missing);
  gcb_close(lib);
  return strdup(text);
}

void gcb_close(gcb_library *lib) { dlclose(lib->file); }

int gcb_create(const gcb_library *lib, void **handle) { return lib->cublasCreate_v2(handle); }

int gcb_destroy(const gcb_library *lib, void *handle) { return lib->cublasDestroy_v2(handle); }

// Why in this order: a stream brings back the library's own workspace.
int gcb_use(const gcb_library *lib, void *handle, uintptr_t workspace, size_t bytes) {
  int status = lib->cublasSetStream_v2(handle, 0);
  return status ? status : lib->cublasSetWorkspace_v2(handle, (void *)workspace, bytes);
}

int gcb_property(const gcb_library *lib, int which, int *value) { return lib->cublasGetProperty(which, value); }

int gcb_sgemm(const gcb_library *lib, void *handle, int turn_a, int turn_b, int m, int n, int k, uintptr_t a, int lda, uintptr_t b, int ldb,
              uintptr_t c, int ldc) {
  const float one = 1, zero = 0;
  return lib->cublasSgemm_v2(handle, turn_a ? CUBLAS_OP_T : CUBLAS_OP_N, turn_b ? CUBLAS_OP_T : CUBLAS_OP_N, m, n, k, &one, (const float *)a,
                             lda, (const float *)b, ldb, &zero, (float *)c, ldc);
}

int gcb_dgemm(const gcb_library *lib, void *handle, int turn_a, int turn_b, int m, int n, int k, uintptr_t a, int lda, uintptr_t b, int ldb,
              uintptr_t c, int ldc) {
  const double one = 1, zero = 0;
  return lib->cublasDgemm_v2(handle, turn_a ? CUBLAS_OP_T : CUBLAS_OP_N, turn_b ? CUBLAS_OP_T : CUBLAS_OP_N, m, n, k, &one, (const double *)a,
                             lda, (const double *)b, ldb, &zero, (double *)c, ldc);
}

int gcb_dsyrk(const gcb_library *lib, void *handle, int turn, int n, int k, uintptr_t a, int lda, uintptr_t c, int ldc) {
  const double one = 1, zero = 0;
  return lib->cublasDsyrk_v2(handle, CUBLAS_FILL_MODE_LOWER, turn ? CUBLAS_OP_T : CUBLAS_OP_N, n, k, &one, (const double *)a, lda, &zero,
                             (double *)c, ldc);
}
