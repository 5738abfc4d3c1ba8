// Brings the right operand of a product into the order in which tiles read it: panels of PANEL
// columns, each contiguous, zeros where the last one reaches past the matrix.
//
// panels[p, k, j] = right[k, p · PANEL + j]
//
// right   [INNER, COLUMNS], or [COLUMNS, INNER] if RIGHT_TRANSPOSED; at RIGHT_OFFSET
// panels  [⌈COLUMNS / PANEL⌉, INNER, PANEL]; at PANELS_OFFSET
// A unit of work is 16 rows of a panel, of which there are SLICES in each.

static void PACK(int unit SECTION_PARAMETERS) {
  const int first_k = unit % SLICES * 16;
  const int end_k = min(first_k + 16, INNER);
  const int panel = unit / SLICES;
  const int columns = min(PANEL, COLUMNS - panel * PANEL);
  global real *restrict target = panels + PANELS_OFFSET + (size_t)panel * INNER * PANEL;
#if RIGHT_TRANSPOSED
  global const real *restrict source = right + RIGHT_OFFSET + (size_t)panel * PANEL * INNER;
  for (int j = 0; j < columns; ++j)
    for (int k = first_k; k < end_k; ++k) target[k * PANEL + j] = source[j * INNER + k];
#else
  global const real *restrict source = right + RIGHT_OFFSET + panel * PANEL;
  for (int k = first_k; k < end_k; ++k)
    for (int j = 0; j < columns; ++j) target[k * PANEL + j] = source[(size_t)k * COLUMNS + j];
#endif
  for (int k = first_k; k < end_k; ++k)
    for (int j = columns; j < PANEL; ++j) target[k * PANEL + j] = 0;
}

static void SECTION(int begin, int end SECTION_PARAMETERS) {
  for (int unit = begin; unit < end; ++unit) PACK(unit SECTION_ARGUMENTS);
}
