// What the processor can do. A question only; the answer's use is elsewhere.
#pragma once

/// 1 when the processor and the operating system support the AVX-512 of x86-64-v4.
int cprocessor_has_avx512(void);
