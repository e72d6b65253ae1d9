// What a node does with a row, by the bin of its column: route_cuda.go makes it.
#pragma once

struct Route {
  int32_t left;   // the left child, the right one follows; -1 for a leaf
  uint32_t how;   // of a split: shift of the column in a word of narrow ones, and the flags below
  uint64_t what;  // of a leaf the bits of its value; of a split the place of the column above that of the last bin to the
                  // left, or of the first word of its set
};

enum { ROUTE_SHIFT = 31, ROUTE_WIDE = 32, ROUTE_SET = 64, ROUTE_MISSING = 128 };

// goes_left says whether row r goes left. rows is that of all bins.
DEVICE bool goes_left(const Route& route, const uint64_t* sets, const uint32_t* narrow, const uint16_t* wide, uint64_t rows, uint64_t r) {
  uint64_t place = (route.what >> 32) * rows + r;
  uint32_t bin = route.how & ROUTE_WIDE ? wide[place] : narrow[place] >> (route.how & ROUTE_SHIFT) & 255;
  uint32_t at = (uint32_t)route.what;
  if (bin == 0) return route.how & ROUTE_MISSING;
  return route.how & ROUTE_SET ? sets[at + bin / 64] >> bin % 64 & 1 : bin <= at;
}
