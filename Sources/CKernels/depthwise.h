// One row of a depthwise convolution: eight channels by some pixels, the input pixels in registers across the taps
// that share them.

INLINE void depthwiseFinish(f8 sum, intptr_t pixel, const ck_epilogue *e) {
  if (e->residual) sum += load8(e->residual + pixel * 8);
  store8(clamp8(sum, e->minimum, e->maximum), e->output + pixel * 8);
}

/// P pixels with a kernel of K columns; S is the stride in pixels, taps are neighbours.
INLINE void depthwiseTile(const ck_tile *t, const float *input, const float *weights, const ck_epilogue *e,
                          intptr_t first, const int P, const int K, const int S, intptr_t count) {
  f8 a[8];
  const f8 bias = load8(e->bias);
  UNROLL for (int p = 0; p < P; p++) a[p] = bias;
  const float *row = input + first * S * 8;
  for (intptr_t ky = 0; ky < t->kernelHeight; ky++, row += t->rowStride, weights += K * 8) {
    f8 w[5];
    UNROLL for (int k = 0; k < K; k++) w[k] = load8(weights + k * 8);
    UNROLL for (int x = 0; x < (P - 1) * S + K; x++) {
      const f8 v = load8(row + x * 8);
      UNROLL for (int p = 0; p < P; p++) {
        const int k = x - p * S;
        if (k >= 0 && k < K) a[p] += w[k] * v;
      }
    }
  }
  UNROLL for (int p = 0; p < P; p++) if (p < count) depthwiseFinish(a[p], first + p, e);
}

/// Any kernel, stride and dilation: four pixels at a time.
INLINE void depthwiseAny(const ck_tile *t, const float *input, const float *weights, const ck_epilogue *e,
                         intptr_t first, intptr_t count) {
  f8 a[4];
  const f8 bias = load8(e->bias);
  UNROLL for (int p = 0; p < 4; p++) a[p] = bias;
  for (intptr_t ky = 0; ky < t->kernelHeight; ky++)
    for (intptr_t kx = 0; kx < t->kernelWidth; kx++, weights += 8) {
      const f8 w = load8(weights);
      const float *tap = input + first * t->pixelStride + ky * t->rowStride + kx * t->tapStride;
      UNROLL for (int p = 0; p < 4; p++) a[p] += w * load8(tap + p * t->pixelStride);
    }
  UNROLL for (int p = 0; p < 4; p++) if (p < count) depthwiseFinish(a[p], first + p, e);
}

/// Reads at most three pixels past the last one needed.
#define DEPTHWISE(K, S)                                                                                            \
  for (; pixels - first >= DEPTHWISE_PIXELS; first += DEPTHWISE_PIXELS)                                            \
    depthwiseTile(t, input, weights, e, first, DEPTHWISE_PIXELS, K, S, DEPTHWISE_PIXELS);                          \
  for (; first < pixels; first += 4) depthwiseTile(t, input, weights, e, first, 4, K, S, pixels - first);

static void depthwise(const ck_tile *t, const float *input, const float *weights, const ck_epilogue *e,
                      intptr_t pixels) {
  intptr_t first = 0;
  const intptr_t s = t->tapStride == 8 ? t->pixelStride : 0;
  if (t->kernelWidth == 3 && s == 8) {
    DEPTHWISE(3, 1)
  } else if (t->kernelWidth == 5 && s == 8) {
    DEPTHWISE(5, 1)
  } else if (t->kernelWidth == 3 && s == 16) {
    DEPTHWISE(3, 2)
  } else if (t->kernelWidth == 5 && s == 16) {
    DEPTHWISE(5, 2)
  } else {
    for (; first < pixels; first += 4) depthwiseAny(t, input, weights, e, first, pixels - first);
  }
}
