"""The random numbers that ours draws data and first weights from: Philox4x32-10.

J. Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011). A number depends on its
place and its stream alone; the key is 0.
"""

import numpy as np

MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
KEY_STEPS = 0x9E3779B9, 0xBB67AE85
LOW, HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
CHUNK = 1 << 16  # places at a time, whose words stay in a cache


def words(count, stream):
    """The first two words of each block, for places 0..<count: uint64 below 2³², [2, count]."""
    result = np.empty((2, count), np.uint64)
    for start in range(0, count, CHUNK):
        places = np.arange(start, min(start + CHUNK, count), dtype=np.uint64)
        c0, c2 = places, np.zeros_like(places)
        c1, c3 = np.full_like(places, stream), np.zeros_like(places)
        for turn in range(10):
            key0, key1 = (np.uint64(turn * step & 0xFFFFFFFF) for step in KEY_STEPS)
            first, second = c0 * MULTIPLIERS[0], c2 * MULTIPLIERS[1]
            c0, c1 = second >> HALF ^ c1 ^ key0, second & LOW
            c2, c3 = first >> HALF ^ c3 ^ key1, first & LOW
        result[:, start : start + len(places)] = c0, c1
    return result


def whole_numbers(count, limit, stream):
    """Whole numbers from 0 to `limit` - 1, int32, [count]."""
    return (words(count, stream)[0] % np.uint64(limit)).astype(np.int32)


def uniform(shape, bound, stream):
    """Numbers in ±bound, float32."""
    bits = words(int(np.prod(shape)), stream)[0] >> np.uint64(8)
    unit = bits.astype(np.float32) * np.float32(2**-24)
    return ((unit * 2 - 1) * np.float32(bound)).reshape(shape)


def normal(shape, deviation, stream):
    """Normal numbers with mean 0, float32, by the method of Box and Muller."""
    u, v = words(int(np.prod(shape)), stream).astype(np.float64)
    standard = np.sqrt(-2 * np.log((u + 1) * 2**-32)) * np.cos(2 * np.pi * v * 2**-32)
    return (standard.astype(np.float32) * np.float32(deviation)).reshape(shape)
