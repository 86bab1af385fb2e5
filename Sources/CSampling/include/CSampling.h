// Bilinear interpolation at eight places at once, with the compiler's portable vector types. Why not Swift: there the
// loads become single lanes, and the optimiser takes all arithmetic around them apart (docs/decisions/0032).
#pragma once
#include <stdint.h>

typedef float cs_float2 __attribute__((ext_vector_type(2)));
typedef float cs_float4 __attribute__((ext_vector_type(4)));
typedef float cs_float8 __attribute__((ext_vector_type(8)));
typedef int32_t cs_int8 __attribute__((ext_vector_type(8)));

/// A pixel and the one to its right.
static inline cs_float2 cs_pair(const float *pixel) {
  cs_float2 pair;
  __builtin_memcpy(&pair, pixel, sizeof pair);
  return pair;
}

/// Four of them.
static inline cs_float8 cs_pairs(const float *a, const float *b, const float *c, const float *d) {
  cs_float4 low = __builtin_shufflevector(cs_pair(a), cs_pair(b), 0, 1, 2, 3);
  cs_float4 high = __builtin_shufflevector(cs_pair(c), cs_pair(d), 0, 1, 2, 3);
  return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
}

/// Between eight pixels and those to their right, `share` of the way.
static inline cs_float8 cs_between(const float *pixels, const int32_t places[8], cs_float8 share) {
#pragma STDC FP_CONTRACT OFF
  const int32_t *p = places;
  cs_float8 a = cs_pairs(pixels + p[0], pixels + p[1], pixels + p[4], pixels + p[5]);
  cs_float8 b = cs_pairs(pixels + p[2], pixels + p[3], pixels + p[6], pixels + p[7]);
  cs_float8 left = __builtin_shufflevector(a, b, 0, 2, 8, 10, 4, 6, 12, 14);
  cs_float8 right = __builtin_shufflevector(a, b, 1, 3, 9, 11, 5, 7, 13, 15);
  return left + share * (right - left);
}

/// An image at eight places, all of them at least one pixel from its right and lower edges. `stride` elements from row
/// to row; products are not fused with sums, so that every processor finds the same.
static inline cs_float8 cs_bilinear(const float *pixels, intptr_t stride, cs_float8 x, cs_float8 y) {
#pragma STDC FP_CONTRACT OFF
  cs_float8 column = __builtin_elementwise_floor(x), row = __builtin_elementwise_floor(y);
  cs_int8 offsets = __builtin_convertvector(row * (float)stride + column, cs_int8);
  int32_t places[8];
  __builtin_memcpy(places, &offsets, sizeof places);
  cs_float8 top = cs_between(pixels, places, x - column);
  cs_float8 bottom = cs_between(pixels + stride, places, x - column);
  return top + (y - row) * (bottom - top);
}
