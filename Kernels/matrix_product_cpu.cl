// result[i, j] = epilogue(Σ_k left[i, k] · right[k, j], i, j)
//
// For CPUs: one work-item, alone in its work-group, computes a tile of TILE_ROWS × TILE_VECTORS·16
// elements in registers. Each k costs TILE_VECTORS loads of a row of `right` and TILE_ROWS numbers
// of `left`, each multiplied into a row of the tile. All distances are constants, so that they are
// part of the load instructions.
//
// Sums run over blocks of BLOCK terms, which are added in order.
//
// left   [ROWS, INNER], or [INNER, ROWS] if LEFT_TRANSPOSED
// right  [INNER, COLUMNS], or panels as pack.cl makes them if RIGHT_PACKED
// Global size: (⌈ROWS / TILE_ROWS⌉, ⌈COLUMNS / tile columns⌉); local size: (1, 1). Neighbours share
// columns, which stay in the cache.
//
// TILE_ROWS is at most ROWS. The last tile is moved up to lie inside the result and leaves the rows
// that it shares with its neighbour to that one. Columns outside the result are read, from the
// next row, from the buffer's padding or from a panel's, and not stored.

#define TILE_COLUMNS (TILE_VECTORS * WIDTH)
#define RIGHT_STRIDE (RIGHT_PACKED ? TILE_COLUMNS : COLUMNS)
#if LEFT_TRANSPOSED
#define LEFT(i, k) left[(k)*ROWS + (i)]
#else
#define LEFT(i, k) left[(i)*INNER + (k)]
#endif

kernel void KERNEL(global const real *restrict left_buffer,
                   global const real *restrict right_buffer EPILOGUE_PARAMETERS) {
  const int own_row = get_global_id(0) * TILE_ROWS;
  const int row = min(own_row, ROWS - TILE_ROWS);
  const int column = get_global_id(1) * TILE_COLUMNS;
  global const real *restrict left =
      left_buffer + LEFT_OFFSET + (LEFT_TRANSPOSED ? row : row * INNER);
  global const real *restrict right =
      right_buffer + RIGHT_OFFSET + (RIGHT_PACKED ? (size_t)column * INNER : column);

  vec total[TILE_ROWS * TILE_VECTORS];
  for (int i = 0; i < TILE_ROWS * TILE_VECTORS; ++i) total[i] = (vec)(0);

  for (int block = 0; block < INNER; block += BLOCK) {
    const int end = min(block + BLOCK, INNER);
    vec sum[TILE_ROWS * TILE_VECTORS];
#pragma unroll
    for (int i = 0; i < TILE_ROWS * TILE_VECTORS; ++i) sum[i] = (vec)(0);
    for (int k = block; k < end; ++k) {
      const vec b0 = LOAD(right + k * RIGHT_STRIDE);
#if TILE_VECTORS == 2
      const vec b1 = LOAD(right + k * RIGHT_STRIDE + WIDTH);
#endif
#pragma unroll
      for (int i = 0; i < TILE_ROWS; ++i) {
        const vec a = (vec)(LEFT(i, k));
        sum[i] = fma(a, b0, sum[i]);
#if TILE_VECTORS == 2
        sum[TILE_ROWS + i] = fma(a, b1, sum[TILE_ROWS + i]);
#endif
      }
    }
#pragma unroll
    for (int i = 0; i < TILE_ROWS * TILE_VECTORS; ++i) total[i] += sum[i];
  }

  for (int i = own_row - row; i < TILE_ROWS; ++i)
    for (int j = 0; j < TILE_VECTORS; ++j)
      if (column + j * WIDTH < COLUMNS)
        EPILOGUE(total[j * TILE_ROWS + i], row + i, column + j * WIDTH,
                 COLUMNS - column - j * WIDTH EPILOGUE_ARGUMENTS);
}
#undef LEFT
#undef RIGHT_STRIDE
#undef TILE_COLUMNS
