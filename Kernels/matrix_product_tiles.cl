// A product by tiles, see matrix_product_cpu.cl: WHOLE_TILE of TILE_ROWS rows and, if HAS_REST,
// LAST_TILE of the rows that are left. There are TILES times PANELS; neighbours share rows of the
// left operand or, if ROWS_FIRST, columns of the right one.

SECTION_FUNCTION SECTION(int begin, int end SECTION_PARAMETERS) {
  for (int unit = begin; unit < end; ++unit) {
    const int tile = ROWS_FIRST ? unit % TILES : unit / PANELS;
    const int panel = ROWS_FIRST ? unit / TILES : unit % PANELS;
#if HAS_REST
    if (tile == TILES - 1) {
      LAST_TILE(tile * TILE_ROWS, panel SECTION_ARGUMENTS);
      continue;
    }
#endif
    WHOLE_TILE(tile * TILE_ROWS, panel SECTION_ARGUMENTS);
  }
}
