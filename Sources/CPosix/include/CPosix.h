// What Glibc's Swift module cannot show: GNU extensions and variadic calls. Names and types only, no policy.
#pragma once
#include <malloc.h>
#include <stdint.h>
#include <sys/types.h>

/// pthread_setname_np on the calling thread (15 characters at most).
int cposix_set_thread_name(const char *name);
/// Pins the calling thread to one core. Returns 0 or an errno value.
int cposix_pin_thread(int core);
/// open(2) with its mode argument; returns the descriptor or -1 with errno set.
int cposix_open(const char *path, int flags, mode_t mode);
/// ioctl(2) with a pointer argument.
int cposix_ioctl(int descriptor, unsigned long request, void *argument);
/// eventfd(2) with EFD_CLOEXEC | EFD_NONBLOCK.
int cposix_eventfd(void);
/// flock(2) exclusive, non-blocking. Returns 0 or -1 with errno set.
int cposix_lock_exclusive(int descriptor);
/// Tells the core that this is a spin loop, so that its sibling and its clock get the cycles.
static inline void cposix_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// A Swift closure of type (Int) -> Void as its two words, good while the closure's owner is on the stack. Lets
/// another thread run a closure that does not escape without copying it to the heap (withoutActuallyEscaping and
/// blocks both copy).
typedef struct {
  const void *function;
  void *context;
} cposix_closure;

/// Runs the closure.
void cposix_call_closure(const cposix_closure *closure, long argument);
