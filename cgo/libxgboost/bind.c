//go:build cgo

// XGBoost's C interface through dlopen: prototypes of our own, so neither its
// header nor the library is needed to build.
//
// Why one wrapper a call: the library keeps its last error by thread, and the Go
// scheduler may move a goroutine to another thread between two calls.
#include "bind.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#define FUNCTIONS(F)                                                                                                                   \
  F(XGBoostVersion, void, (int *, int *, int *))                                                                                       \
  F(XGBGetLastError, const char *, (void))                                                                                             \
  F(XGBuildInfo, int, (const char **))                                                                                                 \
  F(XGDMatrixCreateFromDense, int, (const char *, const char *, void **))                                                              \
  F(XGDMatrixCreateFromColumnar, int, (const char *, const char *, void **))                                                           \
  F(XGDMatrixCreateFromCSR, int, (const char *, const char *, const char *, uint64_t, const char *, void **))                          \
  F(XGDMatrixSetInfoFromInterface, int, (void *, const char *, const char *))                                                          \
  F(XGDMatrixSetStrFeatureInfo, int, (void *, const char *, const char **, uint64_t))                                                  \
  F(XGDMatrixSaveBinary, int, (void *, const char *, int))                                                                             \
  F(XGDMatrixFree, int, (void *))                                                                                                      \
  F(XGBoosterCreate, int, (void *const *, uint64_t, void **))                                                                          \
  F(XGBoosterSetParam, int, (void *, const char *, const char *))                                                                      \
  F(XGBoosterUpdateOneIter, int, (void *, int, void *))                                                                                \
  F(XGBoosterEvalOneIter, int, (void *, int, void **, const char **, uint64_t, const char **))                                         \
  F(XGBoosterPredictFromDMatrix, int, (void *, void *, const char *, const uint64_t **, uint64_t *, const float **))                   \
  F(XGBoosterSaveModelToBuffer, int, (void *, const char *, uint64_t *, const char **))                                                \
  F(XGBoosterLoadModelFromBuffer, int, (void *, const void *, uint64_t))                                                               \
  F(XGBoosterSaveJsonConfig, int, (void *, uint64_t *, const char **))                                                                 \
  F(XGBoosterBoostedRounds, int, (void *, int *))                                                                                      \
  F(XGBoosterFree, int, (void *))

#define F(name, result, args) static result(*p_##name) args;
FUNCTIONS(F)
#undef F

// patience keeps the library's OpenMP from burning processors while it waits.
// Why: with more threads than free processors (other trainings, a busy server) GNU's
// 300000 turns at every barrier made a training take six times the processor time and
// more; with 1000 it takes what it takes alone. Read once, when the library is loaded.
static void patience(void) {
  if (!getenv("OMP_WAIT_POLICY")) setenv("GOMP_SPINCOUNT", "1000", 0);
}

int gxb_open(const char *path, char **err) {
  patience();
  void *h = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!h) {
    *err = strdup(dlerror());
    return -1;
  }
#define F(name, result, args) *(void **)&p_##name = dlsym(h, #name);
  FUNCTIONS(F)
#undef F
  if (p_XGBGetLastError && p_XGBoostVersion) return 0;
  *err = strdup("not an XGBoost library");
  dlclose(h);
  return -1;
}

static int fail(char **err) {
  *err = strdup(p_XGBGetLastError());
  return -1;
}

#define CALL(name, ...)                                                    \
  do {                                                                     \
    if (!p_##name) {                                                       \
      *err = strdup("the loaded XGBoost library has no function " #name); \
      return -1;                                                           \
    }                                                                      \
    return p_##name(__VA_ARGS__) ? fail(err) : 0;                          \
  } while (0)

void gxb_version(int *major, int *minor, int *patch) { p_XGBoostVersion(major, minor, patch); }
int gxb_has_columns(void) { return p_XGDMatrixCreateFromColumnar != 0; }
int gxb_build(const char **out, char **err) { CALL(XGBuildInfo, out); }

int gxb_matrix_dense(const char *a, const char *c, void **out, char **err) { CALL(XGDMatrixCreateFromDense, a, c, out); }
int gxb_matrix_columns(const char *a, const char *c, void **out, char **err) { CALL(XGDMatrixCreateFromColumnar, a, c, out); }
int gxb_matrix_csr(const char *p, const char *i, const char *d, uint64_t columns, const char *c, void **out, char **err) {
  CALL(XGDMatrixCreateFromCSR, p, i, d, columns, c, out);
}
int gxb_matrix_info(void *m, const char *field, const char *a, char **err) { CALL(XGDMatrixSetInfoFromInterface, m, field, a); }
int gxb_matrix_names(void *m, const char **names, uint64_t n, char **err) { CALL(XGDMatrixSetStrFeatureInfo, m, "feature_name", names, n); }
int gxb_matrix_save(void *m, const char *path, char **err) { CALL(XGDMatrixSaveBinary, m, path, 1); }
int gxb_matrix_free(void *m, char **err) { CALL(XGDMatrixFree, m); }

int gxb_booster(void **m, uint64_t n, void **out, char **err) { CALL(XGBoosterCreate, m, n, out); }
int gxb_booster_set(void *b, const char *k, const char *v, char **err) { CALL(XGBoosterSetParam, b, k, v); }
int gxb_booster_update(void *b, int round, void *m, char **err) { CALL(XGBoosterUpdateOneIter, b, round, m); }
int gxb_booster_eval(void *b, int round, void **m, const char **names, uint64_t n, const char **out, char **err) {
  CALL(XGBoosterEvalOneIter, b, round, m, names, n, out);
}
int gxb_booster_predict(void *b, void *m, const char *c, const uint64_t **shape, uint64_t *dims, const float **out, char **err) {
  CALL(XGBoosterPredictFromDMatrix, b, m, c, shape, dims, out);
}
int gxb_booster_save(void *b, const char *c, uint64_t *n, const char **out, char **err) { CALL(XGBoosterSaveModelToBuffer, b, c, n, out); }
int gxb_booster_load(void *b, const void *data, uint64_t n, char **err) { CALL(XGBoosterLoadModelFromBuffer, b, data, n); }
int gxb_booster_config(void *b, uint64_t *n, const char **out, char **err) { CALL(XGBoosterSaveJsonConfig, b, n, out); }
int gxb_booster_rounds(void *b, int *out, char **err) { CALL(XGBoosterBoostedRounds, b, out); }
int gxb_booster_free(void *b, char **err) { CALL(XGBoosterFree, b); }
