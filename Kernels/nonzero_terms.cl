// The terms of a product that count for a tile: those in which some of its TILE_ROWS rows of a sparse left
// operand is not zero. The others add nothing to sums of finite numbers.
//
// left        the tile's first element; strides are those of matrix_product_cpu.cl
// lists_all   whether all terms count
// terms       gets the numbers of the terms, from FIRST_TERM on and in order, and behind them PREFETCH_TERMS
//             more to be asked for; WIDTH besides are written to
// starts      gets where those of each block of BLOCK terms begin, and where the last ones end

#if END_TERM - FIRST_TERM > 65536
#error "terms are numbered by ushort"
#endif

static void LIST_TERMS(
    global const real *restrict left, bool lists_all, ushort *terms, int *starts) {
  int count = 0;
  for (int block = FIRST_TERM; block < END_TERM; block += BLOCK) {
    const int end = min(block + BLOCK, END_TERM);
    *starts++ = count;
#if LEFT_STRIDE == 1
#pragma unroll 4
    for (int k = block; k < end; ++k) {
      PREFETCH(left + (size_t)(k + PREFETCH_TERMS) * LEFT_TERM_STRIDE, 3);
      uint bits = 0;
      for (int i = 0; i < TILE_ROWS; ++i) bits |= as_uint(left[k * LEFT_TERM_STRIDE + i]);
      terms[count] = k - FIRST_TERM;
      // Without the sign, that of a zero.
      count += lists_all || (bits << 1) != 0;
    }
#else
    for (int k = block; k < end; k += WIDTH) {
      uint16 bits = 0;
      for (int i = 0; i < TILE_ROWS; ++i) bits |= as_uint16(LOAD(left + i * LEFT_STRIDE + k));
      const ivec counts = (lists_all || (bits << 1) != 0) && LANE_INDEX < end - k;
      // A byte for each term, the first one the lowest: to take them from numbers is cheaper than from memory.
      const ulong2 flags = as_ulong2(convert_char16(counts));
      for (int part = 0; part < 2; ++part) {
        ulong rest = part == 0 ? flags.x : flags.y;
        for (int i = 0; i < 8; ++i) {
          terms[count] = k - FIRST_TERM + 8 * part + i;
          count += rest & 1;
          rest >>= 8;
        }
      }
    }
#endif
  }
  *starts = count;
  for (int i = 0; i < PREFETCH_TERMS; ++i) terms[count + i] = 0;
}
