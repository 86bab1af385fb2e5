// The innermost loops of the network engine, in C with the compiler's portable vector types: the same source gives
// AVX2, AVX-512, NEON or plain scalar code, by target. Why not Swift: docs/benchmarks/engine.md, "Micro-kernels in C".
//
// Tensors are channel-blocked: (C/8, H, W, 8). No function allocates, and all pointers may have any alignment.
#pragma once
#include <stdint.h>

/// Where a run of output pixels reads. Channels come in blocks of eight, each block at its own address.
typedef struct {
  /// Start of each channel block.
  const float *const *blocks;
  /// Channels in use in each block, 1 to 8.
  const int32_t *counts;
  intptr_t blockCount;
  /// Elements from a block's start to the first pixel at the kernel's first tap.
  intptr_t offset;
  intptr_t kernelHeight, kernelWidth;
  /// Elements between kernel rows, kernel columns and output pixels.
  intptr_t rowStride, tapStride, pixelStride;
} ck_tile;

/// What happens to the sums before they are stored.
typedef struct {
  /// One value per lane of the panel; NULL for a bare product of pixels 8 elements apart: the sums as they are.
  const float *bias;
  float *output;
  /// Elements between the panel's blocks of eight output channels.
  intptr_t blockStride;
  /// Added before the clamp; laid out as the output. NULL for none.
  const float *residual;
  /// Limits; NaN stays NaN.
  float minimum, maximum;
} ck_epilogue;

/// One run of `pixels` output pixels by one panel of output channels; weights as (block, tap, channel, lane).
///
/// In panels that end in half a vector, (block, tap, pair of channels, lanes of the pair): the first channel's whole
/// vector, if any, the second's, then eight lanes in which the two alternate; zero for a channel too many.
typedef void (*ck_tile_function)(const ck_tile *tile, const float *weights, const ck_epilogue *epilogue,
                                 intptr_t pixels);

/// Input transform B^T d B of Winograd's F(4x4, 3x3) for `count` neighbouring tiles of one channel block.
///
/// Reads from the 6 `rows`, each where the first tile begins, a tile every 32 elements; writes tile t's component i to
/// output[i * componentStride + t * 8]. `scale` are eight factors of the block's channels, or NULL.
///
/// For an image whose pixels stand for two by two: 4 rows, a tile every 16 elements; components in the third row or column
/// of the six by six are zero and not written.
typedef void (*ck_winograd_input)(const float *const *rows, const float *scale, float *output,
                                  intptr_t componentStride, intptr_t count);

/// Output transform A^T m A of tiles that lie wholly inside the output, with the epilogue: tile t goes to 4 rows
/// `lineStride` apart at output + t * 32. `bias` points to the eight values of the block.
typedef void (*ck_winograd_output)(const float *products, intptr_t componentStride, const ck_epilogue *epilogue,
                                   intptr_t lineStride, intptr_t count);

/// Filter transform G g G^T of `count` 3x3 filters at once: tap t of filter i is taps[t * tapStride + i]. `count` is a
/// multiple of `vectorLanes`.
///
/// Only rows `first` up to `first` + `rows` of the six by six components: all, half of them, or one. Component c of these
/// goes to output[c * componentStride + i]; those in the third row or column of all go to `partial` instead, with the same
/// index, or nowhere when that is NULL.
typedef void (*ck_winograd_filters)(const float *taps, intptr_t tapStride, intptr_t count, intptr_t first, intptr_t rows,
                                    float *output, float *partial, intptr_t componentStride);

/// One output channel: `pixels` dot products. `weights` as (block, tap, 8), zero where a block has fewer channels;
/// `output` gets one float per pixel.
typedef void (*ck_dot_function)(const ck_tile *tile, const float *weights, float bias, float *output,
                                intptr_t pixels);

/// One row of a depthwise convolution on one block of eight channels; weights as (tap, 8).
typedef void (*ck_depthwise_function)(const ck_tile *tile, const float *input, const float *weights,
                                      const ck_epilogue *epilogue, intptr_t pixels);

/// An activation of `count` floats, in place or not; `parameter` is ELU's alpha.
typedef void (*ck_activation)(const float *input, float *output, intptr_t count, float parameter);

/// Products of some rows with a panel of queries: output[r][lane] = keep[lane] output[r][lane] + sum over k of
/// a[r rowStride + k depthStride] panel[k][lane]; without `keep` the sums alone. A panel has `lanes[0]` lanes, in two
/// vectors, of which the first or both are worked on.
typedef void (*ck_panel_product)(const float *a, intptr_t rows, intptr_t rowStride, intptr_t depth,
                                 intptr_t depthStride, const float *panel, const float *keep, float *output,
                                 intptr_t vectors);

/// The running softmax of a panel's queries, one value per lane each.
typedef struct {
  /// The largest logit so far; at the beginning any finite number below all logits.
  float *largest;
  /// Over the logits so far, s: the sum of 2^(s - largest), and that of 2^(s - largest) (s - largest). Begin with 0.
  float *sum, *weighted;
  /// Written: what sums over earlier blocks, relative to the largest logit before, are to be multiplied by.
  float *keep;
} ck_softmax;

/// Replaces a block of logits, (rows, lanes), by weights 2^(logit - largest) and brings the state up to date. Largest
/// relative error of a weight 2e-7; weights below 2^-126 become 2^-126. `vectors` as in ck_panel_product.
typedef void (*ck_softmax_block)(float *logits, intptr_t rows, const ck_softmax *state, intptr_t vectors);

/// 2^x for x up to 0, as the softmax takes it; `count` is a multiple of the vectors' length.
typedef void (*ck_exp2)(const float *input, float *output, intptr_t count);

/// IEEE half precision numbers, all finite, to single precision; `count` is a multiple of the vectors' length.
typedef void (*ck_half_to_float)(const uint16_t *input, float *output, intptr_t count);

/// The same for `width` numbers of each of some rows, chosen by number; `width` is a multiple of the vectors' length.
typedef void (*ck_gather_halves)(const uint16_t *input, intptr_t inputStride, const int32_t *rows, intptr_t count,
                                 intptr_t width, float *output, intptr_t outputStride);

/// The kernels of one vector width.
typedef struct {
  /// Channels of panels of two vectors and of one, then of those that end in half a vector, after a whole one and alone;
  /// 0 where there are none.
  int32_t lanes[4];
  /// Kernels of panels with that many channels.
  ck_tile_function tiles[4];
  int32_t vectorLanes;
  ck_winograd_input winogradInput, winogradDoubledInput;
  ck_winograd_output winogradOutput;
  ck_winograd_filters winogradFilters;
  ck_dot_function dot;
  ck_depthwise_function depthwise;
  ck_activation sigmoid, elu, gelu;
  ck_panel_product panelProduct;
  ck_softmax_block softmaxBlock;
  ck_exp2 exp2;
  ck_half_to_float halfToFloat;
  ck_gather_halves gatherHalves;
} ck_kernels;

/// Asks for floats that are needed soon, but not at once.
static inline void ck_prefetch(const float *start, intptr_t count) {
  for (intptr_t i = 0; i < count; i += 16) __builtin_prefetch(start + i, 0, 2);
}

/// For every processor the package is built for.
extern const ck_kernels ck_portable;
/// With vectors of sixteen floats; NULL where the build's architecture or this processor has none.
const ck_kernels *ck_wide(void);
