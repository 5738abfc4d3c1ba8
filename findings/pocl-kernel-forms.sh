#!/bin/bash
# Finding: PoCL 3.1 compiles the body of a kernel three times, for different forms of launches, so that a long kernel
# takes three times the machine code, and most of three times the time to compile. A kernel that calls a function which
# the compiler does not inline has that function once. A kernel of 200 statements is 25,542 bytes of code in
# three symbols; the function is 5,222, and the three symbols that call it are 46.
#
# Seen with Debian 12's libpocl2 3.1-3+deb12u1 and ocl-icd 2.3.1-1, on a Xeon.
#
# Hypertower's kernels for CPUs are calls of functions (KernelSource).
set -euo pipefail
cd "$(dirname "$0")"

./debian-packages libpocl2=3.1-3+deb12u1 pocl-opencl-icd=3.1-3+deb12u1 ocl-icd-opencl-dev=2.3.1-1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/forms.c" <<'END'
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Builds a kernel of 200 statements, in itself or in a function, and runs it once.
int main(int count, char **arguments) {
  (void)count;
  int is_function = !strcmp(arguments[1], "function");
  char *text = malloc(1 << 16), *end = text;
  end += sprintf(end, is_function ? "__attribute__((noinline)) static void body(int group, global float *x) {\n"
                                  : "kernel void f(global float *x) { const int group = get_group_id(0);\n");
  for (int i = 0; i < 200; ++i)
    end += sprintf(end, "x[%d * group + %d] = x[group + %d] * %d.5f;\n", i % 7, 3 * i, 5 * i, i);
  end += sprintf(end, is_function ? "}\nkernel void f(global float *x) { body(get_group_id(0), x); }" : "}");
  cl_platform_id platform;
  cl_device_id device;
  cl_int status;
  if (clGetPlatformIDs(1, &platform, NULL) ||
      clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL))
    return 2;
  cl_context context = clCreateContext(NULL, 1, &device, NULL, NULL, &status);
  cl_command_queue queue = clCreateCommandQueue(context, device, 0, &status);
  const char *source = text;
  cl_program program = clCreateProgramWithSource(context, 1, &source, NULL, &status);
  if (clBuildProgram(program, 1, &device, "", NULL, NULL)) return 2;
  cl_kernel kernel = clCreateKernel(program, "f", &status);
  cl_mem memory = clCreateBuffer(context, CL_MEM_READ_WRITE, 1 << 16, NULL, &status);
  clSetKernelArg(kernel, 0, sizeof memory, &memory);
  size_t one = 1;
  if (clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &one, &one, 0, NULL, NULL)) return 2;
  return clFinish(queue) ? 2 : 0;
}
END
gcc -O1 -Wall "$folder/forms.c" -o "$folder/forms" -lOpenCL
mkdir "$folder/vendors"
cp /etc/OpenCL/vendors/pocl.icd "$folder/vendors/"

# The bytes of code of the symbols that match $2, of a build of a kernel of form $1.
bytes() {
  local sum=0 size name
  OCL_ICD_VENDORS=$folder/vendors POCL_CACHE_DIR=$folder/$1 "$folder/forms" "$1"
  while read -r _ size _ name; do
    if [[ $name =~ $2 ]]; then sum=$((sum + 16#$size)) && echo "$1: $name has $((16#$size)) bytes" >&2; fi
  done < <(nm -S --defined-only "$(find "$folder/$1" -name f.so)" | grep -i ' t ')
  echo $sum
}
kernel=$(bytes kernel '^_pocl_kernel_f')
function=$(bytes function '^body$')
calls=$(bytes function '^_pocl_kernel_f')
echo "bytes of code: $kernel in the kernel's three symbols; $function in the function, and $calls in the three that call it"
((kernel > 2 * function && calls < function / 4))
