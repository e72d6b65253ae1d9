int cudashim_status(void);
const char *cudashim_why(void);
const char *cudashim_missing(void);
