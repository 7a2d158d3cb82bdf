"""Which steps of a path get the first dimensions of a point set: orthogonal maps of its normals."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Construction:
    """How n independent normals x become the n normalised increments z of a Brownian motion.

    x_j goes to row[j]; then each turn (i, j, a, b) makes (z_i, z_j) into (a z_i + b z_j, b z_i - a z_j); then, if there
    is a `matrix`, z becomes matrix z.
    """

    row: tuple[int, ...]
    turns: tuple[tuple[int, int, float, float], ...] = ()
    matrix: Array = field(default_factory=lambda: np.empty((0, 0)))

    def of(self, x: Array) -> Array:
        """Increments, (n, ...), of normals, (n, ...)."""
        z = np.empty_like(x)
        z[list(self.row)] = x
        for i, j, a, b in self.turns:
            z[i], z[j] = a * z[i] + b * z[j], b * z[i] - a * z[j]
        return z if not self.matrix.size else np.tensordot(self.matrix, z, axes=1)


@dataclass(frozen=True)
class Order(ABC):
    """A construction of Brownian motion."""

    @abstractmethod
    def construction(self, variances: Array) -> Construction:
        """The construction for successive steps of these lengths in time."""


@dataclass(frozen=True)
class Incremental(Order):
    """z = x: the first dimension moves the first step, the last the last.

    Examples
    --------
    >>> import numpy as np
    >>> Incremental().construction(np.ones(3)).row
    (0, 1, 2)
    """

    def construction(self, variances: Array) -> Construction:
        return Construction(tuple(range(len(variances))))


@dataclass(frozen=True)
class BrownianBridge(Order):
    """The first dimension sets the end of the path, the next its middle, the next two the quarters, and so on.

    A step sequence of total length v = v1 + v2 whose sum is sqrt(v) z splits by a rotation: its parts have
    z1 = sqrt(v1/v) z + sqrt(v2/v) x and z2 = sqrt(v2/v) z - sqrt(v1/v) x, where x is the next dimension.

    References
    ----------
    Caflisch, Morokoff and Owen (1997), "Valuation of mortgage-backed securities using Brownian bridges to reduce
    effective dimension", section 4; Glasserman (2004), section 3.1.

    Examples
    --------
    >>> import numpy as np
    >>> BrownianBridge().construction(np.ones(4)).row
    (0, 2, 1, 3)
    """

    def construction(self, variances: Array) -> Construction:
        total = np.concatenate([[0.0], np.cumsum(variances)])
        row, turns, intervals = [0], [], [(0, len(variances))]
        for begin, end in intervals:  # grows as it is walked: breadth first
            if end - begin < 2:
                continue
            middle = (begin + end) // 2
            share = float((total[middle] - total[begin]) / (total[end] - total[begin]))
            turns.append((begin, middle, share**0.5, (1.0 - share) ** 0.5))
            row.append(middle)
            intervals += [(begin, middle), (middle, end)]
        return Construction(tuple(row), tuple(turns))


@dataclass(frozen=True)
class AverageBridge(Order):
    """A Brownian bridge turned so that the first dimension sets the average of the path over the ends of its steps.

    An option on an average, estimated along the path, is then bent, to first order, in one dimension only. The average
    is c . x in the dimensions x of the bridge; a rotation of the first with every other gives the first the direction
    c, and hardly moves those that c has little of. It costs as many rotations as the bridge itself.

    References
    ----------
    Imai and Tan (2006), "A general dimension reduction technique for derivative pricing", for the direction; Irrgeher
    and Leobacher (2012), "Fast orthogonal transforms for pricing derivatives with quasi-Monte Carlo".

    Examples
    --------
    >>> import greeks as gk
    >>> model, payoff = gk.BlackScholes(100.0, 0.05, 0.2), gk.AsianCall(100.0, 1.0, 252)
    >>> orders = gk.BrownianBridge(), gk.AverageBridge()
    >>> bridge, average = (gk.price(model, payoff, sampler=gk.Sobol(order=o), controls=(), paths=2**16) for o in orders)
    >>> average.std_error < bridge.std_error / 2.0
    True
    """

    def construction(self, variances: Array) -> Construction:
        bridge, n = BrownianBridge().construction(variances), len(variances)
        share = np.arange(n, 0, -1) * np.sqrt(variances) @ bridge.of(np.eye(n))
        before = np.sqrt(np.cumsum(share**2))  # of the first k dimensions
        turns = [
            (bridge.row[0], bridge.row[k], float(before[k - 1] / before[k]), float(share[k] / before[k]))
            for k in range(n - 1, 0, -1)
        ]
        return Construction(bridge.row, (*turns, *bridge.turns))


@dataclass(frozen=True)
class PrincipalComponents(Order):
    """W = E sqrt(Lambda) x, with the eigenvalues of Cov(W_s, W_t) = min(s, t) in decreasing order.

    No construction gives its first dimensions more of the variance of W; it costs n multiplications a step.

    References
    ----------
    Acworth, Broadie and Glasserman (1998), "A comparison of some Monte Carlo and quasi-Monte Carlo techniques for
    option pricing"; Glasserman (2004), section 3.1.

    Examples
    --------
    >>> import numpy as np
    >>> PrincipalComponents().construction(np.ones(2)).matrix.round(3)
    array([[ 0.851, -0.526],
           [ 0.526,  0.851]])
    """

    def construction(self, variances: Array) -> Construction:
        times = np.cumsum(variances)
        values, vectors = np.linalg.eigh(np.minimum.outer(times, times))
        vectors = vectors * np.where(vectors[-1] < 0.0, -1.0, 1.0)
        paths = (vectors * np.sqrt(values))[:, ::-1]
        matrix = np.diff(paths, axis=0, prepend=0.0) / np.sqrt(variances)[:, None]
        return Construction(tuple(range(len(variances))), matrix=np.ascontiguousarray(matrix))
