"""Standard normals by inversion of 52 random bits.

Inversion is monotone, so whatever is done to the uniform (antithetics, strata, scrambled nets) carries over.
q = u - 1/2 is a half-odd multiple of 2**-52, exact and symmetric about 0, never an end point. Two rational
minimax approximations, in positive coefficients of a variable that vanishes at their far end, so neither
loses digits; together within 2e-15 of the true quantile.

Source of the split into a centre and a tail in sqrt(-log p): Wichura (1988), "Algorithm AS 241".
"""

from __future__ import annotations

from .functions import log
from .philox import philox
from .scalars import fma, sqrt

CENTRE = 0.46875
SINGLES = 2**62  # counters from here on belong to `normal_single`: no draw is shared with `normal_pair`


def centred(high: int, low: int) -> float:
    """u - 1/2 for the uniform u whose 52 bits are the 32 of `high` and the first 20 of `low`."""
    bits = (high << 20) | (low >> 12)
    return (float(bits - 2251799813685248) + 0.5) * 2.220446049250313e-16


def central(q: float) -> float:
    """The quantile at 1/2 + q for |q| <= CENTRE; relative error 2.8e-17 before rounding."""
    s = 0.2197265625 - q * q
    n = fma(2628011.9940713914, s, 40273988.16981237)
    n = fma(n, s, 91153531.91831215)
    n = fma(n, s, 69075590.40998057)
    n = fma(n, s, 23079163.174242254)
    n = fma(n, s, 3876574.6761746625)
    n = fma(n, s, 348132.80056835583)
    n = fma(n, s, 16843.222382098367)
    n = fma(n, s, 411.7308116462472)
    n = fma(n, s, 3.9738279838328565)
    d = fma(5813144.40962017, s, 36048372.23365649)
    d = fma(d, s, 54485278.95386822)
    d = fma(d, s, 32100672.524178255)
    d = fma(d, s, 8988287.696287282)
    d = fma(d, s, 1323289.5675072887)
    d = fma(d, s, 107294.75826633391)
    d = fma(d, s, 4785.2654897188995)
    d = fma(d, s, 109.47122868596942)
    d = fma(d, s, 1.0)
    return q * n / d


def tail_of(r: float) -> float:
    """|quantile| in the tail, of r = sqrt(-log p) less its value at CENTRE; relative error 1.1e-18 before rounding."""
    n = fma(1.9641535250584778e-05, r, 0.0011187863195764223)
    n = fma(n, r, 0.021769246178858132)
    n = fma(n, r, 0.2049961308325401)
    n = fma(n, r, 1.0696608616002303)
    n = fma(n, r, 3.2425834623664707)
    n = fma(n, r, 5.633097500551801)
    n = fma(n, r, 5.131294149657284)
    n = fma(n, r, 1.8610786047852863)
    d = fma(1.388831863594166e-05, r, 0.0007653347262478433)
    d = fma(d, r, 0.014011312866888828)
    d = fma(d, r, 0.1205917998350882)
    d = fma(d, r, 0.5559099632457045)
    d = fma(d, r, 1.4140556144685648)
    d = fma(d, r, 1.868778256890569)
    d = fma(d, r, 1.0)
    return n / d


def tail(q: float) -> float:
    """The quantile at 1/2 + q for |q| > CENTRE."""
    z = tail_of(sqrt(-log(0.5 - abs(q))) - 1.860648705529517)
    return -z if q < 0.0 else z


def quantile(q: float) -> float:
    """The standard normal quantile at 1/2 + q, |q| < 1/2.

    >>> quantile(0.0), round(quantile(0.475), 12), round(quantile(-0.475), 12)
    (0.0, 1.95996398454, -1.95996398454)
    """
    return central(q) if abs(q) <= CENTRE else tail(q)


def quantiles(p: float, q: float) -> tuple[float, float]:
    """`quantile` of both. Of 32 threads that go together one nearly always needs a tail: they go there once for both.

    >>> quantiles(0.475, -0.4) == (quantile(0.475), quantile(-0.4))
    True
    """
    x, y = central(p), central(q)
    far, also = abs(p) > CENTRE, abs(q) > CENTRE
    if far or also:
        beyond = tail(p if far else q)
        if far:
            x = beyond
        else:
            y = beyond
        if far and also:
            y = tail(q)
    return x, y


def normal_pair(path: int, call: int, seed: int, stream: int) -> tuple[float, float]:
    """The two normals of one Philox call: what a lane of `lanes.normals` gets, bit for bit."""
    a, b, c, d = philox(
        call,
        stream,
        path & 0xFFFFFFFF,
        (path >> 32) & 0xFFFFFFFF,
        seed & 0xFFFFFFFF,
        (seed >> 32) & 0xFFFFFFFF,
    )
    return quantiles(centred(a, b), centred(c, d))


def normal_single(path: int, call: int, seed: int, stream: int) -> float:
    """One normal: what a lane of `lanes.normal` gets, bit for bit.

    Both halves of a Philox call are used: by a lane in the first half of a block of 256, and by the one 128 on.
    """
    pair = normal_pair(SINGLES + ((path >> 8) << 7) + (path & 127), call, seed, stream)
    return pair[1] if path & 128 else pair[0]


def normal_quantile(p: float) -> float:
    """The standard normal quantile at p in (0, 1), without a branch; full relative accuracy in the lower tail.

    >>> normal_quantile(0.5), round(normal_quantile(1e-10), 12)
    (0.0, -6.361340902404)
    """
    q = p - 0.5
    m = p if p < 0.5 else 1.0 - p
    m = 1e-16 if m < 1e-16 else m  # the tail's fit ends there
    r = sqrt(-log(m)) - 1.860648705529517
    beyond = tail_of(r)
    outer = -beyond if q < 0.0 else beyond
    inner = central(q)
    return inner if abs(q) <= CENTRE else outer
