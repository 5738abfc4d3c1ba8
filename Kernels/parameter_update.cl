// One step of the bottom rule for every parameter, in place.
//
// blocks               [number, 3]: tensor, first element, number of elements
// parameters           [SIZE]
// gradient             [SIZE]
// states               [states, SIZE]
// next_states          the same, after the step; may be the same memory
// average              [SIZE]: the average of the parameters, or unused
// derivatives          [hyperparameters, SIZE]: receives ∂p/∂h of the step, or unused
// previous_parameters  [SIZE]: receives the parameters before the step, or unused
// values               the tower's numbers, with the uniform values of each tensor from uniforms_at on
// UPDATE, generated, applies the rule to one `vec` of elements from `i` on, of which `count` count.
// A unit of work is a block.

static void UPDATE_BLOCK(int block SECTION_PARAMETERS) {
  const int tensor = blocks[3 * block];
  const int first = blocks[3 * block + 1];
  const int block_count = blocks[3 * block + 2];
  global real *restrict parameters = parameters_buffer + PARAMETERS_OFFSET + first;
  global const real *restrict gradient = gradient_buffer + GRADIENT_OFFSET + first;
  global const real *states = states_buffer + STATES_OFFSET + first;
  global real *next_states = next_states_buffer + NEXT_STATES_OFFSET + first;
  global real *average = average_buffer + AVERAGE_OFFSET + first;
  global real *derivatives = derivatives_buffer + DERIVATIVES_OFFSET + first;
  global real *previous_parameters =
      previous_parameters_buffer + PREVIOUS_PARAMETERS_OFFSET + first;
  global const real *restrict uniforms =
      values + uniforms_at + (IS_PER_TENSOR_UPDATE ? tensor * UNIFORM_COUNT : 0);
  for (int i = LANE_START; i < block_count; i += LANE_STEP) {
    const int count = block_count - i;
    UPDATE
  }
}

SECTION_FUNCTION SECTION(int begin, int end SECTION_PARAMETERS) {
  // From the step on at which a run diverges, the weights stay as they are.
  if (counters[1] != 0) return;
  for (int block = begin + TEAM; block < end; block += TEAMS) UPDATE_BLOCK(block SECTION_ARGUMENTS);
}
