// First and second derivatives of the losses, row by row: gradient.go has the formulas, and each line here rounds
// as the line there.
#include "exact.h"

enum { GAUSSIAN, BERNOULLI, MULTINOMIAL, POISSON, GAMMA, TWEEDIE, LAPLACE, PINBALL, HUBER };

DEVICE uint64_t global_index() { return (uint64_t)blockIdx.x * blockDim.x + threadIdx.x; }
DEVICE uint64_t global_stride() { return (uint64_t)gridDim.x * blockDim.x; }

// store writes the derivatives of row i, given those of weight one.
DEVICE void store(const float* y, const float* w, float* g, float* h, uint64_t i, double dg, double dh) {
  if (w) {
    double weight = w[i];
    if (weight == 0) {
      g[i] = 0, h[i] = 0;
      return;
    }
    dg = dg * weight;
    dh = dh * weight;
  }
  if (y[i] != y[i]) dg = 0, dh = 0;
  g[i] = (float)dg;
  h[i] = (float)dh;
}

// store_cut is store for losses that grow exponentially with the score.
DEVICE void store_cut(const float* y, const float* w, float* g, float* h, uint64_t i, double dg, double dh) {
  const double most = 0x1p100;
  double weight = w ? w[i] : 1;
  if (weight == 0 || y[i] != y[i]) {
    g[i] = 0, h[i] = 0;
    return;
  }
  dg = dg * weight;
  dh = dh * weight;
  dg = dg > most ? most : dg;
  g[i] = (float)(dg < -most ? -most : dg);
  h[i] = (float)(dh > most ? most : dh);
}

// side is above where f is over y, -below where it is under, and 0 between.
DEVICE double side(double f, double y, double above, double below) { return f > y ? above : f < y ? -below : 0; }

// The losses of one score: a thread a row. w may be null.
extern "C" __global__ void gradient(const double* f, const float* y, const float* w, float* g, float* h, uint64_t loss, double a, uint64_t n) {
  for (uint64_t i = global_index(); i < n; i += global_stride()) {
    double score = f[i], yi = y[i];
    switch (loss) {
      case GAUSSIAN:
        store(y, w, g, h, i, score - yi, 1);
        break;
      case BERNOULLI: {
        double p = 1 / (1 + exp_exact(-score));
        store(y, w, g, h, i, p - yi, p * (1 - p));
        break;
      }
      case POISSON: {
        double m = exp_exact(score);
        store_cut(y, w, g, h, i, m - yi, m);
        break;
      }
      case GAMMA: {
        double q = yi * exp_exact(-score);
        store_cut(y, w, g, h, i, 1 - q, q);
        break;
      }
      case TWEEDIE: {
        double u = 2 - a, v = 1 - a;
        double d = exp_exact(u * score), q = yi * exp_exact(v * score);
        store_cut(y, w, g, h, i, d - q, u * d - v * q);
        break;
      }
      case LAPLACE:
        store(y, w, g, h, i, side(score, yi, 1, 1), 1);
        break;
      case PINBALL:
        store(y, w, g, h, i, side(score, yi, 1 - a, a), 1);
        break;
      case HUBER: {
        double d = score - yi;
        d = d > a ? a : d;
        store(y, w, g, h, i, d < -a ? -a : d, 1);
        break;
      }
    }
  }
}

// Multinomial: a thread a row, over all classes. buffers holds the addresses of the scores, then of g, then of h, one
// a class each. The exponentials are made twice rather than kept: memory costs more.
extern "C" __global__ void gradient_multinomial(void* const* buffers, const float* y, const float* w, uint64_t classes, uint64_t n) {
  const double* const* f = (const double* const*)buffers;
  float* const* g = (float* const*)(buffers + classes);
  float* const* h = (float* const*)(buffers + 2 * classes);
  for (uint64_t i = global_index(); i < n; i += global_stride()) {
    double top = f[0][i], sum = 0;
    for (uint64_t k = 1; k < classes; k++) top = f[k][i] > top ? f[k][i] : top;
    for (uint64_t k = 0; k < classes; k++) sum += exp_exact(f[k][i] - top);
    for (uint64_t k = 0; k < classes; k++) {
      double p = exp_exact(f[k][i] - top) / sum;
      double hit = y[i] == (float)k ? 1 : 0;
      store(y, w, g[k], h[k], i, p - hit, p * (1 - p));
    }
  }
}
