// partial_sums[block, h] = Σ_i jacobian[h, i] · gradient[i] over the elements i of a block
//
// blocks        [number, 3]: tensor, first element, number of elements
// jacobian      [HYPERPARAMETERS, SIZE]
// gradient      [SIZE]
// partial_sums  [number, HYPERPARAMETERS]
// One work-group a block.

kernel void KERNEL(global const int *restrict blocks, global const real *restrict gradient_buffer,
                   global const real *restrict jacobian_buffer, global real *restrict partial_sums) {
  DECLARE_SCRATCH
  const int block = get_group_id(0);
  const int first = blocks[3 * block + 1];
  const int count = blocks[3 * block + 2];
  global const real *gradient = gradient_buffer + GRADIENT_OFFSET + first;
  global const real *jacobian = jacobian_buffer + JACOBIAN_OFFSET + first;
  vec sums[HYPERPARAMETERS];
  for (int h = 0; h < HYPERPARAMETERS; ++h) sums[h] = (vec)(0);
  for (int i = LANE_START; i < count; i += LANE_STEP) {
    const vec g = LOAD(gradient + i);
    for (int h = 0; h < HYPERPARAMETERS; ++h)
      sums[h] += keep_first(LOAD(jacobian + h * SIZE + i) * g, count - i, 0);
  }
  for (int h = 0; h < HYPERPARAMETERS; ++h) {
    const real sum = fold_sum(sums[h] SCRATCH_ARGUMENT);
    if (get_local_id(0) == 0)
      partial_sums[PARTIAL_SUMS_OFFSET + block * HYPERPARAMETERS + h] = sum;
  }
}
