// A product by tiles, see matrix_product_cpu.cl: WHOLE_TILE of TILE_ROWS rows and, if HAS_REST,
// LAST_TILE of the rows that are left. There are TILES times PANELS of each of MATRICES results, in each of PARTS.
//
// Panels are taken in groups of GROUP_PANELS, as many as a cache holds: through all tiles with the
// panels of a group, then with those of the next. So rows of the left operand are read once for each
// group, and the group from the cache. What LIST_TERMS finds in a tile is kept for all panels of a group.

#if SKIPS_ZEROS
#define TERM_ARGUMENTS , words + (tile - listed) * LIST_WORDS
#else
#define TERM_ARGUMENTS
#endif
#if SKIPS_ZEROS
#define PLACE_ARGUMENTS
#else
#define PLACE_ARGUMENTS part, matrix,
#endif

SECTION_FUNCTION SECTION(int begin, int end SECTION_PARAMETERS) {
#if SKIPS_ZEROS
  ulong words[LISTED_TILES * LIST_WORDS];
  int listed = -LISTED_TILES;
#endif
  for (int each = begin; each < end; ++each) {
    const int unit = each % (TILES * PANELS);
    const int matrix = each / (TILES * PANELS) % MATRICES;
    const int part = each / (TILES * PANELS * MATRICES);
    const int first_panel = unit / (TILES * GROUP_PANELS) * GROUP_PANELS;
    const int panels = min(GROUP_PANELS, PANELS - first_panel);
    const int place = unit - first_panel * TILES;
    const int tile = place / panels;
    const int panel = first_panel + place % panels;
#if SKIPS_ZEROS
    if (tile < listed || tile >= listed + LISTED_TILES) {
      listed = tile;
      LIST_TERMS(tile * TILE_ROWS, words SECTION_ARGUMENTS);
    }
#endif
#if HAS_REST
    if (tile == TILES - 1) {
      LAST_TILE(PLACE_ARGUMENTS tile * TILE_ROWS, panel TERM_ARGUMENTS SECTION_ARGUMENTS);
      continue;
    }
#endif
    WHOLE_TILE(PLACE_ARGUMENTS tile * TILE_ROWS, panel TERM_ARGUMENTS SECTION_ARGUMENTS);
  }
}
#undef TERM_ARGUMENTS
#undef PLACE_ARGUMENTS
#undef LIST_WORDS
#undef ROWS_ARE_SAMPLES
#undef ROW_PLACE
#undef MATRIX_PLACE
#undef BEGIN_TERMS
#undef NEXT_TERM
#undef LEFT_TILE
#undef FIND_ROWS
#undef ROW_OFFSET
#undef TERM_OFFSET
#undef LEFT_ELEMENT
#undef LEFT_VALUE
