// Direct convolution's register tile for panels that end in half a vector, on vectors of sixteen: eight output channels,
// or V = 1 whole vector and eight more. Two input channels at a time: in the last vector each takes every other lane.
// Both inputs of a pixel come with one load and are spread by shuffles: one multiplication per load would wait for loads.

typedef double dv __attribute__((ext_vector_type(LANES / 2)));

/// Two neighbouring floats, again and again.
INLINE fv loadAlternating(const float *p) {
  double pair;
  __builtin_memcpy(&pair, p, sizeof pair);
  fv both = (fv)(dv)(pair);
  // Otherwise the compiler makes two loads more of the shuffles that follow.
  __asm__("" : "+v"(both));
  return both;
}
INLINE fv evenLanes(fv v) {
  return __builtin_shufflevector(v, v, 0, 0, 2, 2, 4, 4, 6, 6, 8, 8, 10, 10, 12, 12, 14, 14);
}
INLINE fv oddLanes(fv v) {
  return __builtin_shufflevector(v, v, 1, 1, 3, 3, 5, 5, 7, 7, 9, 9, 11, 11, 13, 13, 15, 15);
}

/// One pair of input channels: with V a vector of weights of the first and one of the second, then one of both.
INLINE void addPair(const float *x, const float *w, intptr_t s, const int P, const int V, fv a[][2]) {
  const fv first = load(w), second = load(w + V * LANES), both = load(w + 2 * V * LANES);
  UNROLL for (int p = 0; p < P; p++) {
    const fv pair = loadAlternating(x + p * s);
    if (V) {
      a[p][0] += first * evenLanes(pair);
      a[p][0] += second * oddLanes(pair);
    }
    a[p][V] += both * pair;
  }
}

/// A channel without a partner: its partner's weights are zero, and no value is read for it.
INLINE void addSingle(const float *x, const float *w, intptr_t s, const int P, const int V, fv a[][2]) {
  UNROLL for (int p = 0; p < P; p++) {
    const fv value = (fv)(x[p * s]);
    if (V) a[p][0] += load(w) * value;
    a[p][V] += load(w + 2 * V * LANES) * value;
  }
}

/// Adds P sums over all taps and channels; `s` elements lie between output pixels.
INLINE void accumulatePairs(const ck_tile *t, const float *w, intptr_t offset, intptr_t s, const int P, const int V,
                            fv a[][2]) {
  const int step = (2 * V + 1) * LANES;
  for (intptr_t block = 0; block < t->blockCount; block++) {
    const float *row = t->blocks[block] + offset;
    const intptr_t count = t->counts[block];
    for (intptr_t ky = 0; ky < t->kernelHeight; ky++, row += t->rowStride) {
      const float *tap = row;
      for (intptr_t kx = 0; kx < t->kernelWidth; kx++, tap += t->tapStride) {
        if (count == 8) {
          UNROLL for (int c = 0; c < 8; c += 2, w += step) addPair(tap + c, w, s, P, V, a);
          continue;
        }
        for (intptr_t c = 0; c + 1 < count; c += 2, w += step) addPair(tap + c, w, s, P, V, a);
        if (count & 1) {
          addSingle(tap + count - 1, w, s, P, V, a);
          w += step;
        }
      }
    }
  }
}

/// The sum of both channels' lanes.
INLINE f8 foldPairs(fv v) {
  return __builtin_shufflevector(v, v, 0, 2, 4, 6, 8, 10, 12, 14) +
         __builtin_shufflevector(v, v, 1, 3, 5, 7, 9, 11, 13, 15);
}

INLINE void pairTile(const ck_tile *t, const float *w, const ck_epilogue *e, intptr_t first, const int P, const int V,
                     const int s, const int isBare, intptr_t count) {
  fv a[12][2];
  UNROLL for (int j = 0; j <= V; j++) {
    const fv bias = isBare || j == V ? (fv)(0.0f) : load(e->bias + j * LANES);
    UNROLL for (int p = 0; p < P; p++) a[p][j] = bias;
  }
  const intptr_t stride = s ? s : t->pixelStride;
  accumulatePairs(t, w, t->offset + first * stride, stride, P, V, a);
  UNROLL for (int p = 0; p < P; p++) {
    if (p >= count) return;
    if (V) finish(a[p][0], (first + p) * 8, e, isBare);
    const intptr_t at = (first + p) * 8 + V * 2 * e->blockStride;
    f8 sum = foldPairs(a[p][V]);
    if (!isBare) {
      sum += load8(e->bias + V * LANES);
      if (e->residual) sum += load8(e->residual + at);
      sum = clamp8(sum, e->minimum, e->maximum);
    }
    store8(sum, e->output + at);
  }
}

/// Covers a run with tiles of P pixels, then of HALF, then of LAST.
INLINE void pairSweep(const ck_tile *t, const float *w, const ck_epilogue *e, intptr_t pixels, const int V, const int P,
                      const int HALF, const int LAST, const int s, const int isBare) {
  intptr_t first = 0;
  for (; pixels - first >= P; first += P) pairTile(t, w, e, first, P, V, s, isBare, P);
  if (pixels - first > LAST) {
    pairTile(t, w, e, first, HALF, V, s, isBare, pixels - first);
    first += HALF;
  }
  if (pixels > first) pairTile(t, w, e, first, LAST, V, s, isBare, pixels - first);
}

#define PAIR_SWEEP(name, V, P, HALF, LAST)                                                                         \
  static void name(const ck_tile *t, const float *w, const ck_epilogue *e, intptr_t pixels) {                      \
    if (!e->bias)                                                                                                  \
      pairSweep(t, w, e, pixels, V, P, HALF, LAST, 8, 1);                                                          \
    else if (t->pixelStride == 8)                                                                                  \
      pairSweep(t, w, e, pixels, V, P, HALF, LAST, 8, 0);                                                          \
    else if (t->pixelStride == 16)                                                                                 \
      pairSweep(t, w, e, pixels, V, P, HALF, LAST, 16, 0);                                                         \
    else                                                                                                           \
      pairSweep(t, w, e, pixels, V, P, HALF, LAST, 0, 0);                                                          \
  }
