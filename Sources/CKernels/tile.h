// Direct convolution's register tile: P neighbouring pixels by V vectors of output channels, all in registers.

/// Adds P x V sums over all taps and channels. `s` elements lie between output pixels.
INLINE void accumulate(const ck_tile *t, const float *w, intptr_t offset, intptr_t s, const int P, const int V,
                       fv a[][4]) {
  for (intptr_t block = 0; block < t->blockCount; block++) {
    const float *row = t->blocks[block] + offset;
    const intptr_t count = t->counts[block];
    for (intptr_t ky = 0; ky < t->kernelHeight; ky++, row += t->rowStride) {
      const float *tap = row;
      for (intptr_t kx = 0; kx < t->kernelWidth; kx++, tap += t->tapStride) {
        for (intptr_t c = 0; c < count; c++, w += V * LANES) {
          fv v[4];
          UNROLL for (int j = 0; j < V; j++) v[j] = load(w + j * LANES);
          UNROLL for (int p = 0; p < P; p++) {
            fv x = (fv)(tap[c + p * s]);
            UNROLL for (int j = 0; j < V; j++) a[p][j] += v[j] * x;
          }
        }
      }
    }
  }
}

/// Adds the residual, clamps and stores one vector of one pixel; only stores it where `isBare`.
INLINE void finish(fv sum, intptr_t at, const ck_epilogue *e, const int isBare) {
  const intptr_t next = at + e->blockStride;
  if (isBare) return storePair(sum, e->output + at, e->output + next);
  if (e->residual) sum += loadPair(e->residual + at, e->residual + next);
  storePair(clampv(sum, e->minimum, e->maximum), e->output + at, e->output + next);
}

/// P pixels that start `first` pixels into the run, of which `count` are stored. Without `s` the stride is the tile's;
/// with `isBare` the sums are stored as they are, without bias, residual and limits.
INLINE void tile(const ck_tile *t, const float *w, const ck_epilogue *e, intptr_t first, const int P, const int V,
                 const int s, const int isBare, intptr_t count) {
  fv a[12][4];
  UNROLL for (int j = 0; j < V; j++) {
    const fv bias = isBare ? (fv)(0.0f) : load(e->bias + j * LANES);
    UNROLL for (int p = 0; p < P; p++) a[p][j] = bias;
  }
  const intptr_t stride = s ? s : t->pixelStride;
  // The residual of the next pixels comes from memory while these are multiplied.
  if (!isBare && e->residual && P > 4)
    UNROLL for (int j = 0; j < V * LANES / 8; j++)
      UNROLL for (int p = 0; p < P; p += 2)
        __builtin_prefetch(e->residual + (first + P + p) * 8 + j * e->blockStride);
  accumulate(t, w, t->offset + first * stride, stride, P, V, a);
  UNROLL for (int p = 0; p < P; p++) {
    if (p >= count) return;
    UNROLL for (int j = 0; j < V; j++) {
      const intptr_t at = (first + p) * 8 + j * (LANES / 8) * e->blockStride;
      finish(a[p][j], at, e, isBare);
    }
  }
}

/// Covers a run with tiles of P pixels, then of HALF, then of LAST.
INLINE void sweep(const ck_tile *t, const float *w, const ck_epilogue *e, intptr_t pixels, const int V, const int P,
                  const int HALF, const int LAST, const int s, const int isBare) {
  intptr_t first = 0;
  for (; pixels - first >= P; first += P) tile(t, w, e, first, P, V, s, isBare, P);
  if (pixels - first > LAST) {
    tile(t, w, e, first, HALF, V, s, isBare, pixels - first);
    first += HALF;
  }
  if (pixels > first) tile(t, w, e, first, LAST, V, s, isBare, pixels - first);
}

/// The function of one panel width, V vectors; constant pixel strides fold into the addresses of the loads.
#define SWEEP(name, V, P, HALF, LAST)                                                                              \
  static void name(const ck_tile *t, const float *w, const ck_epilogue *e, intptr_t pixels) {                      \
    if (!e->bias)                                                                                                  \
      sweep(t, w, e, pixels, V, P, HALF, LAST, 8, 1);                                                              \
    else if (t->pixelStride == 8)                                                                                  \
      sweep(t, w, e, pixels, V, P, HALF, LAST, 8, 0);                                                              \
    else if (t->pixelStride == 16)                                                                                 \
      sweep(t, w, e, pixels, V, P, HALF, LAST, 16, 0);                                                             \
    else                                                                                                           \
      sweep(t, w, e, pixels, V, P, HALF, LAST, 0, 0);                                                              \
  }
