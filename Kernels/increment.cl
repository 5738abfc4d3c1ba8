// counters[COUNTER] += 1: one unit of work.

static void SECTION(int begin, int end SECTION_PARAMETERS) {
  if (get_local_id(0) == 0) counters[COUNTER] += 1;
}
