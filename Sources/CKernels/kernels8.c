// Vectors of eight floats: AVX2, two NEON registers, or whatever the build's target has.
#define LANES 8
#define DEPTHWISE_PIXELS 4
#include "CKernels.h"
#include "vectors.h"
#include "tile.h"
#include "winograd.h"
#include "dot.h"
#include "depthwise.h"
#include "activations.h"

SWEEP(tiles16, 2, 6, 4, 2)
SWEEP(tiles8, 1, 12, 8, 4)

void ck_narrow(const ck_tile *t, const float *w, const ck_epilogue *e, intptr_t pixels) { tiles8(t, w, e, pixels); }

const ck_kernels ck_portable = {
    .lanes = {16, 8, 8},
    .tiles = {tiles16, tiles8, tiles8},
    .winogradInput = winogradInput,
    .winogradOutput = winogradOutput,
    .dot = dot,
    .depthwise = depthwise,
    .sigmoid = sigmoid,
    .elu = elu,
    .gelu = gelu,
};
