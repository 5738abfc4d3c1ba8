#pragma once
#include <stddef.h>

// A safetensors file embedded in the binary. Its bytes live as long as the program.
typedef struct {
  const unsigned char *bytes;
  size_t size;
} initial_weights;

// What the reference trajectories and the paper's tables start from: w1 [128, 784], b1, w2 [10, 128],
// b2, drawn by PyTorch.
initial_weights initial_weights_128_0x42(void);
