// A tile of result[i, j] = epilogue(Σ_k left[i, k] · right[k, j], i, j), for CPUs.
//
// One work-item computes TILE_ROWS × TILE_VECTORS·16 elements in registers. Each k costs
// TILE_VECTORS loads of a row of `right` and TILE_ROWS numbers of `left`, each multiplied into a row
// of the tile. Distances are constants, so that they are part of the load instructions. A turn of the
// loop does UNROLLED_TERMS of them.
//
// Of a sparse left operand, if SKIPS_ZEROS, the terms are those that LIST_TERMS has found in the tile, one a
// turn; the others would add zeros. Tiles of the first rows do all terms, so that a number of `right` that is not
// finite shows in the result.
//
// Sums run over blocks of BLOCK terms, which are added in order. A pass does the terms from FIRST_TERM
// up to END_TERM; but for the last, it leaves totals in `partial`, [ROWS, COLUMNS], for the next. If there are
// several PARTS, each is PART_TERMS terms, whole blocks, and a result of its own in `partial`, to be added afterwards
// in order.
//
// What lies a constant distance apart on ever new lines no hardware prefetcher follows: rows of
// `right`, and of `left` where it is transposed or packed, are asked for PREFETCH_TERMS terms ahead, and,
// if PREFETCHES_LEFT, what the next tile needs of `left` while this one is computed. If SKIPS_ZEROS,
// LIST_TERMS has brought what there is of `left`, and what is far ahead in `right` may not be needed. ASK_FOR_LOADS
// asks for what the epilogue reads at a row and a column before the sums begin.
//
// left   [ROWS, INNER], or [INNER, ROWS] if LEFT_TRANSPOSED, or, if LEFT_PACKED, panels of as many rows as
//        tiles have, as pack.cl makes them, or a view, or samples of a data set; see left_operand.cl
// right  [INNER, COLUMNS], or panels as pack.cl makes them if RIGHT_PACKED
//        There are MATRICES of each operand and of the result, one after another: the right ones
//        RIGHT_MATRIX elements apart.
// part   the number of the part
// matrix the number of the tile's result
// row    the tile's first row; all of its rows are rows of the result
// panel  the number of the tile's columns; those outside the result are read, from the next row,
//        from the buffer's padding or from a panel's, and not stored
// words  what LIST_TERMS has found in the tile

#define TILE_COLUMNS (TILE_VECTORS * WIDTH)
#define IS_ONE_BLOCK (PARTS == 1 && FIRST_TERM == 0 && END_TERM > 0 && END_TERM <= BLOCK)
#define RIGHT_STRIDE (RIGHT_PACKED ? TILE_COLUMNS : COLUMNS)

// Goes through the terms from `begin` up to `end` whose bits are set in `words`; each is LISTED_TERM, the
// place of the lowest bit, which compilers make one instruction (OpenCL C 1.2 has no name for it).
#define FOR_LISTED_TERMS(begin, end)                    \
  for (int first = (begin); first < (end); first += 64) \
    for (ulong rest = words[(first - FIRST_TERM) / 64]; rest != 0; rest &= rest - 1)
#define LISTED_TERM (first + (int)popcount(~rest & (rest - 1)))

// Goes through the runs of terms from `begin` up to `end` that are not zeros; each begins with `first`.
#if ZERO_RUN
#define RUN_END(begin, end) min(end, (begin) + ZERO_RUN - (begin) % ZERO_RUN)
#define FOR_RUNS(begin, end)                                            \
  for (int first = (begin); first < (end); first = RUN_END(first, end)) \
    if (!(RUN_IS_ZERO(row, first / ZERO_RUN)))
#else
#define RUN_END(begin, end) (end)
#define FOR_RUNS(begin, end) for (int first = (begin); first < (end); first = (end))
#endif

#if SKIPS_ZEROS
static void TILE(int row, int panel, const ulong *words SECTION_PARAMETERS) {
  const int part = 0, matrix = 0;
#else
static void TILE(int part, int matrix, int row, int panel SECTION_PARAMETERS) {
#endif
  const int first_term = PARTS > 1 ? part * PART_TERMS : FIRST_TERM;
  const int end_term = PARTS > 1 ? min(first_term + PART_TERMS, INNER) : END_TERM;
  const int column = panel * TILE_COLUMNS;
  const int result_row = (part * MATRICES + matrix) * ROWS + row;
  global const LEFT_ELEMENT *restrict left = LEFT_TILE(row) + MATRIX_PLACE(matrix);
  global const real *restrict right = right_buffer + (size_t)matrix * RIGHT_MATRIX +
                                      (RIGHT_PACKED ? (size_t)column * INNER : column);
  FIND_ROWS(row)
#if PARTS == 1 && END_TERM == INNER
#pragma unroll
  for (int i = 0; i < TILE_ROWS * TILE_VECTORS; ++i) {
    ASK_FOR_LOADS(result_row + i / TILE_VECTORS, column + i % TILE_VECTORS * WIDTH)
  }
#endif

  vec total[TILE_ROWS * TILE_VECTORS];
#if !IS_ONE_BLOCK
#if FIRST_TERM == 0
#pragma unroll
  for (int i = 0; i < TILE_ROWS * TILE_VECTORS; ++i) total[i] = (vec)(0);
#else
#pragma nounroll
  for (int i = 0; i < TILE_ROWS * TILE_VECTORS; ++i)
    total[i] =
        LOAD(partial + (result_row + i % TILE_ROWS) * COLUMNS + column + i / TILE_ROWS * WIDTH);
#endif
#endif

  for (int block = first_term; block < end_term; block += BLOCK) {
    vec sum[TILE_ROWS * TILE_VECTORS];
#pragma unroll
    for (int i = 0; i < TILE_ROWS * TILE_VECTORS; ++i) sum[i] = (vec)(0);
    const int end = min(block + BLOCK, end_term);
#if SKIPS_ZEROS
    FOR_LISTED_TERMS(block, end) {
      global const LEFT_ELEMENT *restrict left_term = left + TERM_OFFSET(LISTED_TERM);
      global const real *restrict right_term = right + LISTED_TERM * RIGHT_STRIDE;
#else
    FOR_RUNS(block, end) {
      BEGIN_TERMS(first)
      global const real *restrict right_term = right + (size_t)first * RIGHT_STRIDE;
#pragma unroll UNROLLED_TERMS
      for (int k = first; k < RUN_END(first, end); ++k) {
#if LEFT_PACKED
      PREFETCH(left_term + PREFETCH_TERMS * LEFT_TERM_STRIDE, 3);
#elif LEFT_TRANSPOSED
      PREFETCH(left_term + PREFETCH_TERMS * LEFT_TERM_STRIDE, 3);
      PREFETCH(left_term + PREFETCH_TERMS * LEFT_TERM_STRIDE + TILE_ROWS - 1, 3);
      PREFETCH(left_term + TILE_ROWS, 2);
#elif LEFT_VIEW && LEFT_TERM_STRIDE != 1
      PREFETCH(left_term + PREFETCH_TERMS * LEFT_TERM_STRIDE, 3);
#elif PREFETCHES_LEFT && !LEFT_VIEW
      PREFETCH(left + (TILE_ROWS + k % 16) * INNER + k / 16 * 16, 2);
#endif
#endif
      vec b[TILE_VECTORS];
#pragma unroll
      for (int j = 0; j < TILE_VECTORS; ++j) {
#if !SKIPS_ZEROS
        PREFETCH(right_term + PREFETCH_TERMS * RIGHT_STRIDE + j * WIDTH, 3);
#endif
        b[j] = LOAD(right_term + j * WIDTH);
      }
#pragma unroll
      for (int i = 0; i < TILE_ROWS; ++i) {
        const vec a = (vec)(LEFT_VALUE(left_term[ROW_OFFSET(i)]));
#pragma unroll
        for (int j = 0; j < TILE_VECTORS; ++j)
          sum[j * TILE_ROWS + i] = MULTIPLY_ADD(a, b[j], sum[j * TILE_ROWS + i]);
      }
#if !SKIPS_ZEROS
      NEXT_TERM
      right_term += RIGHT_STRIDE;
      }
#endif
    }
#pragma unroll
    for (int i = 0; i < TILE_ROWS * TILE_VECTORS; ++i)
      total[i] = IS_ONE_BLOCK ? sum[i] : total[i] + sum[i];
  }

#if UNROLLS_EPILOGUE
#pragma unroll
#else
#pragma nounroll
#endif
  for (int i = 0; i < TILE_ROWS; ++i)
#if UNROLLS_EPILOGUE
#pragma unroll
#else
#pragma nounroll
#endif
    for (int j = 0; j < TILE_VECTORS; ++j)
      if (column + j * WIDTH < COLUMNS) {
#if PARTS > 1 || END_TERM < INNER
        store(total[j * TILE_ROWS + i], partial + (result_row + i) * COLUMNS + column + j * WIDTH,
              COLUMNS - column - j * WIDTH);
#else
        EPILOGUE(total[j * TILE_ROWS + i], result_row + i, column + j * WIDTH,
                 COLUMNS - column - j * WIDTH EPILOGUE_ARGUMENTS);
#endif
      }
}
#undef FOR_LISTED_TERMS
#undef LISTED_TERM
#undef FOR_RUNS
#undef RUN_END
#undef IS_ONE_BLOCK
#undef RIGHT_STRIDE
#undef TILE_COLUMNS
