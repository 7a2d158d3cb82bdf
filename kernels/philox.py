"""Philox4x32-10: a counter-based generator, so a draw depends only on what it is for.

The key is the seed; the counter is (call, stream, low and high half of the path). Threads, blocks and
backends may visit paths in any order and see the same draws.

Source: Salmon, Moraes, Dror, Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3", section 4.3.
"""

from __future__ import annotations


def philox(
    call: int, stream: int, path_low: int, path_high: int, key_low: int, key_high: int
) -> tuple[int, int, int, int]:
    """Four 32-bit words of Philox4x32-10, each as an int in [0, 2**32).

    The arithmetic fits signed 64-bit integers: a product may wrap, its masked halves are right all the same.

    >>> [hex(word) for word in philox(0, 0, 0, 0, 0, 0)]
    ['0x6627e8d5', '0xe169c58d', '0xbc57ac4c', '0x9b00dbd8']
    """
    a, b, c, d, k, l = call, stream, path_low, path_high, key_low, key_high  # noqa: E741
    for _ in range(10):
        x = a * 0xD2511F53
        y = c * 0xCD9E8D57
        a = ((y >> 32) & 0xFFFFFFFF) ^ b ^ k
        b = y & 0xFFFFFFFF
        c = ((x >> 32) & 0xFFFFFFFF) ^ d ^ l
        d = x & 0xFFFFFFFF
        k = (k + 0x9E3779B9) & 0xFFFFFFFF
        l = (l + 0xBB67AE85) & 0xFFFFFFFF  # noqa: E741
    return a, b, c, d
