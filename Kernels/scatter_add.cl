// Adds rows of values up, for each matrix m by itself:
//
// result[m, r, j] = Σ_i values[m, i, j] over the i with indices[m, i] = r, in their order
//
// values   [matrices, COUNT, COLUMNS]; from VALUES on
// indices  [matrices, COUNT], reals; from INDICES on. One that is no whole number in 0..<ROWS is left out.
// result   [matrices, ROWS, COLUMNS]; from RESULT on
//
// A unit of work is a row of the results, of all matrices. A work-group goes through the indices of its rows' matrices
// and adds what falls into its rows. Each row belongs to one team, whose lanes lie along it, so that the order of a
// sum depends on nothing but the indices.

SECTION_FUNCTION SECTION(int begin, int end SECTION_PARAMETERS) {
  for (int i = begin * COLUMNS + LOCAL_ID * WIDTH; i < end * COLUMNS; i += GROUP_SIZE * WIDTH)
    store((vec)(0.0f), RESULT + i, end * COLUMNS - i);
  GROUP_BARRIER;
  for (int first = begin; first < end;) {
    const int matrix = first / ROWS;
    const int next = min((matrix + 1) * ROWS, end);
    for (int i = matrix * COUNT; i < (matrix + 1) * COUNT; ++i) {
      // What is left out has the row before the matrix's first.
      const int row = matrix * ROWS + row_number(INDICES[i], ROWS);
      if (row < first || row >= next || row % TEAMS != TEAM) continue;
      global const real *source = VALUES + i * COLUMNS;
      global real *target = RESULT + row * COLUMNS;
      int j = LANE_START;
      for (; j + WIDTH <= COLUMNS; j += LANE_STEP)
        STORE_WHOLE(LOAD(target + j) + LOAD(source + j), target + j);
#if WIDTH > 1
      // The only lane of its team.
      for (; j < COLUMNS; ++j) target[j] += source[j];
#endif
    }
    first = next;
  }
}
