"""The integral of s^k e^(s x) over the unit interval: what discounting over a step leaves behind."""

from __future__ import annotations

from .functions import exp


def exprel(k: int, x: float) -> float:
    """Integral over s in [0, 1] of s^k e^(s x), for an integer k >= 0; relative error below 1e-14.

    Near 0 a series without cancellation: sum x^n / (n! (n + k + 1)) for x > 0, and for x < 0
    e^x sum (-x)^n / ((k + 1) ... (k + 1 + n)). Far out, |x| > 50 + 2 k, the recurrence
    I_k = (e^x - k I_(k-1)) / x, which loses nothing there.

    >>> exprel(0, 0.0), exprel(1, 0.0), exprel(2, 0.0) == 1.0 / 3.0
    (1.0, 0.5, True)

    Source: Abramowitz and Stegun (1964), 13.1.2, 13.1.27 (Kummer's transformation).
    """
    if abs(x) > 50.0 + 2.0 * k:
        value = (exp(x) - 1.0) / x
        for i in range(1, k + 1):
            value = (exp(x) - i * value) / x
        return value
    if x != x:
        return x
    n, term, total = 0, 1.0, 1.0 / (k + 1)
    if x < 0.0:
        term = total
        while term > 1e-18 * total:
            n += 1
            term = term * -x / (k + 1 + n)
            total += term
        return exp(x) * total
    while term > 1e-18 * total:
        n += 1
        term = term * x / n
        total += term / (n + k + 1)
    return total
