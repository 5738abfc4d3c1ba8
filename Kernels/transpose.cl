// result[j, i] = source[i, j]
//
// source  [ROWS, COLUMNS], at SOURCE_OFFSET
// result  [COLUMNS, ROWS]
// Global size: (⌈COLUMNS / 16⌉, ⌈ROWS / 16⌉); a work-item moves a square of 16 × 16.

kernel void KERNEL(global const real *restrict source, global real *restrict result) {
  const int first_row = get_global_id(1) * 16;
  const int first_column = get_global_id(0) * 16;
  const int end_row = min(first_row + 16, ROWS);
  const int end_column = min(first_column + 16, COLUMNS);
  for (int j = first_column; j < end_column; ++j)
    for (int i = first_row; i < end_row; ++i)
      result[j * ROWS + i] = source[SOURCE_OFFSET + i * COLUMNS + j];
}
