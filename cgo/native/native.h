//go:build cgo && amd64

// The loops of kernels in C. What they compute is said in kernels/DESIGN.md; the
// forms in Go, which they equal to the bit, are in package kernels.
#ifndef GEYSER_NATIVE_H
#define GEYSER_NATIVE_H

#include <stddef.h>
#include <stdint.h>

enum { NATIVE_GENERIC, NATIVE_AVX2, NATIVE_AVX512, NATIVE_LEVELS };

// What rows and cells hold: see format in kernels/fixed.go.
enum { NATIVE_NARROW, NATIVE_SAME_H, NATIVE_H, NATIVE_H_W };

typedef struct {
  int64_t g, h, w, n;
} native_tally;

typedef struct {
  int64_t mode;
  int64_t same_h;
  double g, h;  // value of one unit
} native_format;

// A column: where its bins are in a row, in a histogram and in cells.
typedef struct {
  int32_t word, shift, wide;
  int32_t bins, levels;
  int32_t first, cell;
} native_feature;

// A word of a row: 8 columns of one byte, or 4 of two.
typedef struct {
  int32_t wide, count, cell, feature[8];
} native_word;

// What a search has to know of its job and node.
typedef struct {
  native_format format;
  double lambda;
  int64_t min_w, min_h;
  native_tally total;
  double unit_w;   // value of one unit of weight
  double phi;      // variance of derivatives of the tree; 0 where the node's levels tell it
  double squares;  // sum of g²/w of the node's rows; of one unit of it, for a subtree
  int64_t weigh;   // 1 when a subtree has to sum squares itself
} native_search;

// Share of the reliability of a level below which it is pooled.
#define NATIVE_NOISE_SHARE 0.25

// Least weight of a node that looks at all columns where none of those drawn has a split.
#define NATIVE_LOOK_AGAIN 64

// The best split so far. at is the last bin that goes left or, of so many levels in
// order, how many do.
typedef struct {
  double score;
  int32_t feature, at, missing_left, levels;
  native_tally left;
} native_best;

// A subtree that is grown in cache.
typedef struct {
  native_search search;  // total is that of the root
  double min_gain, min_gain_share;
  uint64_t draw_key, path;
  double rate, level_rate;  // share of columns a node draws
  int64_t max_depth, depth, rows;
  int32_t stride, words, features, candidates;
  int64_t cells, levels;  // cells of one lane; levels of cells there is room for
  int64_t sums, tallies;  // levels of histograms there is room for; their length
  int64_t room;           // bins of the widest column
} native_subtree;

typedef struct {
  native_tally sum, left_sum;
  double gain;
  int64_t lo, rows;
  int32_t left;  // its left child, the right one follows; -1 for a leaf
  int32_t feature, at, missing_left;
  int64_t set;  // place of its set, -1 for numbers
} native_node;

// A run of rows in a list.
typedef struct {
  int64_t lo, n;
  double value;
} native_run;

typedef struct {
  int64_t rows;
  double max_g, max_h, min_h;
  int64_t bad;
} native_spread;

// A split of a tree made ready for scoring: bit off + rank says whether to go right.
typedef struct {
  uint64_t off;
  uint32_t at, next;
} native_step;

typedef struct {
  uint32_t root;
  int32_t class, depth;
} native_tree;

// Columns of a layer that are computed together, and its activations: see kernels/activation.go.
#define NATIVE_DENSE_COLS 16
enum { NATIVE_IDENTITY, NATIVE_RECTIFIER, NATIVE_TANH, NATIVE_SIGMOID };

// One entry for each loop; native.go says what they do.
typedef struct {
  void (*sum)(const native_format *f, const native_word *words, const native_feature *feats, const uint64_t *data, int64_t stride,
              const uint64_t *a, const uint64_t *b, int64_t n, int64_t from, int64_t to, int64_t *cells, native_tally *hist);
  void (*subtract)(native_tally *large, const native_tally *small, int64_t n);
  void (*search)(const native_search *s, const native_feature *feats, const int32_t *picked, int64_t count, const native_tally *hist,
                 int64_t room, int64_t *scratch, native_best *best, uint16_t *won);
  int64_t (*part)(const uint8_t *narrow, const uint16_t *wide, const uint8_t *table, const uint64_t *a, const uint64_t *b, int64_t n,
                  uint64_t *out_a, uint64_t *out_b, int64_t left, int64_t right, int32_t back);
  int64_t (*grow)(native_subtree *t, const native_word *words, const native_feature *feats, const int32_t *candidates,
                  const uint64_t *data, uint64_t *a, uint64_t *b, int64_t *scratch, native_node *nodes, uint64_t *sets,
                  int64_t sets_room);
  void (*add)(double *scores, const uint64_t *rows, int64_t n, double value);
  void (*measure)(const float *g, const float *h, const float *weight, const uint8_t *sample, int64_t lo, int64_t hi, native_spread *out);
  int64_t (*fill)(const native_format *f, double unit_w, uint32_t key, const float *g, const float *h, const float *weight,
                  const uint8_t *sample, int64_t lo, int64_t hi, uint64_t *a, uint64_t *b, native_tally *sum);
  void (*squares)(const native_format *f, const uint64_t *a, const uint64_t *b, int64_t n, uint64_t *halves);
  void (*gaussian)(const double *f, const float *y, const float *w, float *g, float *h, int64_t n);
  void (*bernoulli)(const double *f, const float *y, const float *w, float *g, float *h, int64_t n);
  void (*largest)(const double *f, double *top, int64_t n);
  void (*exponents)(const double *f, const double *top, double *e, double *sum, int64_t n);
  void (*softmax)(const double *e, const double *sum, const float *y, const float *w, float *g, float *h, float class, int64_t n);
  void (*places16)(const uint64_t *cuts, int64_t size, const double *x, uint16_t *out, int64_t n, uint16_t base, uint16_t none);
  void (*places32)(const uint64_t *cuts, int64_t size, const double *x, uint32_t *out, int64_t n, uint32_t base, uint32_t none);
  void (*walk)(const native_step *steps, const uint64_t *bits, const float *value, const native_tree *trees, int64_t count,
               const uint32_t *ranks, double *sums, int64_t n);
  void (*walk_short)(const uint64_t *steps, const uint64_t *bits, const float *value, const native_tree *trees, int64_t count,
                     const uint32_t *ranks, int64_t columns, uint16_t *room, double *sums, int64_t n);
  void (*walk_numbers)(const uint64_t *steps, const float *value, const native_tree *trees, int64_t count, const uint32_t *ranks,
                       int64_t columns, uint32_t none, uint16_t *room, double *sums, int64_t n);
  void (*dense_pack)(const float *b, int64_t across, int64_t along, int64_t cols, int64_t depth, float *out);
  void (*dense)(const float *a, int64_t across, int64_t along, int64_t rows, const float *b, int64_t cols, int64_t depth,
                float *room, float *c, int64_t stride);
  void (*activate)(int64_t activation, float *v, int64_t n);
} native_loops;

extern const native_loops native_generic, native_avx2, native_avx512;

// Says whether this processor can run a level.
int native_has(int level);
// The loops of a level that the processor has.
const native_loops *native_at(int level);

#endif
