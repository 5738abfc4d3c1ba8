// How a tile of a product on a CPU reads its left operand: element (i, k) of the tile that begins with
// `row` is LEFT_VALUE(LEFT_TILE(row)[ROW_OFFSET(i) + TERM_OFFSET(k)]).
//
// Usually the operand is a matrix: all distances are constants, and both offsets part of the load
// instructions. If LEFT_IN_PLACE, its rows, or its columns if LEFT_TRANSPOSED, are samples of a data set,
// anywhere there, whose `numbers` say where; of rows, FIND_ROWS looks that up. If LEFT_IS_BYTES, what they
// hold stands for BYTE_VALUES.
//
// A view, if LEFT_VIEW, has ROW_PLACE, TERM_PLACE and MATRIX_PLACE, sums over axes. Where tiles end with axes
// (ROWS_ARE_EVEN), EVEN_ROW_OFFSET is the same in all of them. A loop over terms begins with BEGIN_TERMS and goes on with
// NEXT_TERM, which together know in `left_term` where the term is. If ZERO_RUN is not 0, RUN_IS_ZERO tells of
// each ZERO_RUN terms of a tile whether they are padding, or a gap, in all of its rows.

#define ROWS_ARE_SAMPLES (LEFT_IN_PLACE && !LEFT_TRANSPOSED)

#if !LEFT_VIEW
#define MATRIX_PLACE(matrix) ((size_t)(matrix) * LEFT_MATRIX)
#define BEGIN_TERMS(k) \
  global const LEFT_ELEMENT *restrict left_term = left + (size_t)(k) * LEFT_TERM_STRIDE;
#define NEXT_TERM left_term += LEFT_TERM_STRIDE;
#endif

// Where a row begins that is not transposed.
#if LEFT_VIEW
#elif ROWS_ARE_SAMPLES
#define ROW_PLACE(row) ((size_t)numbers[row] * LEFT_STRIDE)
#else
#define ROW_PLACE(row) ((size_t)(row) * LEFT_STRIDE)
#endif

#if LEFT_VIEW && ROWS_ARE_EVEN
#define LEFT_TILE(row) (left_buffer + ROW_PLACE(row))
#define FIND_ROWS(row)
#define ROW_OFFSET(i) EVEN_ROW_OFFSET(i)
#elif ROWS_ARE_SAMPLES || LEFT_VIEW
#define LEFT_TILE(row) (left_buffer)
#define FIND_ROWS(row)           \
  long row_offsets[TILE_ROWS];   \
  for (int i = 0; i < TILE_ROWS; ++i) row_offsets[i] = ROW_PLACE(row + i);
#define ROW_OFFSET(i) row_offsets[i]
#else
#define LEFT_TILE(row) (left_buffer + (size_t)(row) * LEFT_TILE_STRIDE)
#define FIND_ROWS(row)
#define ROW_OFFSET(i) ((i) * LEFT_STRIDE)
#endif

#if LEFT_IN_PLACE && LEFT_TRANSPOSED
#define TERM_OFFSET(k) ((size_t)numbers[k] * LEFT_TERM_STRIDE)
#else
#define TERM_OFFSET(k) ((k) * LEFT_TERM_STRIDE)
#endif

#if LEFT_IS_BYTES
#define LEFT_ELEMENT uchar
#define LEFT_VALUE(element) BYTE_VALUES[element]
#else
#define LEFT_ELEMENT real
#define LEFT_VALUE(element) (element)
#endif
