// Copies the rows of a batch out of a data set, in the order of the epoch's permutation:
//
// target[row, …] = (real) source[permutation(batch · STRIDE + row), …] / divisor
//
// for each pair of source and target that the generated COPY_ROW(sample, next, row) names; it may also
// write the number of the sample to numbers[row], for kernels that read samples in place. Rows of a source may
// begin some elements further, which the generated EPOCH_OFFSETS draws for each epoch as `EpochOffset` does.
//
// counters  at COUNTER: how many batches came before, epochs and all; behind it, where samples are
//           shuffled or begin further, the lower and the upper half of the seed
// A unit of work is a row.

// The same order as `IndexPermutation` in Swift, which derives it.
static uint HASH(uint part, uint round, uint epoch, uint2 seed) {
  uint x = part * 0x9E3779B9u + round * 0x85EBCA6Bu + epoch * 0xC2B2AE35u;
  x ^= seed.x;
  x = (x ^ (x >> 16)) * 0x7FEB352Du;
  x ^= seed.y;
  x = (x ^ (x >> 15)) * 0x846CA68Bu;
  return x ^ (x >> 16);
}

static uint PERMUTE(uint index, uint epoch, global const int *counter) {
#if SHUFFLED
  const uint2 seed = (uint2)(counter[1], counter[2]);
  const uint lower_mask = (1u << LOWER_BITS) - 1, upper_mask = (1u << UPPER_BITS) - 1;
  do {
    uint lower = index & lower_mask, upper = index >> LOWER_BITS;
    for (uint round = 0; round < ROUNDS; round += 2) {
      upper = (upper + HASH(lower, round, epoch, seed)) & upper_mask;
      lower = (lower + HASH(upper, round + 1, epoch, seed)) & lower_mask;
    }
    index = upper << LOWER_BITS | lower;
  } while (index >= SAMPLES);
#endif
  return index;
}

// x / divisor, rounded to nearest: one correction of the quotient by the reciprocal's error
// (P. Markstein, "Computation of elementary functions on the IBM RISC System/6000", 1990).
static vec QUOTIENT(vec x, real divisor) {
  const real reciprocal = 1.0f / divisor;
  const vec quotient = x * reciprocal;
  return fma(fma(-quotient, (vec)(divisor), x), (vec)(reciprocal), quotient);
}

SECTION_FUNCTION SECTION(int begin, int end SECTION_PARAMETERS) {
  const int counter = counters[COUNTER];
  const int epoch = counter / BATCHES;
  const int batch = counter % BATCHES;
  EPOCH_OFFSETS
  // Where kernels can ask for memory ahead, the next row's sample is asked for while this one's is
  // copied: it may lie anywhere.
  // A team without a row takes the last one's, for no number from beyond the samples may be permuted:
  // it might never come back among them.
  size_t next =
      PERMUTE(batch * STRIDE + min(begin + TEAM, end - 1), epoch, counters + COUNTER);
  for (int row = begin + TEAM; row < end; row += TEAMS) {
    const size_t sample = next;
    if (row + TEAMS < end) next = PERMUTE(batch * STRIDE + row + TEAMS, epoch, counters + COUNTER);
    COPY_ROW
  }
}
