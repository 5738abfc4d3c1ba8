#!/bin/bash
# Finding: when PoCL 3.1 cannot create its cache folder, it offers a platform without devices: clGetDeviceIDs returns
# CL_DEVICE_NOT_FOUND, and nothing is printed. The machine seems to lack a driver, when only ~/.cache, $XDG_CACHE_HOME or
# $POCL_CACHE_DIR cannot be written, as in a container without a writable home.
#
# Seen with Debian 12's libpocl2 3.1-3+deb12u1 and ocl-icd 2.3.1-1.
#
# Hypertower tries the cache folder itself before it asks PoCL for devices, and names the folder and the remedy; the page on
# devices says which folders it checks.
set -euo pipefail
cd "$(dirname "$0")"

./debian-packages libpocl2=3.1-3+deb12u1 pocl-opencl-icd=3.1-3+deb12u1 ocl-icd-opencl-dev=2.3.1-1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/devices.c" <<'END'
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <stdio.h>

// Prints the number of platforms and what asking the first for its devices returns.
int main(void) {
  cl_platform_id platform;
  cl_uint count = 0;
  if (clGetPlatformIDs(1, &platform, &count)) return 2;
  cl_device_id device;
  cl_int status = clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL);
  printf("%u platform, clGetDeviceIDs returns %d\n", count, status);
}
END
gcc -O1 -Wall "$folder/devices.c" -o "$folder/devices" -lOpenCL
mkdir "$folder/vendors"
cp /etc/OpenCL/vendors/pocl.icd "$folder/vendors/"
export OCL_ICD_VENDORS=$folder/vendors
# No folder can be created in /proc, by root either.
found=$(POCL_CACHE_DIR=/proc/none "$folder/devices" 2>"$folder/errors")
usual=$(POCL_CACHE_DIR=$folder/cache "$folder/devices")
echo "cache folder that cannot be created: $found; printed: '$(cat "$folder/errors")'"
echo "cache folder that can: $usual"
[ "$found" = "1 platform, clGetDeviceIDs returns -1" ]
[ ! -s "$folder/errors" ]
[ "$usual" = "1 platform, clGetDeviceIDs returns 0" ]
