// Trees in the form that scoring uses: ranked.go has the layout.
#pragma once

// RankColumn says how the values of a column become ranks.
struct RankColumn {
  const void* values;  // null: all are missing
  uint64_t type;
  int64_t least;
  const uint64_t* cuts;
  uint64_t size;  // of cuts: a power of two
  uint64_t none;  // rank of missing values
  uint64_t set;   // 1 for categories, of which there are none
};

// RankNode is a split. A leaf leads to itself.
struct __attribute__((aligned(16))) RankNode {
  uint64_t off;
  uint32_t at, next;
};

// goes_right is 1 where a row goes right. ranks has so many rows a column.
DEVICE uint32_t goes_right(RankNode n, const uint64_t* bits, const uint32_t* ranks, uint64_t rows, uint64_t row) {
  uint64_t p = n.off + ranks[n.at / 256 * rows + row];  // 256: rankRows
  return (uint32_t)(bits[p / 64] >> (p % 64) & 1);
}
