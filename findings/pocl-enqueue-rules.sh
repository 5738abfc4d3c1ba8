#!/bin/bash
# Finding: PoCL 3.1, an OpenCL 3.0 platform, refuses three calls that other drivers take.
# - A kernel with reqd_work_group_size and no local size given: CL_INVALID_WORK_GROUP_SIZE (-54). Since OpenCL 2.0 the
#   driver uses the size that the kernel states.
# - A copy of zero bytes: CL_INVALID_VALUE (-30), although reading, writing and filling zero bytes succeed.
# - A sub-buffer that begins at byte 64: CL_MISALIGNED_SUB_BUFFER_OFFSET (-13); they must begin at a multiple of
#   128 bytes, more than any type of OpenCL C needs except double16 and long16.
#
# Seen with Debian 12's libpocl2 3.1-3+deb12u1 and ocl-icd 2.3.1-1.
#
# Hypertower always gives the local size, leaves out transfers and launches of nothing (DeviceBufferTests has buffers
# without elements), and passes offsets to kernels instead of sub-buffers.
set -euo pipefail
cd "$(dirname "$0")"

./debian-packages libpocl2=3.1-3+deb12u1 pocl-opencl-icd=3.1-3+deb12u1 ocl-icd-opencl-dev=2.3.1-1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/rules.c" <<'END'
#define CL_TARGET_OPENCL_VERSION 300
#include <CL/cl.h>
#include <stdio.h>

static int failures = 0;

static void expect(const char *what, cl_int found, cl_int expected) {
  printf("%s: %d\n", what, found);
  if (found != expected) {
    printf("  was %d\n", expected);
    failures += 1;
  }
}

int main(void) {
  cl_platform_id platform;
  cl_device_id device;
  cl_int status;
  if (clGetPlatformIDs(1, &platform, NULL) ||
      clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL))
    return 2;
  cl_context context = clCreateContext(NULL, 1, &device, NULL, NULL, &status);
  cl_command_queue queue = clCreateCommandQueueWithProperties(context, device, NULL, &status);
  const char *source =
      "kernel __attribute__((reqd_work_group_size(8, 1, 1))) void fill(global int *x) {\n"
      "  x[get_global_id(0)] = get_local_size(0);\n"
      "}\n";
  cl_program program = clCreateProgramWithSource(context, 1, &source, NULL, &status);
  expect("build", clBuildProgram(program, 1, &device, "", NULL, NULL), CL_SUCCESS);
  cl_kernel kernel = clCreateKernel(program, "fill", &status);
  cl_mem x = clCreateBuffer(context, CL_MEM_READ_WRITE, 4096, NULL, &status);
  cl_mem y = clCreateBuffer(context, CL_MEM_READ_WRITE, 4096, NULL, &status);
  clSetKernelArg(kernel, 0, sizeof x, &x);
  size_t global = 64, local = 8;
  expect("launch with the local size that the kernel states",
         clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &global, &local, 0, NULL, NULL), CL_SUCCESS);
  expect("launch without a local size",
         clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &global, NULL, 0, NULL, NULL),
         CL_INVALID_WORK_GROUP_SIZE);

  char byte = 0;
  expect("read 0 bytes", clEnqueueReadBuffer(queue, x, CL_TRUE, 0, 0, &byte, 0, NULL, NULL), CL_SUCCESS);
  expect("write 0 bytes", clEnqueueWriteBuffer(queue, x, CL_TRUE, 0, 0, &byte, 0, NULL, NULL), CL_SUCCESS);
  expect("fill 0 bytes", clEnqueueFillBuffer(queue, x, &byte, 1, 0, 0, 0, NULL, NULL), CL_SUCCESS);
  expect("copy 0 bytes", clEnqueueCopyBuffer(queue, x, y, 0, 0, 0, 0, NULL, NULL), CL_INVALID_VALUE);

  for (size_t origin = 64; origin <= 256; origin += 64) {
    cl_buffer_region region = {origin, 64};
    cl_mem part = clCreateSubBuffer(x, 0, CL_BUFFER_CREATE_TYPE_REGION, &region, &status);
    char what[40];
    snprintf(what, sizeof what, "sub-buffer at byte %zu", origin);
    expect(what, status, origin % 128 == 0 ? CL_SUCCESS : CL_MISALIGNED_SUB_BUFFER_OFFSET);
    if (part) clReleaseMemObject(part);
  }
  clFinish(queue);
  return failures > 0;
}
END
gcc -O1 -Wall "$folder/rules.c" -o "$folder/rules" -lOpenCL
mkdir "$folder/vendors"
cp /etc/OpenCL/vendors/pocl.icd "$folder/vendors/"
OCL_ICD_VENDORS=$folder/vendors POCL_CACHE_DIR=$folder/cache "$folder/rules"
