// Stands between a program and OpenCL (LD_PRELOAD) and lets one call fail.
//
// FAIL_OPENCL_CALL=n   the nth call, counted from 1, returns CL_OUT_OF_RESOURCES and does nothing
// COUNT_OPENCL_CALLS=f the number of calls goes into file f when the program ends
//
// A program that knows of this library asks it the same by its functions.
//
// Calls that release something are passed on: they cannot be refused.
#define _GNU_SOURCE
#include "opencl_calls.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static atomic_long calls, failing;

__attribute__((constructor)) static void begin(void) {
  const char *text = getenv("FAIL_OPENCL_CALL");
  if (text) failing = atol(text);
}

// Begins to count calls anew, of which number `call` will fail; none if that is 0.
void fail_opencl_call(long call) {
  failing = call;
  calls = 0;
}

long count_opencl_calls(void) { return calls; }

// Whether the call that begins now is the one to fail.
static int fails(void) { return atomic_fetch_add(&calls, 1) + 1 == failing; }

__attribute__((destructor)) static void report(void) {
  const char *path = getenv("COUNT_OPENCL_CALLS");
  FILE *file = path ? fopen(path, "w") : NULL;
  if (!file) return;
  fprintf(file, "%ld\n", atomic_load(&calls));
  fclose(file);
}

#define STATUS(name, parameters, arguments) \
  cl_int CL_API_CALL name parameters { \
    return fails() ? CL_OUT_OF_RESOURCES : NEXT(name) arguments; \
  }
#define ENQUEUES STATUS

#define MAKES(type, kind, name, parameters, arguments) \
  type CL_API_CALL name parameters { \
    if (!fails()) return NEXT(name) arguments; \
    if (status) *status = CL_OUT_OF_RESOURCES; \
    return NULL; \
  }

OPENCL_CALLS

typedef void(CL_CALLBACK *program_notice)(cl_program, void *);

STATUS(clGetPlatformIDs, (cl_uint a, cl_platform_id *b, cl_uint *c), (a, b, c))
STATUS(clGetPlatformInfo,
       (cl_platform_id a, cl_platform_info b, size_t c, void *d, size_t *e), (a, b, c, d, e))
STATUS(clGetDeviceIDs,
       (cl_platform_id a, cl_device_type b, cl_uint c, cl_device_id *d, cl_uint *e),
       (a, b, c, d, e))
STATUS(clGetDeviceInfo,
       (cl_device_id a, cl_device_info b, size_t c, void *d, size_t *e), (a, b, c, d, e))
STATUS(clBuildProgram,
       (cl_program a, cl_uint b, const cl_device_id *c, const char *d, program_notice e, void *f),
       (a, b, c, d, e, f))
STATUS(clGetProgramInfo,
       (cl_program a, cl_program_info b, size_t c, void *d, size_t *e), (a, b, c, d, e))
STATUS(clGetProgramBuildInfo,
       (cl_program a, cl_device_id b, cl_program_build_info c, size_t d, void *e, size_t *f),
       (a, b, c, d, e, f))
STATUS(clSetKernelArg, (cl_kernel a, cl_uint b, size_t c, const void *d), (a, b, c, d))
STATUS(clGetKernelWorkGroupInfo,
       (cl_kernel a, cl_device_id b, cl_kernel_work_group_info c, size_t d, void *e, size_t *f),
       (a, b, c, d, e, f))
STATUS(clFlush, (cl_command_queue a), (a))
STATUS(clFinish, (cl_command_queue a), (a))
STATUS(clWaitForEvents, (cl_uint a, const cl_event *b), (a, b))
