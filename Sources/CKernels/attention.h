// Attention of a panel of queries over a block of references. Queries lie in lanes: a panel is (depth, 2 LANES), so the
// softmax's maxima and sums are taken lane by lane and nothing is ever transposed or summed across a vector.

#define PANEL (2 * LANES)

/// P rows of products with the first V vectors of a panel, in registers over the whole depth. `keep` as in
/// ck_panel_product.
INLINE void productTile(const float *a, intptr_t rowStride, intptr_t depth, intptr_t depthStride, const float *panel,
                        const float *keep, float *output, const int P, const int V) {
  fv sum[PRODUCT_ROWS][2];
  UNROLL for (int p = 0; p < P; p++) sum[p][0] = sum[p][1] = (fv)(0.0f);
  for (intptr_t k = 0; k < depth; k++, a += depthStride, panel += PANEL) {
    fv queries[2];
    UNROLL for (int j = 0; j < V; j++) queries[j] = load(panel + j * LANES);
    UNROLL for (int p = 0; p < P; p++) {
      const fv x = (fv)(a[p * rowStride]);
      UNROLL for (int j = 0; j < V; j++) sum[p][j] += x * queries[j];
    }
  }
  UNROLL for (int p = 0; p < P; p++) {
    UNROLL for (int j = 0; j < V; j++) {
      float *out = output + p * PANEL + j * LANES;
      store(keep ? load(out) * load(keep + j * LANES) + sum[p][j] : sum[p][j], out);
    }
  }
}

#define PRODUCT_TILES(P)                                                                                           \
  for (; rows - row >= P; row += P)                                                                                \
    productTile(a + row * rowStride, rowStride, depth, depthStride, panel, keep, output + row * PANEL, P, V);

INLINE void productRows(const float *a, intptr_t rows, intptr_t rowStride, intptr_t depth, intptr_t depthStride,
                        const float *panel, const float *keep, float *output, const int V) {
  intptr_t row = 0;
  PRODUCT_TILES(PRODUCT_ROWS)
  PRODUCT_TILES(4)
  PRODUCT_TILES(1)
}

/// Constant strides fold into the addresses of the loads.
INLINE void productOf(const float *a, intptr_t rows, intptr_t rowStride, intptr_t depth, intptr_t depthStride,
                      const float *panel, const float *keep, float *output, const int V) {
  if (depthStride == 1 && rowStride == 64)
    productRows(a, rows, 64, depth, 1, panel, keep, output, V);
  else if (depthStride == 1 && rowStride == 16)
    productRows(a, rows, 16, depth, 1, panel, keep, output, V);
  else if (rowStride == 1)
    productRows(a, rows, 1, depth, depthStride, panel, keep, output, V);
  else
    productRows(a, rows, rowStride, depth, depthStride, panel, keep, output, V);
}

static void panelProduct(const float *a, intptr_t rows, intptr_t rowStride, intptr_t depth, intptr_t depthStride,
                         const float *panel, const float *keep, float *output, intptr_t vectors) {
  if (vectors == 1)
    productOf(a, rows, rowStride, depth, depthStride, panel, keep, output, 1);
  else
    productOf(a, rows, rowStride, depth, depthStride, panel, keep, output, 2);
}

/// 2^x for x up to 0, exact for whole numbers; below -126 the smallest normal number.
///
/// The polynomial is the relative minimax of degree 5 on [-1/2, 1/2] with value 1 at 0 (error 9.1e-8); with rounding
/// 2e-7.
INLINE fv exp2v(fv x) {
  const fv low = (fv)(-126.0f), magic = (fv)(12582912.0f);
  const fv clamped = x < low ? low : x;
  // Adding 1.5 * 2^23 rounds to an integer and leaves that integer in the low mantissa bits.
  const fv shifted = clamped + magic;
  const fv f = clamped - (shifted - magic);
  fv p = 9.671512642e-3f + 1.326472717e-3f * f;
  p = 5.550733743e-2f + p * f;
  p = 2.402224209e-1f + p * f;
  p = 6.931469776e-1f + p * f;
  p = 1.0f + p * f;
  // Into the exponent field: everything of the magic number but that integer is shifted out.
  return __builtin_bit_cast(fv, __builtin_bit_cast(iv, p) + (__builtin_bit_cast(iv, shifted) << 23));
}

static void softmaxBlock(float *logits, intptr_t rows, const ck_softmax *state, intptr_t vectors) {
  for (intptr_t j = 0; j < vectors; j++) {
    float *column = logits + j * LANES;
    const fv before = load(state->largest + j * LANES);
    fv largest = before, second = before;
    intptr_t row = 0;
    for (; row + 2 <= rows; row += 2) {
      const fv a = load(column + row * PANEL), b = load(column + (row + 1) * PANEL);
      largest = a > largest ? a : largest;
      second = b > second ? b : second;
    }
    if (row < rows) {
      const fv a = load(column + row * PANEL);
      largest = a > largest ? a : largest;
    }
    largest = second > largest ? second : largest;
    const fv keep = exp2v(before - largest), soFar = load(state->sum + j * LANES);
    fv sum = soFar * keep;
    fv weighted = (load(state->weighted + j * LANES) + soFar * (before - largest)) * keep;
    for (row = 0; row < rows; row++) {
      const fv t = load(column + row * PANEL) - largest;
      const fv weight = exp2v(t);
      store(weight, column + row * PANEL);
      sum += weight;
      weighted += weight * t;
    }
    store(largest, state->largest + j * LANES);
    store(sum, state->sum + j * LANES);
    store(weighted, state->weighted + j * LANES);
    store(keep, state->keep + j * LANES);
  }
}

static void exp2Lanes(const float *input, float *output, intptr_t count) {
  for (intptr_t i = 0; i < count; i += LANES) store(exp2v(load(input + i)), output + i);
}

typedef uint16_t hv __attribute__((ext_vector_type(LANES)));
typedef uint32_t uv __attribute__((ext_vector_type(LANES)));

/// The exponent is moved to its place by bits and corrected by a factor, which is exact for subnormal numbers too.
INLINE fv widened(const uint16_t *p) {
  hv half;
  __builtin_memcpy(&half, p, sizeof half);
  const uv bits = __builtin_convertvector(half, uv);
  const fv magnitude = __builtin_bit_cast(fv, (bits & 0x7fff) << 13) * 0x1p112f;
  return __builtin_bit_cast(fv, __builtin_bit_cast(uv, magnitude) | ((bits & 0x8000) << 16));
}

static void halfToFloat(const uint16_t *input, float *output, intptr_t count) {
  for (intptr_t i = 0; i < count; i += LANES) store(widened(input + i), output + i);
}

static void gatherHalves(const uint16_t *input, intptr_t inputStride, const int32_t *rows, intptr_t count,
                         intptr_t width, float *output, intptr_t outputStride) {
  for (intptr_t row = 0; row < count; row++, output += outputStride) {
    const uint16_t *source = input + rows[row] * inputStride;
    for (intptr_t i = 0; i < width; i += LANES) store(widened(source + i), output + i);
  }
}
