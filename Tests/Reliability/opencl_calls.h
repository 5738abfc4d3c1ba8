// The calls of OpenCL that make objects and that enqueue commands, for libraries that stand between a
// program and OpenCL. Who includes this says what becomes of each, by two macros:
//
// MAKES(type, kind, name, parameters, arguments)  returns an object, and its status through `status`
// ENQUEUES(name, parameters, arguments)           returns its status, and an event through `event`
#define CL_TARGET_OPENCL_VERSION 120
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>
#include <dlfcn.h>

// The function of that name in the library behind this one.
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

typedef void(CL_CALLBACK *context_notice)(const char *, const void *, size_t, void *);

#define OPENCL_CALLS \
  MAKES(cl_context, contexts, clCreateContext, \
        (const cl_context_properties *a, cl_uint b, const cl_device_id *c, context_notice d, \
         void *e, cl_int *status), \
        (a, b, c, d, e, status)) \
  MAKES(cl_command_queue, queues, clCreateCommandQueue, \
        (cl_context a, cl_device_id b, cl_command_queue_properties c, cl_int *status), \
        (a, b, c, status)) \
  MAKES(cl_mem, buffers, clCreateBuffer, \
        (cl_context a, cl_mem_flags b, size_t c, void *d, cl_int *status), (a, b, c, d, status)) \
  MAKES(cl_program, programs, clCreateProgramWithSource, \
        (cl_context a, cl_uint b, const char **c, const size_t *d, cl_int *status), \
        (a, b, c, d, status)) \
  MAKES(cl_program, programs, clCreateProgramWithBinary, \
        (cl_context a, cl_uint b, const cl_device_id *c, const size_t *d, const unsigned char **e, \
         cl_int *f, cl_int *status), \
        (a, b, c, d, e, f, status)) \
  MAKES(cl_kernel, kernels, clCreateKernel, (cl_program a, const char *b, cl_int *status), \
        (a, b, status)) \
  ENQUEUES(clEnqueueNDRangeKernel, \
           (cl_command_queue a, cl_kernel b, cl_uint c, const size_t *d, const size_t *e, \
            const size_t *f, cl_uint g, const cl_event *h, cl_event *event), \
           (a, b, c, d, e, f, g, h, event)) \
  ENQUEUES(clEnqueueReadBuffer, \
           (cl_command_queue a, cl_mem b, cl_bool c, size_t d, size_t e, void *f, cl_uint g, \
            const cl_event *h, cl_event *event), \
           (a, b, c, d, e, f, g, h, event)) \
  ENQUEUES(clEnqueueWriteBuffer, \
           (cl_command_queue a, cl_mem b, cl_bool c, size_t d, size_t e, const void *f, cl_uint g, \
            const cl_event *h, cl_event *event), \
           (a, b, c, d, e, f, g, h, event)) \
  ENQUEUES(clEnqueueCopyBuffer, \
           (cl_command_queue a, cl_mem b, cl_mem c, size_t d, size_t e, size_t f, cl_uint g, \
            const cl_event *h, cl_event *event), \
           (a, b, c, d, e, f, g, h, event)) \
  ENQUEUES(clEnqueueFillBuffer, \
           (cl_command_queue a, cl_mem b, const void *c, size_t d, size_t e, size_t f, cl_uint g, \
            const cl_event *h, cl_event *event), \
           (a, b, c, d, e, f, g, h, event))
