"""Numbers with their standard errors as text."""

from __future__ import annotations

import math

DIGITS = 7
"""Significant digits shown of a value at most: more are read by nobody."""
IN_CELLS = 6
"""The same in a narrow table."""
FIXED = (1e-4, 1e9)
"""Sizes that are written without an exponent."""


def with_error(value: float, std_error: float) -> str:
    """`value ± std_error`, the error to two significant digits and the value as far as the error allows, or seven.

    Examples
    --------
    >>> with_error(-13.4321, 0.1163), with_error(1.2341e-9, 2.1e-11), with_error(2.0, 0.0)
    ('-13.43 ± 0.12', '1.234e-09 ± 2.1e-11', '2 ± 0')
    >>> with_error(98765.4, 1234.0), with_error(10.450583572185, 1.5e-10)
    ('98800 ± 1200', '10.45058 ± 1.5e-10')
    """
    if not _uncertain(value, std_error):
        return f"{_short(value)} ± {_short(std_error)}"
    size, decimals = max(abs(value), std_error), _decimals(std_error)
    if not FIXED[0] <= size < FIXED[1]:
        digits = min(max(_exponent(size) + decimals, 0), DIGITS - 1)
        return f"{value:.{digits}e} ± {std_error:.1e}"
    places = min(decimals, _most(size))
    error = _rounded(std_error, decimals) if places == decimals else f"{std_error:.2g}"
    return f"{_rounded(value, places)} ± {error}"


def cell(value: float, std_error: float, noise: float = 0.0) -> str:
    """`1,234.6 ±1.2` for a narrow table: an error below the last digit shown is 0, and nothing is there for NaN.

    noise : what is less, error included, is 0 but for rounding.

    Examples
    --------
    >>> cell(1234.5678, 1.234), cell(-0.0123456, 0.00012), cell(98765.4, 230.0), cell(357624.4958946, 1.9e-6)
    ('1,234.6 ±1.2', '-0.01235 ±0.00012', '98,770 ±230', '357,624 ±0')
    >>> cell(math.nan, math.nan), cell(5e-17, 4e-18, noise=1e-12), cell(12.5, 0.0)
    ('', '0', '12.5 ±0')
    """
    if math.isnan(value):
        return ""
    if max(abs(value), std_error) < noise:
        return "0"
    if not _uncertain(value, std_error):
        return f"{value:,.{IN_CELLS}g} ±{_short(std_error)}"
    size = max(abs(value), std_error)
    if size < FIXED[0] or size >= FIXED[1]:
        return with_error(value, std_error).replace(" ± ", " ±")
    places = min(_decimals(std_error), _most(size, IN_CELLS))
    below = std_error < 0.5 * 10.0**-places
    return f"{_rounded(value, places, ',')} ±{'0' if below else _rounded(std_error, places, ',')}"


def _uncertain(value: float, std_error: float) -> bool:
    return math.isfinite(value) and math.isfinite(std_error) and std_error > 0.0


def _decimals(std_error: float) -> int:
    """Decimals that an error has with two digits; negative where these are tens or more: 9.96 becomes 10."""
    return 1 - int(f"{std_error:.1e}".partition("e")[2])


def _most(size: float, digits: int = DIGITS) -> int:
    """Decimals that give a number of this size so many digits."""
    return max(digits - 1 - _exponent(size), 0)


def _exponent(size: float) -> int:
    return math.floor(math.log10(size))


def _rounded(number: float, decimals: int, grouping: str = "") -> str:
    shown = round(number, decimals) + 0.0  # -0.0 is 0.0
    return f"{shown:{grouping}.{max(decimals, 0)}f}"


def _short(number: float) -> str:
    return f"{float(number):.{DIGITS}g}"
