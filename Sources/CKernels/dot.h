// Convolution to one output channel: lanes run over the input channels, so that no lane is empty.

/// The sum of each of eight vectors, in order.
INLINE f8 sums(f8 v0, f8 v1, f8 v2, f8 v3, f8 v4, f8 v5, f8 v6, f8 v7) {
#define PAIRS(a, b)                                                                                                \
  (__builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14) + __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15))
#define QUADS(a, b)                                                                                                \
  (__builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13) + __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15))
  const f8 a = QUADS(PAIRS(v0, v1), PAIRS(v2, v3)), b = QUADS(PAIRS(v4, v5), PAIRS(v6, v7));
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11) + __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
#undef PAIRS
#undef QUADS
}

static void dot(const ck_tile *t, const float *weights, float bias, float *output, intptr_t pixels) {
  for (intptr_t first = 0; first < pixels; first += 8) {
    f8 a[8];
    UNROLL for (int p = 0; p < 8; p++) a[p] = (f8)(0.0f);
    const float *w = weights;
    for (intptr_t block = 0; block < t->blockCount; block++) {
      const float *row = t->blocks[block] + t->offset + first * t->pixelStride;
      for (intptr_t ky = 0; ky < t->kernelHeight; ky++, row += t->rowStride) {
        const float *tap = row;
        for (intptr_t kx = 0; kx < t->kernelWidth; kx++, tap += t->tapStride, w += 8) {
          const f8 v = load8(w);
          UNROLL for (int p = 0; p < 8; p++) a[p] += v * load8(tap + p * t->pixelStride);
        }
      }
    }
    const f8 sum = sums(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]) + bias;
    if (pixels - first >= 8)
      store8(sum, output + first);
    else
      for (intptr_t p = first; p < pixels; p++) output[p] = sum[p - first];
  }
}
