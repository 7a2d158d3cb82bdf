"""Scalar functions without branches: a loop over lanes that calls them vectorises, and CUDA runs the same text.

`fma`, `float_bits` and `bits_float` are single instructions where the text is compiled. A ternary here
chooses between values already computed, so it becomes a select. NaN in, NaN out, everywhere.
"""

from __future__ import annotations

from math import inf, nan

from .scalars import bits_float, float_bits, fma


def exp(x: float) -> float:
    """e^x, within 1 ulp: x = n log 2 + r with |r| <= log(2) / 2, a polynomial in r, then two exact scalings.

    Two half scalings reach subnormal results; the clamps keep n in range, and NaN goes through both.

    >>> exp(0.0), exp(1.0)
    (1.0, 2.718281828459045)
    """
    c = 710.0 if x > 710.0 else x
    c = -746.0 if c < -746.0 else c
    shifted = fma(c, 1.4426950408889634, 6755399441055744.0)
    k = shifted - 6755399441055744.0
    r = fma(k, -0.6931471805599453, c)
    r = fma(k, -2.3190468138462996e-17, r)
    r2 = r * r
    r4 = r2 * r2
    low = fma(fma(r, 0.008333333333333333, 0.041666666666666664), r2, fma(r, 0.16666666666666666, 0.5))
    mid = fma(fma(r, 2.7557319223985893e-06, 2.48015873015873e-05), r2, fma(r, 0.0001984126984126984, 0.001388888888888889))
    high = fma(fma(r, 1.6059043836821613e-10, 2.08767569878681e-09), r2, fma(r, 2.505210838544172e-08, 2.755731922398589e-07))
    y = 1.0 + fma(fma(fma(high, r4, mid), r4, low), r2, r)
    n = float_bits(shifted) - 4843621399236968448
    h = n >> 1
    return y * bits_float((h + 1023) << 52) * bits_float((n - h + 1023) << 52)


def log(x: float) -> float:
    """Natural logarithm, within 1 ulp; -inf at 0, NaN below.

    x = 2^k m with m in [sqrt(1/2), sqrt 2), and log m = log((1 + s) / (1 - s)) with s = (m - 1) / (m + 1).

    >>> log(1.0), log(10.0)
    (0.0, 2.302585092994046)

    Source: FreeBSD msun, e_log.c (Sun Microsystems, 1993): the reduction and the polynomial.
    """
    small = x < 2.2250738585072014e-308
    y = x * 18014398509481984.0 if small else x
    bits = float_bits(y)
    e = (bits - 4604544271217802189) >> 52
    k = float(e) - (54.0 if small else 0.0)
    f = bits_float(bits - (e << 52)) - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    even = w * fma(w, fma(w, 0.1531383769920937332, 0.2222219843214978396), 0.3999999999940941908)
    odd = z * fma(w, fma(w, fma(w, 0.1479819860511658591, 0.1818357216161805012), 0.2857142874366239149), 0.6666666666666735130)
    h = 0.5 * f * f
    v = fma(k, 0.6931471803691238, f - (h - fma(s, h + even + odd, k * 1.9082149292705877e-10)))
    v = v if x < inf else x
    v = v if x > 0.0 else nan
    return -inf if x == 0.0 else v


def maximum(a: float, b: float) -> float:
    """The larger of two numbers; NaN if either is.

    >>> maximum(1.0, 2.0), maximum(float("nan"), 0.0)
    (2.0, nan)
    """
    t = b if a < b else a
    return t if b == b else b


def minimum(a: float, b: float) -> float:
    """The smaller of two numbers; NaN if either is.

    >>> minimum(1.0, 2.0), minimum(0.0, float("nan"))
    (1.0, nan)
    """
    t = b if b < a else a
    return t if b == b else b


def absolute(x: float) -> float:
    """|x|.

    >>> absolute(-2.0)
    2.0
    """
    return abs(x)
