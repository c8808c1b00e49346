/* Counts the calls with which a process changes files, and kills it after the one that was asked for.

   Built as a library and preloaded: `steps_arm(n)` has the process killed (SIGKILL) when the n-th call from then on has
   returned; 0 counts only. `steps_taken()` says how many there were. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long taken, last;
static atomic_int armed;

void steps_arm(long n) { last = n; taken = 0; armed = 1; }
long steps_taken(void) { return taken; }

static void step(void) {
    if (!armed) return;
    long now = atomic_fetch_add(&taken, 1) + 1;
    if (last && now == last) { kill(getpid(), SIGKILL); pause(); }
}

#define STEP(type, name, parameters, arguments)                             \
    type name parameters {                                                  \
        static type (*real) parameters;                                     \
        if (!real) real = (type (*) parameters) dlsym(RTLD_NEXT, #name);    \
        type result = real arguments;                                       \
        step();                                                             \
        return result;                                                      \
    }

STEP(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size))
STEP(ssize_t, pwrite, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at))
STEP(ssize_t, pwrite64, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at))
STEP(int, fsync, (int fd), (fd))
STEP(int, fdatasync, (int fd), (fd))
STEP(int, ftruncate, (int fd, off_t size), (fd, size))
STEP(int, ftruncate64, (int fd, off64_t size), (fd, size))
STEP(int, rename, (const char *from, const char *to), (from, to))
STEP(int, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to))
STEP(int, unlink, (const char *path), (path))
STEP(int, unlinkat, (int folder, const char *path, int flags), (folder, path, flags))
STEP(int, mkdir, (const char *path, mode_t mode), (path, mode))
STEP(int, rmdir, (const char *path), (path))

#define OPEN(name)                                                          \
    int name(const char *path, int flags, ...) {                            \
        static int (*real)(const char *, int, ...);                         \
        if (!real) real = (int (*)(const char *, int, ...)) dlsym(RTLD_NEXT, #name); \
        va_list more; va_start(more, flags); mode_t mode = va_arg(more, mode_t); va_end(more); \
        int result = real(path, flags, mode);                               \
        if (flags & (O_CREAT | O_TRUNC)) step();                            \
        return result;                                                      \
    }
OPEN(open)
OPEN(open64)
