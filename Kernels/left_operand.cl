// How a tile of a product on a CPU reads its left operand: element (i, k) of the tile that begins with
// `row` is LEFT_VALUE(LEFT_TILE(row)[ROW_OFFSET(i) + TERM_OFFSET(k)]).
//
// Usually the operand is a matrix: all distances are constants, and both offsets part of the load
// instructions. If LEFT_IN_PLACE, its rows, or its columns if LEFT_TRANSPOSED, are samples of a data set,
// anywhere there, whose `numbers` say where; of rows, FIND_ROWS looks that up. If LEFT_IS_BYTES, what they
// hold stands for BYTE_VALUES.

#define ROWS_ARE_SAMPLES (LEFT_IN_PLACE && !LEFT_TRANSPOSED)

// Where a row begins that is not transposed.
#if ROWS_ARE_SAMPLES
#define ROW_PLACE(row) ((size_t)numbers[row] * LEFT_STRIDE)
#else
#define ROW_PLACE(row) ((size_t)(row) * LEFT_STRIDE)
#endif

#if ROWS_ARE_SAMPLES
#define LEFT_TILE(row) (left_buffer + LEFT_OFFSET)
#define FIND_ROWS(row)           \
  size_t row_offsets[TILE_ROWS]; \
  for (int i = 0; i < TILE_ROWS; ++i) row_offsets[i] = ROW_PLACE(row + i);
#define ROW_OFFSET(i) row_offsets[i]
#else
#define LEFT_TILE(row) (left_buffer + LEFT_OFFSET + (size_t)(row) * LEFT_TILE_STRIDE)
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
