// Stands between a program and OpenCL (LD_PRELOAD) and counts its objects. What a program forgets to
// release is often still known to its driver, so that LeakSanitizer takes it for used.
//
// COUNT_OPENCL_OBJECTS=f when the program ends, each kind's number of objects that were made and of
//                        references that were never released go into a file, f and the process's number
//
// A program that knows of this library asks it for the number of references.
#define _GNU_SOURCE
#include "opencl_calls.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Objects made, and references to them that there are.
struct count {
  const char *kind;
  atomic_long made, left;
};
static struct count contexts = {.kind = "contexts"}, queues = {.kind = "queues"},
                    buffers = {.kind = "buffers"}, programs = {.kind = "programs"},
                    kernels = {.kind = "kernels"}, events = {.kind = "events"};
static struct count *const all[] = {&contexts, &queues, &buffers, &programs, &kernels, &events};

long count_opencl_objects(void) {
  long left = 0;
  for (int i = 0; i < 6; ++i) left += all[i]->left;
  return left;
}

__attribute__((destructor)) static void report(void) {
  const char *path = getenv("COUNT_OPENCL_OBJECTS");
  char name[4096];
  if (!path || snprintf(name, sizeof name, "%s.%d", path, (int)getpid()) >= (int)sizeof name) return;
  FILE *file = fopen(name, "w");
  if (!file) return;
  for (int i = 0; i < 6; ++i)
    fprintf(file, "%s %ld made %ld left\n", all[i]->kind, atomic_load(&all[i]->made),
            atomic_load(&all[i]->left));
  fclose(file);
}

// Whether a call comes from the program: CLBlast keeps what it has made until the process has ended.
static int is_ours(const void *caller) {
  Dl_info info;
  return !dladdr(caller, &info) || !info.dli_fname || !strstr(info.dli_fname, "clblast");
}
#define IS_OURS is_ours(__builtin_return_address(0))

static void note_made(struct count *count, const void *handle) {
  if (!handle) return;
  atomic_fetch_add(&count->made, 1);
  atomic_fetch_add(&count->left, 1);
}

#define MAKES(type, kind, name, parameters, arguments) \
  type CL_API_CALL name parameters { \
    type handle = NEXT(name) arguments; \
    if (IS_OURS) note_made(&kind, handle); \
    return handle; \
  }

// The two calls that change the number of references to an object.
#define COUNTS(type, count, retain, release) \
  cl_int CL_API_CALL retain(type handle) { \
    const cl_int status = NEXT(retain)(handle); \
    if (status == CL_SUCCESS && IS_OURS) atomic_fetch_add(&count.left, 1); \
    return status; \
  } \
  cl_int CL_API_CALL release(type handle) { \
    const cl_int status = NEXT(release)(handle); \
    if (status == CL_SUCCESS && IS_OURS) atomic_fetch_sub(&count.left, 1); \
    return status; \
  }

// An event is made where one is asked for.
#define ENQUEUES(name, parameters, arguments) \
  cl_int CL_API_CALL name parameters { \
    const cl_int status = NEXT(name) arguments; \
    if (status == CL_SUCCESS && event && IS_OURS) note_made(&events, *event); \
    return status; \
  }

COUNTS(cl_context, contexts, clRetainContext, clReleaseContext)
COUNTS(cl_command_queue, queues, clRetainCommandQueue, clReleaseCommandQueue)
COUNTS(cl_mem, buffers, clRetainMemObject, clReleaseMemObject)
COUNTS(cl_program, programs, clRetainProgram, clReleaseProgram)
COUNTS(cl_kernel, kernels, clRetainKernel, clReleaseKernel)
COUNTS(cl_event, events, clRetainEvent, clReleaseEvent)

OPENCL_CALLS

// PoCL 3.1 never frees what LLVM takes to make a kernel's code, which happens on a thread of its own, in
// a function that makes no OpenCL object: what is allocated there is no leak of the program's.
extern void __lsan_disable(void) __attribute__((weak));
extern void __lsan_enable(void) __attribute__((weak));

long pocl_check_kernel_dlhandle_cache(long a, long b, long c, long d) {
  __typeof__(&pocl_check_kernel_dlhandle_cache) next =
      dlsym(dlopen("libpocl.so.2", RTLD_LAZY | RTLD_NOLOAD), "pocl_check_kernel_dlhandle_cache");
  if (!next) abort();
  if (__lsan_disable) __lsan_disable();
  const long result = next(a, b, c, d);
  if (__lsan_enable) __lsan_enable();
  return result;
}
