/* Kills its process after a number of steps: each byte written to a file is a step, and so is each other request that
   changes files. Loaded with LD_PRELOAD.

   KILL_COUNT names a file for the number of steps of one run that is left alone.
   KILL_EACH names a folder of folders 0, 1, 2, ... KILL_STEPS: the program runs in each of them, killed after as many
   steps as its name says (or left alone, with KILL_NONE). How each ended, as wait status, goes to the file `outcomes` there.
   The processes are forked before main, which saves loading the program a thousand times. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static long steps;
static long limit = -1;

static void step(void) {
  if (limit >= 0 && steps >= limit) kill(getpid(), SIGKILL);
  steps++;
}

/* The next one in the search order: the C library's. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int file, const void *bytes, size_t count) {
  if (file <= 2) return REAL(write)(file, bytes, count);
  if (limit >= 0 && steps + (long)count > limit) {
    REAL(write)(file, bytes, limit - steps);
    kill(getpid(), SIGKILL);
  }
  steps += count;
  return REAL(write)(file, bytes, count);
}

int open(const char *path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  int mode = va_arg(arguments, int);
  va_end(arguments);
  if (flags & (O_CREAT | O_TRUNC)) step();
  return REAL(open)(path, flags, mode);
}

int fsync(int file) { step(); return REAL(fsync)(file); }
int fchmod(int file, mode_t mode) { step(); return REAL(fchmod)(file, mode); }
int mkdir(const char *path, mode_t mode) { step(); return REAL(mkdir)(path, mode); }
int unlink(const char *path) { step(); return REAL(unlink)(path); }
int rename(const char *from, const char *to) { step(); return REAL(rename)(from, to); }

__attribute__((constructor)) static void fork_for_each(void) {
  const char *folder = getenv("KILL_EACH"), *last = getenv("KILL_STEPS");
  if (!folder || !last) return;
  char path[4096];
  snprintf(path, sizeof path, "%s/outcomes", folder);
  FILE *outcomes = fopen(path, "w");
  for (long number = 0; outcomes && number <= atol(last); number++) {
    pid_t child = fork();
    if (child == 0) {
      snprintf(path, sizeof path, "%s/%ld", folder, number);
      if (chdir(path) != 0) _exit(125);
      limit = getenv("KILL_NONE") ? -1 : number;
      return; /* to main */
    }
    int status = -1;
    waitpid(child, &status, 0);
    fprintf(outcomes, "%d\n", status);
    fflush(outcomes); /* or every child would write it again when it exits */
  }
  if (outcomes) fclose(outcomes);
  _exit(outcomes ? 0 : 126);
}

__attribute__((destructor)) static void report(void) {
  const char *path = getenv("KILL_COUNT");
  FILE *file = path ? fopen(path, "w") : NULL;
  if (!file) return;
  fprintf(file, "%ld", steps);
  fclose(file);
}
