// Blockwise attention and, if IS_GRADIENT, what it sends back, for CPUs. For each of several matrices:
//
// scores[i, j] = SCALE · Σ_k queries[i, k] · keys[j, k], −∞ where IS_CAUSAL and j > i
// log_sums[i] = log Σ_j exp(scores[i, j])
// means[i, d] = Σ_j exp(scores[i, j] − log_sums[i]) · values[j, d]
//
// T. Dao et al., "FlashAttention: Fast and Memory-Efficient Exact Attention with IO-Awareness" (2022).
//
// The lanes of a `vec` are queries, QUERY_VECTORS of them a block, so that the greatest score, the sum of
// exponentials and the means of a query need no other lane, and keys and values are read where they lie,
// each number by itself. Queries are transposed first, and means last. Keys are taken KEY_BLOCK at a time,
// and none beyond a block's last query if IS_CAUSAL.
//
// queries    [QUERIES, HEAD_WIDTH]; row i of matrix m from QUERY_PLACE(m) + i · QUERY_ROW on
// keys       [KEYS, HEAD_WIDTH]; from KEY_PLACE(m) + j · KEY_ROW on
// values     [KEYS, HEAD_DEPTH]; from VALUE_PLACE(m) + j · VALUE_ROW on
// cotangent  [QUERIES, HEAD_DEPTH], of the means; from COTANGENT_PLACE(m) + i · COTANGENT_ROW on
// means, log_sums, of_queries, of_keys, of_values are contiguous, a matrix after another.
// A unit of work is a block of queries; of the gradient, whose sums for keys and values go over all queries,
// a matrix.

#define QUERY_BLOCK (QUERY_VECTORS * WIDTH)
#define QUERY_BLOCKS ((QUERIES + QUERY_BLOCK - 1) / QUERY_BLOCK)
#define PRIVATE_VEC(array, row, vector) \
  VEC_AT(private, (array) + (row) * QUERY_BLOCK + (vector) * WIDTH)
// Calls a tile of several rows as often as there are as many left of `count`, and one of a row for the rest.
#define FOR_TILES(count, TILES, LINE, LEFT, RIGHT, TARGET, terms, columns)                      \
  {                                                                                               \
    int row = 0;                                                                                  \
    for (; row + TILE_ROWS <= (count); row += TILE_ROWS) TILES(LEFT, RIGHT, TARGET, terms, columns); \
    for (; row < (count); ++row) LINE(LEFT, RIGHT, TARGET, terms, columns);                     \
  }

// target[k, i] = factor · source[i, k] for a block of queries; the last of `rows` rows stands for those
// beyond it.
SEPARATE void PACK(
    global const real *source, int stride, int rows, int columns, real factor, private real *target) {
  for (int v = 0; v < QUERY_VECTORS; ++v)
    for (int column = 0; column < columns; column += WIDTH) {
      vec square[WIDTH];
#pragma unroll
      for (int i = 0; i < WIDTH; ++i)
        square[i] = LOAD(source + (size_t)min(v * WIDTH + i, rows - 1) * stride + column);
      transpose(square);
#pragma unroll
      for (int i = 0; i < WIDTH; ++i)
        if (column + i < columns) PRIVATE_VEC(target, column + i, v) = square[i] * factor;
    }
}

// The way back: target[i, k] = source[k, i], rows `columns` long.
SEPARATE void UNPACK(private const real *source, int rows, int columns, global real *target) {
  for (int v = 0; v < QUERY_VECTORS; ++v)
    for (int column = 0; column < columns; column += WIDTH) {
      vec square[WIDTH];
#pragma unroll
      for (int i = 0; i < WIDTH; ++i)
        square[i] = VEC_AT(private const, source + min(column + i, columns - 1) * QUERY_BLOCK + v * WIDTH);
      transpose(square);
#pragma unroll
      for (int i = 0; i < WIDTH; ++i)
        if (v * WIDTH + i < rows)
          store(square[i], target + (v * WIDTH + i) * columns + column, columns - column);
    }
}

// The lanes whose queries come before key `key`, which they do not look at.
#define IS_LATER(key, first, vector) \
  ((ivec)(key) > (ivec)((first) + (vector) * WIDTH) + LANE_INDEX)

#if !IS_GRADIENT

// Makes the scores of `count` keys weights relative to the greatest score so far, and what was summed before
// as well.
static void WEIGH(
    private real *weights, int count, private vec *greatest, private vec *total, private real *sums) {
  for (int v = 0; v < QUERY_VECTORS; ++v) {
    vec most = greatest[v];
    for (int j = 0; j < count; ++j) {
      const vec score = PRIVATE_VEC(weights, j, v);
      most = score > most ? score : most;
    }
    // Of infinities alone, differences would be none.
    const vec shift = most == (vec)(-INFINITY) ? (vec)(0) : most;
    const vec factor = exp_vec(greatest[v] - shift);
    vec sum = (vec)(0);
    for (int j = 0; j < count; ++j) {
      const vec weight = exp_vec(PRIVATE_VEC(weights, j, v) - shift);
      PRIVATE_VEC(weights, j, v) = weight;
      sum += weight;
    }
    total[v] = total[v] * factor + sum;
    greatest[v] = most;
    for (int d = 0; d < HEAD_DEPTH; ++d) PRIVATE_VEC(sums, d, v) *= factor;
  }
}

static void ATTEND(int unit SECTION_PARAMETERS) {
  const int matrix = unit / QUERY_BLOCKS;
  const int first = unit % QUERY_BLOCKS * QUERY_BLOCK;
  const int rows = min(QUERY_BLOCK, QUERIES - first);
  global const real *own_keys = keys + KEY_PLACE(matrix);
  global const real *own_values = values + VALUE_PLACE(matrix);
  real own_queries[HEAD_WIDTH * QUERY_BLOCK] __attribute__((aligned(64)));
  real weights[KEY_BLOCK * QUERY_BLOCK] __attribute__((aligned(64)));
  real sums[HEAD_DEPTH * QUERY_BLOCK] __attribute__((aligned(64)));
  vec greatest[QUERY_VECTORS], total[QUERY_VECTORS];
  PACK(queries + QUERY_PLACE(matrix) + (size_t)first * QUERY_ROW, QUERY_ROW, rows, HEAD_WIDTH,
       SCALE, own_queries);
  for (int v = 0; v < QUERY_VECTORS; ++v) {
    greatest[v] = (vec)(-INFINITY);
    total[v] = (vec)(0);
    for (int d = 0; d < HEAD_DEPTH; ++d) PRIVATE_VEC(sums, d, v) = (vec)(0);
  }
  const int end = IS_CAUSAL ? min(KEYS, first + rows) : KEYS;
  for (int key = 0; key < end; key += KEY_BLOCK) {
    const int count = min(KEY_BLOCK, end - key);
    FOR_TILES(count, SCORE_TILE, SCORE_LINE, own_keys + (size_t)(key + row) * KEY_ROW, own_queries,
              weights + row * QUERY_BLOCK, HEAD_WIDTH, QUERY_BLOCK)
    if (IS_CAUSAL && key + count - 1 > first)
      for (int j = 0; j < count; ++j)
        for (int v = 0; v < QUERY_VECTORS; ++v)
          PRIVATE_VEC(weights, j, v) = IS_LATER(key + j, first, v) ? (vec)(-INFINITY)
                                                                   : PRIVATE_VEC(weights, j, v);
    WEIGH(weights, count, greatest, total, sums);
    FOR_TILES(HEAD_DEPTH, MEAN_TILE, MEAN_LINE, own_values + (size_t)key * VALUE_ROW + row, weights,
              sums + row * QUERY_BLOCK, count, QUERY_BLOCK)
  }
  const size_t place = (size_t)matrix * QUERIES + first;
  for (int v = 0; v < QUERY_VECTORS; ++v) {
    for (int d = 0; d < HEAD_DEPTH; ++d) PRIVATE_VEC(sums, d, v) /= total[v];
    const vec shift = greatest[v] == (vec)(-INFINITY) ? (vec)(0) : greatest[v];
    if (v * WIDTH < rows) store(log(total[v]) + shift, log_sums + place + v * WIDTH, rows - v * WIDTH);
  }
  UNPACK(sums, rows, HEAD_DEPTH, means + place * HEAD_DEPTH);
}

#else

#define LARGEST (HEAD_WIDTH > HEAD_DEPTH ? HEAD_WIDTH : HEAD_DEPTH)

// What the queries from `first` on send back: to themselves, and added to what others send to keys and values.
static void SEND_BACK(int matrix, int first SECTION_PARAMETERS) {
  const int rows = min(QUERY_BLOCK, QUERIES - first);
  global const real *query_rows = queries + QUERY_PLACE(matrix) + (size_t)first * QUERY_ROW;
  global const real *cotangent_rows =
      cotangent + COTANGENT_PLACE(matrix) + (size_t)first * COTANGENT_ROW;
  global const real *own_keys = keys + KEY_PLACE(matrix);
  global const real *own_values = values + VALUE_PLACE(matrix);
  global real *own_of_keys = of_keys + (size_t)matrix * KEYS * HEAD_WIDTH;
  global real *own_of_values = of_values + (size_t)matrix * KEYS * HEAD_DEPTH;
  const size_t place = (size_t)matrix * QUERIES + first;
  real own_queries[HEAD_WIDTH * QUERY_BLOCK] __attribute__((aligned(64)));
  real own_cotangent[HEAD_DEPTH * QUERY_BLOCK] __attribute__((aligned(64)));
  // The means and then the queries' gradient.
  real sums[LARGEST * QUERY_BLOCK] __attribute__((aligned(64)));
  real weights[KEY_BLOCK * QUERY_BLOCK] __attribute__((aligned(64)));
  real slopes[KEY_BLOCK * QUERY_BLOCK] __attribute__((aligned(64)));
  vec product[QUERY_VECTORS], log_sum[QUERY_VECTORS];
  PACK(query_rows, QUERY_ROW, rows, HEAD_WIDTH, SCALE, own_queries);
  PACK(cotangent_rows, COTANGENT_ROW, rows, HEAD_DEPTH, 1.0f, own_cotangent);
  PACK(means + place * HEAD_DEPTH, HEAD_DEPTH, rows, HEAD_DEPTH, 1.0f, sums);
  for (int v = 0; v < QUERY_VECTORS; ++v) {
    product[v] = (vec)(0);
    log_sum[v] = LOAD(log_sums + place + v * WIDTH);
    for (int d = 0; d < HEAD_DEPTH; ++d)
      product[v] = MULTIPLY_ADD(PRIVATE_VEC(own_cotangent, d, v), PRIVATE_VEC(sums, d, v), product[v]);
    for (int k = 0; k < HEAD_WIDTH; ++k) PRIVATE_VEC(sums, k, v) = (vec)(0);
  }
  const int end = IS_CAUSAL ? min(KEYS, first + rows) : KEYS;
  for (int key = 0; key < end; key += KEY_BLOCK) {
    const int count = min(KEY_BLOCK, end - key);
    FOR_TILES(count, SCORE_TILE, SCORE_LINE, own_keys + (size_t)(key + row) * KEY_ROW, own_queries,
              weights + row * QUERY_BLOCK, HEAD_WIDTH, QUERY_BLOCK)
    FOR_TILES(count, SLOPE_TILE, SLOPE_LINE, own_values + (size_t)(key + row) * VALUE_ROW,
              own_cotangent, slopes + row * QUERY_BLOCK, HEAD_DEPTH, QUERY_BLOCK)
    for (int j = 0; j < count; ++j)
      for (int v = 0; v < QUERY_VECTORS; ++v) {
        vec weight = exp_vec(PRIVATE_VEC(weights, j, v) - log_sum[v]);
        vec slope = (vec)(SCALE) * weight * (PRIVATE_VEC(slopes, j, v) - product[v]);
        if (IS_CAUSAL) {
          weight = IS_LATER(key + j, first, v) ? (vec)(0) : weight;
          slope = IS_LATER(key + j, first, v) ? (vec)(0) : slope;
        }
        PRIVATE_VEC(weights, j, v) = weight;
        PRIVATE_VEC(slopes, j, v) = slope;
      }
    FOR_TILES(HEAD_WIDTH, QUERY_TILE, QUERY_LINE, own_keys + (size_t)key * KEY_ROW + row, slopes,
              sums + row * QUERY_BLOCK, count, QUERY_BLOCK)
    for (int column = 0; column < HEAD_WIDTH; column += KEY_TILE_COLUMNS)
      FOR_TILES(count, KEY_TILE, KEY_LINE, slopes + row * QUERY_BLOCK, query_rows + column,
                own_of_keys + (size_t)(key + row) * HEAD_WIDTH + column, rows, HEAD_WIDTH - column)
    for (int column = 0; column < HEAD_DEPTH; column += VALUE_TILE_COLUMNS)
      FOR_TILES(count, VALUE_TILE, VALUE_LINE, weights + row * QUERY_BLOCK, cotangent_rows + column,
                own_of_values + (size_t)(key + row) * HEAD_DEPTH + column, rows, HEAD_DEPTH - column)
  }
  UNPACK(sums, rows, HEAD_WIDTH, of_queries + place * HEAD_WIDTH);
}

static void ATTEND(int matrix SECTION_PARAMETERS) {
  for (int i = 0; i < KEYS * HEAD_WIDTH; ++i) of_keys[(size_t)matrix * KEYS * HEAD_WIDTH + i] = 0;
  for (int i = 0; i < KEYS * HEAD_DEPTH; ++i) of_values[(size_t)matrix * KEYS * HEAD_DEPTH + i] = 0;
  for (int first = 0; first < QUERIES; first += QUERY_BLOCK)
    SEND_BACK(matrix, first SECTION_ARGUMENTS);
}

#undef LARGEST
#endif

SECTION_FUNCTION SECTION(int begin, int end SECTION_PARAMETERS) {
  for (int unit = begin; unit < end; ++unit) ATTEND(unit SECTION_ARGUMENTS);
}

#undef QUERY_BLOCK
#undef QUERY_BLOCKS
#undef PRIVATE_VEC
#undef FOR_TILES
#undef IS_LATER
