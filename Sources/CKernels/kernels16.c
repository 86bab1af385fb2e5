// Vectors of sixteen floats, for x86-64 with AVX-512. The only file that names an instruction set; every kernel's
// twin for other processors is the same source in kernels8.c.
#include "CKernels.h"

#if defined(__x86_64__)

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma"), min_vector_width(512))), \
    apply_to = function)
#define LANES 16
#define DEPTHWISE_PIXELS 8
#define PRODUCT_ROWS 12
#include "vectors.h"
#include "tile.h"
#include "pairs.h"
#include "winograd.h"
#include "dot.h"
#include "depthwise.h"
#include "activations.h"
#include "attention.h"

SWEEP(tiles32, 2, 12, 8, 4)
SWEEP(tiles16, 1, 12, 8, 4)
PAIR_SWEEP(tiles24, 1, 8, 8, 4)
PAIR_SWEEP(tiles8, 0, 12, 8, 4)
#pragma clang attribute pop

static const ck_kernels kernels = {
    .lanes = {32, 16, 24, 8},
    .tiles = {tiles32, tiles16, tiles24, tiles8},
    .vectorLanes = 16,
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

const ck_kernels *ck_wide(void) {
  const int hasAVX512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512vl");
  return hasAVX512 ? &kernels : 0;
}

#else

const ck_kernels *ck_wide(void) { return 0; }

#endif
