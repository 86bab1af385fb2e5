// Counts heap allocations by thread and by the object file that asked for them.
//
// Linking this target into an executable replaces malloc, calloc, realloc, posix_memalign, aligned_alloc and
// free for every library in the process. Never link it into a sanitizer build: sanitizers replace them too.
#pragma once
#include <stdint.h>

// Where allocations came from: one thread, one responsible object file.
typedef struct {
  int32_t thread;
  // Base name of the object file of the innermost caller that is not an allocator or a language runtime.
  char object[48];
  uint64_t count;
} AllocationOrigin;

// Starts counting on every thread, from zero.
void allocation_counter_start(void);
// Stops counting.
void allocation_counter_stop(void);
// Copies up to `capacity` origins to `origins` and returns how many there are.
int32_t allocation_counter_origins(AllocationOrigin *origins, int32_t capacity);
// Writes up to `count` different call stacks of counted allocations to standard error.
void allocation_counter_print_stacks(int32_t count);
