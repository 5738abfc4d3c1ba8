// Stands between a program and OpenCL (LD_PRELOAD) and lets one call fail.
//
// FAIL_OPENCL_CALL=n   the nth call, counted from 1, returns CL_OUT_OF_RESOURCES and does nothing
// COUNT_OPENCL_CALLS=f the number of calls goes into file f when the program ends
//
// A program that knows of this library asks it the same by its functions.
//
// Calls that release something are passed on: they cannot be refused.
#define _GNU_SOURCE
#define CL_TARGET_OPENCL_VERSION 120
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>
#include <dlfcn.h>
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

// The function of that name in the library behind this one.
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

// A call that returns its status.
#define STATUS(name, parameters, arguments) \
  cl_int CL_API_CALL name parameters { \
    return fails() ? CL_OUT_OF_RESOURCES : NEXT(name) arguments; \
  }

// A call that returns a handle, and its status through its last argument, `status`.
#define HANDLE(type, name, parameters, arguments) \
  type CL_API_CALL name parameters { \
    if (!fails()) return NEXT(name) arguments; \
    if (status) *status = CL_OUT_OF_RESOURCES; \
    return NULL; \
  }

typedef void(CL_CALLBACK *context_notice)(const char *, const void *, size_t, void *);
typedef void(CL_CALLBACK *program_notice)(cl_program, void *);

STATUS(clGetPlatformIDs, (cl_uint a, cl_platform_id *b, cl_uint *c), (a, b, c))
STATUS(clGetPlatformInfo,
       (cl_platform_id a, cl_platform_info b, size_t c, void *d, size_t *e), (a, b, c, d, e))
STATUS(clGetDeviceIDs,
       (cl_platform_id a, cl_device_type b, cl_uint c, cl_device_id *d, cl_uint *e),
       (a, b, c, d, e))
STATUS(clGetDeviceInfo,
       (cl_device_id a, cl_device_info b, size_t c, void *d, size_t *e), (a, b, c, d, e))
HANDLE(cl_context, clCreateContext,
       (const cl_context_properties *a, cl_uint b, const cl_device_id *c, context_notice d, void *e,
        cl_int *status),
       (a, b, c, d, e, status))
HANDLE(cl_command_queue, clCreateCommandQueue,
       (cl_context a, cl_device_id b, cl_command_queue_properties c, cl_int *status),
       (a, b, c, status))
HANDLE(cl_mem, clCreateBuffer,
       (cl_context a, cl_mem_flags b, size_t c, void *d, cl_int *status), (a, b, c, d, status))
HANDLE(cl_program, clCreateProgramWithSource,
       (cl_context a, cl_uint b, const char **c, const size_t *d, cl_int *status),
       (a, b, c, d, status))
HANDLE(cl_program, clCreateProgramWithBinary,
       (cl_context a, cl_uint b, const cl_device_id *c, const size_t *d, const unsigned char **e,
        cl_int *f, cl_int *status),
       (a, b, c, d, e, f, status))
STATUS(clBuildProgram,
       (cl_program a, cl_uint b, const cl_device_id *c, const char *d, program_notice e, void *f),
       (a, b, c, d, e, f))
STATUS(clGetProgramInfo,
       (cl_program a, cl_program_info b, size_t c, void *d, size_t *e), (a, b, c, d, e))
STATUS(clGetProgramBuildInfo,
       (cl_program a, cl_device_id b, cl_program_build_info c, size_t d, void *e, size_t *f),
       (a, b, c, d, e, f))
HANDLE(cl_kernel, clCreateKernel, (cl_program a, const char *b, cl_int *status), (a, b, status))
STATUS(clSetKernelArg, (cl_kernel a, cl_uint b, size_t c, const void *d), (a, b, c, d))
STATUS(clGetKernelWorkGroupInfo,
       (cl_kernel a, cl_device_id b, cl_kernel_work_group_info c, size_t d, void *e, size_t *f),
       (a, b, c, d, e, f))
STATUS(clEnqueueNDRangeKernel,
       (cl_command_queue a, cl_kernel b, cl_uint c, const size_t *d, const size_t *e,
        const size_t *f, cl_uint g, const cl_event *h, cl_event *i),
       (a, b, c, d, e, f, g, h, i))
STATUS(clEnqueueReadBuffer,
       (cl_command_queue a, cl_mem b, cl_bool c, size_t d, size_t e, void *f, cl_uint g,
        const cl_event *h, cl_event *i),
       (a, b, c, d, e, f, g, h, i))
STATUS(clEnqueueWriteBuffer,
       (cl_command_queue a, cl_mem b, cl_bool c, size_t d, size_t e, const void *f, cl_uint g,
        const cl_event *h, cl_event *i),
       (a, b, c, d, e, f, g, h, i))
STATUS(clEnqueueCopyBuffer,
       (cl_command_queue a, cl_mem b, cl_mem c, size_t d, size_t e, size_t f, cl_uint g,
        const cl_event *h, cl_event *i),
       (a, b, c, d, e, f, g, h, i))
STATUS(clEnqueueFillBuffer,
       (cl_command_queue a, cl_mem b, const void *c, size_t d, size_t e, size_t f, cl_uint g,
        const cl_event *h, cl_event *i),
       (a, b, c, d, e, f, g, h, i))
STATUS(clFlush, (cl_command_queue a), (a))
STATUS(clFinish, (cl_command_queue a), (a))
STATUS(clWaitForEvents, (cl_uint a, const cl_event *b), (a, b))
