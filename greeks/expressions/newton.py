"""Text that solves sum_j a_j exp(b_j y) = value for y, for every lane or for one path.

Newton's method on the logarithm of the sum, which is convex, and nearly straight where the b_j are not far apart: each
step has twice the digits of the one before, from whichever side it comes.
"""

from __future__ import annotations

from collections.abc import Sequence

STEPS = 8
FAR = 20.0  # bounds of y
LEAST = 1e-300


def newton(
    root: str, value: str, slope: str, log_value: str, terms: tuple[str, str], count: str, lanes: bool
) -> list[str]:
    """Lines that leave the solution in `root`; `value` and `slope` are places to work in.

    terms : text of a_j and b_j, where j is called "nj"; count : of how many there are.
    log_value : the logarithm of the value.
    """
    a, b = terms
    each = _lanes if lanes else list
    step = [
        f"nv = {value} if {value} > {LEAST!r} else {LEAST!r}",
        f"ns = {slope} if {slope} > {LEAST!r} else {LEAST!r}",
        f"ny = {root} - (log(nv) - {log_value}) * {value} / ns",
        f"ny = ny if ny > {-FAR!r} else {-FAR!r}",
        f"{root} = ny if ny < {FAR!r} else {FAR!r}",
    ]
    term = [
        f"nt = {a} * exp({b} * {root})",
        f"{value} = {value} + nt",
        f"{slope} = fma(nt, {b}, {slope})",
    ]
    begin = each([f"{value} = 0.0", f"{slope} = 0.0"])
    inner = [*begin, f"for nj in range({count}):", *_indented(each(term)), *each(step)]
    steps = f"opaque({STEPS})" if lanes else str(STEPS)
    return [*each([f"{root} = 0.0"]), f"for nc in range({steps}):", *_indented(inner)]


def _lanes(lines: Sequence[str]) -> list[str]:
    return ["for p in range(LANES):", *_indented(lines)]


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" for line in lines]
