/* Ends the process by SIGKILL at the n-th thing it does to files below one folder, or on a socket.
 *
 * Loaded with LD_PRELOAD. Sleeps until `crash_arm`; then every call that changes a file, and every
 * message sent, is an event with a number. The kernel sees nothing of the call it is killed at; a
 * torn write is done by half before.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#define LONGEST 65536
#define REAL(name) ((__typeof__(&name))real(#name))

static char home[PATH_MAX];
static size_t home_length;
static char kinds[LONGEST];
static long happened, last;
static int torn;

static void *real(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) abort();
    return found;
}

void crash_arm(const char *folder, long at, int by_half) {
    home_length = strlen(folder);
    if (home_length >= sizeof home) abort();
    memcpy(home, folder, home_length + 1);
    happened = 0;
    last = at;
    torn = by_half;
}

const char *crash_events(void) { return kinds; }

/* Count an event; return whether it is to be done by half. */
static int event(char kind) {
    if (happened + 1 >= LONGEST) abort();
    kinds[happened++] = kind;
    kinds[happened] = 0;
    if (happened != last) return 0;
    if (torn) return 1;
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

void crash_event(char kind) {
    if (home_length) event(kind);
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

static int below(const char *path) {
    return home_length && !strncmp(path, home, home_length) && path[home_length] == '/';
}

static int ours(int fd) {
    char link[64], path[PATH_MAX];
    if (!home_length) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return below(path);
}

#define WRITE(name, extra_parameter, extra)                                        \
    ssize_t name(int fd, const void *data, size_t size extra_parameter) {         \
        if (ours(fd) && event('w')) {                                              \
            REAL(name)(fd, data, size / 2 extra);                                  \
            die();                                                                 \
        }                                                                          \
        return REAL(name)(fd, data, size extra);                                   \
    }
#define COMMA ,
WRITE(write, , )
WRITE(pwrite, COMMA off_t at, COMMA at)
WRITE(pwrite64, COMMA off64_t at, COMMA at)

#define ON_FILE(kind, name, parameters, arguments) \
    int name parameters {                          \
        if (ours(fd)) event(kind);                 \
        return REAL(name) arguments;               \
    }
ON_FILE('s', fsync, (int fd), (fd))
ON_FILE('s', fdatasync, (int fd), (fd))
ON_FILE('t', ftruncate, (int fd, off_t size), (fd, size))
ON_FILE('t', ftruncate64, (int fd, off64_t size), (fd, size))

#define ON_NAME(kind, name, parameters, arguments) \
    int name parameters {                          \
        if (below(path)) event(kind);              \
        return REAL(name) arguments;               \
    }
ON_NAME('r', rename, (const char *path, const char *to), (path, to))
ON_NAME('r', renameat, (int from, const char *path, int into, const char *to), (from, path, into, to))
ON_NAME('l', link, (const char *path, const char *to), (path, to))
ON_NAME('l', linkat, (int from, const char *path, int into, const char *to, int flags),
        (from, path, into, to, flags))
ON_NAME('u', unlink, (const char *path), (path))
ON_NAME('u', unlinkat, (int from, const char *path, int flags), (from, path, flags))

#define MODE(flags, mode)                        \
    mode_t mode = 0;                             \
    if ((flags) & (O_CREAT | O_TMPFILE)) {       \
        va_list rest;                            \
        va_start(rest, flags);                   \
        mode = (mode_t)va_arg(rest, int);        \
        va_end(rest);                            \
    }                                            \
    if (((flags) & O_CREAT) && below(path) && access(path, F_OK)) event('c');
int open(const char *path, int flags, ...) { MODE(flags, mode) return REAL(open)(path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags, mode) return REAL(open64)(path, flags, mode); }
int openat(int at, const char *path, int flags, ...) {
    MODE(flags, mode)
    return REAL(openat)(at, path, flags, mode);
}
int openat64(int at, const char *path, int flags, ...) {
    MODE(flags, mode)
    return REAL(openat64)(at, path, flags, mode);
}

ssize_t send(int fd, const void *data, size_t size, int flags) {
    if (home_length && event('m')) {
        REAL(send)(fd, data, size / 2, flags);
        die();
    }
    return REAL(send)(fd, data, size, flags);
}
