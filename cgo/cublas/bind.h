#include <stddef.h>
#include <stdint.h>

// What is used of one libcublas. Results are its cublasStatus_t.
typedef struct {
  void *file;
  int (*cublasCreate_v2)(void **);
  int (*cublasDestroy_v2)(void *);
  int (*cublasSetStream_v2)(void *, void *);
  int (*cublasSetWorkspace_v2)(void *, void *, size_t);
  int (*cublasGetProperty)(int, int *);
  int (*cublasSgemm_v2)(void *, int, int, int, int, int, const float *, const float *, int, const float *, int, const float *, float *, int);
  int (*cublasDgemm_v2)(void *, int, int, int, int, int, const double *, const double *, int, const double *, int, const double *, double *, int);
  int (*cublasDsyrk_v2)(void *, int, int, int, int, const double *, const double *, int, const double *, double *, int);
} gcb_library;

// gcb_open fills lib, or returns text that says what is wrong, to be freed.
char *gcb_open(const char *path, gcb_library *lib);
void gcb_close(gcb_library *lib);

int gcb_create(const gcb_library *lib, void **handle);
int gcb_destroy(const gcb_library *lib, void *handle);
int gcb_use(const gcb_library *lib, void *handle, uintptr_t workspace, size_t bytes);
int gcb_property(const gcb_library *lib, int which, int *value);
int gcb_sgemm(const gcb_library *lib, void *handle, int turn_a, int turn_b, int m, int n, int k, uintptr_t a, int lda, uintptr_t b, int ldb,
              uintptr_t c, int ldc);
int gcb_dgemm(const gcb_library *lib, void *handle, int turn_a, int turn_b, int m, int n, int k, uintptr_t a, int lda, uintptr_t b, int ldb,
              uintptr_t c, int ldc);
int gcb_dsyrk(const gcb_library *lib, void *handle, int turn, int n, int k, uintptr_t a, int lda, uintptr_t c, int ldc);
