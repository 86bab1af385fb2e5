// Activations over contiguous floats, accurate to a few units in the last place. NaN stays NaN.

typedef int32_t iv __attribute__((ext_vector_type(LANES)));

/// exp(x): below -87.3 the smallest normal number, above 88.7 infinity.
///
/// Source: Cephes `expf` (range reduction by ln 2 in two parts, degree-5 polynomial).
INLINE fv expv(fv x) {
  const fv clamped = clampv(x, -87.3f, 88.7f);
  // Adding 1.5 * 2^23 rounds to an integer and leaves that integer in the low mantissa bits.
  const fv magic = (fv)(12582912.0f);
  const fv shifted = magic + clamped * 1.44269504f;
  const fv n = shifted - magic;
  const fv r = (clamped - n * 0.693359375f) + n * 2.1219444e-4f;
  fv p = 1.39819995e-3f + 1.98756915e-4f * r;
  p = 8.3334519e-3f + p * r;
  p = 4.1665796e-2f + p * r;
  p = 1.66666655e-1f + p * r;
  p = 0.5f + p * r;
  p = (r + 1.0f) + p * (r * r);
  // 2^n in two factors, so that n = 128 does not overflow the exponent field.
  const iv bits = __builtin_bit_cast(iv, shifted) - __builtin_bit_cast(iv, magic), half = bits >> 1;
  const fv first = __builtin_bit_cast(fv, (half + 127) << 23);
  const fv second = __builtin_bit_cast(fv, (bits - half + 127) << 23);
  const fv result = p * first * second;
  return x > 88.72284f ? (fv)(__builtin_inff()) : result;
}

INLINE fv sigmoidv(fv x, float unused) { return 1.0f / (expv(-x) + 1.0f); }

/// alpha (exp(x) - 1) below zero, without cancellation near it.
INLINE fv eluv(fv x, float alpha) {
  const fv far = expv(x) - 1.0f;
  const fv near = x + (x * x) * (0.5f + x * (1.0f / 6) + x * x * (1.0f / 24));
  return x < 0.0f ? alpha * (x > -0.03f ? near : far) : x;
}

/// Source: rational approximation of Eigen's `generic_fast_erf_float`, a few ulp on [-4, 4].
INLINE fv erfv(fv value) {
  const fv x = clampv(value, -4, 4), s = x * x;
  fv p = 2.77068142495902e-08f - 2.72614225801306e-10f * s;
  p = -2.10102402082508e-06f + p * s;
  p = -5.69250639462346e-05f + p * s;
  p = -7.34990630326855e-04f + p * s;
  p = -2.95459980854025e-03f + p * s;
  p = -1.60960333262415e-02f + p * s;
  fv q = -2.13374055278905e-04f - 1.45660718464996e-05f * s;
  q = -1.68282697438203e-03f + q * s;
  q = -7.37332916720468e-03f + q * s;
  q = -1.42647390514189e-02f + q * s;
  return x * p / q;
}

INLINE fv geluv(fv x, float unused) { return x * 0.5f * (erfv(x * 0.70710677f) + 1.0f); }

#define ACTIVATION(name, function)                                                                                 \
  static void name(const float *input, float *output, intptr_t count, float parameter) {                           \
    intptr_t i = 0;                                                                                                \
    for (; i + LANES <= count; i += LANES) store(function(load(input + i), parameter), output + i);                \
    if (i == count) return;                                                                                        \
    float tail[LANES] = {0};                                                                                       \
    for (intptr_t lane = i; lane < count; lane++) tail[lane - i] = input[lane];                                    \
    store(function(load(tail), parameter), tail);                                                                  \
    for (intptr_t lane = i; lane < count; lane++) output[lane] = tail[lane - i];                                   \
  }

ACTIVATION(sigmoid, sigmoidv)
ACTIVATION(elu, eluv)
ACTIVATION(gelu, geluv)
