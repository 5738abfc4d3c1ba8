// partial_sums[h, row] = Σ_i ∂p[i]/∂h · gradient[i] over the elements i of a row of a tensor
//
// ∂p/∂h is that of the step before, computed again from what that step started from:
//
// gradient             [SIZE], of this step
// previous_gradient    [SIZE]
// previous_states      [states, SIZE]
// previous_parameters  [SIZE], or unused
// values               the tower's numbers, with the tensor's uniform values from uniforms_at on
// partial_sums         [HYPERPARAMETERS, ROWS]; the tensor's own from first_sum on
//
// The tensor has tensor_count elements from `first` on, in rows of row_length: arguments, so that all
// tensors share this function.
// JACOBIAN, generated, computes the derivatives for one `vec` of elements from `i` on, but for their
// FACTORS that are the same for all, and adds their products with `g` to `sums`.
// A unit of work is a row.

static void PROJECT(int row, bool has_row SECTION_PARAMETERS) {
  // Nothing was moved before the first step.
  const int end = counters[0] == 0 || !has_row ? 0 : min((row + 1) * row_length, tensor_count);
  global const real *restrict new_gradient = gradient_buffer + NEW_GRADIENT_OFFSET + first;
  global const real *restrict parameters = previous_parameters_buffer + PARAMETERS_OFFSET + first;
  global const real *restrict gradient = previous_gradient_buffer + GRADIENT_OFFSET + first;
  global const real *restrict states = previous_states_buffer + STATES_OFFSET + first;
  global const real *restrict uniforms = values + uniforms_at;
  vec sums[HYPERPARAMETERS];
  for (int h = 0; h < HYPERPARAMETERS; ++h) sums[h] = (vec)(0);
  for (int i = row * row_length + LANE_START; i < end; i += LANE_STEP) {
    const int count = end - i;
    const vec g = LOAD(new_gradient + i);
    JACOBIAN
  }
  const real factors[HYPERPARAMETERS] = {FACTORS};
  for (int h = 0; h < HYPERPARAMETERS; ++h) {
    const real sum = factors[h] * fold_sum(sums[h] SCRATCH_ARGUMENTS(LANES));
    if (LANE == 0 && has_row)
      partial_sums[PARTIAL_SUMS_OFFSET + h * ROWS + first_sum + row] = sum;
  }
}

SECTION_FUNCTION SECTION(int begin, int end SECTION_PARAMETERS) {
  FOR_ROWS(begin, end) PROJECT(ROW(end), HAS_ROW(end) SECTION_ARGUMENTS);
}
