// The linear maps of Winograd's F(4x4, 3x3) on whole channel blocks: six by six inputs, four by four outputs.
// Source: Lavin and Gray, Fast Algorithms for Convolutional Neural Networks (2015), section 4.1 with the
// interpolation points 0, 1, -1, 2, -2. LANES / 8 neighbouring tiles at a time.

#define TILES (LANES / 8)

/// B^T d for one line.
INLINE void inputLine(const fv d[6], fv t[6]) {
  const fv a = d[4] - 4 * d[2], b = d[3] - 4 * d[1], c = d[4] - d[2], e = 2 * (d[3] - d[1]);
  t[0] = 4 * d[0] + (d[4] - 5 * d[2]);
  t[1] = a + b;
  t[2] = a - b;
  t[3] = c + e;
  t[4] = c - e;
  t[5] = 4 * d[1] + (d[5] - 5 * d[3]);
}

/// The same of pixels that stand twice, (d0, d1, d1, d3, d3, d5): the third value is zero.
INLINE void doubledLine(const fv d[4], fv t[6]) {
  t[0] = 4 * d[0] + (d[2] - 5 * d[1]);
  t[1] = 2 * (d[2] - 4 * d[1]);
  t[3] = 3 * (d[2] - d[1]);
  t[4] = d[1] - d[2];
  t[5] = 4 * d[1] + (d[3] - 5 * d[2]);
}

/// TILES tiles, or the first of them where `isLast`: then nothing past it is read or written. Where `isDoubled`, each
/// pixel that is read stands for two by two, and the components that are zero are left out.
INLINE void inputTiles(const float *const rows[6], intptr_t at, const float *scale, float *output,
                       intptr_t componentStride, const int isDoubled, const int isLast) {
  const int SIDE = isDoubled ? 4 : 6;
  const intptr_t next = isLast ? 0 : isDoubled ? 16 : 32;
  fv u[6][6];
  UNROLL for (int x = 0; x < SIDE; x++) {
    fv d[6], t[6];
    UNROLL for (int y = 0; y < SIDE; y++) {
      const float *p = rows[y] + at + x * 8;
      d[y] = loadPair(p, p + next);
    }
    if (isDoubled)
      doubledLine(d, t);
    else
      inputLine(d, t);
    UNROLL for (int y = 0; y < 6; y++) u[y][x] = t[y];
  }
  const fv factor = scale ? loadPair(scale, scale) : (fv)(1.0f);
  UNROLL for (int y = 0; y < 6; y++) {
    if (isDoubled && y == 2) continue;
    fv t[6];
    if (isDoubled)
      doubledLine(u[y], t);
    else
      inputLine(u[y], t);
    UNROLL for (int x = 0; x < 6; x++) {
      if (isDoubled && x == 2) continue;
      float *p = output + (y * 6 + x) * componentStride;
      const fv value = scale ? t[x] * factor : t[x];
      if (isLast)
        store8(firstHalf(value), p);
      else
        store(value, p);
    }
  }
}

INLINE void inputRow(const float *const *rows, const float *scale, float *output, intptr_t componentStride,
                     intptr_t count, const int isDoubled) {
  const intptr_t step = isDoubled ? 16 : 32;
  const float *row[6];
  UNROLL for (int y = 0; y < (isDoubled ? 4 : 6); y++) row[y] = rows[y];
  intptr_t tile = 0;
  for (; tile + TILES <= count; tile += TILES)
    inputTiles(row, tile * step, scale, output + tile * 8, componentStride, isDoubled, 0);
  if (tile < count) inputTiles(row, tile * step, scale, output + tile * 8, componentStride, isDoubled, 1);
}

static void winogradInput(const float *const *rows, const float *scale, float *output, intptr_t componentStride,
                          intptr_t count) {
  if (scale)
    inputRow(rows, scale, output, componentStride, count, 0);
  else
    inputRow(rows, 0, output, componentStride, count, 0);
}

static void winogradDoubledInput(const float *const *rows, const float *scale, float *output,
                                 intptr_t componentStride, intptr_t count) {
  if (scale)
    inputRow(rows, scale, output, componentStride, count, 1);
  else
    inputRow(rows, 0, output, componentStride, count, 1);
}

/// A^T m for one line.
INLINE void outputLine(const fv m[6], fv t[4]) {
  const fv a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], d = m[3] - m[4];
  t[0] = m[0] + a + c;
  t[1] = b + 2 * d;
  t[2] = a + 4 * c;
  t[3] = b + 8 * d + m[5];
}

/// TILES tiles; `high` is where the second one lies, the first one's place when there is none.
INLINE void outputTiles(const float *products, intptr_t componentStride, const ck_epilogue *e, intptr_t lineStride,
                        intptr_t at, intptr_t high) {
  fv u[4][6];
  UNROLL for (int x = 0; x < 6; x++) {
    fv m[6], t[4];
    UNROLL for (int y = 0; y < 6; y++) m[y] = load(products + (y * 6 + x) * componentStride);
    outputLine(m, t);
    UNROLL for (int y = 0; y < 4; y++) u[y][x] = t[y];
  }
  const fv bias = loadPair(e->bias, e->bias);
  UNROLL for (int y = 0; y < 4; y++) {
    fv t[4];
    outputLine(u[y], t);
    UNROLL for (int x = 0; x < 4; x++) {
      const intptr_t low = at + y * lineStride + x * 8;
      fv sum = t[x] + bias;
      if (e->residual) sum += loadPair(e->residual + low, e->residual + low + high);
      sum = clampv(sum, e->minimum, e->maximum);
      // The first tile last: without a second one both have its address.
#if LANES == 16
      store8(sum.hi, e->output + low + high);
      store8(sum.lo, e->output + low);
#else
      store(sum, e->output + low);
#endif
    }
  }
}

static void winogradOutput(const float *products, intptr_t componentStride, const ck_epilogue *e,
                           intptr_t lineStride, intptr_t count) {
  for (intptr_t tile = 0; tile < count; tile += TILES)
    outputTiles(products + tile * 8, componentStride, e, lineStride, tile * 32, tile + 1 < count ? 32 : 0);
}

/// G g for one line.
INLINE void filterLine(const fv g[3], fv u[6]) {
  const fv even = (g[0] + g[2]) * (-1.0f / 6), odd = g[1] * (1.0f / 6);
  const fv outer = g[0] * (1.0f / 24) + g[2] * (1.0f / 6), inner = g[1] * (1.0f / 12);
  u[0] = g[0] * 0.25f;
  u[1] = even - odd;
  u[2] = even + odd;
  u[3] = outer + inner;
  u[4] = outer - inner;
  u[5] = g[2];
}

/// ROWS rows of components from row `first` on, which are constants.
INLINE void filterRows(const float *taps, intptr_t tapStride, intptr_t count, const int first, const int ROWS,
                       float *output, float *partial, intptr_t componentStride) {
  for (intptr_t i = 0; i < count; i += LANES) {
    // Filters come from memory, once in a run; the processor alone does not ask for them early enough.
    UNROLL for (int tap = 0; tap < 9; tap++) __builtin_prefetch(taps + tap * tapStride + i + 256);
    fv columns[6][3];
    UNROLL for (int x = 0; x < 3; x++) {
      fv g[3], u[6];
      UNROLL for (int y = 0; y < 3; y++) g[y] = load(taps + (y * 3 + x) * tapStride + i);
      filterLine(g, u);
      UNROLL for (int y = 0; y < ROWS; y++) columns[y][x] = u[first + y];
    }
    UNROLL for (int y = 0; y < ROWS; y++) {
      fv u[6];
      filterLine(columns[y], u);
      UNROLL for (int x = 0; x < 6; x++) {
        const int vanishes = first + y == 2 || x == 2;
        if (vanishes && !partial) continue;
        store(u[x], (vanishes ? partial : output) + (y * 6 + x) * componentStride + i);
      }
    }
  }
}

#define FILTER_GROUP(first, ROWS)                                                                                  \
  case first * 6 + ROWS:                                                                                           \
    return partial ? filterRows(taps, tapStride, count, first, ROWS, output, partial, componentStride)             \
                   : filterRows(taps, tapStride, count, first, ROWS, output, 0, componentStride);

static void winogradFilters(const float *taps, intptr_t tapStride, intptr_t count, intptr_t first, intptr_t rows,
                            float *output, float *partial, intptr_t componentStride) {
  switch (first * 6 + rows) {
    FILTER_GROUP(0, 6)
    FILTER_GROUP(0, 3)
    FILTER_GROUP(3, 3)
    FILTER_GROUP(0, 1)
    FILTER_GROUP(1, 1)
    FILTER_GROUP(2, 1)
    FILTER_GROUP(3, 1)
    FILTER_GROUP(4, 1)
    FILTER_GROUP(5, 1)
  }
}
