// A tile of result[i, j] = epilogue(Σ_k left[i, k] · right[k, j], i, j), for CPUs.
//
// One work-item computes TILE_ROWS × TILE_VECTORS·16 elements in registers. Each k costs
// TILE_VECTORS loads of a row of `right` and TILE_ROWS numbers of `left`, each multiplied into a row
// of the tile. All distances are constants, so that they are part of the load instructions. A turn of
// the loop does UNROLLED_TERMS of them.
//
// Sums run over blocks of BLOCK terms, which are added in order. A pass does the terms from FIRST_TERM
// up to END_TERM; but for the last, it leaves totals in `partial`, [ROWS, COLUMNS], for the next.
//
// What lies a constant distance apart on ever new lines no hardware prefetcher follows: rows of
// `right`, and of `left` where it is transposed, are asked for PREFETCH_TERMS terms ahead, and, if
// PREFETCHES_LEFT, what the next tile needs of `left` while this one is computed.
//
// left   [ROWS, INNER], or [INNER, ROWS] if LEFT_TRANSPOSED, or panels of LEFT_PANEL rows as pack.cl
//        makes them, if that is not 0
// right  [INNER, COLUMNS], or panels as pack.cl makes them if RIGHT_PACKED
// row    the tile's first row; all of its rows are rows of the result
// panel  the number of the tile's columns; those outside the result are read, from the next row,
//        from the buffer's padding or from a panel's, and not stored

#define TILE_COLUMNS (TILE_VECTORS * WIDTH)
#define IS_ONE_BLOCK (FIRST_TERM == 0 && END_TERM > 0 && END_TERM <= BLOCK)
#define RIGHT_STRIDE (RIGHT_PACKED ? TILE_COLUMNS : COLUMNS)
// Distances in the left operand: between rows of a tile, between terms, and of a tile's first row from
// the matrix's, for each row.
#if LEFT_PANEL
#define LEFT_STRIDE 1
#define LEFT_TERM_STRIDE LEFT_PANEL
#define LEFT_TILE_STRIDE INNER
#elif LEFT_TRANSPOSED
#define LEFT_STRIDE 1
#define LEFT_TERM_STRIDE ROWS
#define LEFT_TILE_STRIDE 1
#else
#define LEFT_STRIDE INNER
#define LEFT_TERM_STRIDE 1
#define LEFT_TILE_STRIDE INNER
#endif

static void TILE(int row, int panel SECTION_PARAMETERS) {
  const int column = panel * TILE_COLUMNS;
  global const real *restrict left =
      left_buffer + LEFT_OFFSET + (size_t)row * LEFT_TILE_STRIDE;
  global const real *restrict right =
      right_buffer + RIGHT_OFFSET + (RIGHT_PACKED ? (size_t)column * INNER : column);

  vec total[TILE_ROWS * TILE_VECTORS];
#if !IS_ONE_BLOCK
#pragma nounroll
  for (int i = 0; i < TILE_ROWS * TILE_VECTORS; ++i)
#if FIRST_TERM == 0
    total[i] = (vec)(0);
#else
    total[i] = LOAD(partial + (row + i % TILE_ROWS) * COLUMNS + column + i / TILE_ROWS * WIDTH);
#endif
#endif

  for (int block = FIRST_TERM; block < END_TERM; block += BLOCK) {
    const int end = min(block + BLOCK, END_TERM);
    vec sum[TILE_ROWS * TILE_VECTORS];
#pragma unroll
    for (int i = 0; i < TILE_ROWS * TILE_VECTORS; ++i) sum[i] = (vec)(0);
    global const real *restrict left_term = left + (size_t)block * LEFT_TERM_STRIDE;
    global const real *restrict right_term = right + (size_t)block * RIGHT_STRIDE;
#pragma unroll UNROLLED_TERMS
    for (int k = block; k < end; ++k) {
#if LEFT_PANEL
      PREFETCH(left_term + PREFETCH_TERMS * LEFT_PANEL, 3);
#elif LEFT_TRANSPOSED
      PREFETCH(left_term + PREFETCH_TERMS * ROWS, 3);
      PREFETCH(left_term + PREFETCH_TERMS * ROWS + TILE_ROWS - 1, 3);
      PREFETCH(left_term + TILE_ROWS, 2);
#elif PREFETCHES_LEFT
      PREFETCH(left + (TILE_ROWS + k % 16) * INNER + k / 16 * 16, 2);
#endif
      PREFETCH(right_term + PREFETCH_TERMS * RIGHT_STRIDE, 3);
      const vec b0 = LOAD(right_term);
#if TILE_VECTORS == 2
      PREFETCH(right_term + PREFETCH_TERMS * RIGHT_STRIDE + WIDTH, 3);
      const vec b1 = LOAD(right_term + WIDTH);
#endif
#pragma unroll
      for (int i = 0; i < TILE_ROWS; ++i) {
        const vec a = (vec)(left_term[i * LEFT_STRIDE]);
        sum[i] = fma(a, b0, sum[i]);
#if TILE_VECTORS == 2
        sum[TILE_ROWS + i] = fma(a, b1, sum[TILE_ROWS + i]);
#endif
      }
      left_term += LEFT_TERM_STRIDE;
      right_term += RIGHT_STRIDE;
    }
#pragma unroll
    for (int i = 0; i < TILE_ROWS * TILE_VECTORS; ++i)
      total[i] = IS_ONE_BLOCK ? sum[i] : total[i] + sum[i];
  }

#pragma nounroll
  for (int i = 0; i < TILE_ROWS; ++i)
#pragma nounroll
    for (int j = 0; j < TILE_VECTORS; ++j)
      if (column + j * WIDTH < COLUMNS) {
#if END_TERM < INNER
        store(total[j * TILE_ROWS + i], partial + (row + i) * COLUMNS + column + j * WIDTH,
              COLUMNS - column - j * WIDTH);
#else
        EPILOGUE(total[j * TILE_ROWS + i], row + i, column + j * WIDTH,
                 COLUMNS - column - j * WIDTH EPILOGUE_ARGUMENTS);
#endif
      }
}
#undef LEFT_STRIDE
#undef LEFT_TERM_STRIDE
#undef LEFT_TILE_STRIDE
#undef IS_ONE_BLOCK
#undef RIGHT_STRIDE
#undef TILE_COLUMNS
