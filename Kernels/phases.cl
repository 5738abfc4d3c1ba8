// A launch that goes through phases, again and again: its work-groups take the shares of a phase one
// by one and go on to the next phase when all shares of this one are done.
//
// A work-group waits only for shares that another one has taken and works at. So it does not matter
// how many work-groups run at the same time: one alone does all shares itself and never waits.
//
// Every work-group has shares of its own, the same in every replay, so that a core finds in its cache
// what it left there; done with them, it takes those of others.
//
// counters  for each phase the number of shares done, then for each work-group the number of its
//           shares that were taken, both counted on over replays; and at the end the number of
//           work-groups that are through. Each has lines of its own. The last work-group leaves
//           them as it found them, 0. They are COUNTER_STRIDE apart.

#define LONGEST_WAIT (1 << 17)
#define COUNTERS(phase) (counters + (phase) * (workers + 1) * COUNTER_STRIDE)

// The number of a share of a phase of `count` shares in a replay; −1 if all are taken.
static int take_share(volatile global int *counters, int phase, int count, int replay) {
  const int workers = get_num_groups(0);
  for (int turn = 0; turn < workers; ++turn) {
    const int owner = (get_group_id(0) + turn) % workers;
    const int first = count * owner / workers;
    const int own = count * (owner + 1) / workers - first;
    volatile global int *taken = COUNTERS(phase) + (owner + 1) * COUNTER_STRIDE;
    for (;;) {
      const int number = *taken;
      if (number >= (replay + 1) * own) break;
      if (atomic_cmpxchg(taken, number, number + 1) == number) return first + number - replay * own;
    }
  }
  return -1;
}

static void end_share(volatile global int *counters, int phase) {
  const int workers = get_num_groups(0);
  mem_fence(CLK_GLOBAL_MEM_FENCE);
  atomic_inc(COUNTERS(phase));
}

// Whether all shares of a phase in a replay are done, for which it waits; if not, the work-group
// shall leave the launch to the others.
//
// Waiting takes a core, which another program may need that keeps the others from theirs. So nobody
// waits for much longer than a share takes; the last work-group stays.
static bool end_phase(volatile global int *counters, int phases, int phase, int count, int replay) {
  const int workers = get_num_groups(0);
  volatile global int *through = COUNTERS(phases);
  for (int turn = 1; *COUNTERS(phase) < (replay + 1) * count; ++turn) {
    if (turn % LONGEST_WAIT == 0) {
      if (atomic_inc(through) < workers - 1) return false;
      atomic_dec(through);
    }
  }
  // The loop only looks; this takes part in the order of all that counts here, so that what others
  // wrote before they counted is seen from here on.
  atomic_add(COUNTERS(phase), 0);
  mem_fence(CLK_GLOBAL_MEM_FENCE);
  return true;
}

// Ends the launch for a work-group that has not left before.
static void end_replays(volatile global int *counters, int phases) {
  const int workers = get_num_groups(0);
  if (atomic_inc(COUNTERS(phases)) < workers - 1) return;
  for (int i = 0; i <= phases * (workers + 1); ++i) counters[i * COUNTER_STRIDE] = 0;
}

#define FOR_SHARES(counters, phase, count, replay)                                     \
  for (int group; (group = take_share(counters, phase, count, replay)) >= 0;           \
       end_share(counters, phase))
