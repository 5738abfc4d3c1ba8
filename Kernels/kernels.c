#include "kernels.h"

const char *kernels_common(void) {
  static const char source[] = {
#embed "common.cl" suffix(, 0)
  };
  return source;
}

const char *kernels_phases(void) {
  static const char source[] = {
#embed "phases.cl" suffix(, 0)
  };
  return source;
}

const char *kernels_matrix_product_cpu(void) {
  static const char source[] = {
#embed "matrix_product_cpu.cl" suffix(, 0)
  };
  return source;
}

const char *kernels_matrix_product_tiles(void) {
  static const char source[] = {
#embed "matrix_product_tiles.cl" suffix(, 0)
  };
  return source;
}

const char *kernels_left_operand(void) {
  static const char source[] = {
#embed "left_operand.cl" suffix(, 0)
  };
  return source;
}

const char *kernels_nonzero_terms(void) {
  static const char source[] = {
#embed "nonzero_terms.cl" suffix(, 0)
  };
  return source;
}

const char *kernels_matrix_product_gpu(void) {
  static const char source[] = {
#embed "matrix_product_gpu.cl" suffix(, 0)
  };
  return source;
}

const char *kernels_pack(void) {
  static const char source[] = {
#embed "pack.cl" suffix(, 0)
  };
  return source;
}

const char *kernels_scatter_add(void) {
  static const char source[] = {
#embed "scatter_add.cl" suffix(, 0)
  };
  return source;
}

const char *kernels_attention_tile(void) {
  static const char source[] = {
#embed "attention_tile.cl" suffix(, 0)
  };
  return source;
}

const char *kernels_attention_cpu(void) {
  static const char source[] = {
#embed "attention_cpu.cl" suffix(, 0)
  };
  return source;
}

const char *kernels_attention_gpu(void) {
  static const char source[] = {
#embed "attention_gpu.cl" suffix(, 0)
  };
  return source;
}

const char *kernels_gather_batch(void) {
  static const char source[] = {
#embed "gather_batch.cl" suffix(, 0)
  };
  return source;
}

const char *kernels_increment(void) {
  static const char source[] = {
#embed "increment.cl" suffix(, 0)
  };
  return source;
}

const char *kernels_gradient_projection(void) {
  static const char source[] = {
#embed "gradient_projection.cl" suffix(, 0)
  };
  return source;
}

const char *kernels_tower_walk(void) {
  static const char source[] = {
#embed "tower_walk.cl" suffix(, 0)
  };
  return source;
}

const char *kernels_parameter_update(void) {
  static const char source[] = {
#embed "parameter_update.cl" suffix(, 0)
  };
  return source;
}

const char *kernels_peak(void) {
  static const char source[] = {
#embed "peak.cl" suffix(, 0)
  };
  return source;
}
