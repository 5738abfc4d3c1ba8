// result[i, j] = epilogue(Σ_k left[i, k] · right[k, j], i, j)
//
// For GPUs: a work-group of SIDE × SIDE work-items computes a tile of TILE × TILE elements, PER_ITEM ×
// PER_ITEM of them in the registers of each work-item. Slices of both operands of DEPTH terms pass
// through local memory; while the work-items compute with one, they already ask memory for the next.
//
// A work-item reads local memory by the `quad`, of QUAD neighbours; its own rows and columns are quads
// that lie SIDE quads apart, so that work-items side by side read memory side by side.
//
// Sums run over blocks of BLOCK terms, which are added in order; DEPTH divides BLOCK. Where a result
// has too few tiles to keep a device busy (SPLIT), every PART_TERMS terms, whole blocks, are a unit of work of
// their own, whose sums stay in `parts` for a section that adds them in the same order.
//
// left   [ROWS, INNER], or [INNER, ROWS] if LEFT_TRANSPOSED, or, if LEFT_VIEW, element (i, k) of matrix m lies
//        at MATRIX_PLACE(m) + ROW_PLACE(i) + TERM_PLACE(k), neighbours along rows if LEFT_TRANSPOSED
// right  [INNER, COLUMNS], or [COLUMNS, INNER] if RIGHT_TRANSPOSED
// parts  [⌈INNER / PART_TERMS⌉, ROWS, COLUMNS], if SPLIT
// There are MATRICES of each operand and of the result, one after another, the results within each part.
// A unit of work is a tile, of a part if SPLIT; tiles are numbered along rows of the result.

#define SIDE (TILE / PER_ITEM)
#define HAS_WHOLE_SLICES (INNER > 0 && INNER % DEPTH == 0)
// How many elements of a slice a work-item brings.
#define FETCHES (TILE * DEPTH / (SIDE * SIDE))
// A row of a slice, padded so that few of the work-items that write down a column meet in one bank.
#define SLICE_ROW (TILE + 4)
#if PER_ITEM == 2
#define QUAD 2
#define LOAD_QUAD(from, to) vstore2(*(local const float2 *)(from), 0, to)
#else
#define QUAD 4
#define LOAD_QUAD(from, to) vstore4(*(local const float4 *)(from), 0, to)
#endif
// Where element `i` of those of a work-item lies in the tile, along an axis on which it is number `at`.
#define PLACE(at, i) ((at)*QUAD + (i) % QUAD + (i) / QUAD * (SIDE * QUAD))

// Of a slice's elements, which lie along rows of an operand [outer, INNER] or, transposed, [INNER, outer],
// the term and the place of number `slot`: neighbours lie side by side in memory.
#define TERM_OF(slot, transposed) ((transposed) ? (slot) / TILE : (slot) % DEPTH)
#define PLACE_OF(slot, transposed) ((transposed) ? (slot) % TILE : (slot) / DEPTH)

// Brings this work-item's share of a slice from term `first_k` on, zeros where it reaches past the
// operand's `outer_count` or past `end_k`.
static void FETCH(
    real *values, global const real *restrict operand, int first, int outer_count, bool transposed,
    bool is_view, int first_k, int end_k) {
#pragma unroll
  for (int fetch = 0; fetch < FETCHES; ++fetch) {
    const int slot = LOCAL_ID + fetch * (SIDE * SIDE);
    const int outer = first + PLACE_OF(slot, transposed);
    const int inner = first_k + TERM_OF(slot, transposed);
    const bool is_term = HAS_WHOLE_SLICES ? true : inner < end_k;
    real value = 0;
    if (is_term && (outer_count % TILE == 0 || outer < outer_count))
      value = operand[is_view      ? ROW_PLACE(outer) + TERM_PLACE(inner)
                      : transposed ? (long)inner * outer_count + outer
                                   : (long)outer * INNER + inner];
    values[fetch] = value;
  }
}

// Puts this work-item's share where FETCH found it in the slice.
static void PUT(const real *values, local real *slice, bool transposed) {
#pragma unroll
  for (int fetch = 0; fetch < FETCHES; ++fetch) {
    const int slot = LOCAL_ID + fetch * (SIDE * SIDE);
    slice[TERM_OF(slot, transposed) * SLICE_ROW + PLACE_OF(slot, transposed)] = values[fetch];
  }
}

static void TILE_OF(int unit SECTION_PARAMETERS) {
  const int matrix = unit / TILES % MATRICES;
  global const real *restrict left = left_buffer + MATRIX_PLACE(matrix);
  global const real *restrict right = right_buffer + (size_t)matrix * INNER * COLUMNS;
  const int x = LOCAL_ID % SIDE;
  const int y = LOCAL_ID / SIDE;
  const int tile = unit % TILES;
  const int first_row = tile / COLUMN_TILES * TILE;
  const int first_column = tile % COLUMN_TILES * TILE;
  const int first_term = SPLIT ? unit / (TILES * MATRICES) * PART_TERMS : 0;
  const int end_term = SPLIT ? min(first_term + PART_TERMS, INNER) : INNER;

  local real *left_slice = scratch;
  local real *right_slice = scratch + DEPTH * SLICE_ROW;

  real total[PER_ITEM][PER_ITEM];
  real sum[PER_ITEM][PER_ITEM];
#pragma unroll
  for (int i = 0; i < PER_ITEM; ++i)
#pragma unroll
    for (int j = 0; j < PER_ITEM; ++j) total[i][j] = sum[i][j] = 0;

  real next_left[FETCHES], next_right[FETCHES];
  FETCH(next_left, left, first_row, ROWS, LEFT_TRANSPOSED, LEFT_VIEW, first_term, end_term);
  FETCH(next_right, right, first_column, COLUMNS, !RIGHT_TRANSPOSED, false, first_term, end_term);
  for (int first_k = first_term; first_k < end_term; first_k += DEPTH) {
    PUT(next_left, left_slice, LEFT_TRANSPOSED);
    PUT(next_right, right_slice, !RIGHT_TRANSPOSED);
    barrier(CLK_LOCAL_MEM_FENCE);
    const int next_k = first_k + DEPTH;
    if (next_k < end_term) {
      FETCH(next_left, left, first_row, ROWS, LEFT_TRANSPOSED, LEFT_VIEW, next_k, end_term);
      FETCH(next_right, right, first_column, COLUMNS, !RIGHT_TRANSPOSED, false, next_k, end_term);
    }
    for (int k = 0; k < DEPTH; ++k) {
      real a[PER_ITEM], b[PER_ITEM];
#pragma unroll
      for (int i = 0; i < PER_ITEM; i += QUAD) {
        LOAD_QUAD(left_slice + k * SLICE_ROW + PLACE(y, i), a + i);
        LOAD_QUAD(right_slice + k * SLICE_ROW + PLACE(x, i), b + i);
      }
#pragma unroll
      for (int i = 0; i < PER_ITEM; ++i)
#pragma unroll
        for (int j = 0; j < PER_ITEM; ++j) sum[i][j] = MULTIPLY_ADD(a[i], b[j], sum[i][j]);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (next_k % BLOCK == 0 || next_k >= end_term) {
#pragma unroll
      for (int i = 0; i < PER_ITEM; ++i)
#pragma unroll
        for (int j = 0; j < PER_ITEM; ++j) {
          total[i][j] += sum[i][j];
          sum[i][j] = 0;
        }
    }
  }

  // PoCL's compiler crashes if told to unroll so long an epilogue. Where one does not do it by itself, the
  // totals, which a block of terms touches once, lie in private memory.
  for (int i = 0; i < PER_ITEM; ++i)
    for (int j = 0; j < PER_ITEM; ++j) {
      const int row = first_row + PLACE(y, i), column = first_column + PLACE(x, j);
      if (row < ROWS && column < COLUMNS) {
#if SPLIT
        parts[((size_t)(unit / TILES) * ROWS + row) * COLUMNS + column] = total[i][j];
#else
        EPILOGUE(total[i][j], matrix * ROWS + row, column, 1 EPILOGUE_ARGUMENTS);
#endif
      }
    }
}

SECTION_FUNCTION SECTION(int begin, int end SECTION_PARAMETERS) {
  for (int unit = begin; unit < end; ++unit) TILE_OF(unit SECTION_ARGUMENTS);
}

#undef SIDE
#undef HAS_WHOLE_SLICES
#undef FETCHES
#undef SLICE_ROW
#undef QUAD
#undef LOAD_QUAD
#undef PLACE
#undef TERM_OF
#undef PLACE_OF
