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
    .winogradFilters = winogradFilters,
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
