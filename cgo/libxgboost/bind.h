//go:build cgo

#include <stdint.h>

// Every call that can fail returns 0, or -1 and in *err a text to free. A function
// that the loaded library lacks is such a failure.

int gxb_open(const char *path, char **err);
void gxb_version(int *major, int *minor, int *patch);
int gxb_has_columns(void);
int gxb_build(const char **out, char **err);

int gxb_matrix_dense(const char *array, const char *config, void **out, char **err);
int gxb_matrix_columns(const char *arrays, const char *config, void **out, char **err);
int gxb_matrix_csr(const char *indptr, const char *indices, const char *data, uint64_t columns, const char *config, void **out, char **err);
int gxb_matrix_info(void *matrix, const char *field, const char *array, char **err);
int gxb_matrix_names(void *matrix, const char **names, uint64_t n, char **err);
int gxb_matrix_save(void *matrix, const char *path, char **err);
int gxb_matrix_free(void *matrix, char **err);

int gxb_booster(void **matrices, uint64_t n, void **out, char **err);
int gxb_booster_set(void *booster, const char *name, const char *value, char **err);
int gxb_booster_update(void *booster, int round, void *matrix, char **err);
int gxb_booster_eval(void *booster, int round, void **matrices, const char **names, uint64_t n, const char **out, char **err);
int gxb_booster_predict(void *booster, void *matrix, const char *config, const uint64_t **shape, uint64_t *dims, const float **out, char **err);
int gxb_booster_save(void *booster, const char *config, uint64_t *n, const char **out, char **err);
int gxb_booster_load(void *booster, const void *data, uint64_t n, char **err);
int gxb_booster_config(void *booster, uint64_t *n, const char **out, char **err);
int gxb_booster_rounds(void *booster, int *out, char **err);
int gxb_booster_free(void *booster, char **err);
