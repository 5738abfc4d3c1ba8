#include "initial_weights.h"

static const unsigned char weights_128_0x42[] = {
#embed "init-128-0x42.safetensors"
};

initial_weights initial_weights_128_0x42(void) {
  return (initial_weights){weights_128_0x42, sizeof weights_128_0x42};
}
