// Layers of networks: kernels/dense.go has the contract. The output is made of pieces of 6 rows x 16 columns, whose
// sums stay in registers while both factors pass by; for that the factors are laid out strip by strip.

enum { DENSE_ROWS = 6, DENSE_COLS = NATIVE_DENSE_COLS };

#ifdef WITH_AVX2
enum { LANES = 8 };
typedef __m256 lanes;
INLINE lanes lanes_all(float v) { return _mm256_set1_ps(v); }
INLINE lanes lanes_load(const float *p) { return _mm256_loadu_ps(p); }
INLINE void lanes_store(float *p, lanes v) { _mm256_storeu_ps(p, v); }
INLINE lanes lanes_add_product(lanes sum, lanes a, lanes b) { return _mm256_fmadd_ps(a, b, sum); }
#else
enum { LANES = 4 };
typedef float lanes __attribute__((vector_size(16)));
INLINE lanes lanes_all(float v) { return (lanes){v, v, v, v}; }
INLINE lanes lanes_load(const float *p) {
  lanes v;
  memcpy(&v, p, sizeof v);
  return v;
}
INLINE void lanes_store(float *p, lanes v) { memcpy(p, &v, sizeof v); }
INLINE lanes lanes_add_product(lanes sum, lanes a, lanes b) { return sum + a * b; }
#endif

// strips lays out count vectors of some depth in strips of width: out[strip][place in the vector][vector of the strip],
// with zeros for vectors that a strip lacks. across leads to the next vector, along to the next place in it.
INLINE void strips(const float *in, int64_t across, int64_t along, int64_t count, int64_t depth, int width, float *out) {
  for (int64_t from = 0; from < count; from += width, in += width * across, out += width * depth) {
    if (count - from < width) {
      int rest = (int)(count - from);
      for (int64_t l = 0; l < depth; l++)
        for (int i = 0; i < width; i++) out[l * width + i] = i < rest ? in[i * across + l * along] : 0;
    } else if (across == 1) {
      for (int64_t l = 0; l < depth; l++) memcpy(out + l * width, in + l * along, (size_t)width * sizeof *out);
    } else {
      for (int64_t l = 0; l < depth; l++)
        for (int i = 0; i < width; i++) out[l * width + i] = in[i * across + l * along];
    }
  }
}

static void dense_pack(const float *b, int64_t across, int64_t along, int64_t cols, int64_t depth, float *out) {
  strips(b, across, along, cols, depth, DENSE_COLS, out);
}

// piece adds a product to 6 x 2 vectors, in the order of places.
INLINE void piece(const float *restrict a, const float *restrict b, int64_t depth, float *restrict c, int64_t stride) {
  lanes sum[DENSE_ROWS][2];
  for (int i = 0; i < DENSE_ROWS; i++)
    for (int j = 0; j < 2; j++) sum[i][j] = lanes_load(c + i * stride + j * LANES);
  for (int64_t l = 0; l < depth; l++, a += DENSE_ROWS, b += DENSE_COLS) {
    lanes b0 = lanes_load(b), b1 = lanes_load(b + LANES);
    for (int i = 0; i < DENSE_ROWS; i++) {
      lanes ai = lanes_all(a[i]);
      sum[i][0] = lanes_add_product(sum[i][0], ai, b0);
      sum[i][1] = lanes_add_product(sum[i][1], ai, b1);
    }
  }
  for (int i = 0; i < DENSE_ROWS; i++)
    for (int j = 0; j < 2; j++) lanes_store(c + i * stride + j * LANES, sum[i][j]);
}

static void dense(const float *a, int64_t across, int64_t along, int64_t rows, const float *b, int64_t cols, int64_t depth,
                  float *room, float *c, int64_t stride) {
  strips(a, across, along, rows, depth, DENSE_ROWS, room);
  for (int64_t j = 0; j < cols; j += DENSE_COLS) {
    for (int64_t i = 0; i < rows; i += DENSE_ROWS) {
      int m = (int)MIN(DENSE_ROWS, rows - i), n = (int)MIN(DENSE_COLS, cols - j);
      float *at = c + i * stride + j, edge[DENSE_ROWS * DENSE_COLS] = {0};
      int whole = m == DENSE_ROWS && n == DENSE_COLS;
      if (!whole)
        for (int r = 0; r < m; r++) memcpy(edge + r * DENSE_COLS, at + r * stride, (size_t)n * sizeof *at);
      for (int k = 0; k < DENSE_COLS; k += 2 * LANES)
        piece(room + i * depth, b + j * depth + k, depth, (whole ? at : edge) + k, whole ? stride : DENSE_COLS);
      if (!whole)
        for (int r = 0; r < m; r++) memcpy(at + r * stride, edge + r * DENSE_COLS, (size_t)n * sizeof *at);
    }
  }
}

static void activate(int64_t activation, float *v, int64_t n) {
  switch (activation) {
    case NATIVE_RECTIFIER:
      for (int64_t i = 0; i < n; i++) v[i] = v[i] < 0 ? 0 : v[i];
      break;
    case NATIVE_TANH:
      for (int64_t i = 0; i < n; i++) {
        double x = v[i], m = __builtin_fabs(x), e = exponential(-2 * m), s = x * x;
        double p = __builtin_fma(s, -17.0 / 315, 2.0 / 15);
        p = __builtin_fma(p, s, -1.0 / 3);
        double far = __builtin_copysign((1 - e) / (1 + e), x), near = __builtin_fma(x * s, p, x);
        v[i] = (float)(m < 0.0625 ? near : far);
      }
      break;
    case NATIVE_SIGMOID:
      for (int64_t i = 0; i < n; i++) v[i] = (float)(1 / (1 + exponential(-(double)v[i])));
      break;
  }
}
