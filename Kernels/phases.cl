// A launch that goes through phases, again and again: its work-groups take the shares of a phase one
// by one and go on to the next phase when all shares of this one are done.
//
// A work-group waits only for shares that another one has taken and works at. So it does not matter
// how many work-groups run at the same time: one alone does all shares itself and never waits.
//
// On a CPU every work-group has shares of its own, the same in every replay, so that a core finds in
// its cache what it left there; done with them, it takes those of others. On a GPU all take from one
// stock, at one look.
//
// counters  for each phase of each replay the number of shares done, then for each stock the number of
//           attempts to take one; and at the end the number of work-groups that are through. Each has
//           lines of its own, COUNTER_STRIDE apart. The last work-group leaves zeros, as it found them.
//
// Work-items of a group act as one: the first looks and counts, `message` in local memory tells the
// others what it found.

#define LONGEST_WAIT (1 << 17)
#define STOCKS (GROUP_SIZE == 1 ? (int)get_num_groups(0) : 1)
#define COUNTERS(phase) (counters + (phase) * (STOCKS + 1) * COUNTER_STRIDE)

// Orders memory as all work-groups see it, for which a fence of OpenCL C 1.2 is enough where all share
// a coherent cache.
#ifdef FENCE_IS_PTX
#define DEVICE_FENCE asm volatile("membar.gl;" ::: "memory")
#else
#define DEVICE_FENCE mem_fence(CLK_GLOBAL_MEM_FENCE)
#endif

#if GROUP_SIZE > 1
#define IS_FIRST_ITEM (get_local_id(0) == 0)
#define TELL(value)                      \
  if (IS_FIRST_ITEM) *message = (value); \
  GROUP_BARRIER;                         \
  (value) = *message;                    \
  GROUP_BARRIER;
#else
#define IS_FIRST_ITEM true
#define TELL(value)
#endif

// The number of a share of `count` of a phase; −1 if all are taken.
static int take_share(volatile global int *counters, int phase, int count, local int *message) {
  int share = -1;
  if (IS_FIRST_ITEM) {
    for (int turn = 0; turn < STOCKS && share < 0; ++turn) {
      const int stock = (get_group_id(0) + turn) % STOCKS;
      const int first = count * stock / STOCKS;
      const int size = count * (stock + 1) / STOCKS - first;
      volatile global int *taken = COUNTERS(phase) + (stock + 1) * COUNTER_STRIDE;
      // Only looking, first, leaves the line to whom it belongs.
      if (*taken >= size) continue;
      const int number = atomic_inc(taken);
      if (number < size) share = first + number;
    }
  }
  TELL(share)
  return share;
}

static void end_share(volatile global int *counters, int phase) {
  GROUP_BARRIER;
  if (IS_FIRST_ITEM) {
    DEVICE_FENCE;
    atomic_inc(COUNTERS(phase));
  }
}

// Whether all `count` shares of a phase are done, for which it waits; if not, the work-group shall
// leave the launch to the others.
//
// Waiting takes a core, which another program may need that keeps the others from theirs. So nobody
// waits for much longer than a share takes; the last work-group stays.
static bool end_phase(
    volatile global int *counters, volatile global int *through, int phase, int count,
    local int *message) {
  int is_done = true;
  if (IS_FIRST_ITEM) {
    for (int turn = 1; is_done && *COUNTERS(phase) < count; ++turn) {
      if (turn % LONGEST_WAIT == 0) {
        if (atomic_inc(through) < (int)get_num_groups(0) - 1)
          is_done = false;
        else
          atomic_dec(through);
      }
    }
    // The loop only looks; this takes part in the order of all that counts here, so that what others
    // wrote before they counted is seen from here on.
    atomic_add(COUNTERS(phase), 0);
    DEVICE_FENCE;
  }
  TELL(is_done)
  return is_done;
}

// Ends the launch, of so many phases in all, for a work-group that has not left before.
static void end_replays(volatile global int *counters, volatile global int *through, int phases) {
  if (!IS_FIRST_ITEM || atomic_inc(through) < (int)get_num_groups(0) - 1) return;
  for (int i = 0; i < phases * (STOCKS + 1); ++i) counters[i * COUNTER_STRIDE] = 0;
  *through = 0;
}

#define FOR_SHARES(counters, phase, count, message)                                    \
  for (int group; (group = take_share(counters, phase, count, message)) >= 0;          \
       end_share(counters, phase))
