// Blockwise attention and, if IS_GRADIENT, what it sends back, for GPUs; attention_cpu.cl has the formulae
// and says where operands lie.
//
// A work-group of SIDE × SIDE work-items takes BLOCK queries and goes through the keys, BLOCK at a time; if
// IS_OF_KEYS, which is the gradient of keys and values, it takes BLOCK keys and goes through the queries. Of
// a block of scores, a work-item has PER_ITEM × PER_ITEM in registers, at rows y · PER_ITEM + a and columns
// x + b · SIDE, and of the results, which are sums over blocks, PER_ITEM rows and every SIDE-th column. What
// all need of a block of scores goes through local memory. Of blocks that IS_CAUSAL makes empty nothing is
// computed.
//
// A unit of work is a block of queries, or of keys.

#define SIDE 16
#define PER_ITEM 4
#define BLOCK (SIDE * PER_ITEM)
#define BLOCKS(count) (((count) + BLOCK - 1) / BLOCK)
// The terms of a slice of both operands.
#define SLICE 16
// Rows are padded, so that few of the work-items that go down a column meet in one bank.
#define SLICE_ROW (BLOCK + 1)
#define BLOCK_ROW (BLOCK + 1)
// The work-items that share a row where its elements are folded, and the elements of each.
#define FOLDERS (SIDE * SIDE / BLOCK)
#define FOLDED (BLOCK / FOLDERS)
#define ITEMS_OF(columns) (((columns) + SIDE - 1) / SIDE)

#define X (LOCAL_ID % SIDE)
#define Y (LOCAL_ID / SIDE)
// Parts of the local memory.
#define LEFT_SLICE (scratch)
#define RIGHT_SLICE (LEFT_SLICE + SLICE * SLICE_ROW)
#define WEIGHTS (RIGHT_SLICE + SLICE * SLICE_ROW)
#define PARTS (WEIGHTS + BLOCK * BLOCK_ROW)
#define ROW_VALUES (PARTS + SIDE * SIDE)

// PoCL's compiler fails where two calls of a function with barriers remain.
#define INLINE __attribute__((always_inline)) static

// Brings a slice of `count` rows, from term `first` of `terms` on, zeros beyond them.
INLINE void FETCH(
    global const real *rows, int stride, int count, int first, int terms, local real *slice) {
  for (int slot = LOCAL_ID; slot < BLOCK * SLICE; slot += SIDE * SIDE) {
    const int row = slot / SLICE, term = first + slot % SLICE;
    slice[slot % SLICE * SLICE_ROW + slot / SLICE] =
        row < count && term < terms ? rows[(size_t)row * stride + term] : 0;
  }
}

// products[a][b] = Σ_k left[row a, k] · right[column b, k]
INLINE void MULTIPLY(
    real products[PER_ITEM][PER_ITEM], global const real *left, int left_stride, int left_count,
    global const real *right, int right_stride, int right_count, int terms, local real *scratch) {
  for (int a = 0; a < PER_ITEM; ++a)
    for (int b = 0; b < PER_ITEM; ++b) products[a][b] = 0;
  for (int first = 0; first < terms; first += SLICE) {
    FETCH(left, left_stride, left_count, first, terms, LEFT_SLICE);
    FETCH(right, right_stride, right_count, first, terms, RIGHT_SLICE);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int k = 0; k < SLICE; ++k) {
      real l[PER_ITEM], r[PER_ITEM];
#pragma unroll
      for (int a = 0; a < PER_ITEM; ++a) {
        l[a] = LEFT_SLICE[k * SLICE_ROW + Y * PER_ITEM + a];
        r[a] = RIGHT_SLICE[k * SLICE_ROW + X + a * SIDE];
      }
#pragma unroll
      for (int a = 0; a < PER_ITEM; ++a)
#pragma unroll
        for (int b = 0; b < PER_ITEM; ++b)
          products[a][b] = MULTIPLY_ADD(l[a], r[b], products[a][b]);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
  }
}

// Adds Σ_j weight(row a, j) · rows[j, column c] of `count` rows to the work-item's results. The weight is in WEIGHTS
// at row and j or, if `isTransposed`, at j and row.
#define ADD_MEANS(results, columns, isTransposed, rows, stride, count)                            \
  for (int j = 0; j < (count); ++j) {                                                             \
    real weight[PER_ITEM];                                                                        \
    for (int a = 0; a < PER_ITEM; ++a)                                                            \
      weight[a] = WEIGHTS[(isTransposed) ? j * BLOCK_ROW + Y * PER_ITEM + a                       \
                                         : (Y * PER_ITEM + a) * BLOCK_ROW + j];                   \
    for (int c = 0; c < ITEMS_OF(columns); ++c)                                                   \
      if (ITEMS_OF(columns) * SIDE == (columns) || X + c * SIDE < (columns)) {                    \
        const real value = (rows)[(size_t)j * (stride) + X + c * SIDE];                           \
        for (int a = 0; a < PER_ITEM; ++a)                                                        \
          results[a][c] = MULTIPLY_ADD(weight[a], value, results[a][c]);                          \
      }                                                                                           \
  }

#define CLEAR(results, columns)             \
  for (int a = 0; a < PER_ITEM; ++a)        \
    for (int c = 0; c < ITEMS_OF(columns); ++c) results[a][c] = 0;

// Stores results of `count` rows, each times FACTOR, an expression of `a`.
#define STORE_ROWS(results, columns, target, count, FACTOR)                              \
  for (int a = 0; a < PER_ITEM; ++a)                                                     \
    for (int c = 0; c < ITEMS_OF(columns); ++c)                                          \
      if (Y * PER_ITEM + a < (count) && X + c * SIDE < (columns))                        \
        (target)[(size_t)(Y * PER_ITEM + a) * (columns) + X + c * SIDE] = results[a][c] * (FACTOR);

// What of an element of a block: whether a query looks at a key.
#define IS_SEEN(query, key) ((query) < QUERIES && (key) < KEYS && (!IS_CAUSAL || (key) <= (query)))

// The row whose elements this work-item helps to fold, and where its own begin. `combined` is what `result` and `other`
// make.
#define FOLDED_ROW (LOCAL_ID / FOLDERS)
#define FIRST_FOLDED (LOCAL_ID % FOLDERS * FOLDED)
#define FOLD(result, combined)                                      \
  PARTS[LOCAL_ID] = result;                                         \
  barrier(CLK_LOCAL_MEM_FENCE);                                     \
  result = PARTS[FOLDED_ROW * FOLDERS];                             \
  for (int folder = 1; folder < FOLDERS; ++folder) {                \
    const real other = PARTS[FOLDED_ROW * FOLDERS + folder];        \
    result = combined;                                              \
  }                                                                 \
  barrier(CLK_LOCAL_MEM_FENCE);

#if !IS_GRADIENT

static void ATTEND(int unit SECTION_PARAMETERS) {
  const int matrix = unit / BLOCKS(QUERIES);
  const int first = unit % BLOCKS(QUERIES) * BLOCK;
  const int count = min(BLOCK, QUERIES - first);
  global const real *query_rows = queries + QUERY_PLACE(matrix) + (size_t)first * QUERY_ROW;
  global const real *key_rows = keys + KEY_PLACE(matrix);
  global const real *value_rows = values + VALUE_PLACE(matrix);
  real sums[PER_ITEM][ITEMS_OF(HEAD_DEPTH)];
  CLEAR(sums, HEAD_DEPTH)
  // Of FOLDED_ROW.
  real greatest = -INFINITY, total = 0;
  const int end = IS_CAUSAL ? min(KEYS, first + count) : KEYS;
  for (int key = 0; key < end; key += BLOCK) {
    const int key_count = min(BLOCK, end - key);
    real scores[PER_ITEM][PER_ITEM];
    MULTIPLY(scores, query_rows, QUERY_ROW, count, key_rows + (size_t)key * KEY_ROW, KEY_ROW,
             key_count, HEAD_WIDTH, scratch);
    for (int a = 0; a < PER_ITEM; ++a)
      for (int b = 0; b < PER_ITEM; ++b) {
        const int row = Y * PER_ITEM + a, column = X + b * SIDE;
        const bool is_seen = column < key_count && IS_SEEN(first + row, key + column);
        WEIGHTS[row * BLOCK_ROW + column] = is_seen ? scores[a][b] * SCALE : -INFINITY;
      }
    barrier(CLK_LOCAL_MEM_FENCE);
    local real *own = WEIGHTS + FOLDED_ROW * BLOCK_ROW + FIRST_FOLDED;
    real most = greatest;
    for (int j = 0; j < FOLDED; ++j) most = own[j] > most ? own[j] : most;
    FOLD(most, other > most ? other : most)
    // Of infinities alone, differences would be none.
    const real shift = most == -INFINITY ? 0 : most;
    const real factor = exp(greatest - shift);
    real sum = 0;
    for (int j = 0; j < FOLDED; ++j) {
      own[j] = exp(own[j] - shift);
      sum += own[j];
    }
    FOLD(sum, sum + other)
    total = total * factor + sum;
    greatest = most;
    if (LOCAL_ID % FOLDERS == 0) ROW_VALUES[FOLDED_ROW] = factor;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int a = 0; a < PER_ITEM; ++a)
      for (int c = 0; c < ITEMS_OF(HEAD_DEPTH); ++c)
        sums[a][c] *= ROW_VALUES[Y * PER_ITEM + a];
    ADD_MEANS(sums, HEAD_DEPTH, false, value_rows + (size_t)key * VALUE_ROW, VALUE_ROW, key_count)
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  const size_t place = (size_t)matrix * QUERIES + first;
  if (LOCAL_ID % FOLDERS == 0) {
    ROW_VALUES[FOLDED_ROW] = total;
    if (FOLDED_ROW < count)
      log_sums[place + FOLDED_ROW] = log(total) + (greatest == -INFINITY ? 0 : greatest);
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  STORE_ROWS(sums, HEAD_DEPTH, means + place * HEAD_DEPTH, count, 1 / ROW_VALUES[Y * PER_ITEM + a])
  barrier(CLK_LOCAL_MEM_FENCE);
}

#else

// Puts the logarithm and Σ_d cotangent · means of each of `count` queries from `first` on where all find them.
#define LOG_SUM(row) ROW_VALUES[row]
#define PRODUCT(row) ROW_VALUES[BLOCK + (row)]
#define FIND_ROW_VALUES(matrix, first, count)                                                     \
  {                                                                                               \
    const size_t own_place = (size_t)(matrix) * QUERIES + (first) + min(FOLDED_ROW, (count)-1);   \
    const int own_row = min(FOLDED_ROW, (count)-1);                                               \
    real product = 0;                                                                             \
    for (int d = LOCAL_ID % FOLDERS; d < HEAD_DEPTH; d += FOLDERS)                                \
      product = MULTIPLY_ADD(cotangent_rows[(size_t)((first) + own_row) * COTANGENT_ROW + d],     \
                             means[own_place * HEAD_DEPTH + d], product);                         \
    FOLD(product, product + other)                                                                \
    if (LOCAL_ID % FOLDERS == 0) {                                                                \
      LOG_SUM(FOLDED_ROW) = log_sums[own_place];                                                  \
      PRODUCT(FOLDED_ROW) = product;                                                              \
    }                                                                                             \
    barrier(CLK_LOCAL_MEM_FENCE);                                                                 \
  }

static void ATTEND(int unit SECTION_PARAMETERS) {
  const int blocks = BLOCKS(IS_OF_KEYS ? KEYS : QUERIES);
  const int matrix = unit / blocks;
  const int own_first = unit % blocks * BLOCK;
  global const real *query_rows = queries + QUERY_PLACE(matrix);
  global const real *key_rows = keys + KEY_PLACE(matrix);
  global const real *value_rows = values + VALUE_PLACE(matrix);
  global const real *cotangent_rows = cotangent + COTANGENT_PLACE(matrix);
#if IS_OF_KEYS
  real key_sums[PER_ITEM][ITEMS_OF(HEAD_WIDTH)];
  real value_sums[PER_ITEM][ITEMS_OF(HEAD_DEPTH)];
  CLEAR(key_sums, HEAD_WIDTH)
  CLEAR(value_sums, HEAD_DEPTH)
  const int begin = IS_CAUSAL ? own_first : 0, end = QUERIES;
#else
  real sums[PER_ITEM][ITEMS_OF(HEAD_WIDTH)];
  CLEAR(sums, HEAD_WIDTH)
  const int begin = 0, end = IS_CAUSAL ? min(KEYS, own_first + BLOCK) : KEYS;
  FIND_ROW_VALUES(matrix, own_first, min(BLOCK, QUERIES - own_first))
#endif
  for (int other_first = begin; other_first < end; other_first += BLOCK) {
    const int first = IS_OF_KEYS ? other_first : own_first;
    const int key = IS_OF_KEYS ? own_first : other_first;
    const int count = min(BLOCK, QUERIES - first), key_count = min(BLOCK, KEYS - key);
#if IS_OF_KEYS
    FIND_ROW_VALUES(matrix, first, count)
#endif
    real weights[PER_ITEM][PER_ITEM], slopes[PER_ITEM][PER_ITEM];
    MULTIPLY(weights, query_rows + (size_t)first * QUERY_ROW, QUERY_ROW, count,
             key_rows + (size_t)key * KEY_ROW, KEY_ROW, key_count, HEAD_WIDTH, scratch);
    MULTIPLY(slopes, cotangent_rows + (size_t)first * COTANGENT_ROW, COTANGENT_ROW, count,
             value_rows + (size_t)key * VALUE_ROW, VALUE_ROW, key_count, HEAD_DEPTH, scratch);
    for (int a = 0; a < PER_ITEM; ++a)
      for (int b = 0; b < PER_ITEM; ++b) {
        const int row = Y * PER_ITEM + a, column = X + b * SIDE;
        const bool is_seen = IS_SEEN(first + row, key + column);
        const real weight = exp(weights[a][b] * SCALE - LOG_SUM(row));
        const real slope = SCALE * weight * (slopes[a][b] - PRODUCT(row));
        weights[a][b] = is_seen ? weight : 0;
        slopes[a][b] = is_seen ? slope : 0;
        WEIGHTS[row * BLOCK_ROW + column] = IS_OF_KEYS ? weights[a][b] : slopes[a][b];
      }
    barrier(CLK_LOCAL_MEM_FENCE);
#if IS_OF_KEYS
    ADD_MEANS(value_sums, HEAD_DEPTH, true, cotangent_rows + (size_t)first * COTANGENT_ROW,
              COTANGENT_ROW, count)
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int a = 0; a < PER_ITEM; ++a)
      for (int b = 0; b < PER_ITEM; ++b)
        WEIGHTS[(Y * PER_ITEM + a) * BLOCK_ROW + X + b * SIDE] = slopes[a][b];
    barrier(CLK_LOCAL_MEM_FENCE);
    ADD_MEANS(key_sums, HEAD_WIDTH, true, query_rows + (size_t)first * QUERY_ROW, QUERY_ROW, count)
#else
    ADD_MEANS(sums, HEAD_WIDTH, false, key_rows + (size_t)key * KEY_ROW, KEY_ROW, key_count)
#endif
    barrier(CLK_LOCAL_MEM_FENCE);
  }
#if IS_OF_KEYS
  const size_t place = (size_t)matrix * KEYS + own_first;
  STORE_ROWS(key_sums, HEAD_WIDTH, of_keys + place * HEAD_WIDTH, min(BLOCK, KEYS - own_first), 1)
  STORE_ROWS(value_sums, HEAD_DEPTH, of_values + place * HEAD_DEPTH, min(BLOCK, KEYS - own_first), 1)
#else
  const size_t place = (size_t)matrix * QUERIES + own_first;
  STORE_ROWS(sums, HEAD_WIDTH, of_queries + place * HEAD_WIDTH, min(BLOCK, QUERIES - own_first), 1)
#endif
}

#undef LOG_SUM
#undef PRODUCT
#undef FIND_ROW_VALUES
#endif

SECTION_FUNCTION SECTION(int begin, int end SECTION_PARAMETERS) {
  for (int unit = begin; unit < end; ++unit) ATTEND(unit SECTION_ARGUMENTS);
}

#undef SIDE
#undef PER_ITEM
#undef BLOCK
#undef BLOCKS
#undef SLICE
#undef SLICE_ROW
#undef BLOCK_ROW
#undef FOLDERS
#undef FOLDED
#undef ITEMS_OF
#undef X
#undef Y
#undef LEFT_SLICE
#undef RIGHT_SLICE
#undef WEIGHTS
#undef PARTS
#undef ROW_VALUES
#undef INLINE
#undef ADD_MEANS
#undef CLEAR
#undef STORE_ROWS
#undef IS_SEEN
#undef FOLDED_ROW
#undef FIRST_FOLDED
#undef FOLD
