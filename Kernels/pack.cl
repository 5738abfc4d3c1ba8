// Brings an operand of a product into the order in which tiles read it: panels of PANEL columns,
// each contiguous, zeros where the last one reaches past the matrix.
//
// panels[m, p, k, j] = matrix[m, k, p · PANEL + j]
//
// matrix  [matrices, INNER, COLUMNS], or [matrices, COLUMNS, INNER] if TRANSPOSED
// panels  [matrices, PANELS = ⌈COLUMNS / PANEL⌉, INNER, PANEL]
// A unit of work is SLICE_ROWS rows of a panel, of which there are SLICES in each.

static void PACK(int unit SECTION_PARAMETERS) {
  const int first_k = unit % SLICES * SLICE_ROWS;
  const int end_k = min(first_k + SLICE_ROWS, INNER);
  const int panel = unit / SLICES % PANELS;
  const int matrix_number = unit / SLICES / PANELS;
  const int columns = min(PANEL, COLUMNS - panel * PANEL);
  global real *restrict target =
      panels + ((size_t)matrix_number * PANELS + panel) * INNER * PANEL;
  global const real *restrict first_element =
      matrix + (size_t)matrix_number * INNER * COLUMNS;
#if TRANSPOSED
  global const real *restrict source = first_element + (size_t)panel * PANEL * INNER;
  int packed = 0;
#if SLICE_ROWS == WIDTH
  for (; end_k - first_k == WIDTH && packed + WIDTH <= columns; packed += WIDTH) {
    vec square[WIDTH];
#pragma unroll
    for (int j = 0; j < WIDTH; ++j) square[j] = LOAD(source + (packed + j) * INNER + first_k);
    transpose(square);
#pragma unroll
    for (int k = 0; k < WIDTH; ++k) STORE_WHOLE(square[k], target + (first_k + k) * PANEL + packed);
  }
#endif
  for (int j = packed; j < columns; ++j)
    for (int k = first_k; k < end_k; ++k) target[k * PANEL + j] = source[j * INNER + k];
#else
  global const real *restrict source = first_element + panel * PANEL;
  for (int k = first_k; k < end_k; ++k)
    for (int j = 0; j < columns; ++j) target[k * PANEL + j] = source[(size_t)k * COLUMNS + j];
#endif
  for (int k = first_k; k < end_k; ++k)
    for (int j = columns; j < PANEL; ++j) target[k * PANEL + j] = 0;
}

SECTION_FUNCTION SECTION(int begin, int end SECTION_PARAMETERS) {
  for (int unit = begin; unit < end; ++unit) PACK(unit SECTION_ARGUMENTS);
}
