// counters[COUNTER] += 1. Global size: 1.

kernel void KERNEL(global int *counters) { counters[COUNTER] += 1; }
