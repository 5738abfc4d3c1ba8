// Stands between a program and the C library (LD_PRELOAD) and lets one call fail that writes to a file.
//
// FAIL_FILES_IN=folder  counted are calls for this folder and what is below, an absolute path without links
// FAIL_FILE_CALL=n      the nth of them, counted from 1, fails
// FAIL_FILE_ERROR=e     with the error number e; default: ENOSPC
// FAIL_FILE_STAYS=1     and so does every later one that takes space, as on a disk that stays full
// LOG_FILE_CALLS=f      each call goes into file f, one a line, FAILS before those that fail
//
// Counted are open for writing, mkdir, write, ftruncate, fchmod, fsync, rename, and close of what was
// opened for writing. A write that fails has written half; a close that fails has closed. Calls that
// remove something are passed on: what cannot be removed can only stay.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_long calls;

// The function of that name in the library behind this one.
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

// Tells of a call in the log, if there is one; the order of lines is that of the calls.
static void tell(const char *call, const char *path, int fails) {
  const char *log = getenv("LOG_FILE_CALLS");
  if (!log) return;
  char line[PATH_MAX + 64];
  const int size = snprintf(line, sizeof line, "%s%s %s\n", fails ? "FAILS " : "", call, path);
  const int descriptor = NEXT(open)(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor < 0 || NEXT(write)(descriptor, line, size) != size) abort();
  NEXT(close)(descriptor);
}

// Whether the call that begins now, for the absolute `path`, is to fail; sets errno if so.
static int fails(const char *call, const char *path, int takes_space) {
  const char *folder = getenv("FAIL_FILES_IN"), *text = getenv("FAIL_FILE_CALL");
  const size_t length = folder ? strlen(folder) : 0;
  if (!folder || strncmp(path, folder, length) || (path[length] && path[length] != '/')) return 0;
  const long number = atomic_fetch_add(&calls, 1) + 1, failing = text ? atol(text) : 0;
  const int is_failing =
      text && (number == failing || (number > failing && takes_space && getenv("FAIL_FILE_STAYS")));
  tell(call, path, is_failing);
  if (is_failing) {
    const char *error = getenv("FAIL_FILE_ERROR");
    errno = error ? atoi(error) : ENOSPC;
  }
  return is_failing;
}

// The same for a path as a call gives it.
static int named_fails(const char *call, int folder, const char *name, int takes_space) {
  char path[2 * PATH_MAX] = "";
  if (name[0] != '/') {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    const ssize_t size = folder == AT_FDCWD ? readlink("/proc/self/cwd", path, PATH_MAX - 1)
                                            : readlink(link, path, PATH_MAX - 1);
    if (size < 0) return 0;
    path[size] = '/';
    path[size + 1] = 0;
  }
  strncat(path, name, PATH_MAX - 1);
  return fails(call, path, takes_space);
}

// The same for a descriptor that was opened for writing.
static int open_fails(const char *call, int descriptor, int takes_space) {
  const int saved = errno, flags = fcntl(descriptor, F_GETFL);
  char link[64], path[PATH_MAX] = "";
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  errno = saved;
  struct stat status;
  const int is_folder = flags >= 0 && fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode);
  // A folder, too, is synchronized.
  if (flags < 0 || size < 0 || ((flags & O_ACCMODE) == O_RDONLY && !is_folder)) return 0;
  if (is_folder && strcmp(call, "close") == 0) return 0;
  return fails(call, path, takes_space);
}

static int opens_for_writing(int flags) {
  return (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC));
}

// open and openat, and their other names on Linux.
#define MODE(flags) \
  mode_t mode = 0; \
  if ((flags) & (O_CREAT | O_TMPFILE)) { \
    va_list rest; \
    va_start(rest, flags); \
    mode = va_arg(rest, mode_t); \
    va_end(rest); \
  }
#define OPEN(name) \
  int name(const char *path, int flags, ...) { \
    MODE(flags) \
    if (opens_for_writing(flags) && named_fails("open", AT_FDCWD, path, flags & O_CREAT)) return -1; \
    return NEXT(name)(path, flags, mode); \
  }
#define OPENAT(name) \
  int name(int folder, const char *path, int flags, ...) { \
    MODE(flags) \
    if (opens_for_writing(flags) && named_fails("open", folder, path, flags & O_CREAT)) return -1; \
    return NEXT(name)(folder, path, flags, mode); \
  }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

int mkdir(const char *path, mode_t mode) {
  return named_fails("mkdir", AT_FDCWD, path, 1) ? -1 : NEXT(mkdir)(path, mode);
}

int rename(const char *from, const char *to) {
  return named_fails("rename", AT_FDCWD, to, 0) ? -1 : NEXT(rename)(from, to);
}

ssize_t write(int descriptor, const void *bytes, size_t size) {
  if (!open_fails("write", descriptor, 1)) return NEXT(write)(descriptor, bytes, size);
  const int error = errno;
  (void)!NEXT(write)(descriptor, bytes, size / 2);
  errno = error;
  return -1;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t size, off_t offset) {
  if (!open_fails("write", descriptor, 1)) return NEXT(pwrite)(descriptor, bytes, size, offset);
  const int error = errno;
  (void)!NEXT(pwrite)(descriptor, bytes, size / 2, offset);
  errno = error;
  return -1;
}

int close(int descriptor) {
  const int fails = open_fails("close", descriptor, 0), error = errno;
  const int status = NEXT(close)(descriptor);
  if (!fails) return status;
  errno = error;
  return -1;
}

#define DESCRIPTOR(name, parameters, arguments) \
  int name parameters { return open_fails(#name, descriptor, 0) ? -1 : NEXT(name) arguments; }

DESCRIPTOR(ftruncate, (int descriptor, off_t size), (descriptor, size))
DESCRIPTOR(fchmod, (int descriptor, mode_t mode), (descriptor, mode))
DESCRIPTOR(fsync, (int descriptor), (descriptor))
DESCRIPTOR(fdatasync, (int descriptor), (descriptor))
