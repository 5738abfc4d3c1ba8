// One step of all levels above the bottom one, by one work-group, all of whose work-items are one team:
// there is one unit of work.
//
// Up: the partial sums become the gradients of the bottom rule's hyperparameters; each level's
// jacobian turns the gradients of what it tunes into those of its own hyperparameters.
// Then what each level's rule sums, of what the levels start from.
// Down: each level's rule adjusts the hyperparameters of the level below, whose own come after.
// Last: the uniform values of the bottom rule for the update of the weights, and the record.
//
// The generated code before this holds one function for each rule in use,
//   void rule_N(p, g, bound, run, step, planned_steps, hyperparameters, sums, shared_states, states, &new_p,
//               jacobian),
// on WIDTH parameters at once, which updates the states in place, and ADJUST, the switch over them; for
// those that have sums,
//   void add_terms_N(p, g, bound, run, step, planned_steps, hyperparameters, shared_states, states, count, sums),
// and ADD_TERMS, the switch over them; and where steps can be limited (LIMITS_STEPS), LIMIT, which lowers
// the bottom rule's step sizes.
//
// levels[k]  LEVEL_FIELDS ints: see the names below
// values     all numbers of the tower, as laid out by the host
// tensors    [tensors, 2] of the bottom level: first row, number of rows
// counters   [6]: steps taken; 1 + the first step in which the loss or a hyperparameter was not finite,
//            or 0; batches taken; the lower and the upper half of the seed of the samples' order; whether
//            this step is limited
//
// Where a step is limited whose length depends on sums, such a walk comes first that only takes the sums and the
// uniform values (PREPARES_LIMIT), from which the derivatives are computed that LIMIT asks for.
//
// Where groups of parameters have towers of their own, their walks follow one another; the last one ends the step
// (is_last). A record has the hyperparameters of each group from record_at on.
//
// Heights, widths and places are arguments and tables, so that towers of the same rules share this
// kernel whatever their height.
//
// Level follows level, so what counts is how soon a work-item has what it asks for. Where work-groups
// have local memory and a tower fits (IN_LOCAL_MEMORY), all its numbers are brought there at once and
// taken back in the end.

#if IN_LOCAL_MEMORY
#define TOWER_SPACE local
#else
#define TOWER_SPACE global
#endif
// The elements of a short array. Where many work-items each have their own it must lie in registers,
// which takes loops of constant length.
#if GROUP_SIZE > 1
#define FOR_UP_TO(j, count, most) for (int j = 0; j < (most); ++j) if (j < (count))
#else
#define FOR_UP_TO(j, count, most) for (int j = 0; j < (count); ++j)
#endif

#define RULE(k) levels[(k)*LEVEL_FIELDS]
#define COUNT(k) levels[(k)*LEVEL_FIELDS + 1]
#define HYPERPARAMETERS_AT(k) levels[(k)*LEVEL_FIELDS + 2]
#define STATES_AT(k) levels[(k)*LEVEL_FIELDS + 3]
#define JACOBIAN_AT(k) levels[(k)*LEVEL_FIELDS + 4]
#define GRADIENTS_AT(k) levels[(k)*LEVEL_FIELDS + 5]
#define RULE_HYPERPARAMETERS(k) levels[(k)*LEVEL_FIELDS + 6]
#define RULE_STATES(k) levels[(k)*LEVEL_FIELDS + 7]
#define IS_PER_TENSOR(k) levels[(k)*LEVEL_FIELDS + 8]
#define BOUNDS_AT(k) levels[(k)*LEVEL_FIELDS + 9]
#define RULE_SHARED_STATES(k) levels[(k)*LEVEL_FIELDS + 10]
#define RULE_SUMS(k) levels[(k)*LEVEL_FIELDS + 11]
#define RUN_GRADIENTS_AT(k) levels[(k)*LEVEL_FIELDS + 12]
#define FIRST_RUN_SUM(k) levels[(k)*LEVEL_FIELDS + 13]
// How many times a level has shared states and sums, where they lie, and at which of them element i is.
#define SETS(k) (IS_PER_TENSOR(k) ? COUNT(k) : 1)
#define SHARED_STATES_AT(k) (STATES_AT(k) + RULE_STATES(k) * COUNT(k))
#define RULE_SUMS_AT(k) (SHARED_STATES_AT(k) + RULE_SHARED_STATES(k) * SETS(k))
#define LOAD_OF_SET(k, pointer, i, count) \
  (IS_PER_TENSOR(k) ? keep_first(LOAD((pointer) + (i)), count, 0.0f) : (vec)(*(pointer)))

// What a rule starts from at the elements of level k from i on.
#define DECLARE_INPUTS                     \
  vec h[MAX_HYPERPARAMETERS];              \
  vec s[MAX_STATES];                       \
  vec shared[MAX_SHARED_STATES];
#define LOAD_INPUTS(k, i, count)                                                              \
  FOR_UP_TO(j, RULE_HYPERPARAMETERS(k), MAX_HYPERPARAMETERS)                                  \
    h[j] = IS_PER_TENSOR(k)                                                                   \
               ? load_strided(values + HYPERPARAMETERS_AT(k) + i * RULE_HYPERPARAMETERS(k) + j, \
                              RULE_HYPERPARAMETERS(k), count)                                 \
               : (vec)(values[HYPERPARAMETERS_AT(k) + j]);                                    \
  FOR_UP_TO(j, RULE_STATES(k), MAX_STATES)                                                    \
    s[j] = keep_first(LOAD(values + STATES_AT(k) + j * COUNT(k) + i), count, 0.0f);           \
  if (HAS_SHARED_STATES)                                                                      \
    FOR_UP_TO(j, RULE_SHARED_STATES(k), MAX_SHARED_STATES)                                    \
      shared[j] = LOAD_OF_SET(k, values + SHARED_STATES_AT(k) + j * SETS(k), i, count);       \
  const vec p = keep_first(LOAD(values + HYPERPARAMETERS_AT(k - 1) + i), count, 0.0f);        \
  const vec g = keep_first(LOAD(values + GRADIENTS_AT(k) + i), count, 0.0f);                  \
  vec bound = (vec)(0);                                                                       \
  if (HAS_BOUNDS && BOUNDS_AT(k) >= 0)                                                        \
    bound = keep_first(LOAD(values + BOUNDS_AT(k) + i), count, 0.0f);                         \
  vec run[2] = {(vec)(0), (vec)(0)};                                                          \
  if (HAS_RUN_GRADIENTS && RUN_GRADIENTS_AT(k) >= 0) {                                        \
    run[0] = keep_first(LOAD(values + RUN_GRADIENTS_AT(k) + i), count, 0.0f);                 \
    run[1] = keep_first(LOAD(values + RUN_GRADIENTS_AT(k) + COUNT(k) + i), count, 0.0f);      \
  }

// The values of the bottom rule that no element changes, of each set of its hyperparameters.
#define COMPUTE_UNIFORMS                                               \
  for (int set = lane; set < uniform_sets; set += LANES) {             \
    const int per_rule = RULE_HYPERPARAMETERS(0);                      \
    real h[MAX_HYPERPARAMETERS];                                       \
    FOR_UP_TO(j, per_rule, MAX_HYPERPARAMETERS)                        \
      h[j] = values[HYPERPARAMETERS_AT(0) + set * per_rule + j];       \
    UNIFORMS((real)(step + 1), planned_steps, h,                       \
             values + sums_at + set * SUM_COUNT + FIRST_RULE_SUM,      \
             values + shared_states_at + set * SHARED_STATES,          \
             values + uniforms_at + set * UNIFORM_COUNT);              \
  }

SECTION_FUNCTION SECTION(int begin, int end SECTION_PARAMETERS) {
  const int lane = LANE;
  global const real *partial_sums = partial_sums_buffer + PARTIAL_SUMS_OFFSET;
#if IN_LOCAL_MEMORY
  local real *values = scratch + FOLD_MEMORY;
  local int *levels = (local int *)(values + value_count);
  for (int i = lane; i < value_count; i += LANES) values[i] = values_buffer[VALUES_OFFSET + i];
  for (int i = lane; i < (height + 1) * LEVEL_FIELDS; i += LANES) levels[i] = level_table[i];
#else
  global real *values = values_buffer + VALUES_OFFSET;
  global const int *levels = level_table;
#endif
  const int step = counters[0];
  const int divergence = counters[1];
  const bool is_limited = LIMITS_STEPS && counters[5] != 0;
  const real batch_loss = loss[LOSS_OFFSET];
  GROUP_BARRIER;
  // Only for schedules that follow it.
  const real planned_steps = planned_steps_at < 0 ? 0 : values[planned_steps_at];

  // A run that has diverged stays as it was when it did, which may be in the tower of another group.
  const bool has_diverged = divergence != 0 && divergence != step + 1;
  const int last = has_diverged || !isfinite(batch_loss) ? -1 : height;
#if SUM_COUNT > 0
#if PREPARES_LIMIT
  const bool has_sums = last >= 0 && is_limited;
#elif HAS_RULE_SUMS
  const bool has_sums = last >= 0;
#else
  const bool has_sums = last >= 0 && (height > 0 || is_limited);
#endif
  if (has_sums) {
    const int width = uniform_sets * SUM_COUNT;
    // As many work-items for each sum as let all be added up side by side.
    int sum_lanes = LANES;
    while (sum_lanes > 32 && LANES / sum_lanes < width) sum_lanes /= 2;
    const int sum_lane = lane % sum_lanes;
    for (int first_h = 0; first_h < width; first_h += LANES / sum_lanes) {
      const int own_h = first_h + lane / sum_lanes;
      const int h = min(own_h, width - 1);
      const int tensor = IS_PER_TENSOR(0) ? h / SUM_COUNT : -1;
      const int first = tensor < 0 ? 0 : tensors[2 * tensor];
      const int count = tensor < 0 ? ROWS : tensors[2 * tensor + 1];
      global const real *sums = partial_sums + h % SUM_COUNT * ROWS + first;
      vec sum = (vec)(0);
      for (int row = sum_lane * WIDTH; row < count; row += sum_lanes * WIDTH)
        sum += keep_first(LOAD(sums + row), count - row, 0.0f);
      const real total = fold_sum(sum SCRATCH_ARGUMENTS(sum_lanes));
      if (sum_lane == 0 && own_h < width) values[sums_at + h] = total;
    }
    GROUP_BARRIER;
  }
#endif
#if PREPARES_LIMIT
  // No level has moved, and shared states stay as they are.
  if (has_sums) COMPUTE_UNIFORMS
#else
#if HAS_OWN_SUMS
  if (last > 0) {
    // Sums of the step to be made are no hypergradients.
    const int per_rule = RULE_HYPERPARAMETERS(0);
    for (int i = lane; i < COUNT(1); i += LANES) {
      TOWER_SPACE const real *sums = values + sums_at + i / per_rule * SUM_COUNT;
      const int h = i % per_rule;
      values[GRADIENTS_AT(1) + i] = is_limited ? 0 : sums[h];
#if SUMS_SQUARES
      values[BOUNDS_AT(1) + i] =
          is_limited ? 0 : sqrt(sums[per_rule]) * sqrt(sums[per_rule + 1 + h]);
#endif
    }
    GROUP_BARRIER;
  }
#endif
  for (int k = 1; k < last; ++k) {
    const int per_rule = RULE_HYPERPARAMETERS(k);
    const int width = COUNT(k);
    for (int h = lane; h < COUNT(k + 1); h += LANES) {
      const int first = IS_PER_TENSOR(k) ? h / per_rule : 0;
      const int count = IS_PER_TENSOR(k) ? 1 : width;
      TOWER_SPACE const real *jacobian = values + JACOBIAN_AT(k) + h % per_rule * width;
      real sum = 0;
      for (int i = first; i < first + count; ++i) sum += jacobian[i] * values[GRADIENTS_AT(k) + i];
      values[GRADIENTS_AT(k + 1) + h] = sum;
#if HAS_BOUNDS
      if (BOUNDS_AT(k + 1) >= 0) {
        real gradients = 0, derivatives = 0;
        for (int i = first; i < first + count; ++i) {
          gradients += values[GRADIENTS_AT(k) + i] * values[GRADIENTS_AT(k) + i];
          derivatives += jacobian[i] * jacobian[i];
        }
        values[BOUNDS_AT(k + 1) + h] = sqrt(gradients) * sqrt(derivatives);
      }
#endif
    }
    GROUP_BARRIER;
  }

#if HAS_LEVEL_SUMS
  for (int k = 1; k <= last; ++k) {
    if (RULE_SUMS(k) == 0) continue;
    vec sums[MAX_RULE_SUMS];
    for (int j = 0; j < MAX_RULE_SUMS; ++j) sums[j] = (vec)(0);
    for (int i = LANE_START; i < COUNT(k); i += LANE_STEP) {
      const int count = COUNT(k) - i;
      DECLARE_INPUTS
      LOAD_INPUTS(k, i, count)
      ADD_TERMS(RULE(k), p, g, bound, run, (real)(step + 1), planned_steps, h, shared, s, count, sums)
      if (IS_PER_TENSOR(k))
        FOR_UP_TO(j, RULE_SUMS(k), MAX_RULE_SUMS) {
          store(sums[j], values + RULE_SUMS_AT(k) + j * COUNT(k) + i, count);
          sums[j] = (vec)(0);
        }
    }
    for (int j = 0; j < MAX_RULE_SUMS; ++j) {
      const real total = fold_sum(sums[j] SCRATCH_ARGUMENTS(LANES));
      if (lane == 0 && j < RULE_SUMS(k) && !IS_PER_TENSOR(k)) values[RULE_SUMS_AT(k) + j] = total;
    }
  }
  GROUP_BARRIER;
#endif
#if HAS_RUN_GRADIENTS
  // From the sums of the level below: those over the weights lie elsewhere, in another order.
  for (int k = 1; k <= last; ++k) {
    if (RUN_GRADIENTS_AT(k) < 0) continue;
    const int per_rule = RULE_HYPERPARAMETERS(k - 1);
    const int sum_step = k == 1 ? 1 : SETS(k - 1);
    for (int i = lane; i < COUNT(k); i += LANES) {
      const int set = i / per_rule;
      TOWER_SPACE const real *sums = values + (k == 1 ? sums_at + set * SUM_COUNT + FIRST_RULE_SUM
                                                      : RULE_SUMS_AT(k - 1) + set);
      const int first = FIRST_RUN_SUM(k - 1);
      const int own = first + 1 + i % per_rule * 2;
      values[RUN_GRADIENTS_AT(k) + i] = sums[own * sum_step];
      values[RUN_GRADIENTS_AT(k) + COUNT(k) + i] =
          sqrt(sums[first * sum_step]) * sqrt(sums[(own + 1) * sum_step]);
    }
  }
  GROUP_BARRIER;
#endif
  for (int k = last; k > 0; --k) {
    const int width = COUNT(k);
#if HAS_SHARED_STATES
    real next[MAX_SHARED_STATES];
#endif
    for (int i = LANE_START; i < width; i += LANE_STEP) {
      const int count = width - i;
      vec sums[MAX_RULE_SUMS];
      vec jacobian[MAX_HYPERPARAMETERS];
      DECLARE_INPUTS
      LOAD_INPUTS(k, i, count)
#if HAS_LEVEL_SUMS
      FOR_UP_TO(j, RULE_SUMS(k), MAX_RULE_SUMS)
        sums[j] = LOAD_OF_SET(k, values + RULE_SUMS_AT(k) + j * SETS(k), i, count);
#endif
      vec new_p = p;
      ADJUST(RULE(k), p, g, bound, run, (real)(step + 1), planned_steps, h, sums, shared, s, &new_p,
             jacobian)
      store(new_p, values + HYPERPARAMETERS_AT(k - 1) + i, count);
      FOR_UP_TO(j, RULE_STATES(k), MAX_STATES)
        store(s[j], values + STATES_AT(k) + j * width + i, count);
#if HAS_SHARED_STATES
      FOR_UP_TO(j, RULE_SHARED_STATES(k), MAX_SHARED_STATES) {
        if (IS_PER_TENSOR(k))
          store(shared[j], values + SHARED_STATES_AT(k) + j * width + i, count);
        else
          next[j] = FIRST_LANE(shared[j]);
      }
#endif
      if (JACOBIAN_AT(k) >= 0)
        FOR_UP_TO(j, RULE_HYPERPARAMETERS(k), MAX_HYPERPARAMETERS)
          store(jacobian[j], values + JACOBIAN_AT(k) + j * width + i, count);
    }
    GROUP_BARRIER;
#if HAS_SHARED_STATES
    // All parameters have started from the old ones.
    if (lane == 0 && width > 0 && !IS_PER_TENSOR(k))
      FOR_UP_TO(j, RULE_SHARED_STATES(k), MAX_SHARED_STATES)
        values[SHARED_STATES_AT(k) + j] = next[j];
#endif
  }

#if LIMITS_STEPS
  if (last >= 0 && is_limited) {
    if (lane == 0)
      LIMIT(uniform_sets, batch_loss, values + HYPERPARAMETERS_AT(0), values + sums_at);
    GROUP_BARRIER;
  }
#endif
  if (last >= 0) {
    COMPUTE_UNIFORMS
    global real *record =
        records + RECORDS_OFFSET + (size_t)(step % record_capacity) * record_size;
    for (int i = lane; i < hyperparameter_count; i += LANES) {
      record[record_at + i] = values[i];
      // Whichever lanes find one write the same.
      if (!isfinite(values[i])) atomic_xchg((volatile global int *)counters + 1, step + 1);
    }
    if (lane == 0) record[0] = batch_loss;
  }
  if (lane == 0) {
    if (is_last) {
      counters[0] = step + 1;
      counters[2] += 1;
#if LIMITS_STEPS
      counters[5] = 0;
#endif
    }
    if (divergence == 0 && !isfinite(batch_loss)) counters[1] = step + 1;
#if TELLS_IF_LIVE
    // Other lanes may have found what is not finite, so this one looks for itself.
    bool is_live = last >= 0 && divergence == 0;
    for (int i = 0; i < hyperparameter_count; ++i) is_live = is_live && isfinite(values[i]);
    values[LIVE_AT] = is_live ? 1 : 0;
#endif
  }
#endif  // PREPARES_LIMIT
#if IN_LOCAL_MEMORY
  GROUP_BARRIER;
  for (int i = lane; i < value_count; i += LANES) values_buffer[VALUES_OFFSET + i] = values[i];
#endif
}

#undef RULE
#undef COUNT
#undef HYPERPARAMETERS_AT
#undef STATES_AT
#undef JACOBIAN_AT
#undef GRADIENTS_AT
#undef RULE_HYPERPARAMETERS
#undef RULE_STATES
#undef IS_PER_TENSOR
#undef BOUNDS_AT
#undef RULE_SHARED_STATES
#undef RULE_SUMS
#undef RUN_GRADIENTS_AT
#undef FIRST_RUN_SUM
#undef SETS
#undef SHARED_STATES_AT
#undef RULE_SUMS_AT
#undef LOAD_OF_SET
#undef DECLARE_INPUTS
#undef LOAD_INPUTS
#undef TOWER_SPACE
#undef FOR_UP_TO
