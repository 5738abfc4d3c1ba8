#!/bin/bash
# Finding: PoCL 3.1's driver for CPUs hands work-groups to its threads in runs: each request takes the next
# ⌈remaining / threads⌉ of them, in their order, and nobody takes any back. On two threads the first four of eight
# work-groups are one thread's. If those are the long ones, the other thread is soon done with the rest and idles: the
# launch takes twice as long as with long and short ones in turns, although every work-group is a request of its own on
# other drivers.
#
# Seen with Debian 12's libpocl2 3.1-3+deb12u1 and ocl-icd 2.3.1-1, two threads:
#   long ones first: threads 0 0 0 0 1 1 1 1, long ones in turns: two long ones on each thread; 1.9 to 2.0 times as long
#
# Hypertower runs loops over time, whose work-groups take long, beside other such loops only
# (Sources/Hypertower/Backends/OpenCL/LaunchPlan.swift), and hands out the shares of joined launches with counters of
# its own (Kernels/phases.cl).
set -euo pipefail
cd "$(dirname "$0")"

./debian-packages libpocl2=3.1-3+deb12u1 pocl-opencl-icd=3.1-3+deb12u1 ocl-icd-opencl-dev=2.3.1-1
if [ "$(nproc)" -lt 2 ]; then
  echo "needs two cores"
  exit 2
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/shares.c" <<'END_OF_C'
#define CL_TARGET_OPENCL_VERSION 300
#include <CL/cl.h>
#include <stdio.h>
#include <time.h>

enum { GROUPS = 8 };

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + 1e-9 * time.tv_nsec;
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
  // Where a variable lies on the stack tells threads apart.
  const char *source =
      "kernel __attribute__((reqd_work_group_size(1, 1, 1)))\n"
      "void spin(global ulong *place, global float *result, int mask) {\n"
      "  const int group = get_group_id(0);\n"
      "  volatile float x = 1.0f;\n"
      "  if (mask >> group & 1)\n"
      "    for (int i = 0; i < 20000000; ++i) x = x * 0.999f + 0.001f;\n"
      "  place[group] = (ulong)&x;\n"
      "  result[group] = x;\n"
      "}\n";
  cl_program program = clCreateProgramWithSource(context, 1, &source, NULL, &status);
  if (clBuildProgram(program, 1, &device, "", NULL, NULL)) return 2;
  cl_kernel kernel = clCreateKernel(program, "spin", &status);
  cl_mem places = clCreateBuffer(context, CL_MEM_READ_WRITE, GROUPS * sizeof(cl_ulong), NULL, &status);
  cl_mem result = clCreateBuffer(context, CL_MEM_READ_WRITE, GROUPS * sizeof(cl_float), NULL, &status);
  clSetKernelArg(kernel, 0, sizeof places, &places);
  clSetKernelArg(kernel, 1, sizeof result, &result);

  const int masks[] = {0x0F, 0x55};
  const char *names[] = {"long ones first", "long ones in turns"};
  double least[2] = {1e9, 1e9};
  int are_one_threads[2] = {1, 1};
  for (int round = 0; round < 5; ++round)
    for (int which = 0; which < 2; ++which) {
      clSetKernelArg(kernel, 2, sizeof masks[which], &masks[which]);
      size_t global = GROUPS, local = 1;
      const double start = now();
      clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &global, &local, 0, NULL, NULL);
      clFinish(queue);
      const double time = now() - start;
      if (round == 0) continue;
      if (time < least[which]) least[which] = time;
      cl_ulong place[GROUPS];
      clEnqueueReadBuffer(queue, places, CL_TRUE, 0, sizeof place, place, 0, NULL, NULL);
      printf("%s: threads", names[which]);
      for (int group = 0; group < GROUPS; ++group) {
        const int is_other = (place[group] >> 16) != (place[0] >> 16);
        printf(" %d", is_other);
        if (is_other && masks[which] >> group & 1) are_one_threads[which] = 0;
      }
      printf("\n");
    }
  const double ratio = least[0] / least[1];
  printf("long ones first: %.1f ms, in turns: %.1f ms, %.2f times as long\n", 1e3 * least[0],
         1e3 * least[1], ratio);
  return !are_one_threads[0] || are_one_threads[1] || ratio < 1.5;
}
END_OF_C
gcc -O1 -Wall "$folder/shares.c" -o "$folder/shares" -lOpenCL
mkdir "$folder/vendors"
cp /etc/OpenCL/vendors/pocl.icd "$folder/vendors/"
POCL_MAX_PTHREAD_COUNT=2 OCL_ICD_VENDORS=$folder/vendors POCL_CACHE_DIR=$folder/cache "$folder/shares"
