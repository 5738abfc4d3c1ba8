#pragma once

// The OpenCL C sources of this folder.
const char *kernels_common(void);
const char *kernels_phases(void);
const char *kernels_matrix_product_cpu(void);
const char *kernels_matrix_product_tiles(void);
const char *kernels_left_operand(void);
const char *kernels_nonzero_terms(void);
const char *kernels_matrix_product_gpu(void);
const char *kernels_pack(void);
const char *kernels_scatter_add(void);
const char *kernels_attention_tile(void);
const char *kernels_attention_cpu(void);
const char *kernels_attention_gpu(void);
const char *kernels_gather_batch(void);
const char *kernels_increment(void);
const char *kernels_gradient_projection(void);
const char *kernels_tower_walk(void);
const char *kernels_parameter_update(void);
const char *kernels_peak(void);
