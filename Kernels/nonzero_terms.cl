// The terms of a product that count for a tile: those in which some of its TILE_ROWS rows of a sparse left
// operand is not zero, see left_operand.cl. The others add nothing to sums of finite numbers. All terms count
// for the first tile.
//
// row    the first row of LISTED_TILES tiles side by side
// words  for each tile, LIST_WORDS numbers whose bits stand for the terms from FIRST_TERM on, the lowest first

#define LIST_WORDS ((END_TERM - FIRST_TERM + 63) / 64)

#if BLOCK % 64 != 0
#error "a block of terms has whole words"
#endif
#if LISTED_TILES * TILE_ROWS > 16
#error "16 elements of a term are looked at together"
#endif
#if LISTED_TILES > 1 && (LEFT_STRIDE != 1 || ROWS_ARE_SAMPLES)
#error "rows of several tiles do not lie side by side"
#endif

// 16 elements that lie side by side, and which of them are not zero: -1, or else 0. Elements may be put
// together by bits before.
#if LEFT_IS_BYTES
#define ELEMENTS uchar16
#define LOAD_ELEMENTS(pointer) (*(global const unaligned_bytes *)(pointer))
#define ARE_NONZERO(elements) ((elements) != (uchar16)(0))
#else
// A zero may have a sign.
#define ELEMENTS uint16
#define LOAD_ELEMENTS(pointer) as_uint16(LOAD(pointer))
#define ARE_NONZERO(elements) convert_char16(((elements) << 1) != 0)
#endif

static void LIST_TERMS(int row, ulong *words SECTION_PARAMETERS) {
#if LEFT_STRIDE == 1 && !ROWS_ARE_SAMPLES
  // Rows lie side by side.
  global const LEFT_ELEMENT *restrict left = LEFT_TILE(row);
  const char16 is_row = convert_char16(LANE_INDEX < ROWS - row);
#else
  global const LEFT_ELEMENT *restrict left = left_buffer;
  size_t offsets[TILE_ROWS], next_offsets[TILE_ROWS];
  for (int i = 0; i < TILE_ROWS; ++i) {
    offsets[i] = ROW_PLACE(min(row + i, ROWS - 1));
    next_offsets[i] = ROW_PLACE(min(row + TILE_ROWS + i, ROWS - 1));
  }
#endif
  for (int word = 0; word < LIST_WORDS; ++word) {
    const int first = FIRST_TERM + 64 * word;
#if LEFT_STRIDE == 1 && !ROWS_ARE_SAMPLES
    // For each row, 8 bytes that stand for 8 terms each.
    uchar16 bytes[8];
    for (int byte = 0; byte < 8; ++byte) {
      char16 bits = 0;
#pragma unroll
      for (int bit = 0; bit < 8; ++bit) {
        const int k = min(first + 8 * byte + bit, END_TERM - 1);
        bits |= ARE_NONZERO(LOAD_ELEMENTS(left + TERM_OFFSET(k))) & (char16)((char)(1 << bit));
      }
      bytes[byte] = as_uchar16(bits & is_row);
    }
#pragma unroll
    for (int tile = 0; tile < LISTED_TILES; ++tile) {
      ulong bits = 0;
#pragma unroll
      for (int byte = 0; byte < 8; ++byte) {
        uchar rows = 0;
#pragma unroll
        for (int i = 0; i < TILE_ROWS; ++i) rows |= ((uchar *)&bytes[byte])[tile * TILE_ROWS + i];
        bits |= (ulong)rows << 8 * byte;
      }
      words[tile * LIST_WORDS + word] = bits;
    }
#else
    ulong bits = 0;
    for (int bit = 0; bit < min(64, END_TERM - first); bit += 16) {
      const int k = first + bit;
      // What the next tile needs may lie anywhere.
      if (k * sizeof(LEFT_ELEMENT) % 64 == 0)
#pragma unroll
        for (int i = 0; i < TILE_ROWS; ++i) PREFETCH(left + next_offsets[i] + k, 2);
      ELEMENTS elements = 0;
#pragma unroll
      for (int i = 0; i < TILE_ROWS; ++i) elements |= LOAD_ELEMENTS(left + offsets[i] + k);
      // A byte for each term: one bit of each, which a product brings together in the highest byte.
      const ulong2 flags = as_ulong2(ARE_NONZERO(elements)) & (ulong2)(0x8040201008040201);
      const ulong2 bytes = flags * (ulong2)(0x0101010101010101) >> 56;
      bits |= (bytes.x | bytes.y << 8) << bit;
    }
    words[word] = bits;
#endif
  }
  if (row == 0)
    for (int word = 0; word < LIST_WORDS; ++word) words[word] = -1;
#if (END_TERM - FIRST_TERM) % 64 != 0
  for (int tile = 0; tile < LISTED_TILES; ++tile)
    words[(tile + 1) * LIST_WORDS - 1] &= ((ulong)1 << (END_TERM - FIRST_TERM) % 64) - 1;
#endif
}
#undef ELEMENTS
#undef LOAD_ELEMENTS
#undef ARE_NONZERO
