// Vectors of eight floats: AVX2, two NEON registers, or whatever the build's target has.
#define LANES 8
#define DEPTHWISE_PIXELS 4
#define PRODUCT_ROWS 6
#include "CKernels.h"
#include "vectors.h"
#include "tile.h"
#include "winograd.h"
#include "dot.h"
#include "depthwise.h"
#include "activations.h"
#include "attention.h"

SWEEP(tiles16, 2, 6, 4, 2)
SWEEP(tiles8, 1, 12, 8, 4)

const ck_kernels ck_portable = {
    .lanes = {16, 8},
    .tiles = {tiles16, tiles8},
    .vectorLanes = 8,
    .winogradInput = winogradInput,
    .winogradDoubledInput = winogradDoubledInput,
    .winogradOutput = winogradOutput,
    .dot = dot,
    .depthwise = depthwise,
    .sigmoid = sigmoid,
    .elu = elu,
    .gelu = gelu,
    .panelProduct = panelProduct,
    .softmaxBlock = softmaxBlock,
    .exp2 = exp2Lanes,
    .halfToFloat = halfToFloat,
    .gatherHalves = gatherHalves,
};

typedef double d8 __attribute__((ext_vector_type(8)));

/// G g for one line.
INLINE void filterLine(const d8 g[3], d8 u[6]) {
  const d8 even = g[0] + g[2], outer = g[0] / 24 + g[2] / 6, inner = g[1] / 12;
  u[0] = g[0] / 4;
  u[1] = -(even + g[1]) / 6;
  u[2] = -(even - g[1]) / 6;
  u[3] = outer + inner;
  u[4] = outer - inner;
  u[5] = g[2];
}

void ck_winograd_filters(const float *filters, intptr_t stride, intptr_t valid, float *output) {
  d8 g[3][3];
  for (int y = 0; y < 3; y++)
    for (int x = 0; x < 3; x++) {
      double lanes[8] = {0};
      for (intptr_t lane = 0; lane < valid; lane++) lanes[lane] = filters[lane * stride + y * 3 + x];
      __builtin_memcpy(&g[x][y], lanes, sizeof lanes);
    }
  d8 columns[6][3];
  for (int x = 0; x < 3; x++) {
    d8 u[6];
    filterLine(g[x], u);
    for (int y = 0; y < 6; y++) columns[y][x] = u[y];
  }
  for (int y = 0; y < 6; y++) {
    d8 u[6];
    filterLine(columns[y], u);
    for (int x = 0; x < 6; x++) store8(__builtin_convertvector(u[x], f8), output + (y * 6 + x) * 8);
  }
}
