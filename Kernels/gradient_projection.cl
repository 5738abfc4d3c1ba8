// partial_sums[h, row] = Σ_i ∂p[i]/∂h · gradient[i] over the elements i of a row of a tensor, and after
// these, where a level asks for bounds, Σ gradient² and for each h Σ (∂p/∂h)², and last what the rule
// itself sums (HAS_RULE_SUMS), of what this step starts from
//
// ∂p/∂h is that of the step before (LATER_STEPS), stored or computed again from what that step started
// from, or in a step that is limited (LIMITS_STEPS) that of the step to be made:
//
// gradient             [SIZE], of this step
// previous_gradient    [SIZE]
// previous_states      [states, SIZE]
// previous_parameters  [SIZE], or unused
// derivatives          [hyperparameters, SIZE], or unused
// current_states       what this step starts from, as are the next; the gradient is that of this step
// current_parameters   [SIZE], or unused
// values               the tower's numbers, with the tensor's uniform values from uniforms_at on
// partial_sums         [SUMS, ROWS]; the tensor's own from first_sum on
//
// The tensor has tensor_count elements from `first` on, in rows of row_length: arguments, so that all
// tensors share this function.
// HOISTED, generated, computes what is the same for all elements of the rule's own sums.
// JACOBIAN, generated, computes the derivatives for one `vec` of elements from `i` on, without their
// FACTORS that are the same for all, and adds the products to `sums`.
// A unit of work is a row.

static void PROJECT(int row, bool has_row SECTION_PARAMETERS) {
  const bool is_limited = LIMITS_STEPS && counters[5] != 0;
  // Nothing was moved before the first step.
#if LATER_STEPS
  const bool has_derivatives = is_limited || counters[0] != 0;
#else
  const bool has_derivatives = is_limited;
#endif
#if HAS_RULE_SUMS
  const bool is_empty = !has_row;
#else
  const bool is_empty = !has_derivatives || !has_row;
#endif
  const int end = is_empty ? 0 : min((row + 1) * row_length, tensor_count);
  global const real *new_gradient = gradient_buffer + NEW_GRADIENT_OFFSET + first;
  global const real *parameters = previous_parameters_buffer + PARAMETERS_OFFSET + first;
  global const real *gradient = previous_gradient_buffer + GRADIENT_OFFSET + first;
  global const real *states = previous_states_buffer + STATES_OFFSET + first;
  global const real *derivatives = derivatives_buffer + DERIVATIVES_OFFSET + first;
  global const real *own_parameters = current_parameters_buffer + CURRENT_PARAMETERS_OFFSET + first;
  global const real *own_states = current_states_buffer + CURRENT_STATES_OFFSET + first;
#if LIMITS_STEPS
  if (is_limited) {
    parameters = own_parameters;
    gradient = new_gradient;
    states = own_states;
  }
#endif
#if HAS_RULE_SUMS
  global const real *tower = values + VALUES_OFFSET;
  HOISTED
#endif
  global const real *restrict uniforms = values + uniforms_at;
  vec sums[SUMS];
  for (int sum = 0; sum < SUMS; ++sum) sums[sum] = (vec)(0);
  for (int i = row * row_length + LANE_START; i < end; i += LANE_STEP) {
    const int count = end - i;
    const vec g = LOAD(new_gradient + i);
    JACOBIAN
  }
  const real factors[SUMS] = {FACTORS};
  for (int sum = 0; sum < SUMS; ++sum) {
    const real total = factors[sum] * fold_sum(sums[sum] SCRATCH_ARGUMENTS(LANES));
    if (LANE == 0 && has_row)
      partial_sums[PARTIAL_SUMS_OFFSET + sum * ROWS + first_sum + row] = total;
  }
}

SECTION_FUNCTION SECTION(int begin, int end SECTION_PARAMETERS) {
#if !LATER_STEPS && !HAS_RULE_SUMS
  if (counters[5] == 0) return;
#endif
  FOR_ROWS(begin, end) PROJECT(ROW(end), HAS_ROW(end) SECTION_ARGUMENTS);
}
