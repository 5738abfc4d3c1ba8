// Stands between a program and Oclgrind 21.10, which takes what was filled for uninitialized, and of a
// buffer that was written in part all but that part: both become writes of whole buffers. Loaded by
// LD_PRELOAD.
#define _GNU_SOURCE
#define CL_TARGET_OPENCL_VERSION 300
#include <CL/cl.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

typedef cl_int write_function(cl_command_queue, cl_mem, cl_bool, size_t, size_t, const void *, cl_uint,
                              const cl_event *, cl_event *);

// Writes `size` bytes at `offset`, the pattern again and again.
static cl_int write_whole(cl_command_queue queue, cl_mem buffer, const void *pattern,
                          size_t pattern_size, size_t offset, size_t size, cl_uint event_count,
                          const cl_event *events, cl_event *event) {
  write_function *write = (write_function *)dlsym(RTLD_NEXT, "clEnqueueWriteBuffer");
  size_t whole;
  cl_int status = clGetMemObjectInfo(buffer, CL_MEM_SIZE, sizeof whole, &whole, NULL);
  if (status != CL_SUCCESS) return status;
  char *bytes = malloc(whole);
  if (bytes == NULL) return CL_OUT_OF_HOST_MEMORY;
  status = clEnqueueReadBuffer(queue, buffer, CL_TRUE, 0, whole, bytes, event_count, events, NULL);
  if (status == CL_SUCCESS) {
    for (size_t i = 0; i < size; i += pattern_size) memcpy(bytes + offset + i, pattern, pattern_size);
    status = write(queue, buffer, CL_TRUE, 0, whole, bytes, 0, NULL, event);
  }
  free(bytes);
  return status;
}

cl_int clEnqueueWriteBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocking, size_t offset,
                            size_t size, const void *source, cl_uint event_count,
                            const cl_event *events, cl_event *event) {
  return write_whole(queue, buffer, source, size, offset, size, event_count, events, event);
}

cl_int clEnqueueFillBuffer(cl_command_queue queue, cl_mem buffer, const void *pattern,
                           size_t pattern_size, size_t offset, size_t size, cl_uint event_count,
                           const cl_event *events, cl_event *event) {
  return write_whole(queue, buffer, pattern, pattern_size, offset, size, event_count, events, event);
}
