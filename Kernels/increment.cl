// counters[COUNTER] += 1: one unit of work.

SECTION_FUNCTION SECTION(int begin, int end SECTION_PARAMETERS) {
  if (LOCAL_ID == 0) counters[COUNTER] += 1;
}
