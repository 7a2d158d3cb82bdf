"""Functions of a place between 0 and 1, by their values at Chebyshev's points.

f(x) ~ sum_j l_j(x) f(x_j), exactly so for polynomials of degree below POINTS, with the shares l_j = q_j / sum q,
q_j = w_j / (x - x_j).

References
----------
Berrut and Trefethen (2004), "Barycentric Lagrange interpolation", equations (4.2) and (5.3).
"""

from __future__ import annotations

from math import cos, pi, sin

from greeks.expressions.constants import Constants

POINTS = 12
_ANGLES = tuple((2 * j + 1) * pi / (2 * POINTS) for j in range(POINTS))
PLACES = tuple((1.0 + cos(a)) / 2.0 for a in _ANGLES)
WEIGHTS = tuple((-1) ** j * sin(a) for j, a in enumerate(_ANGLES))
NODES = Constants("interpolation.nodes", PLACES).symbol
