// counters[COUNTER] += 1: one unit of work.

SECTION_FUNCTION SECTION(int begin, int end SECTION_PARAMETERS) {
  if (get_local_id(0) == 0) counters[COUNTER] += 1;
}
