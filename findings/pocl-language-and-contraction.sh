#!/bin/bash
# Finding: what PoCL 3.1 compiles differs from what it says in two places.
# - Without -cl-std it compiles OpenCL C 3.0, although its device states OpenCL C 1.2, the version that the specification
#   makes the default. A kernel of OpenCL C 1.2 with a variable called `pipe` then does not build.
# - It fuses a * b + c into one rounding, even under -cl-opt-disable, but rounds mad(a, b, c), the function for a product
#   and sum as fast as possible, twice. With `#pragma OPENCL FP_CONTRACT OFF` neither is fused.
#
# Seen with Debian 12's libpocl2 3.1-3+deb12u1 and ocl-icd 2.3.1-1, on a processor with FMA.
#
# Hypertower builds all kernels with -cl-std=CL1.2, turns contraction off, and writes fma() where it means one rounding.
# So elementwise operations give the same bits in one kernel as in several, which FusionTests checks.
set -euo pipefail
cd "$(dirname "$0")"

./debian-packages libpocl2=3.1-3+deb12u1 pocl-opencl-icd=3.1-3+deb12u1 ocl-icd-opencl-dev=2.3.1-1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/language.c" <<'END'
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <stdio.h>
#include <string.h>

static cl_device_id device;
static cl_context context;
static cl_command_queue queue;
static int failures = 0;

static void check(const char *what, double found, double expected) {
  printf("%s: %g\n", what, found);
  if (found != expected) {
    printf("  was %g\n", expected);
    failures += 1;
  }
}

static cl_int build(const char *source, const char *options, cl_program *program) {
  cl_int status;
  *program = clCreateProgramWithSource(context, 1, &source, NULL, &status);
  return clBuildProgram(*program, 1, &device, options, NULL, NULL);
}

// a·b + c as an expression, as mad and as fma, with a = b = 1 + 2⁻¹² and c = −1 − 2⁻¹¹: 2⁻²⁴ if rounded once, 0 if twice.
static void run(const char *pragma, const char *options, float results[3]) {
  char source[400];
  snprintf(source, sizeof source,
           "%s\nkernel void products(global float *x) {\n"
           "  float a = x[0], b = x[1], c = x[2];\n"
           "  x[0] = a * b + c; x[1] = mad(a, b, c); x[2] = fma(a, b, c);\n}\n", pragma);
  cl_program program;
  cl_int status = build(source, options, &program);
  float x[3] = {1 + 0x1p-12f, 1 + 0x1p-12f, -1 - 0x1p-11f};
  cl_mem buffer = clCreateBuffer(context, CL_MEM_COPY_HOST_PTR, sizeof x, x, &status);
  cl_kernel kernel = clCreateKernel(program, "products", &status);
  clSetKernelArg(kernel, 0, sizeof buffer, &buffer);
  size_t one = 1;
  clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &one, &one, 0, NULL, NULL);
  clEnqueueReadBuffer(queue, buffer, CL_TRUE, 0, sizeof x, results, 0, NULL, NULL);
}

int main(void) {
  cl_platform_id platform;
  cl_int status;
  if (clGetPlatformIDs(1, &platform, NULL) ||
      clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL))
    return 2;
  context = clCreateContext(NULL, 1, &device, NULL, NULL, &status);
  queue = clCreateCommandQueue(context, device, 0, &status);

  char version[200] = "";
  clGetDeviceInfo(device, CL_DEVICE_OPENCL_C_VERSION, sizeof version, version, NULL);
  printf("the device states: %s\n", version);
  failures += strncmp(version, "OpenCL C 1.2", 12) != 0;
  const char *pipe = "kernel void f(global int *x) { int pipe = 3; x[0] = pipe; }";
  cl_program program;
  check("a variable called pipe, no option", build(pipe, "", &program), CL_BUILD_PROGRAM_FAILURE);
  check("the same with -cl-std=CL1.2", build(pipe, "-cl-std=CL1.2", &program), CL_SUCCESS);

  float results[3];
  run("", "-cl-opt-disable", results);
  check("a * b + c", results[0], 0x1p-24);
  check("mad(a, b, c)", results[1], 0);
  check("fma(a, b, c)", results[2], 0x1p-24);
  run("#pragma OPENCL FP_CONTRACT OFF", "", results);
  check("a * b + c, contraction off", results[0], 0);
  check("mad(a, b, c), contraction off", results[1], 0);
  return failures > 0;
}
END
gcc -O1 -Wall "$folder/language.c" -o "$folder/language" -lOpenCL
mkdir "$folder/vendors"
cp /etc/OpenCL/vendors/pocl.icd "$folder/vendors/"
# PoCL prints the errors of the build that must fail.
OCL_ICD_VENDORS=$folder/vendors POCL_CACHE_DIR=$folder/cache "$folder/language" 2>/dev/null
