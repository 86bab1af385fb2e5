// Direct convolution's register tile for eight output channels on vectors of sixteen: two input channels at a time, of
// which each takes every other lane.

typedef double dv __attribute__((ext_vector_type(LANES / 2)));

/// Two neighbouring floats, again and again.
INLINE fv loadAlternating(const float *p) {
  double pair;
  __builtin_memcpy(&pair, p, sizeof pair);
  return (fv)(dv)(pair);
}

/// Adds P sums over all taps and channels; `s` elements lie between output pixels. A block's last channel stands alone
/// where their number is odd: its partner's weights are zero, and no value is read for it.
INLINE void accumulatePairs(const ck_tile *t, const float *w, intptr_t offset, intptr_t s, const int P, fv a[]) {
  for (intptr_t block = 0; block < t->blockCount; block++) {
    const float *row = t->blocks[block] + offset;
    const intptr_t count = t->counts[block];
    for (intptr_t ky = 0; ky < t->kernelHeight; ky++, row += t->rowStride) {
      const float *tap = row;
      for (intptr_t kx = 0; kx < t->kernelWidth; kx++, tap += t->tapStride) {
        for (intptr_t c = 0; c + 1 < count; c += 2, w += LANES) {
          const fv v = load(w);
          UNROLL for (int p = 0; p < P; p++) a[p] += v * loadAlternating(tap + c + p * s);
        }
        if (count & 1) {
          const fv v = load(w);
          UNROLL for (int p = 0; p < P; p++) a[p] += v * (fv)(tap[count - 1 + p * s]);
          w += LANES;
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

INLINE void pairTile(const ck_tile *t, const float *w, const ck_epilogue *e, intptr_t first, const int P, const int s,
                     const int isBare, intptr_t count) {
  fv a[12];
  UNROLL for (int p = 0; p < P; p++) a[p] = (fv)(0.0f);
  const intptr_t stride = s ? s : t->pixelStride;
  accumulatePairs(t, w, t->offset + first * stride, stride, P, a);
  UNROLL for (int p = 0; p < P; p++) {
    if (p >= count) return;
    const intptr_t at = (first + p) * 8;
    f8 sum = foldPairs(a[p]);
    if (!isBare) {
      sum += load8(e->bias);
      if (e->residual) sum += load8(e->residual + at);
      sum = clamp8(sum, e->minimum, e->maximum);
    }
    store8(sum, e->output + at);
  }
}

/// Covers a run with tiles of 12 pixels, then of 8, then of 4.
INLINE void pairSweep(const ck_tile *t, const float *w, const ck_epilogue *e, intptr_t pixels, const int s,
                      const int isBare) {
  intptr_t first = 0;
  for (; pixels - first >= 12; first += 12) pairTile(t, w, e, first, 12, s, isBare, 12);
  if (pixels - first > 4) {
    pairTile(t, w, e, first, 8, s, isBare, pixels - first);
    first += 8;
  }
  if (pixels > first) pairTile(t, w, e, first, 4, s, isBare, pixels - first);
}

static void pairTiles8(const ck_tile *t, const float *w, const ck_epilogue *e, intptr_t pixels) {
  if (!e->bias)
    pairSweep(t, w, e, pixels, 8, 1);
  else if (t->pixelStride == 8)
    pairSweep(t, w, e, pixels, 8, 0);
  else if (t->pixelStride == 16)
    pairSweep(t, w, e, pixels, 16, 0);
  else
    pairSweep(t, w, e, pixels, 0, 0);
}
