// A tile of sums for attention on CPUs, in registers:
//
// target[i, j] = Σ_k left[i · LEFT_ROW + k · LEFT_TERM] · right[k · RIGHT_TERM + j]
//
// added to what is there if ADDS, for TILE_ROWS rows and TILE_VECTORS·16 columns, of which the first
// `columns` are stored; `terms` is the number of terms. The operands lie in LEFT_SPACE and RIGHT_SPACE, the
// target, whose rows are TARGET_ROW apart, in TARGET_SPACE.

SEPARATE void TILE(
    LEFT_SPACE const real *left, RIGHT_SPACE const real *right, TARGET_SPACE real *target,
    int terms, int columns) {
  vec sum[TILE_ROWS * TILE_VECTORS];
#pragma unroll
  for (int i = 0; i < TILE_ROWS * TILE_VECTORS; ++i) sum[i] = (vec)(0);
#pragma nounroll
  for (int k = 0; k < terms; ++k) {
    vec b[TILE_VECTORS];
#pragma unroll
    for (int j = 0; j < TILE_VECTORS; ++j) b[j] = VEC_AT(RIGHT_SPACE const, right + j * WIDTH);
#pragma unroll
    for (int i = 0; i < TILE_ROWS; ++i) {
      const vec a = (vec)(left[i * (LEFT_ROW)]);
#pragma unroll
      for (int j = 0; j < TILE_VECTORS; ++j)
        sum[i * TILE_VECTORS + j] = MULTIPLY_ADD(a, b[j], sum[i * TILE_VECTORS + j]);
    }
    left += LEFT_TERM;
    right += RIGHT_TERM;
  }
#pragma unroll
  for (int i = 0; i < TILE_ROWS; ++i)
#pragma unroll
    for (int j = 0; j < TILE_VECTORS; ++j) {
      TARGET_SPACE real *place = target + i * (TARGET_ROW) + j * WIDTH;
      vec value = sum[i * TILE_VECTORS + j];
#if TARGET_IS_PRIVATE
      if (ADDS) value += VEC_AT(TARGET_SPACE const, place);
      VEC_AT(TARGET_SPACE, place) = value;
#else
      if (j * WIDTH < columns) {
        if (ADDS) value += VEC_AT(TARGET_SPACE const, place);
        store(value, place, columns - j * WIDTH);
      }
#endif
    }
}
