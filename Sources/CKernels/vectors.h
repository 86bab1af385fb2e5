// Vectors of LANES floats. Included once per vector width, after LANES is defined.
// Inlined everywhere, so that no vector ever crosses a call.
#pragma clang diagnostic ignored "-Wpsabi"

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

typedef float f8 __attribute__((ext_vector_type(8)));
typedef float fv __attribute__((ext_vector_type(LANES)));

INLINE f8 load8(const float *p) {
  f8 v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
INLINE fv load(const float *p) {
  fv v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
INLINE void store8(f8 v, float *p) { __builtin_memcpy(p, &v, sizeof v); }
INLINE void store(fv v, float *p) { __builtin_memcpy(p, &v, sizeof v); }

#if LANES == 16
/// Sixteen floats from two places.
INLINE fv loadPair(const float *low, const float *high) {
  return __builtin_shufflevector(load8(low), load8(high), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}
INLINE f8 firstHalf(fv v) { return v.lo; }
INLINE void storePair(fv v, float *low, float *high) {
  store8(v.lo, low);
  store8(v.hi, high);
}
#else
INLINE fv loadPair(const float *low, const float *high) { return load8(low); }
INLINE f8 firstHalf(fv v) { return v; }
INLINE void storePair(fv v, float *low, float *high) { store8(v, low); }
#endif

/// NaN stays NaN: a comparison with it is false.
INLINE fv clampv(fv v, float minimum, float maximum) {
  fv low = (fv)(minimum), high = (fv)(maximum);
  v = v < low ? low : v;
  return v > high ? high : v;
}
INLINE f8 clamp8(f8 v, float minimum, float maximum) {
  f8 low = (f8)(minimum), high = (f8)(maximum);
  v = v < low ? low : v;
  return v > high ? high : v;
}
