// Multiplies and adds in registers alone, for a device's greatest rate of arithmetic: each
// work-item does ROUNDS · CHAINS fused multiply-adds of WIDTH elements, in CHAINS chains that do not
// wait for one another.

kernel void peak(global real *result, real factor, real term) {
  const int item = get_global_id(0);
  vec chains[CHAINS];
#pragma unroll
  for (int i = 0; i < CHAINS; ++i) chains[i] = (vec)((real)(item + i));
  for (int round = 0; round < ROUNDS; ++round) {
#pragma unroll
    for (int i = 0; i < CHAINS; ++i) chains[i] = MULTIPLY_ADD(chains[i], (vec)(factor), (vec)(term));
  }
  vec sum = chains[0];
#pragma unroll
  for (int i = 1; i < CHAINS; ++i) sum += chains[i];
  result[item] = sum_in_vec(sum);
}
