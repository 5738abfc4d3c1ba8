#!/bin/bash
# Finding: CLBlast 1.5.3 squares without scaling in its norm (nrm2): that of [3e30, 4e30] is ∞ and that of
# [3e-30, 4e-30] is 0, where reference BLAS gives 5e30 and 5e-30. And sizes of 0, for which BLAS does nothing, are an
# error (-1017, invalid dimension), both of vectors and of matrix products.
#
# Seen with Debian 12's libclblast 1.5.3-3 on libpocl2 3.1-3+deb12u1.
#
# Hypertower uses CLBlast for matrix products alone, of shapes for which `tune` has found it faster, which are never empty.
set -euo pipefail
cd "$(dirname "$0")"

./debian-packages libpocl2=3.1-3+deb12u1 pocl-opencl-icd=3.1-3+deb12u1 ocl-icd-opencl-dev=2.3.1-1 \
  libclblast-dev=1.5.3-3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/norm.c" <<'END'
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <clblast_c.h>
#include <math.h>
#include <stdio.h>

int main(void) {
  cl_platform_id platform;
  cl_device_id device;
  cl_int status;
  if (clGetPlatformIDs(1, &platform, NULL) ||
      clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL))
    return 2;
  cl_context context = clCreateContext(NULL, 1, &device, NULL, NULL, &status);
  cl_command_queue queue = clCreateCommandQueue(context, device, 0, &status);
  cl_mem x = clCreateBuffer(context, CL_MEM_READ_WRITE, 64, NULL, &status);
  cl_mem result = clCreateBuffer(context, CL_MEM_READ_WRITE, 64, NULL, &status);
  struct {
    float values[2], norm;
  } cases[] = {{{3, 4}, 5}, {{3e30f, 4e30f}, INFINITY}, {{3e-30f, 4e-30f}, 0}};
  int failures = 0;
  for (int i = 0; i < 3; ++i) {
    float norm = -1;
    clEnqueueWriteBuffer(queue, x, CL_TRUE, 0, sizeof cases[i].values, cases[i].values, 0, NULL, NULL);
    CLBlastStatusCode code = CLBlastSnrm2(2, result, 0, x, 0, 1, &queue, NULL);
    clEnqueueReadBuffer(queue, result, CL_TRUE, 0, sizeof norm, &norm, 0, NULL, NULL);
    printf("nrm2 of [%g, %g]: %g, status %d\n", cases[i].values[0], cases[i].values[1], norm, code);
    failures += norm != cases[i].norm || code != 0;
  }
  CLBlastStatusCode vector = CLBlastSscal(0, 2, x, 0, 1, &queue, NULL);
  CLBlastStatusCode matrix =
      CLBlastSgemm(CLBlastLayoutRowMajor, CLBlastTransposeNo, CLBlastTransposeNo, 0, 2, 2, 1, x, 0, 2, x, 0,
                   2, 0, result, 0, 2, &queue, NULL);
  printf("a vector of 0 elements: status %d; a product of 0 rows: %d\n", vector, matrix);
  failures += vector != CLBlastInvalidDimension || matrix != CLBlastInvalidDimension;
  return failures > 0;
}
END
gcc -O1 -Wall "$folder/norm.c" -o "$folder/norm" -lOpenCL -lclblast
mkdir "$folder/vendors"
cp /etc/OpenCL/vendors/pocl.icd "$folder/vendors/"
OCL_ICD_VENDORS=$folder/vendors POCL_CACHE_DIR=$folder/cache "$folder/norm"
