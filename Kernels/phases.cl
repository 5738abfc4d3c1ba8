// A launch that goes through phases, again and again: its work-groups take the shares of a phase one
// by one and go on to the next phase when all shares of this one are done.
//
// A work-group waits only for shares that another one has taken and works at, or will when the phase
// before is done. So it does not matter how many work-groups run at the same time: one alone does all
// shares itself and never waits.
//
// Shares come from stocks. On a CPU every work-group has one of its own, the same shares in every
// replay, so that a core finds in its cache what it left there; done with them, it takes those of
// others. On a GPU all take from one stock. `stocks` is their number.
//
// counters  for each phase of each replay, its `place`, the number of shares done, then for each stock
//           the number of attempts to take one; at the end the number of work-groups that are through.
//           Each has lines of its own, COUNTER_STRIDE apart. The last work-group leaves zeros, as it
//           found them.

#define DONE(place) (counters + (place) * (stocks + 1) * COUNTER_STRIDE)
#define TAKEN(place, stock) (DONE(place) + ((stock) + 1) * COUNTER_STRIDE)

// Orders memory as all work-groups see it. The fence of OpenCL C 1.2 is meant for one work-group; it
// is enough where all share a coherent cache.
#ifdef FENCE_IS_PTX
#define DEVICE_FENCE __asm__ volatile("membar.gl;" ::: "memory")
#else
#define DEVICE_FENCE mem_fence(CLK_GLOBAL_MEM_FENCE)
#endif

#if GROUP_SIZE == 1

#define LONGEST_WAIT (1 << 19)

// The number of a share of `count`, from the work-group's own stock first; −1 if all are taken.
SEPARATE int take_share(
    volatile global int *counters, int place, int count, int stocks, int own_stock) {
  for (int turn = 0; turn < stocks; ++turn) {
    const int stock = (own_stock + turn) % stocks;
    const int first = count * stock / stocks;
    const int size = count * (stock + 1) / stocks - first;
    volatile global int *taken = TAKEN(place, stock);
    // Only looking, first, leaves the line with the core that has it.
    if (*taken >= size) continue;
    const int number = atomic_inc(taken);
    if (number < size) return first + number;
  }
  return -1;
}

static void end_share(volatile global int *counters, int place, int stocks) {
  DEVICE_FENCE;
  atomic_inc(DONE(place));
}

// Whether all `count` shares are done, for which it waits; if not, the work-group shall leave the
// launch to the others.
//
// Waiting takes a core, which another program may need that keeps the others from theirs. So nobody
// waits for much longer than a share takes: 0.1 to 0.2 ms. The last work-group stays.
SEPARATE bool end_phase(
    volatile global int *counters, volatile global int *through, int place, int count, int stocks,
    int work_groups) {
  for (int turn = 1; *DONE(place) < count; ++turn) {
    if (turn % LONGEST_WAIT == 0) {
      if (atomic_inc(through) < work_groups - 1) return false;
      atomic_dec(through);
    }
  }
  // The loop only looks; this takes part in the order of all that counts here, so that what others
  // wrote before they counted is seen from here on.
  atomic_add(DONE(place), 0);
  DEVICE_FENCE;
  return true;
}

#define BEGIN_PHASES(places) const int stocks = work_groups;
#define TAKE_SHARE(place, count) take_share(counters, place, count, stocks, work_group)
#define END_PHASE(place, count) \
  if (!end_phase(counters, through, place, count, stocks, work_groups)) return;

#else

// The first work-item of a group looks and counts for all, who read in `message` what it found.
#define IS_FIRST_ITEM (LOCAL_ID == 0)

// The number of a share of `count`; −1 once all are done.
//
// An attempt takes as long as memory that all see is away. So the first one for a phase is made while
// the one before ends: ahead[0] is the number that was found for this phase, ahead[1] for the next, or
// −1. No more are made before looking whether there are shares left.
static int take_share(
    volatile global int *counters, int place, int count, int stocks, int *ahead,
    local int *message) {
  if (IS_FIRST_ITEM) {
    int share = ahead[0];
    ahead[0] = INT_MAX;
    if (share >= count) {
      share = -1;
      if (ahead[1] < 0) ahead[1] = atomic_inc(TAKEN(place + 1, 0));
      for (;;) {
        const int done = *DONE(place), taken = *TAKEN(place, 0);
        if (done >= count) break;
        if (taken >= count) continue;
        const int number = atomic_inc(TAKEN(place, 0));
        if (number < count) {
          share = number;
          break;
        }
      }
    }
    if (share < 0) {
      ahead[0] = ahead[1];
      ahead[1] = -1;
      DEVICE_FENCE;
    }
    *message = share;
  }
  GROUP_BARRIER;
  const int share = *message;
  GROUP_BARRIER;
  return share;
}

static void end_share(volatile global int *counters, int place, int stocks) {
  GROUP_BARRIER;
  if (!IS_FIRST_ITEM) return;
  DEVICE_FENCE;
  atomic_inc(DONE(place));
}

// Work-groups that start when others are through, for a GPU had no room for all, find nothing to do.
#define BEGIN_PHASES(places)                                    \
  const int stocks = 1;                                         \
  local int message[1];                                         \
  int ahead[2] = {INT_MAX, -1};                                 \
  if (IS_FIRST_ITEM) message[0] = *through;                     \
  GROUP_BARRIER;                                                \
  const bool is_late = message[0] > 0;                          \
  GROUP_BARRIER;                                                \
  if (is_late) {                                                \
    end_phases(counters, through, places, stocks, work_groups); \
    return;                                                     \
  }                                                             \
  if (IS_FIRST_ITEM) ahead[0] = atomic_inc(TAKEN(0, 0));
#define TAKE_SHARE(place, count) take_share(counters, place, count, stocks, ahead, message)
#define END_PHASE(place, count)

#endif

#define FOR_SHARES(place, count) \
  for (int group; (group = TAKE_SHARE(place, count)) >= 0; end_share(counters, place, stocks))

// Ends the launch, of so many places in all, for a work-group that has not left before.
static void end_phases(
    volatile global int *counters, volatile global int *through, int places, int stocks,
    int work_groups) {
  if (LOCAL_ID != 0 || atomic_inc(through) < work_groups - 1) return;
  DEVICE_FENCE;
  // On a GPU attempts were made for the place behind the last one.
  for (int i = 0; i < (places + 1) * (stocks + 1); ++i) counters[i * COUNTER_STRIDE] = 0;
  *through = 0;
}
