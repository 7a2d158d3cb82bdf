"""Scalar functions without branches: a loop over lanes that calls them vectorises; CUDA runs the same text.

`fma`, `float_bits` and `bits_float` are single instructions where the text is compiled. A ternary here
chooses between values already computed, so it becomes a select. NaN in, NaN out, everywhere.
"""

from __future__ import annotations

from math import inf, nan

from .scalars import bits_float, float_bits, fma


def exp(x: float) -> float:
    """e^x, within 1 ulp: x = n log 2 + r with |r| <= log(2) / 2, a polynomial in r, then two exact scalings.

    Two half scalings reach subnormal results; the clamps keep n in range, and NaN goes through both.

    >>> exp(0.0), round(exp(1.0), 14)
    (1.0, 2.71828182845905)
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
    mid = fma(
        fma(r, 2.7557319223985893e-06, 2.48015873015873e-05),
        r2,
        fma(r, 0.0001984126984126984, 0.001388888888888889),
    )
    high = fma(
        fma(r, 1.6059043836821613e-10, 2.08767569878681e-09),
        r2,
        fma(r, 2.505210838544172e-08, 2.755731922398589e-07),
    )
    y = 1.0 + fma(fma(fma(high, r4, mid), r4, low), r2, r)
    n = float_bits(shifted) - 4843621399236968448
    h = n >> 1
    return y * bits_float((h + 1023) << 52) * bits_float((n - h + 1023) << 52)


def log(x: float) -> float:
    """Natural logarithm, within 1 ulp; -inf at 0, NaN below.

    x = 2^k m with m in [sqrt(1/2), sqrt 2), and log m = log((1 + s) / (1 - s)) with s = (m - 1) / (m + 1).

    >>> log(1.0), round(log(10.0), 14)
    (0.0, 2.30258509299405)

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
    odd = z * fma(
        w,
        fma(w, fma(w, 0.1479819860511658591, 0.1818357216161805012), 0.2857142874366239149),
        0.6666666666666735130,
    )
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


def power(x: float, y: float) -> float:
    """x^y for x >= 0, within a few ulp: e^(y log x) with the logarithm in two parts. NaN for x < 0.

    As in C, x^0 = 1 for every x, and 0^y = 0 for y > 0, inf for y < 0.

    >>> round(power(9.0, 0.5), 14), power(0.0, 0.5), power(0.0, 0.0)
    (3.0, 0.0, 1.0)
    """
    small = x < 2.2250738585072014e-308
    m = x * 18014398509481984.0 if small else x
    bits = float_bits(m)
    e = (bits - 4604544271217802189) >> 52
    k = float(e) - (54.0 if small else 0.0)
    f = bits_float(bits - (e << 52)) - 1.0
    d = 2.0 + f
    s = f / d
    z = s * s
    w = z * z
    even = w * fma(w, fma(w, 0.1531383769920937332, 0.2222219843214978396), 0.3999999999940941908)
    odd = z * fma(
        w,
        fma(w, fma(w, 0.1479819860511658591, 0.1818357216161805012), 0.2857142874366239149),
        0.6666666666666735130,
    )
    s_low = (fma(-s, d, f) - s * (f - (d - 2.0))) / d
    exact = k * 0.6931471803691238
    head = exact + 2.0 * s
    part = head - exact
    lost = (exact - (head - part)) + (2.0 * s - part)
    rest = lost + fma(s, even + odd, fma(k, 1.9082149292705877e-10, 2.0 * s_low))
    high = head + rest
    low = rest - (high - head)
    high = high if x < inf else x
    high = high if x > 0.0 else nan
    high = -inf if x == 0.0 else high
    p = y * high
    value = exp(p)
    fine = fma(value, fma(y, high, -p) + y * low, value)
    fine = fine if fine == fine else value
    return 1.0 if y == 0.0 else fine


def half_square_exp(x: float) -> float:
    """e^(-x^2 / 2) to full relative accuracy: the rounding error of x^2 is put back.

    >>> half_square_exp(0.0), half_square_exp(float("inf"))
    (1.0, 0.0)
    """
    t = abs(x)
    t = 40.0 if t > 40.0 else t
    h = t * t
    return exp(-0.5 * h) * fma(-0.5, fma(t, t, -h), 1.0)


def normal_pdf(x: float) -> float:
    """Standard normal density, e^(-x^2 / 2) / sqrt(2 pi).

    >>> normal_pdf(0.0)
    0.3989422804014327
    """
    return 0.3989422804014327 * half_square_exp(x)


def normal_cdf(x: float) -> float:
    """Standard normal distribution function, with full relative accuracy in the lower tail.

    e^(t^2/2) Phi(-t) (t + 5) is a polynomial in (t - 5) / (t + 5) for t = |x|, to 2e-17.

    >>> normal_cdf(0.0), round(normal_cdf(1.0), 15)
    (0.5, 0.841344746068543)

    Source of the variable: Shepherd, Laframboise (1981), Mathematics of Computation 36, section 2.
    """
    t = abs(x)
    t = 40.0 if t > 40.0 else t
    inverse = 1.0 / (t + 5.0)
    s = (t - 5.0) * inverse
    z = s * s
    even = fma(-2.3934540287307478e-11, z, -1.101110973432383e-09)
    even = fma(even, z, 1.0758671296705753e-08)
    even = fma(even, z, -7.017386778500429e-08)
    even = fma(even, z, 4.3636133036457e-07)
    even = fma(even, z, -2.770771780739415e-06)
    even = fma(even, z, 1.6681660994386736e-05)
    even = fma(even, z, -5.937581275369117e-05)
    even = fma(even, z, -0.000797869388474967)
    even = fma(even, z, 0.020795066799189046)
    even = fma(even, z, 0.16502036617041027)
    even = fma(even, z, 0.495305615969976)
    even = fma(even, z, 0.769193049750063)
    odd = fma(-4.3476482340821674e-10, z, 2.417976776851357e-09)
    odd = fma(odd, z, -8.875996811233272e-09)
    odd = fma(odd, z, 4.047744732681982e-08)
    odd = fma(odd, z, -3.347517759780378e-07)
    odd = fma(odd, z, 3.979874825085155e-06)
    odd = fma(odd, z, -4.976247449676669e-05)
    odd = fma(odd, z, 0.0005448989959054916)
    odd = fma(odd, z, -0.0029933767622062086)
    odd = fma(odd, z, -0.06911863870685757)
    odd = fma(odd, z, -0.31353315667128806)
    odd = fma(odd, z, -0.6653825028900568)
    lower = half_square_exp(x) * inverse * fma(s, odd, even)
    return 1.0 - lower if x > 0.0 else lower


def tanh(x: float) -> float:
    """Hyperbolic tangent, within 2 ulp.

    >>> tanh(0.0), round(tanh(1.0), 14), tanh(-100.0)
    (0.0, 0.76159415595576, -1.0)

    Source: Moshier (1989), Cephes, tanh.c: the rational function near 0.
    """
    t = abs(x)
    z = x * x
    z = 0.5 if z > 0.5 else z
    n = fma(fma(-0.964399179425052238628, z, -99.2877231001918586564), z, -1614.68768441708447952)
    d = fma(fma(z + 112.811678491632931402, z, 2235.48839060100448583), z, 4844.06305325125486048)
    near = fma(x * z, n / d, x)
    far = 1.0 - 2.0 / (exp(2.0 * t) + 1.0)
    far = -far if x < 0.0 else far
    return far if t > 0.625 else near


def wave(x: float, quarter: int) -> float:
    """sin(x + quarter pi/2): reduction by multiples of pi/2 in three parts, then one of two polynomials.

    >>> wave(0.0, 0), wave(0.0, 1)
    (0.0, 1.0)
    """
    shifted = fma(x, 0.6366197723675814, 6755399441055744.0)
    k = shifted - 6755399441055744.0
    r = fma(k, -1.5707963267948966, x)
    r = fma(k, -6.123233995736766e-17, r)
    r = fma(k, 1.4973849048591833e-33, r)
    quadrant = float_bits(shifted) + quarter
    z = r * r
    s = fma(fma(1.58969099521155010221e-10, z, -2.50507602534068634195e-08), z, 2.75573137070700676789e-06)
    s = fma(
        fma(fma(s, z, -1.98412698298579493134e-04), z, 8.33333333332248946124e-03),
        z,
        -1.66666666666666324348e-01,
    )
    sine = fma(s * z, r, r)
    c = fma(fma(-1.13596475577881948265e-11, z, 2.08757232129817482790e-09), z, -2.75573143513906633035e-07)
    c = fma(
        fma(fma(c, z, 2.48015872894767294178e-05), z, -1.38888888888741095749e-03),
        z,
        4.16666666666666019037e-02,
    )
    h = 0.5 * z
    one = 1.0 - h
    cosine = one + fma(z * z, c, (1.0 - one) - h)
    value = cosine if (quadrant & 1) == 1 else sine
    return -value if (quadrant & 2) == 2 else value


def sin(x: float) -> float:
    """Sine, within 2 ulp for |x| < 10^6; the error then grows slowly with |x|, and from 2^51 on it is NaN.

    >>> sin(0.0), round(sin(1.0), 14)
    (0.0, 0.8414709848079)
    """
    return wave(x, 0) if abs(x) < 2251799813685248.0 else nan


def cos(x: float) -> float:
    """Cosine, with the accuracy of `sin`.

    >>> cos(0.0), round(cos(1.0), 14)
    (1.0, 0.54030230586814)
    """
    return wave(x, 1) if abs(x) < 2251799813685248.0 else nan
