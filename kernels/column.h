// Raw values of a column, as column.go loads them.
#pragma once

enum { INT8, INT16, INT32, INT64, FLOAT32, FLOAT64 };

// raw returns value i as a double, and whether it is there. Whole numbers below least are missing.
DEVICE bool raw(const void* values, uint64_t type, int64_t least, uint64_t i, double* v) {
  int64_t x = 0;
  switch (type) {
    case INT8:
      x = ((const int8_t*)values)[i];
      break;
    case INT16:
      x = ((const int16_t*)values)[i];
      break;
    case INT32:
      x = ((const int32_t*)values)[i];
      break;
    case INT64:
      x = ((const int64_t*)values)[i];
      break;
    case FLOAT32:
      *v = (double)((const float*)values)[i];
      return *v == *v;
    case FLOAT64:
      *v = ((const double*)values)[i];
      return *v == *v;
  }
  *v = (double)x;
  return x >= least;
}

// ordered maps doubles to integers that compare as the doubles do; the two zeros are one.
DEVICE uint64_t ordered(double v) {
  int64_t b = __double_as_longlong(v == 0 ? 0 : v);
  return (uint64_t)b ^ ((uint64_t)(b >> 63) | 0x8000000000000000u);
}
