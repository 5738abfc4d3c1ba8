// result[i, j] = epilogue(Σ_k left[i, k] · right[k, j], i, j)
//
// For GPUs: a work-group of TILE/PER_ITEM × TILE/PER_ITEM work-items computes a tile of TILE × TILE
// elements, PER_ITEM × PER_ITEM of them in the registers of each work-item. Slices of both operands
// of DEPTH terms pass through local memory, which every work-item helps to fill along memory.
//
// Sums run over blocks of BLOCK terms, which are added in order; DEPTH divides BLOCK.
//
// left   [ROWS, INNER], or [INNER, ROWS] if LEFT_TRANSPOSED
// right  [INNER, COLUMNS], or [COLUMNS, INNER] if RIGHT_TRANSPOSED
// A unit of work is a tile; tiles are numbered along rows of the result.

static void TILE_OF(int unit SECTION_PARAMETERS) {
  global const real *restrict left = left_buffer + LEFT_OFFSET;
  global const real *restrict right = right_buffer + RIGHT_OFFSET;
  const int side = TILE / PER_ITEM;
  const int item = get_local_id(0);
  const int x = item % side;
  const int y = item / side;
  const int first_row = unit / COLUMN_TILES * TILE;
  const int first_column = unit % COLUMN_TILES * TILE;

  // One more column than needed spreads a column over all banks.
  local real(*left_slice)[TILE + 1] = (local real(*)[TILE + 1]) scratch;
  local real(*right_slice)[TILE + 1] = (local real(*)[TILE + 1])(scratch + DEPTH * (TILE + 1));

  real total[PER_ITEM][PER_ITEM];
  real sum[PER_ITEM][PER_ITEM];
  for (int i = 0; i < PER_ITEM; ++i)
    for (int j = 0; j < PER_ITEM; ++j) total[i][j] = sum[i][j] = 0;

  for (int first_k = 0; first_k < INNER; first_k += DEPTH) {
    for (int slot = item; slot < TILE * DEPTH; slot += side * side) {
#if LEFT_TRANSPOSED
      const int k = slot / TILE, i = slot % TILE;
#else
      const int k = slot % DEPTH, i = slot / DEPTH;
#endif
      const int row = first_row + i, inner = first_k + k;
      real value = 0;
      if (row < ROWS && inner < INNER)
        value = left[LEFT_TRANSPOSED ? inner * ROWS + row : row * INNER + inner];
      left_slice[k][i] = value;
    }
    for (int slot = item; slot < TILE * DEPTH; slot += side * side) {
#if RIGHT_TRANSPOSED
      const int k = slot % DEPTH, j = slot / DEPTH;
#else
      const int k = slot / TILE, j = slot % TILE;
#endif
      const int column = first_column + j, inner = first_k + k;
      real value = 0;
      if (column < COLUMNS && inner < INNER)
        value = right[RIGHT_TRANSPOSED ? column * INNER + inner : inner * COLUMNS + column];
      right_slice[k][j] = value;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int k = 0; k < DEPTH; ++k) {
      real a[PER_ITEM], b[PER_ITEM];
      for (int i = 0; i < PER_ITEM; ++i) a[i] = left_slice[k][y + i * side];
      for (int j = 0; j < PER_ITEM; ++j) b[j] = right_slice[k][x + j * side];
      for (int i = 0; i < PER_ITEM; ++i)
        for (int j = 0; j < PER_ITEM; ++j) sum[i][j] = fma(a[i], b[j], sum[i][j]);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if ((first_k + DEPTH) % BLOCK == 0 || first_k + DEPTH >= INNER) {
      for (int i = 0; i < PER_ITEM; ++i)
        for (int j = 0; j < PER_ITEM; ++j) {
          total[i][j] += sum[i][j];
          sum[i][j] = 0;
        }
    }
  }

  for (int i = 0; i < PER_ITEM; ++i)
    for (int j = 0; j < PER_ITEM; ++j) {
      const int row = first_row + y + i * side, column = first_column + x + j * side;
      if (row < ROWS && column < COLUMNS)
        EPILOGUE(total[i][j], row, column, 1 EPILOGUE_ARGUMENTS);
    }
}

SECTION_FUNCTION SECTION(int begin, int end SECTION_PARAMETERS) {
  for (int unit = begin; unit < end; ++unit) TILE_OF(unit SECTION_ARGUMENTS);
}
