#define _GNU_SOURCE
#include "include/CPosix.h"
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>

int cposix_set_thread_name(const char *name) { return pthread_setname_np(pthread_self(), name); }

int cposix_pin_thread(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  return pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

int cposix_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }

int cposix_ioctl(int descriptor, unsigned long request, void *argument) {
  return ioctl(descriptor, request, argument);
}

int cposix_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int cposix_lock_exclusive(int descriptor) { return flock(descriptor, LOCK_EX | LOCK_NB); }

// Called from Swift (Platform/WorkerTeam.swift declares it), so that a closure arrives as Swift passes it.
__attribute__((swiftcall)) void cposix_store_closure(cposix_closure *closure, const void *function, void *context);

__attribute__((swiftcall)) void cposix_store_closure(cposix_closure *closure, const void *function, void *context) {
  closure->function = function;
  closure->context = context;
}

typedef __attribute__((swiftcall)) void (*swift_function)(long, __attribute__((swift_context)) void *);

void cposix_call_closure(const cposix_closure *closure, long argument) {
  ((swift_function)closure->function)(argument, closure->context);
}
