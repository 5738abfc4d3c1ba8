#!/bin/bash
# Finding: PoCL 3.1 loads its library of built-in functions for the first kernel that is built and drops it when the
# program releases its last context. Whoever makes a context for each piece of work pays for it each time: building the
# smallest kernel takes 0.36 s in a new context, 0.07 s while any other context exists, even an unused one.
#
# Seen with Debian 12's libpocl2 3.1-3+deb12u1 and ocl-icd 2.3.1-1, on a Xeon.
#
# Hypertower creates one context for each device and keeps it until the process ends (ProgramTests).
set -euo pipefail
cd "$(dirname "$0")"

./debian-packages libpocl2=3.1-3+deb12u1 pocl-opencl-icd=3.1-3+deb12u1 ocl-icd-opencl-dev=2.3.1-1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/contexts.c" <<'END'
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static cl_device_id device;

static double milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e3 + now.tv_nsec * 1e-6;
}

static int ascending(const void *left, const void *right) {
  double difference = *(const double *)left - *(const double *)right;
  return (difference > 0) - (difference < 0);
}

// The median time to build a kernel that was never built before, each in a context of its own.
static double median(int number) {
  double times[7];
  for (int i = 0; i < 7; ++i) {
    char text[100];
    const char *source = text;
    snprintf(text, sizeof text, "kernel void f(global int *x) { x[0] = %d; }", 100 * number + i);
    cl_int status;
    cl_context context = clCreateContext(NULL, 1, &device, NULL, NULL, &status);
    double start = milliseconds();
    cl_program program = clCreateProgramWithSource(context, 1, &source, NULL, &status);
    if (clBuildProgram(program, 1, &device, "", NULL, NULL)) exit(2);
    times[i] = milliseconds() - start;
    clReleaseProgram(program);
    clReleaseContext(context);
  }
  qsort(times, 7, sizeof *times, ascending);
  return times[3];
}

int main(void) {
  cl_platform_id platform;
  cl_int status;
  if (clGetPlatformIDs(1, &platform, NULL) ||
      clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL))
    return 2;
  double alone = median(1);
  clCreateContext(NULL, 1, &device, NULL, NULL, &status);
  double besides = median(2);
  printf("a build in a new context, the only one: %.0f ms; beside one that stays: %.0f ms\n", alone, besides);
  return alone < 2 * besides;
}
END
gcc -O1 -Wall "$folder/contexts.c" -o "$folder/contexts" -lOpenCL
mkdir "$folder/vendors"
cp /etc/OpenCL/vendors/pocl.icd "$folder/vendors/"
OCL_ICD_VENDORS=$folder/vendors POCL_CACHE_DIR=$folder/cache "$folder/contexts"
