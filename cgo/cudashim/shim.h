#include <stddef.h>

int cudashim_status(void);
const char *cudashim_why(void);
const char *cudashim_missing(void);
int cudashim_alloc_host(size_t bytes, void **out);
