// result[i, j] = epilogue(Σ_k left[i, k] · right[k, j], i, j)
//
// For CPUs: one work-item, alone in its work-group, computes a tile of TILE_ROWS × TILE_VECTORS·16
// elements in registers. Each k costs TILE_VECTORS loads of a row of `right` and TILE_ROWS numbers
// of `left`, each multiplied into a row of the tile.
//
// Sums run over blocks of BLOCK terms, which are added in order.
//
// left   [ROWS, INNER], or [INNER, ROWS] if LEFT_TRANSPOSED
// right  [INNER, COLUMNS]
// Global size: (⌈COLUMNS / tile columns⌉, ⌈ROWS / TILE_ROWS⌉); local size: (1, 1).
//
// Rows and vectors of the tile that lie outside the result repeat the last one inside and are not
// stored.

kernel void KERNEL(global const real *restrict left_buffer,
                   global const real *restrict right_buffer EPILOGUE_PARAMETERS) {
  global const real *restrict left = left_buffer + LEFT_OFFSET;
  global const real *restrict right = right_buffer + RIGHT_OFFSET;
  const int first_row = get_global_id(1) * TILE_ROWS;
  const int first_column = get_global_id(0) * (TILE_VECTORS * WIDTH);

#if LEFT_TRANSPOSED
#define LEFT(row, k) left[(k)*ROWS + rows[row]]
#else
#define LEFT(row, k) left[rows[row] + (k)]
#endif
  int rows[TILE_ROWS];
  int columns[TILE_VECTORS];
#pragma unroll
  for (int i = 0; i < TILE_ROWS; ++i) {
    const int row = min(first_row + i, ROWS - 1);
    rows[i] = LEFT_TRANSPOSED ? row : row * INNER;
  }
#pragma unroll
  for (int j = 0; j < TILE_VECTORS; ++j) columns[j] = min(first_column + j * WIDTH, COLUMNS - 1);

  vec total[TILE_ROWS][TILE_VECTORS];
#pragma unroll
  for (int i = 0; i < TILE_ROWS; ++i)
#pragma unroll
    for (int j = 0; j < TILE_VECTORS; ++j) total[i][j] = (vec)(0);

  for (int block = 0; block < INNER; block += BLOCK) {
    const int end = min(block + BLOCK, INNER);
    vec sum[TILE_ROWS][TILE_VECTORS];
#pragma unroll
    for (int i = 0; i < TILE_ROWS; ++i)
#pragma unroll
      for (int j = 0; j < TILE_VECTORS; ++j) sum[i][j] = (vec)(0);
    for (int k = block; k < end; ++k) {
      vec b[TILE_VECTORS];
#pragma unroll
      for (int j = 0; j < TILE_VECTORS; ++j) b[j] = LOAD(right + k * COLUMNS + columns[j]);
#pragma unroll
      for (int i = 0; i < TILE_ROWS; ++i) {
        const vec a = (vec)(LEFT(i, k));
#pragma unroll
        for (int j = 0; j < TILE_VECTORS; ++j) sum[i][j] = fma(a, b[j], sum[i][j]);
      }
    }
#pragma unroll
    for (int i = 0; i < TILE_ROWS; ++i)
#pragma unroll
      for (int j = 0; j < TILE_VECTORS; ++j) total[i][j] += sum[i][j];
  }

#pragma unroll
  for (int i = 0; i < TILE_ROWS; ++i) {
    if (first_row + i < ROWS) {
#pragma unroll
      for (int j = 0; j < TILE_VECTORS; ++j) {
        const int column = first_column + j * WIDTH;
        if (column < COLUMNS)
          EPILOGUE(total[i][j], first_row + i, column, COLUMNS - column EPILOGUE_ARGUMENTS);
      }
    }
  }
#undef LEFT
}
