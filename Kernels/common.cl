// What all kernels share: the lanes that a kernel computes with.
//
// A work-item computes WIDTH neighbouring elements at once, as one `vec`. The GROUP_SIZE work-items of
// a work-group form teams of LANES, as suits a section: a team shares a row, and the teams of a
// work-group take rows side by side. A CPU has WIDTH 16 and one work-item a group (which fills its
// vector registers), a GPU WIDTH 1 and hundreds.
//
// Loads of a `vec` may read up to 4·WIDTH − 1 elements past the end of a tensor: every buffer is
// allocated with that much to spare, and what was read there is never stored or summed.

#pragma OPENCL FP_CONTRACT OFF

typedef float real;

#if WIDTH == 16
#ifdef __clang__
// Each would be counted on the standard error. Where registers hold 8 numbers, clang warns that a vec is
// passed to functions in another way than with AVX-512; but all of them are compiled for one device. And
// it warns that it has not unrolled loops in part, which PoCL does later.
#pragma clang diagnostic ignored "-Wpsabi"
#pragma clang diagnostic ignored "-Wpass-failed"
#endif
typedef float16 vec;
typedef int16 ivec;
// One load or store each; vload16 and vstore16 are eight or more where they are functions.
typedef float16 unaligned_vec __attribute__((aligned(4)));
typedef uchar16 unaligned_bytes __attribute__((aligned(1)));
typedef int16 unaligned_ints __attribute__((aligned(4)));
#define LOAD(pointer) (*(global const unaligned_vec *)(pointer))
#define LOAD_BYTES(pointer) convert_float16(*(global const unaligned_bytes *)(pointer))
#define LOAD_INTS(pointer) convert_float16(*(global const unaligned_ints *)(pointer))
#define STORE_WHOLE(value, pointer) (*(global unaligned_vec *)(pointer) = (value))
// The same of elements in any address space, to read or to write.
#define VEC_AT(space, pointer) (*(space unaligned_vec *)(pointer))
#define LOAD_PRIVATE(elements) vload16(0, elements)
#define LANE_INDEX ((ivec)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
#define TO_REAL(value) convert_float16(value)
#define FIRST_LANE(value) ((value).s0)
#elif WIDTH == 1
typedef float vec;
typedef int ivec;
#define LOAD(pointer) (*(pointer))
#define LOAD_BYTES(pointer) ((float)*(pointer))
#define LOAD_INTS(pointer) ((float)*(pointer))
#define STORE_WHOLE(value, pointer) (*(pointer) = (value))
#define LOAD_PRIVATE(elements) (*(elements))
#define LANE_INDEX 0
#define TO_REAL(value) ((float)(value))
#define FIRST_LANE(value) (value)
#else
#error "WIDTH must be 1 or 16"
#endif

// This work-item's number in its work-group, a constant where it is alone: functions that ask for it are
// copied into each of PoCL's three forms of a kernel.
#if GROUP_SIZE == 1
#define LOCAL_ID 0
#else
#define LOCAL_ID ((int)get_local_id(0))
#endif

// This work-item's team and its place there.
#define TEAM (LOCAL_ID / LANES)
#define LANE (LOCAL_ID % LANES)
#define TEAMS (GROUP_SIZE / LANES)

// The first element of this work-item in a row, and the distance to its next.
#define LANE_START (LANE * WIDTH)
#define LANE_STEP (LANES * WIDTH)

// Goes through the rows from `begin` up to `end` where teams fold: all of them as often, since barriers
// must be met by all. A team that has no row left gets the last one, and HAS_ROW is false.
#define FOR_ROWS(begin, end)                                        \
  for (int first_row = (begin); first_row < (end); first_row += TEAMS)
#define ROW(end) min(first_row + TEAM, (end)-1)
#define HAS_ROW(end) (first_row + TEAM < (end))

// How functions begin that are compiled by themselves where a kernel is one work-item that calls them
// in many places: that takes less time than all as one. Barriers must not lie behind such a call.
#if GROUP_SIZE == 1
#define SEPARATE __attribute__((noinline)) static
#else
#define SEPARATE static
#endif
#define SECTION_FUNCTION SEPARATE void

// Where the work-items of a work-group wait for one another and see what each has written.
#if GROUP_SIZE > 1
#define GROUP_BARRIER barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)
#else
#define GROUP_BARRIER
#endif

// x·y + z, rounded once where the device has an instruction for it. Elsewhere `fma` is a function that
// takes twenty times as long, and the product is rounded, too.
#ifdef FMA_IS_EMULATED
#define MULTIPLY_ADD(x, y, z) ((x) * (y) + (z))
#else
#define MULTIPLY_ADD(x, y, z) fma(x, y, z)
#endif

#define CHOOSE(type, condition, x, y) ((condition) ? (type)(x) : (type)(y))

// Asks for a line of memory before it is needed; `locality` 3 is the nearest cache. Only for CPUs whose
// drivers are known to understand it: what other drivers translate kernels into, such as SPIR-V, may have
// no word for it, and they fail. It may be defined empty beforehand.
#if !defined(PREFETCH) && \
    (defined(__x86_64__) || defined(__aarch64__) || defined(__INTEL_CLANG_COMPILER))
#define PREFETCH(pointer, locality) __builtin_prefetch(pointer, 0, locality)
#endif
#ifndef PREFETCH
#define PREFETCH(pointer, locality)
#endif

// load_strided: elements with a stride, the last ones repeated where fewer than WIDTH are left.
// store: the first `count` elements of `value`, or all if there are fewer.
#if WIDTH == 1
#define load_strided(pointer, stride, count) (*(pointer))
#define store(value, pointer, count) (*(pointer) = (value))
#else
SEPARATE vec load_strided(global const real *pointer, int stride, int count) {
  real elements[WIDTH];
  for (int i = 0; i < WIDTH; ++i) elements[i] = pointer[min(i, count - 1) * stride];
  return vload16(0, elements);
}

// The first `count` elements of `value`, fewer than all.
SEPARATE void store_part(vec value, global real *pointer, int count) {
  float8 eight = value.lo;
  if (count & 8) {
    vstore8(eight, 0, pointer);
    pointer += 8;
    eight = value.hi;
  }
  float4 four = eight.lo;
  if (count & 4) {
    vstore4(four, 0, pointer);
    pointer += 4;
    four = eight.hi;
  }
  float2 two = four.lo;
  if (count & 2) {
    vstore2(two, 0, pointer);
    pointer += 2;
    two = four.hi;
  }
  if (count & 1) *pointer = two.lo;
}

// Transposes 16 × 16 numbers. The place of each is 8 bits, those of its row and then those of its column; a turn
// rotates them by one, so that after four turns row and column have changed places.
static void transpose(vec *rows) {
#pragma unroll
  for (int turn = 0; turn < 4; ++turn) {
    vec next[WIDTH];
#pragma unroll
    for (int i = 0; i < WIDTH / 2; ++i) {
      next[2 * i].even = rows[i].lo;
      next[2 * i].odd = rows[i + WIDTH / 2].lo;
      next[2 * i + 1].even = rows[i].hi;
      next[2 * i + 1].odd = rows[i + WIDTH / 2].hi;
    }
#pragma unroll
    for (int i = 0; i < WIDTH; ++i) rows[i] = next[i];
  }
}

static void store(vec value, global real *pointer, int count) {
  if (count >= WIDTH)
    STORE_WHOLE(value, pointer);
  else
    store_part(value, pointer, count);
}
#endif

// `value` in the first `count` lanes, `other` in the rest.
static vec keep_first(vec value, int count, real other) {
#if WIDTH == 1
  return value;
#else
  return count >= WIDTH ? value : (LANE_INDEX < (ivec)(count)) ? value : (vec)(other);
#endif
}

// The number of the row of a table that an index names; −1 if it is no whole number in 0..<rows.
static int row_number(real index, int rows) {
  return index >= 0.0f && index < (real)rows && index == floor(index) ? (int)index : -1;
}

// That of one number is rarely needed; that of a `vec` stands in loops.
SEPARATE real exp_real(real x) { return exp(x); }
#define exp_vec exp

// tanh x ≈ x · P(x²) / Q(x²) for |x| < 9.02, beyond which it rounds to ±1; NaN stays NaN.
//
// P and Q minimise the greatest relative error, 7e-9 before rounding (found by reweighted least
// squares); evaluated in float32 the result is within 5 units in the last place.
#define DEFINE_TANH(name, type)                                                   \
  static type name(type x) {                                                      \
    const type x2 = x * x;                                                        \
    type p = MULTIPLY_ADD((type)(-0x1.7bec82p-44f), x2, (type)(0x1.ce7a4cp-35f)); \
    p = MULTIPLY_ADD(p, x2, (type)(-0x1.5ac1e2p-26f));                            \
    p = MULTIPLY_ADD(p, x2, (type)(0x1.75f05cp-17f));                             \
    p = MULTIPLY_ADD(p, x2, (type)(0x1.96b76cp-9f));                              \
    p = MULTIPLY_ADD(p, x2, (type)(0x1.0bf16cp-3f));                              \
    p = MULTIPLY_ADD(p, x2, (type)(1.0f));                                        \
    type q = MULTIPLY_ADD((type)(0x1.0ad61ep-12f), x2, (type)(0x1.91444ap-6f));   \
    q = MULTIPLY_ADD(q, x2, (type)(0x1.db4e06p-2f));                              \
    q = MULTIPLY_ADD(q, x2, (type)(1.0f));                                        \
    type y = x * p / q;                                                           \
    y = CHOOSE(type, x > 9.02f || y > 1.0f, 1.0f, y);                             \
    return CHOOSE(type, x < -9.02f || y < -1.0f, -1.0f, y);                       \
  }
DEFINE_TANH(tanh_real, real)
#if WIDTH > 1
DEFINE_TANH(tanh_vec, vec)
#else
#define tanh_vec tanh_real
#endif

// tanh for the domains of hyperparameters, where 1 − tanh x matters: within 2 units in the last
// place for large |x|, and exactly ±1 from where that is nearest. Some drivers' own is not.
#define DEFINE_PRECISE_TANH(type)                                \
  SEPARATE type tanh_precise_##type(type x) {                    \
    const type t = exp_##type(-2.0f * fabs(x));                  \
    const type y = copysign((1.0f - t) / (1.0f + t), x);         \
    return CHOOSE(type, fabs(x) < 0.5f, tanh_##type(x), y);      \
  }
DEFINE_PRECISE_TANH(real)
#if WIDTH > 1
DEFINE_PRECISE_TANH(vec)
#else
#define tanh_precise_vec tanh_precise_real
#endif

// erf x ≈ x · P(x²) / Q(x²) for |x| < 3.8, beyond which it is ±1 but for less than a unit; NaN stays NaN.
//
// P and Q as those of tanh, 4e-8 before rounding and 6 units in the last place after it.
#define DEFINE_ERF(type)                                                          \
  static type erf_##type(type x) {                                                \
    const type x2 = x * x;                                                        \
    type p = MULTIPLY_ADD((type)(0x1.6fb2f8p-26f), x2, (type)(-0x1.0c4c28p-19f)); \
    p = MULTIPLY_ADD(p, x2, (type)(0x1.1ae8dcp-13f));                             \
    p = MULTIPLY_ADD(p, x2, (type)(0x1.b07436p-9f));                              \
    p = MULTIPLY_ADD(p, x2, (type)(0x1.937106p-5f));                              \
    p = MULTIPLY_ADD(p, x2, (type)(0x1.8490dp-3f));                               \
    p = MULTIPLY_ADD(p, x2, (type)(0x1.20dd74p+0f));                              \
    type q = MULTIPLY_ADD((type)(0x1.c6ae96p-11f), x2, (type)(0x1.baa8a2p-7f));   \
    q = MULTIPLY_ADD(q, x2, (type)(0x1.c5e0bep-4f));                              \
    q = MULTIPLY_ADD(q, x2, (type)(0x1.00c162p-1f));                              \
    q = MULTIPLY_ADD(q, x2, (type)(1.0f));                                        \
    type y = x * p / q;                                                           \
    y = CHOOSE(type, x > 3.8f || y > 1.0f, 1.0f, y);                              \
    return CHOOSE(type, x < -3.8f || y < -1.0f, -1.0f, y);                        \
  }
DEFINE_ERF(real)
#if WIDTH > 1
DEFINE_ERF(vec)
#else
#define erf_vec erf_real
#endif

// Four random words for a counter: Philox4x32-10
// (J. Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011).
static uint4 philox(uint4 counter, uint2 key) {
  for (int round = 0; round < 10; ++round) {
    const uint first = mul_hi(counter.x, 0xD2511F53u), second = mul_hi(counter.z, 0xCD9E8D57u);
    counter = (uint4)(second ^ counter.y ^ key.x, counter.z * 0xCD9E8D57u,
                      first ^ counter.w ^ key.y, counter.x * 0xD2511F53u);
    key += (uint2)(0x9E3779B9u, 0xBB67AE85u);
  }
  return counter;
}

// A random number in [0, 1) of a step, for element `index` of the tensor of number `call`.
// counters: the step's number at 0, the lower and the upper half of the seed at 3 and 4
static real random_number(uint index, uint call, uint purpose, global const int *counters) {
  const uint4 counter = (uint4)(index, (uint)counters[0], call, purpose);
  const uint2 key = (uint2)((uint)counters[3], (uint)counters[4]);
  return (real)(philox(counter, key).x >> 8) * 0x1p-24f;
}

// Whether x shall replace y as the greatest so far; NaN is greater than all.
#define IS_GREATER(x, y) (((x) > (y)) | (((x) != (x)) & ((y) == (y))))

// Adds a term to a sum and carries along what rounding loses, so that the error does not grow with the
// number of terms. A sum that is not finite becomes NaN. W. Kahan, "Further Remarks on Reducing Truncation
// Errors" (1965).
static void add_compensated(vec *sum, vec *lost, vec term) {
  const vec corrected = term - *lost;
  const vec total = *sum + corrected;
  *lost = (total - *sum) - corrected;
  *sum = total;
}

// Folds the lanes of each team into one number, which all of them receive. The order is that of a
// binary tree: the same in every run. `scratch` has two numbers for each work-item.

static real sum_in_vec(vec x) {
#if WIDTH == 1
  return x;
#else
  float8 a = x.lo + x.hi;
  float4 b = a.lo + a.hi;
  float2 c = b.lo + b.hi;
  return c.lo + c.hi;
#endif
}

#define GREATER_HALF(x) (IS_GREATER((x).hi, (x).lo) ? (x).hi : (x).lo)

static real maximum_in_vec(vec x) {
#if WIDTH == 1
  return x;
#else
  const float8 a = GREATER_HALF(x);
  const float4 b = GREATER_HALF(a);
  const float2 c = GREATER_HALF(b);
  return IS_GREATER(c.hi, c.lo) ? c.hi : c.lo;
#endif
}

// Puts the greater of (x, i) and (y, j) into x and i; of equals the one with the smaller index.
#define TAKE_GREATER(x, i, y, j)                                             \
  if (IS_GREATER(y, x) || ((((y) == (x)) || ((x) != (x) && (y) != (y))) && (j) < (i))) { \
    x = y;                                                                   \
    i = j;                                                                   \
  }

static real index_of_maximum_in_vec(vec x, vec index, real *maximum) {
#if WIDTH == 1
  *maximum = x;
  return index;
#else
  real elements[WIDTH];
  real indices[WIDTH];
  vstore16(x, 0, elements);
  vstore16(index, 0, indices);
  for (int i = 1; i < WIDTH; ++i) {
    TAKE_GREATER(elements[0], indices[0], elements[i], indices[i])
  }
  *maximum = elements[0];
  return indices[0];
#endif
}

#if GROUP_SIZE > 1
#define SCRATCH , const int lanes, local real *scratch
#define SCRATCH_ARGUMENTS(lanes) , lanes, scratch

// Runs FOLD, which folds place `other` into place `own`, over the halves of each team.
#define FOLD_TEAMS(FOLD)                                              \
  {                                                                   \
    const int own = LOCAL_ID;                                         \
    for (int reach = lanes / 2; reach > 0; reach /= 2) {              \
      barrier(CLK_LOCAL_MEM_FENCE);                                   \
      const int other = own + reach;                                  \
      if (own % lanes < reach) FOLD;                                  \
    }                                                                 \
    barrier(CLK_LOCAL_MEM_FENCE);                                     \
  }
#define TEAM_START (LOCAL_ID / lanes * lanes)
#else
#define SCRATCH
#define SCRATCH_ARGUMENTS(lanes)
#endif

static real fold_sum(vec x SCRATCH) {
  real result = sum_in_vec(x);
#if GROUP_SIZE > 1
  if (lanes == 1) return result;
  scratch[LOCAL_ID] = result;
  FOLD_TEAMS(scratch[own] += scratch[other])
  result = scratch[TEAM_START];
  barrier(CLK_LOCAL_MEM_FENCE);
#endif
  return result;
}

static real fold_maximum(vec x SCRATCH) {
  real result = maximum_in_vec(x);
#if GROUP_SIZE > 1
  if (lanes == 1) return result;
  scratch[LOCAL_ID] = result;
  FOLD_TEAMS(if (IS_GREATER(scratch[other], scratch[own])) scratch[own] = scratch[other])
  result = scratch[TEAM_START];
  barrier(CLK_LOCAL_MEM_FENCE);
#endif
  return result;
}

static real fold_index_of_maximum(vec x, vec index SCRATCH) {
  real maximum;
  real result = index_of_maximum_in_vec(x, index, &maximum);
#if GROUP_SIZE > 1
  if (lanes == 1) return result;
  local real *indices = scratch + GROUP_SIZE;
  scratch[LOCAL_ID] = maximum;
  indices[LOCAL_ID] = result;
  FOLD_TEAMS(TAKE_GREATER(scratch[own], indices[own], scratch[other], indices[other]))
  result = indices[TEAM_START];
  barrier(CLK_LOCAL_MEM_FENCE);
#endif
  return result;
}
