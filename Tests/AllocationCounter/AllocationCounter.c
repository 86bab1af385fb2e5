#define _GNU_SOURCE
#include "AllocationCounter.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

// glibc's own allocator, under the names that are left when its public ones are replaced.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

enum { MAXIMUM_ORIGINS = 256, STACK_DEPTH = 24, KEPT_STACKS = 32 };

static atomic_int is_counting;
static atomic_flag table_lock = ATOMIC_FLAG_INIT;
static AllocationOrigin table[MAXIMUM_ORIGINS];
static int32_t table_count;
static void *stacks[KEPT_STACKS][STACK_DEPTH];
static int stack_depths[KEPT_STACKS];
static int stack_count;
// Looking up a caller may allocate: that must not count, nor recurse.
static __thread int is_inside __attribute__((tls_model("initial-exec")));

static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

// Allocators and language runtimes allocate on somebody else's behalf.
static int is_runtime(const char *object) {
  static const char *const runtimes[] = {"libc.so", "libstdc++.so", "libswift", "ld-linux", "libpthread", "libgcc"};
  for (size_t index = 0; index < sizeof runtimes / sizeof *runtimes; index++)
    if (strncmp(object, runtimes[index], strlen(runtimes[index])) == 0) return 1;
  return 0;
}

// The innermost caller's object file; the first two frames are this file's own.
static const char *responsible_object(void *const *frames, int depth) {
  for (int index = 2; index < depth; index++) {
    Dl_info info;
    if (!dladdr(frames[index], &info) || !info.dli_fname) continue;
    const char *object = base_name(info.dli_fname);
    if (!is_runtime(object)) return object;
  }
  return "unknown";
}

// Whether a stack with the same innermost callers is kept already.
static int is_kept(void *const *frames, int depth) {
  int compared = depth < 10 ? depth : 10;
  for (int index = 0; index < stack_count; index++)
    if (stack_depths[index] == depth && memcmp(stacks[index], frames, sizeof(void *) * (size_t)compared) == 0) return 1;
  return 0;
}

static void enter(int32_t thread, const char *object, void *const *frames, int depth) {
  while (atomic_flag_test_and_set_explicit(&table_lock, memory_order_acquire)) {}
  int32_t place = 0;
  while (place < table_count && (table[place].thread != thread || strcmp(table[place].object, object) != 0))
    place++;
  if (place == table_count && table_count < MAXIMUM_ORIGINS) {
    table[place].thread = thread;
    table[place].count = 0;
    strncpy(table[place].object, object, sizeof table[place].object - 1);
    table_count++;
  }
  if (place < table_count) table[place].count++;
  if (stack_count < KEPT_STACKS && !is_kept(frames, depth)) {
    memcpy(stacks[stack_count], frames, sizeof(void *) * (size_t)depth);
    stack_depths[stack_count++] = depth;
  }
  atomic_flag_clear_explicit(&table_lock, memory_order_release);
}

static __attribute__((noinline)) void note_allocation(void) {
  if (is_inside || !atomic_load_explicit(&is_counting, memory_order_relaxed)) return;
  is_inside = 1;
  int kept = errno;
  void *frames[STACK_DEPTH];
  int depth = backtrace(frames, STACK_DEPTH);
  const char *object = responsible_object(frames, depth);
  enter((int32_t)gettid(), object, frames, depth);
  errno = kept;
  is_inside = 0;
}

void *malloc(size_t size) {
  note_allocation();
  return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  note_allocation();
  return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
  note_allocation();
  return __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size) {
  note_allocation();
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  note_allocation();
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
  note_allocation();
  void *memory = __libc_memalign(alignment, size);
  if (!memory) return ENOMEM;
  *result = memory;
  return 0;
}

void free(void *memory) { __libc_free(memory); }

void allocation_counter_start(void) {
  // The first backtrace loads a library and allocates.
  void *frames[2];
  backtrace(frames, 2);
  while (atomic_flag_test_and_set_explicit(&table_lock, memory_order_acquire)) {}
  table_count = 0;
  stack_count = 0;
  memset(table, 0, sizeof table);
  atomic_flag_clear_explicit(&table_lock, memory_order_release);
  atomic_store(&is_counting, 1);
}

void allocation_counter_stop(void) { atomic_store(&is_counting, 0); }

int32_t allocation_counter_origins(AllocationOrigin *origins, int32_t capacity) {
  int32_t count = table_count < capacity ? table_count : capacity;
  memcpy(origins, table, sizeof *table * (size_t)count);
  return table_count;
}

void allocation_counter_print_stacks(int32_t count) {
  for (int index = 0; index < stack_count && index < count; index++) {
    static const char line[] = "--- allocation\n";
    (void)!write(STDERR_FILENO, line, sizeof line - 1);
    backtrace_symbols_fd(stacks[index] + 2, stack_depths[index] - 2, STDERR_FILENO);
  }
}
