#pragma once

// The OpenCL C sources of this folder, each a zero-terminated string.
extern const char kernels_placeholder[];
