// partial_sums[block, h] = Σ_i ∂p[i]/∂h · gradient[i] over the elements i of a block
//
// ∂p/∂h is that of the step before, computed again from what that step started from:
//
// blocks               [number, 3]: tensor, first element, number of elements
// gradient             [SIZE], of this step
// previous_gradient    [SIZE]
// previous_states      [states, SIZE]
// previous_parameters  [SIZE], or unused
// values               the tower's numbers, with the uniform values of each tensor from uniforms_at on
// partial_sums         [number, HYPERPARAMETERS]
// JACOBIAN, generated, computes the derivatives for one `vec` of elements from `i` on, but for their
// FACTORS that are the same for all, and adds their products with `g` to `sums`. A unit of work is a block.

static void PROJECT(int block SECTION_PARAMETERS) {
  const int tensor = blocks[3 * block];
  const int first = blocks[3 * block + 1];
  // Nothing was moved before the first step.
  const int block_count = counters[0] == 0 ? 0 : blocks[3 * block + 2];
  global const real *restrict new_gradient = gradient_buffer + NEW_GRADIENT_OFFSET + first;
  global const real *restrict parameters = previous_parameters_buffer + PARAMETERS_OFFSET + first;
  global const real *restrict gradient = previous_gradient_buffer + GRADIENT_OFFSET + first;
  global const real *restrict states = previous_states_buffer + STATES_OFFSET + first;
  global const real *restrict uniforms =
      values + uniforms_at + (IS_PER_TENSOR_UPDATE ? tensor * UNIFORM_COUNT : 0);
  vec sums[HYPERPARAMETERS];
  for (int h = 0; h < HYPERPARAMETERS; ++h) sums[h] = (vec)(0);
  for (int i = LANE_START; i < block_count; i += LANE_STEP) {
    const int count = block_count - i;
    const vec g = LOAD(new_gradient + i);
    JACOBIAN
  }
  const real factors[HYPERPARAMETERS] = {FACTORS};
  for (int h = 0; h < HYPERPARAMETERS; ++h) {
    const real sum = factors[h] * fold_sum(sums[h] SCRATCH_ARGUMENT);
    if (get_local_id(0) == 0)
      partial_sums[PARTIAL_SUMS_OFFSET + block * HYPERPARAMETERS + h] = sum;
  }
}

static void SECTION(int begin, int end SECTION_PARAMETERS) {
  for (int block = begin; block < end; ++block) PROJECT(block SECTION_ARGUMENTS);
}
